"""The dead man's switch between the connector and a real exchange process: who dies, who is only stopped, and what the
user is told."""

import asyncio
import contextlib
import itertools
from collections.abc import AsyncIterator
from typing import Any

import pytest
from hummingbot.core.clock import Clock, ClockMode
from hummingbot.core.data_type.in_flight_order import OrderState
from hummingbot.core.event.events import MarketEvent
from hummingbot.core.network_iterator import NetworkStatus

from hyperliquid_perpetual.sandbox.sandbox import DEMO_ADDRESS, Sandbox
from hyperliquid_perpetual.trading import dead_mans_switch as module
from hyperliquid_perpetual.trading.dead_mans_switch import DeadMansSwitch
from hyperliquid_perpetual.trading.settings import Settings
from tests.bot import Bot, eventually, sandbox_at, trading_bot
from tests.clocks import ClockElsewhere

SECONDS = 10
SWITCHED_ON = Settings(dead_mans_switch_seconds=SECONDS)


@contextlib.asynccontextmanager
async def guarded_bot(**engine: Any) -> AsyncIterator[Bot]:
    """A bot with the switch, on an exchange that lets every account have it."""
    engine.setdefault("scheduled_cancel_volume", 0)
    async with (
        Sandbox(seed=7, market="still", block_ms=0, **engine) as exchange,
        trading_bot(exchange=exchange, settings=SWITCHED_ON) as bot,
    ):
        yield bot


def switch(bot: Bot) -> DeadMansSwitch:
    return bot.connector._dead_mans_switch


def scheduled(exchange: Sandbox) -> list[dict[str, Any]]:
    """The bodies of all requests that armed or cleared the switch."""
    return [request.json for request in exchange.requests("/exchange", "scheduleCancel")]


def cancel_time(exchange: Sandbox) -> int | None:
    """When the exchange is going to cancel everything, Unix milliseconds."""
    account = exchange.engine.account(DEMO_ADDRESS)
    assert account is not None
    return account.cancel_at


async def test_nobody_gets_the_switch_who_did_not_ask_for_it() -> None:
    async with (
        Sandbox(seed=7, market="still", block_ms=0, scheduled_cancel_volume=0) as exchange,
        trading_bot(exchange=exchange) as bot,
    ):
        await bot.open_order("buy", "BTC-USD", "0.01", bot.price("BTC", "0.99"))
        assert not scheduled(exchange)
        assert not switch(bot).is_armed


async def test_armed_when_ready_and_armed_again_before_it_can_fire() -> None:
    async with guarded_bot() as bot:
        await eventually(lambda: cancel_time(bot.exchange) is not None, 20)
        first = scheduled(bot.exchange)[0]
        assert SECONDS * 1000 - 1000 < first["action"]["time"] - first["nonce"] <= SECONDS * 1000 + 1000
        await eventually(lambda: len(scheduled(bot.exchange)) >= 3, 2 * SECONDS)
        times = [body["action"]["time"] for body in scheduled(bot.exchange)]
        distances = [later - earlier for earlier, later in itertools.pairwise(times)]
        assert times == sorted(times)
        assert all(distance < 0.8 * SECONDS * 1000 for distance in distances)
        assert switch(bot).requests_sent == len(times)
        assert cancel_time(bot.exchange) == times[-1]
        assert not bot.log.records


@pytest.mark.parametrize("venue_ahead", [-30, 30])
async def test_switch_is_set_by_the_venues_clock(venue_ahead: int) -> None:
    """By this machine's it would come half a minute late, or be refused for lying in the past."""
    async with guarded_bot(clock=ClockElsewhere(venue_ahead * 1000)) as bot:

        def ahead() -> float:
            return ((cancel_time(bot.exchange) or 0) - bot.exchange.clock.now()) / 1000

        await eventually(lambda: 0 < ahead() <= SECONDS, 30, lambda: str(ahead()))


