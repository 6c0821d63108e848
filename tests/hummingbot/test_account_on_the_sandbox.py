"""The account between the connector and a real exchange process: readiness, positions, leverage, funding, fees,
weights."""

import time
from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any

import pytest
from hummingbot.core.data_type.common import OrderType, PositionAction, PositionMode, PositionSide, TradeType
from hummingbot.core.event.events import MarketEvent
from hummingbot.core.network_iterator import NetworkStatus

from hyperliquid_perpetual.sandbox.sandbox import Sandbox
from hyperliquid_perpetual.venue.networks import SANDBOX_URL_VARIABLE
from tests.bot import Bot, eventually, trading_bot


@pytest.fixture
async def exchange(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Sandbox]:
    async with Sandbox(seed=7, market="still", block_ms=0) as sandbox:
        monkeypatch.setenv(SANDBOX_URL_VARIABLE, sandbox.url)
        yield sandbox


async def test_start_that_meets_server_errors_becomes_ready_when_the_venue_is(exchange: Sandbox) -> None:
    """D68: one failed request at start must not keep the connector unready for ever."""
    exchange.faults.status(502, next=6, path="/info")
    bot = Bot(exchange, ["BTC-USD"])
    try:
        await bot.start()
        await bot.ready(40)
        assert exchange.faults.counts["status"] == 6
    finally:
        await bot.stop()


async def test_start_costs_little_weight() -> None:
    async with trading_bot("BTC-USD", "ETH-USD", "SOL-USD", "kPEPE-USD") as bot:
        assert bot.connector._budget.used < 400
        assert bot.exchange.faults.counts == {}


async def test_stale_book_makes_the_connector_unready_and_says_which() -> None:
    async with trading_bot() as bot:
        assert bot.connector.ready
        bot.connector._market_data._clock = lambda: time.monotonic() + 120
        assert not bot.connector.ready
        assert bot.connector.status_dict["order_books_fresh"] is False
        assert "BTC-USD" in str(bot.log)
        bot.connector._market_data._clock = time.monotonic
        await bot.ready()


async def test_network_check_costs_nothing_while_the_streams_speak(monkeypatch: pytest.MonkeyPatch) -> None:
    """D49."""
    async with trading_bot() as bot:
        used = bot.connector._budget.used
        assert await bot.connector.check_network() is NetworkStatus.CONNECTED
        assert bot.connector._budget.used == used
        monkeypatch.setattr("hyperliquid_perpetual.trading.contract_readiness.NETWORK_SILENCE_SECONDS", -1)
        assert await bot.connector.check_network() is NetworkStatus.CONNECTED
        assert bot.exchange.requests("/info", "exchangeStatus")


async def test_position_follows_the_venue_within_a_block() -> None:
    async with trading_bot() as bot:
        order_id = bot.place("sell", "BTC-USD", "0.02", order_type=OrderType.MARKET)
        await eventually(lambda: bool(bot.events(MarketEvent.SellOrderCompleted, order_id)))
        await eventually(lambda: "BTC-USD" in bot.connector.account_positions)
        position = bot.connector.account_positions["BTC-USD"]
        venue = bot.exchange.account(bot.address)
        assert position.amount == venue.position("BTC") == Decimal("-0.02")
        assert position.position_side is PositionSide.SHORT
        fills = bot.exchange.fills(bot.address)
        average = sum(fill.price * fill.size for fill in fills) / sum(fill.size for fill in fills)
        assert abs(position.entry_price - average) < Decimal("0.01")


async def test_balance_is_the_account_value_and_what_can_be_used() -> None:
    async with trading_bot() as bot:
        state = await bot.connector._reader.state("")
        assert bot.connector.get_all_balances() == {"USDC": state.marginSummary.accountValue}
        assert bot.connector.get_available_balance("USD") == state.withdrawable


async def test_leverage_is_set_at_the_venue_and_refused_with_what_would_be_valid() -> None:
    async with trading_bot() as bot:
        assert await bot.connector._set_trading_pair_leverage("BTC-USD", 7) == (True, "")
        active = await bot.connector._requests.info({"type": "activeAssetData", "user": bot.address, "coin": "BTC"})
        assert active["leverage"] == {"type": "cross", "value": 7}
        sent = len(bot.exchange.requests("/exchange"))
        is_set, message = await bot.connector._set_trading_pair_leverage("BTC-USD", 1000)
        assert not is_set
        assert "use 1 to" in message
        is_set, message = await bot.connector._set_trading_pair_leverage("NOPE-USD", 3)
        assert not is_set
        assert "NOPE-USD" in message
        assert len(bot.exchange.requests("/exchange")) == sent


async def test_one_way_is_the_only_position_mode() -> None:
    async with trading_bot() as bot:
        assert await bot.connector._trading_pair_position_mode_set(PositionMode.ONEWAY, "BTC-USD") == (True, "")
        is_set, message = await bot.connector._trading_pair_position_mode_set(PositionMode.HEDGE, "BTC-USD")
        assert not is_set
        assert "ONEWAY" in message


async def test_fees_are_the_accounts_own() -> None:
    async with trading_bot() as bot:
        await eventually(lambda: bot.connector._fee_book.is_known)
        arguments: tuple[Any, ...] = ("BTC", "USD", OrderType.LIMIT, TradeType.BUY, PositionAction.OPEN, Decimal(1))
        maker = bot.connector.get_fee(*arguments, Decimal(100), is_maker=True)
        taker = bot.connector.get_fee(*arguments, Decimal(100), is_maker=False)
        assert (maker.percent, taker.percent) == (Decimal("0.00015"), Decimal("0.00045"))


async def test_funding_payment_is_reported_once_with_sign_and_rate() -> None:
    exchange = Sandbox(seed=7, market="still", clock="virtual")
    async with exchange, trading_bot(exchange=exchange) as bot:
        order_id = bot.place("buy", "BTC-USD", "0.02", order_type=OrderType.MARKET)
        await eventually(lambda: bool(bot.events(MarketEvent.BuyOrderCompleted, order_id)))
        bot.connector._funding_ledger._started_ms = 0
        to_the_hour = 3600 - exchange.clock.now() / 1000 % 3600
        await exchange.clock.advance(to_the_hour + 100)  # type: ignore[attr-defined]
        await eventually(lambda: len(bot.history) > 0 and _payments(bot) != [], 5)
        (payment,) = _payments(bot)
        rows = await bot.connector._reader.fundings_since(0)
        assert [(row.usdc, row.fundingRate) for row in rows] == [(payment.amount, payment.funding_rate)]
        await bot.connector._update_all_funding_payments(fire_event_on_new=True)
        assert len(_payments(bot)) == 1


def _payments(bot: Bot) -> list[Any]:
    return [event for kind, event in bot.history if kind is MarketEvent.FundingPaymentCompleted]
