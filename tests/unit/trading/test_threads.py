"""The way into a connector's loop from other threads and other loops."""

import asyncio
import gc
import threading
import warnings
from collections.abc import Callable
from typing import Any

import pytest

from hyperliquid_perpetual.trading.threads import HomeLoop, NotStarted, replace_in_place
from tests.bot import eventually


def in_thread(work: Callable[[], Any]) -> Any:
    """The result of some work in a thread of its own, or what it raised."""
    outcome: list[Any] = []

    def run() -> None:
        try:
            outcome.append(work())
        except BaseException as error:
            outcome.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join(20)
    assert outcome, "the thread has not ended"
    return outcome[0]


class Notes:
    """Notes down in which thread and in which order things were done."""

    def __init__(self) -> None:
        self.done: list[tuple[int, int]] = []

    async def note(self, number: int) -> int:
        self.done.append((number, threading.get_ident()))
        return number


async def test_work_of_one_thread_is_done_on_the_loop_in_the_order_in_which_it_was_asked_for() -> None:
    home, notes = HomeLoop("it"), Notes()
    home.adopt()
    await asyncio.to_thread(lambda: [home.spawn(notes.note, number) for number in range(200)])
    await eventually(lambda: len(notes.done) == 200)
    assert notes.done == [(number, threading.get_ident()) for number in range(200)]


async def test_on_the_loop_work_starts_in_this_very_turn() -> None:
    home, notes = HomeLoop("it"), Notes()
    home.spawn(notes.note, 1)
    await asyncio.sleep(0)
    assert [number for number, _ in notes.done] == [1]


async def test_another_thread_is_told_clearly_that_nothing_has_been_started() -> None:
    home, notes = HomeLoop("hyperliquid_perpetual"), Notes()
    error = await asyncio.to_thread(in_thread, lambda: home.spawn(notes.note, 1))
    assert isinstance(error, NotStarted)
    assert str(error).startswith("hyperliquid_perpetual has not been started: await its start_network()")
    with pytest.raises(NotStarted):
        await asyncio.to_thread(asyncio.run, elsewhere(home, notes))
    assert not notes.done


async def elsewhere(home: HomeLoop, notes: Notes) -> None:
    """Another loop that still runs is not taken over by asking from a thread without one."""
    await asyncio.to_thread(home.spawn, notes.note, 1)


async def test_result_comes_to_whoever_waits_on_another_loop() -> None:
    home, notes = HomeLoop("it"), Notes()
    home.adopt()
    assert await asyncio.to_thread(lambda: asyncio.run(home.call(notes.note, 7))) == 7
    assert await home.call(notes.note, 8) == 8
    assert {thread for _, thread in notes.done} == {threading.get_ident()}


def test_loop_that_has_ended_is_followed_by_the_next_one() -> None:
    home, notes = HomeLoop("it"), Notes()

    async def work(number: int) -> None:
        home.spawn(notes.note, number)
        await eventually(lambda: bool(notes.done) and notes.done[-1][0] == number)

    asyncio.run(work(1))
    with pytest.raises(NotStarted):
        home.spawn(notes.note, 2)
    assert isinstance(in_thread(lambda: home.spawn(notes.note, 2)), NotStarted)
    asyncio.run(work(3))
    assert [number for number, _ in notes.done] == [1, 3]


def test_nothing_that_was_refused_leaves_a_coroutine_behind() -> None:
    home, notes = HomeLoop("it"), Notes()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(NotStarted):
            home.spawn(notes.note, 1)
        gc.collect()


def test_a_loop_between_two_runs_takes_work_of_its_own_thread_only() -> None:
    home, notes = HomeLoop("it"), Notes()
    loop = asyncio.new_event_loop()

    async def adopt() -> None:
        home.adopt()

    try:
        loop.run_until_complete(adopt())
        home.spawn(notes.note, 1)
        assert isinstance(in_thread(lambda: home.spawn(notes.note, 2)), NotStarted)
        loop.run_until_complete(eventually(lambda: bool(notes.done)))
    finally:
        loop.close()
    assert [number for number, _ in notes.done] == [1]


async def test_running_home_is_not_taken_over_by_another_loop() -> None:
    home, notes = HomeLoop("it"), Notes()
    home.adopt()

    async def from_there() -> bool:
        home.adopt()
        home.spawn(notes.note, 1)
        return home.is_here()

    assert not await asyncio.to_thread(lambda: asyncio.run(from_there()))
    await eventually(lambda: bool(notes.done))
    assert notes.done == [(1, threading.get_ident())]
    assert home.is_here()


def test_keys_that_stay_are_there_at_any_time_while_a_dictionary_is_replaced() -> None:
    known = {"stays": 0, "goes": 0}
    kept = known
    missing: list[int] = []
    stop = threading.Event()

    def read() -> None:
        while not stop.is_set():
            if "stays" not in known:
                missing.append(1)

    reader = threading.Thread(target=read)
    reader.start()
    for number in range(2_000):
        replace_in_place(known, {"stays": number, f"new{number % 3}": number})
    stop.set()
    reader.join(20)
    assert not missing
    assert kept == {"stays": 1_999, "new1": 1_999}