async def test_orders_are_cancelled_when_the_bot_no_longer_speaks_up_and_it_says_why(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with guarded_bot() as bot:
        order_id = await bot.open_order("buy", "BTC-USD", "0.01", bot.price("BTC", "0.99"))
        await eventually(lambda: switch(bot).is_armed, 20)
        monkeypatch.setattr(switch(bot), "_problem", lambda: "its account stream is down")
        await eventually(lambda: not bot.exchange.open_orders(bot.address), 2 * SECONDS)
        await eventually(lambda: bool(bot.events(MarketEvent.OrderCancelled, order_id)), 20)
        assert bot.state(order_id) is OrderState.CANCELED
        assert "fired" in str(bot.log)
        assert str(bot.log).count("account stream is down") == 2, "once as a warning, once as the reason"
        armed_before = len(scheduled(bot.exchange))
        monkeypatch.setattr(switch(bot), "_problem", lambda: "")
        await eventually(lambda: len(scheduled(bot.exchange)) > armed_before and switch(bot).is_armed, 20)


async def test_lost_account_stream_is_no_sign_of_life() -> None:
    async with guarded_bot() as bot:
        await eventually(lambda: switch(bot).is_armed, 20)
        bot.exchange.faults.mute_websockets()
        bot.exchange.drop_websockets()
        await eventually(lambda: not bot.connector._stream_is_live(), 20)
        sent = len(scheduled(bot.exchange))
        await eventually(lambda: "not re-armed" in str(bot.log), SECONDS)
        assert len(scheduled(bot.exchange)) == sent
        bot.exchange.faults.mute_websockets(False)
        await eventually(lambda: len(scheduled(bot.exchange)) > sent, 60)


async def test_clean_stop_clears_the_switch_and_leaves_orders_alone() -> None:
    async with guarded_bot() as bot:
        await bot.open_order("buy", "BTC-USD", "0.01", bot.price("BTC", "0.99"))
        await eventually(lambda: cancel_time(bot.exchange) is not None, 20)
        await bot.stop()
        assert "time" not in scheduled(bot.exchange)[-1]["action"]
        assert cancel_time(bot.exchange) is None
        assert bot.exchange.open_orders(bot.address)
        assert not switch(bot).is_armed


async def test_stop_as_hummingbot_does_it_clears_the_switch() -> None:
    """By its clock, which first says that the connector is stopped and then stops its network in the background."""
    async with Sandbox(seed=7, market="still", block_ms=0, scheduled_cancel_volume=0) as exchange:
        bot = Bot(exchange, ["BTC-USD"], settings=SWITCHED_ON)
        clock = Clock(ClockMode.REALTIME, tick_size=0.2)
        clock.add_iterator(bot.connector)
        with sandbox_at(exchange.url), clock:
            running = asyncio.create_task(clock.run())
            await eventually(lambda: cancel_time(exchange) is not None, 20, lambda: str(bot.connector.status_dict))
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
        await eventually(lambda: cancel_time(exchange) is None, 20)
        await bot.connector.stop_network()


async def test_lost_network_leaves_the_switch_armed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hummingbot stops the network of a connector whose venue cannot be reached: exactly then the switch is needed."""
    async with guarded_bot() as bot:
        await eventually(lambda: cancel_time(bot.exchange) is not None, 20)
        sent = len(scheduled(bot.exchange))
        with monkeypatch.context() as patch:
            patch.setattr(type(bot.connector), "network_status", NetworkStatus.NOT_CONNECTED)
            await bot.connector.stop_network()
        assert len(scheduled(bot.exchange)) == sent
        assert cancel_time(bot.exchange) is not None


async def test_stop_takes_bounded_time_when_the_venue_does_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "STOP_SECONDS", 0.5)
    async with guarded_bot() as bot:
        await eventually(lambda: switch(bot).is_armed, 20)
        bot.exchange.faults.drop_reply(next=50, kind="scheduleCancel", hang=True)
        async with asyncio.timeout(5):
            await switch(bot).stop(clear=True)
        assert "not confirmed" in str(bot.log)
        bot.exchange.faults.clear()


async def test_clearing_whose_answer_is_lost_is_sent_again() -> None:
    async with guarded_bot() as bot:
        await eventually(lambda: switch(bot).is_armed, 20)
        bot.exchange.faults.refuse_before(kind="scheduleCancel")
        await switch(bot).stop(clear=True)
        assert cancel_time(bot.exchange) is None


async def test_unknown_outcome_is_simply_armed_again() -> None:
    async with guarded_bot() as bot:
        await eventually(lambda: switch(bot).is_armed, 20)
        armed = cancel_time(bot.exchange)
        bot.exchange.faults.status(502, kind="scheduleCancel")
        await eventually(lambda: bot.exchange.faults.pending == 0, SECONDS)
        await eventually(lambda: cancel_time(bot.exchange) != armed, SECONDS / 2)
        assert not bot.log.records


async def test_account_that_has_not_traded_enough_is_told_the_figures_once_and_trades_on() -> None:
    async with guarded_bot(scheduled_cancel_volume=10**6 * 10**12) as bot:
        await eventually(lambda: bool(bot.log.records), 20)
        assert "1,000,000 USD" in str(bot.log)
        assert "traded 0.00 USD" in str(bot.log)
        order_id = await bot.open_order("buy", "BTC-USD", "0.01", bot.price("BTC", "0.99"))
        await asyncio.sleep(SECONDS / 2)
        assert len(scheduled(bot.exchange)) == 1
        assert len(bot.log.records) == 1
        assert bot.state(order_id) is OrderState.OPEN
        await bot.stop()
        assert len(scheduled(bot.exchange)) == 1, "there is nothing to clear"


async def test_no_more_attempts_on_a_day_on_which_it_fired_too_often() -> None:
    async with guarded_bot(scheduled_cancels_per_day=0) as bot:
        # The first firing of a day opens the count; the account has none yet, so it is opened by hand.
        account = bot.exchange.engine.account(DEMO_ADDRESS)
        assert account is not None
        account.scheduled_cancel_day = bot.exchange.chain.now // 86_400_000
        await eventually(lambda: "too often today" in str(bot.log), 2 * SECONDS)
        sent = len(scheduled(bot.exchange))
        await asyncio.sleep(SECONDS / 2)
        assert len(scheduled(bot.exchange)) == sent
        assert len(bot.log.records) == 1


async def test_switch_of_another_program_on_the_account_is_named() -> None:
    async with (
        Sandbox(seed=7, market="still", block_ms=0, scheduled_cancel_volume=0) as exchange,
        trading_bot(exchange=exchange, settings=SWITCHED_ON) as other,
        trading_bot(exchange=exchange) as bot,
    ):
        order_id = await bot.open_order("buy", "BTC-USD", "0.01", bot.price("BTC", "0.99"))
        await eventually(lambda: switch(other).is_armed, 20)
        await switch(other).stop(clear=False)
        await eventually(lambda: bot.state(order_id) is OrderState.CANCELED, 2 * SECONDS)
        assert "another program armed it" in str(bot.log)


async def test_sub_accounts_switch_cancels_the_sub_accounts_orders_alone() -> None:
    async with Sandbox(seed=7, market="still", block_ms=0, scheduled_cancel_volume=0) as exchange:
        sub = exchange.create_sub_account(DEMO_ADDRESS, "guarded", 10_000)
        settings = Settings(dead_mans_switch_seconds=SECONDS, vault_or_sub_account=sub)
        async with trading_bot(exchange=exchange) as master, trading_bot(exchange=exchange, settings=settings) as bot:
            bot.address = sub
            kept = await master.open_order("buy", "BTC-USD", "0.01", master.price("BTC", "0.99"))
            order_id = await bot.open_order("buy", "BTC-USD", "0.01", bot.price("BTC", "0.98"))
            await eventually(lambda: switch(bot).is_armed, 20)
            assert {body["vaultAddress"] for body in scheduled(exchange)} == {sub}
            await switch(bot).stop(clear=False)
            await eventually(lambda: bot.state(order_id) is OrderState.CANCELED, 2 * SECONDS)
            assert master.state(kept) is OrderState.OPEN
