"""The dead man's switch by itself: what counts as living, when it speaks up, and for whom."""

import asyncio
import math
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest

from hyperliquid_perpetual.sandbox.sandbox import DEMO_PRIVATE_KEY, Sandbox
from hyperliquid_perpetual.trading import dead_mans_switch as module
from hyperliquid_perpetual.trading.budget import WeightBudget
from hyperliquid_perpetual.trading.dead_mans_switch import DeadMansSwitch
from hyperliquid_perpetual.trading.requests import Requests
from hyperliquid_perpetual.venue.networks import SANDBOX_URL_VARIABLE, Network
from hyperliquid_perpetual.venue.nonces import NonceSource
from hyperliquid_perpetual.venue.signing import Signer
from tests.bot import eventually

VAULT = "0x" + "ab" * 20


def now_ms() -> int:
    return int(time.time() * 1000)


@pytest.fixture
async def exchange(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Sandbox]:
    async with Sandbox(seed=3, market="still", block_ms=0, scheduled_cancel_volume=0) as sandbox:
        monkeypatch.setenv(SANDBOX_URL_VARIABLE, sandbox.url)
        yield sandbox


def sent(exchange: Sandbox) -> list[dict[str, Any]]:
    return [request.json for request in exchange.requests("/exchange", "scheduleCancel")]


def requests_of(budget: WeightBudget, vault: str | None = None) -> Requests:
    return Requests(Network.SANDBOX, budget, now_ms, Signer(DEMO_PRIVATE_KEY), NonceSource(now_ms), vault)


async def test_the_account_it_acts_for_is_the_vault(exchange: Sandbox) -> None:
    switch = DeadMansSwitch(requests_of(WeightBudget(), VAULT), 10, lambda: "")
    switch.start()
    await eventually(lambda: bool(exchange.requests("/exchange", "scheduleCancel")), 20)
    await switch.stop(clear=False)
    assert sent(exchange)[0]["vaultAddress"] == VAULT


async def test_wait_for_the_addresses_budget_does_not_eat_the_period(exchange: Sandbox) -> None:
    """The time is taken when the request leaves: never nearer than what the venue takes."""
    now = 0.0
    budget = WeightBudget(clock=lambda: now)
    budget.charge(budget.limit)
    switch = DeadMansSwitch(requests_of(budget), 10, lambda: "")
    switch.start()
    await eventually(lambda: switch.requests_sent == 1, 20)
    await asyncio.sleep(1.2)
    assert not exchange.requests("/exchange")
    left_at, now = now_ms(), 61.0
    await eventually(lambda: switch.is_armed, 20)
    await switch.stop(clear=False)
    assert sent(exchange)[0]["action"]["time"] >= left_at + 10_000


async def test_clock_of_hummingbot_that_has_stopped_is_death(
    exchange: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "STALLED_CLOCK_SECONDS", 0.0)
    tick = 1.0
    switch = DeadMansSwitch(requests_of(WeightBudget()), 1, lambda: "", ticks=lambda: tick)
    switch.start()
    await eventually(lambda: switch.requests_sent >= 1, 20)
    # A period of one second cannot be chosen; here it makes the waiting short.
    await asyncio.sleep(2.0)
    before = switch.requests_sent
    await asyncio.sleep(1.0)
    assert switch.requests_sent == before
    tick = 2.0
    await eventually(lambda: switch.requests_sent > before, 20)
    await switch.stop(clear=True)


async def test_embedded_without_a_clock_it_lives_by_the_rest(exchange: Sandbox) -> None:
    switch = DeadMansSwitch(requests_of(WeightBudget()), 10, lambda: "", ticks=lambda: math.nan)
    switch.start()
    await eventually(lambda: switch.is_armed, 20)
    await switch.stop(clear=True)
    assert not switch.is_armed
    assert switch.requests_sent == 2


async def test_arming_in_flight_is_awaited_before_the_switch_is_cleared(exchange: Sandbox) -> None:
    exchange.faults.delay(0.5, kind="scheduleCancel")
    switch = DeadMansSwitch(requests_of(WeightBudget()), 10, lambda: "")
    switch.start()
    await eventually(lambda: switch.requests_sent == 1, 20)
    await switch.stop(clear=True)
    assert ["time" in body["action"] for body in sent(exchange)] == [True, False]
    assert not switch.is_armed
