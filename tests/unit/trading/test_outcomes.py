"""Asking for orders whose fate is unknown, under a clock that the test moves."""

import asyncio
from decimal import Decimal

import pytest

from hyperliquid_perpetual.trading.outcomes import AFTER_EXPIRY_SECONDS, OutcomeResolver
from hyperliquid_perpetual.trading.requests import VenueUnavailable
from hyperliquid_perpetual.venue.messages import Order, OrderStatus, OrderUpdate

CLOID = "0x" + "ab" * 16
OPEN = OrderUpdate(Order("BTC", "B", Decimal(1), Decimal(1), 7, 1), "open", 1)
UNKNOWN = OrderStatus("unknownOid")


class Clock:
    """Time that passes when the resolver sleeps."""

    resolver: OutcomeResolver[OrderUpdate]

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 1000.0
        real_sleep = asyncio.sleep

        async def skip(seconds: float) -> None:
            self.now += seconds
            await real_sleep(0)

        monkeypatch.setattr("hyperliquid_perpetual.trading.outcomes.asyncio.sleep", skip)

    async def run(self) -> None:
        task = self.resolver._task
        assert task is not None
        await asyncio.wait_for(task, 5)


class Setup(Clock):
    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        super().__init__(monkeypatch)
        self.answers: list[OrderStatus | Exception] = []
        self.asked_at: list[float] = []
        self.known: list[str] = []
        self.never: list[str] = []
        self.open = True
        self.resolver = OutcomeResolver(
            self.ask,
            lambda _cloid, update: self.known.append(update.status),
            self.never.append,
            lambda _cloid: self.open,
            lambda: self.now,
        )

    async def ask(self, cloid: str) -> OrderStatus:
        self.asked_at.append(self.now)
        answer = self.answers.pop(0) if self.answers else UNKNOWN
        if isinstance(answer, Exception):
            raise answer
        return answer


@pytest.fixture
async def setup(monkeypatch: pytest.MonkeyPatch) -> Setup:
    return Setup(monkeypatch)


async def test_order_the_venue_knows_is_reported_once(setup: Setup) -> None:
    setup.answers = [UNKNOWN, VenueUnavailable("502"), OrderStatus("order", OPEN)]
    setup.resolver.watch(CLOID, 1_030_000)
    await setup.run()
    assert setup.known == ["open"]
    assert setup.never == []
    assert setup.resolver.pending == []


async def test_unknown_is_final_only_after_the_expiry_has_passed(setup: Setup) -> None:
    setup.resolver.watch(CLOID, 1_030_000)
    await setup.run()
    assert setup.never == [CLOID]
    assert setup.asked_at[-1] >= 1030 + AFTER_EXPIRY_SECONDS
    assert all(at < 1030 + AFTER_EXPIRY_SECONDS for at in setup.asked_at[:-1])


async def test_four_errors_in_a_row_prove_nothing(setup: Setup) -> None:
    """D29: errors are not counted, only the venue's word is."""
    setup.answers = [VenueUnavailable("429")] * 30 + [OrderStatus("order", OPEN)]
    setup.resolver.watch(CLOID, 1_001_000)
    await setup.run()
    assert setup.known == ["open"]
    assert setup.never == []


async def test_questions_become_slower(setup: Setup) -> None:
    setup.resolver.watch(CLOID, 1_060_000)
    await setup.run()
    waits = [later - earlier for earlier, later in zip(setup.asked_at, setup.asked_at[1:], strict=False)]
    assert waits == sorted(waits)
    assert len(setup.asked_at) < 25


async def test_order_that_ended_meanwhile_is_not_asked_for(setup: Setup) -> None:
    setup.open = False
    setup.resolver.watch(CLOID, None)
    await setup.run()
    assert setup.asked_at == []


async def test_questions_survive_a_stop(setup: Setup) -> None:
    setup.resolver.watch(CLOID, 1_030_000)
    await setup.resolver.stop()
    assert setup.resolver.pending == [CLOID]
    setup.answers = [OrderStatus("order", OPEN)]
    setup.resolver.resume()
    await setup.run()
    assert setup.known == ["open"]


async def test_order_whose_nonce_is_used_up_is_final_at_once(setup: Setup) -> None:
    killed: list[int] = []

    async def kill(nonce: int) -> bool:
        killed.append(nonce)
        return True

    setup.resolver.kill = kill
    setup.resolver.watch(CLOID, 1_030_000, nonce=77)
    await setup.run()
    assert killed == [77]
    assert setup.never == [CLOID]
    assert setup.asked_at[-1] < 1002
    assert len(setup.asked_at) == 2  # once more after the nonce was used up: the order may have come in before


async def test_order_that_came_in_before_its_nonce_was_used_up_is_known(setup: Setup) -> None:
    async def kill(_nonce: int) -> bool:
        setup.answers = [OrderStatus("order", OPEN)]
        return True

    setup.resolver.kill = kill
    setup.resolver.watch(CLOID, 1_030_000, nonce=77)
    await setup.run()
    assert setup.known == ["open"]
    assert setup.never == []


@pytest.mark.parametrize("second", [None, 78])
async def test_nonce_is_used_up_only_where_one_action_alone_can_bring_the_order(
    setup: Setup, second: int | None
) -> None:
    killed: list[int] = []

    async def kill(nonce: int) -> bool:
        killed.append(nonce)
        return False

    setup.resolver.kill = kill
    setup.resolver.watch(CLOID, 1_030_000, nonce=77)
    setup.resolver.watch(CLOID, 1_030_000, nonce=second)
    await setup.run()
    assert killed == ([77] if second is None else [])
    assert setup.asked_at[-1] >= 1030 + AFTER_EXPIRY_SECONDS


