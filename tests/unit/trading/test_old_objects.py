"""What is kept out of Python's search for reference cycles, and given back."""

import gc
import weakref
from collections.abc import Iterator

import pytest

from hyperliquid_perpetual.trading.old_objects import AGAIN_AFTER_SECONDS, OldObjects


class Clock:
    """Seconds that are set by hand."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


class Holder:
    """Stands for a connector."""


class Cycle:
    """Refers to itself, so that only the search frees it."""

    def __init__(self) -> None:
        self.itself = self


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def old(clock: Clock) -> Iterator[OldObjects]:
    gc.unfreeze()
    yield OldObjects(clock)
    gc.unfreeze()


def test_what_is_there_is_set_aside_and_given_back(old: OldObjects) -> None:
    connector = Holder()
    assert old.is_due(connector)
    old.set_aside(connector)
    assert gc.get_freeze_count() > 1000
    assert not old.is_due(connector)
    old.give_back(connector)
    assert gc.get_freeze_count() == 0
    assert old.is_due(connector)


def test_the_last_of_two_connectors_gives_it_back(old: OldObjects) -> None:
    first, second = Holder(), Holder()
    old.set_aside(first)
    old.set_aside(second)
    old.give_back(first)
    assert gc.get_freeze_count() > 0
    old.give_back(second)
    assert gc.get_freeze_count() == 0


def test_a_connector_that_never_held_anything_gives_nothing_back(old: OldObjects) -> None:
    first, second = Holder(), Holder()
    old.set_aside(first)
    old.give_back(second)
    assert gc.get_freeze_count() > 0


def test_what_an_hour_has_brought_is_set_aside_too_without_its_garbage(old: OldObjects, clock: Clock) -> None:
    connector = Holder()
    old.set_aside(connector)
    gone = weakref.ref(Cycle())
    clock.now += AGAIN_AFTER_SECONDS - 1
    assert not old.is_due(connector)
    clock.now += 1
    assert old.is_due(connector)
    before = gc.get_freeze_count()
    kept = [Cycle() for _ in range(100)]
    old.set_aside(connector)
    assert gone() is None
    assert gc.get_freeze_count() >= before + len(kept)


def test_cycles_that_were_set_aside_are_freed_once_they_are_given_back(old: OldObjects) -> None:
    connector, cycle = Holder(), Cycle()
    old.set_aside(connector)
    gone = weakref.ref(cycle)
    del cycle
    gc.collect()
    assert gone() is not None
    old.give_back(connector)
    gc.collect()
    assert gone() is None


def test_a_start_soon_after_a_stop_does_not_search_again(
    old: OldObjects, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    searches: list[float] = []
    monkeypatch.setattr("gc.collect", lambda: searches.append(clock.now))
    connector = Holder()
    for now in (0.0, 10.0, AGAIN_AFTER_SECONDS):
        clock.now = now
        old.set_aside(connector)
        old.give_back(connector)
    assert searches == [0.0, AGAIN_AFTER_SECONDS]
