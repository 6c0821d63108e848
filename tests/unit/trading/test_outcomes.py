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


class Setup:
    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 1000.0
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
        real_sleep = asyncio.sleep

        async def skip(seconds: float) -> None:
            self.now += seconds
            await real_sleep(0)

        monkeypatch.setattr("hyperliquid_perpetual.trading.outcomes.asyncio.sleep", skip)

    async def ask(self, cloid: str) -> OrderStatus:
        self.asked_at.append(self.now)
        answer = self.answers.pop(0) if self.answers else UNKNOWN
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def run(self) -> None:
        task = self.resolver._task
        assert task is not None
        await asyncio.wait_for(task, 5)


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