async def test_order_whose_reply_is_missed_after_the_stop_is_asked_for_in_the_next_life_only(setup: Setup) -> None:
    await setup.resolver.stop()
    setup.resolver.watch(CLOID, 1_030_000)
    assert setup.resolver._task is None
    assert setup.resolver.pending == [CLOID]
    setup.answers = [OrderStatus("order", OPEN)]
    setup.resolver.resume()
    await setup.run()
    assert setup.known == ["open"]


# ---------------------------------------------------------------------------------------------- several at a time

OTHER = "0x" + "cd" * 16


class Venue(Clock):
    """A venue that knows some orders and not others, and somebody who waits for some of them."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, slowest_seconds: float = 5.0) -> None:
        super().__init__(monkeypatch)
        self.knows: dict[str, OrderUpdate] = {}
        self.asked: list[tuple[str, float]] = []
        self.told: list[tuple[str, str]] = []
        self.waited_for = {CLOID, OTHER}
        self.fills_can_be_read = True
        self.resolver = OutcomeResolver(
            self.ask,
            lambda cloid, update: self.told.append((cloid, update.status)),
            lambda cloid: self.told.append((cloid, "never arrived")),
            lambda cloid: cloid in self.waited_for,
            lambda: self.now,
            slowest_seconds,
        )
        self.resolver.read_fills = self.read_fills

    async def ask(self, cloid: str) -> OrderStatus:
        self.asked.append((cloid, self.now))
        known = self.knows.get(cloid)
        return UNKNOWN if known is None else OrderStatus("order", known)

    async def read_fills(self) -> None:
        if not self.fills_can_be_read:
            raise VenueUnavailable("502")


@pytest.fixture
async def venue(monkeypatch: pytest.MonkeyPatch) -> Venue:
    return Venue(monkeypatch)


async def test_each_order_gets_its_own_answer(venue: Venue) -> None:
    venue.knows[OTHER] = OPEN
    venue.resolver.watch(CLOID, 1_004_000)
    venue.resolver.watch(OTHER, 1_004_000)
    await venue.run()
    assert venue.told == [(OTHER, "open"), (CLOID, "never arrived")]


async def test_only_the_order_that_somebody_waits_for_is_asked_for(venue: Venue) -> None:
    venue.waited_for = {OTHER}
    venue.resolver.watch(CLOID, 1_004_000)
    venue.resolver.watch(OTHER, 1_004_000)
    await venue.run()
    assert {cloid for cloid, _ in venue.asked} == {OTHER}
    assert venue.told == [(OTHER, "never arrived")]


async def test_order_whose_answer_came_another_way_is_forgotten_and_the_other_is_not(venue: Venue) -> None:
    venue.resolver.watch(CLOID, 1_004_000)
    venue.resolver.watch(OTHER, 1_004_000)
    venue.resolver.forget(CLOID)
    venue.resolver.forget("0x" + "00" * 16)
    assert venue.resolver.pending == [OTHER]
    await venue.run()
    assert venue.told == [(OTHER, "never arrived")]


async def test_order_is_not_called_unknown_for_good_while_fills_cannot_be_read(venue: Venue) -> None:
    """The venue forgets orders that have ended; their fills would be all that is known of them."""
    venue.fills_can_be_read = False
    venue.resolver.watch(CLOID, 1_004_000)
    while venue.now < 1_060:  # noqa: ASYNC110 - the resolver sleeps, and each of its sleeps moves the time
        await asyncio.sleep(0)
    assert venue.told == []
    venue.fills_can_be_read = True
    await venue.run()
    assert venue.told == [(CLOID, "never arrived")]


async def test_first_question_comes_after_the_wait_and_the_next_ones_at_twice_the_distance(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    venue = Venue(monkeypatch, slowest_seconds=3.0)
    venue.resolver.watch(CLOID, 1_009_000, first_wait=1.0)
    await venue.run()
    assert [at for _, at in venue.asked] == [1001.0, 1003.0, 1006.0, 1009.0, 1012.0]


async def test_answer_in_the_very_moment_in_which_unknown_becomes_final_is_final(venue: Venue) -> None:
    venue.resolver.watch(CLOID, 1_000_000, first_wait=AFTER_EXPIRY_SECONDS)
    await venue.run()
    assert venue.asked == [(CLOID, 1000.0 + AFTER_EXPIRY_SECONDS)]


async def test_later_of_two_expiries_counts_whichever_was_told_first(venue: Venue) -> None:
    venue.resolver.watch(CLOID, 1_030_000)
    venue.resolver.watch(CLOID, 1_010_000)
    await venue.run()
    assert venue.asked[-1][1] >= 1030 + AFTER_EXPIRY_SECONDS


async def test_order_is_not_killed_by_a_resolver_that_cannot(venue: Venue) -> None:
    venue.resolver.watch(CLOID, 1_004_000, nonce=5)
    await venue.run()
    assert venue.told == [(CLOID, "never arrived")]
    assert venue.asked[-1][1] >= 1004 + AFTER_EXPIRY_SECONDS


async def test_stop_waits_until_nothing_is_asked_any_more(venue: Venue) -> None:
    venue.resolver.watch(CLOID, 1_004_000)
    task = venue.resolver._task
    assert task is not None
    await venue.resolver.stop()
    assert task.done()
