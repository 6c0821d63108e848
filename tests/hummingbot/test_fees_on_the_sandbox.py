"""Fees, builder code and funding between the connector and an exchange: what is charged, what is promised, and nothing
that the user did not ask for."""

import json
from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any

import pytest
from hummingbot.core.data_type.common import OrderType, PositionAction, TradeType
from hummingbot.core.event.events import MarketEvent

from hyperliquid_perpetual.sandbox.engine.account_commands import ApproveBuilder
from hyperliquid_perpetual.sandbox.sandbox import DEMO_ADDRESS, Sandbox
from hyperliquid_perpetual.trading.settings import BuilderSettings, Settings
from hyperliquid_perpetual.venue.actions import BuilderCode
from hyperliquid_perpetual.venue.messages import FundingPayment
from hyperliquid_perpetual.venue.networks import SANDBOX_URL_VARIABLE
from tests.bot import Bot, eventually, trading_bot

BTC = "BTC-USD"
BUILDER = "0x" + "b1" * 20


@pytest.fixture
async def exchange(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Sandbox]:
    async with Sandbox(seed=7, market="still", block_ms=0) as sandbox:
        monkeypatch.setenv(SANDBOX_URL_VARIABLE, sandbox.url)
        sandbox.fund(BUILDER)
        yield sandbox


def builder_settings(fee_bp: str) -> Settings:
    return Settings(builder=BuilderSettings(address=BUILDER, fee_bp=Decimal(fee_bp)))


def approve(exchange: Sandbox, tenths_of_bp: int) -> None:
    """As the account's owner does it on the exchange's page."""
    exchange.chain.apply_now(ApproveBuilder(DEMO_ADDRESS, BUILDER, tenths_of_bp))


async def buy(bot: Bot, pair: str = BTC, amount: str = "0.02") -> list[Any]:
    order_id = bot.place("buy", pair, amount, order_type=OrderType.MARKET)
    await eventually(lambda: bool(bot.events(MarketEvent.BuyOrderCompleted, order_id)), 10, lambda: str(bot.log))
    return bot.events(MarketEvent.OrderFilled, order_id)


def estimate(bot: Bot, pair: str = BTC, is_maker: bool = False) -> Decimal:
    base, quote = pair.split("-")
    fee = bot.connector.get_fee(
        base, quote, OrderType.LIMIT, TradeType.BUY, PositionAction.OPEN, Decimal(1), Decimal(100), is_maker
    )
    return Decimal(fee.percent)


# ------------------------------------------------------------------ fees


@pytest.mark.parametrize("pair", [BTC, "xyz:TSLA-USD", "km:US500-USD"])
async def test_estimate_is_what_is_charged(pair: str) -> None:
    async with trading_bot(pair) as bot:
        await eventually(lambda: bot.connector._fee_book.is_known)
        amount = str(bot.connector.quantize_order_amount(pair, 500 / bot.connector.get_price(pair, True)))
        for fill in await buy(bot, pair, amount):
            (charged,) = fill.trade_fee.flat_fees
            assert abs(charged.amount / (fill.price * fill.amount) / estimate(bot, pair) - 1) < Decimal("0.001")


@pytest.mark.parametrize("discount", ["none", "in_rates", "apart"])
async def test_estimate_is_what_is_charged_wherever_the_referral_discount_stands(discount: str) -> None:
    async with (
        Sandbox(seed=7, market="still", block_ms=0, quirks={"referral_discount": discount}) as exchange,
        trading_bot(exchange=exchange) as bot,
    ):
        await eventually(lambda: bot.connector._fee_book.is_known)
        promised = estimate(bot)
        for fill in await buy(bot):
            (charged,) = fill.trade_fee.flat_fees
            rate = charged.amount / (fill.price * fill.amount)
            assert promised >= rate * Decimal("0.9999"), "never too little"
            assert abs(rate / estimate(bot) - 1) < Decimal("0.001"), "and right from the first fill on"


# ------------------------------------------------------------------ builder code


async def test_without_a_configured_builder_nothing_is_added_and_nothing_asked(exchange: Sandbox) -> None:
    approve(exchange, 100)
    async with trading_bot(exchange=exchange) as bot:
        await buy(bot)
        (sent,) = [json.loads(request.body)["action"] for request in exchange.requests("/exchange")]
        assert "builder" not in sent
        assert not exchange.requests("/info", "maxBuilderFee")


async def test_approved_builder_goes_on_orders_and_its_fee_is_told_apart(exchange: Sandbox) -> None:
    approve(exchange, 20)
    async with trading_bot(exchange=exchange, settings=builder_settings("1.5")) as bot:
        await eventually(lambda: bot.connector._fee_book.is_known)
        plain = Decimal("0.00045")
        assert estimate(bot) == plain + Decimal("0.00015")
        for fill in await buy(bot):
            venues, builders = fill.trade_fee.flat_fees
            notional = fill.price * fill.amount
            assert abs(venues.amount / notional - plain) < Decimal("0.0000001")
            assert abs(builders.amount / notional - Decimal("0.00015")) < Decimal("0.0000001")
            assert venues.token == builders.token == "USDC"
        booked = sum(part.amount for fill in bot.events(MarketEvent.OrderFilled) for part in fill.trade_fee.flat_fees)
        assert booked == sum(fill.fee for fill in exchange.fills(bot.address)), "the total is the venue's total"


@pytest.mark.parametrize("approved", [0, 5])
async def test_builder_that_is_not_approved_is_left_out_and_told_once(exchange: Sandbox, approved: int) -> None:
    """HB#8449: with the code attached, every order was refused."""
    approve(exchange, approved)
    async with trading_bot(exchange=exchange, settings=builder_settings("1")) as bot:
        await buy(bot)
        await bot.connector._update_trading_fees()
        assert str(bot.log).count("orders go out without the builder code") == 1
        assert not bot.events(MarketEvent.OrderFailure)
        assert all("builder" not in json.loads(request.body)["action"] for request in exchange.requests("/exchange"))
        approve(exchange, 10)
        await bot.connector._update_trading_fees()
        assert bot.connector._desk.builder == BuilderCode(BUILDER, 10), "approved meanwhile"


async def test_builder_whose_approval_is_withdrawn_costs_no_order(exchange: Sandbox) -> None:
    approve(exchange, 10)
    async with trading_bot(exchange=exchange, settings=builder_settings("1")) as bot:
        assert bot.connector._desk.builder is not None
        approve(exchange, 0)
        await buy(bot)
        assert not bot.events(MarketEvent.OrderFailure)
        assert "was withdrawn" in str(bot.log)
        assert bot.connector._desk.builder is None


async def test_builder_is_left_out_for_a_sub_account(exchange: Sandbox) -> None:
    sub = exchange.create_sub_account(DEMO_ADDRESS, "sub", 10_000)
    approve(exchange, 100)
    settings = Settings(vault_or_sub_account=sub, builder=BuilderSettings(address=BUILDER, fee_bp=Decimal(1)))
    async with trading_bot(exchange=exchange, settings=settings) as bot:
        await buy(bot)
        assert bot.connector._desk.builder is None
        assert not exchange.requests("/info", "maxBuilderFee")


@pytest.mark.parametrize("fee", [0, -1, 101, True, 1.5])
def test_builder_fee_beyond_what_the_venue_allows_is_refused(fee: Any) -> None:
    with pytest.raises(ValueError, match="expected a builder fee of 1 to 100"):
        BuilderCode(BUILDER, fee)


def test_builder_that_is_no_address_is_refused() -> None:
    with pytest.raises(ValueError, match="expected an address"):
        BuilderCode("me", 10)
    assert BuilderCode(BUILDER.upper(), 10).address == BUILDER


# ------------------------------------------------------------------ funding


def payments(bot: Bot) -> list[Any]:
    return [event for kind, event in bot.history if kind is MarketEvent.FundingPaymentCompleted]


def payment(coin: str, time: int) -> FundingPayment:
    return FundingPayment(time, coin, Decimal("-0.5"), Decimal(1), Decimal("0.0000125"))


async def test_payments_of_one_moment_keep_times_of_their_own() -> None:
    """Hummingbot's recorder knows a payment by its time alone, and the venue pays all markets at once."""
    async with trading_bot(BTC, "ETH-USD", "SOL-USD") as bot:
        hour = bot.connector._funding_ledger._started_ms + 3_600_000
        bot.connector._on_funding([payment(coin, hour) for coin in ("BTC", "ETH", "SOL")])
        stamps = [event.timestamp for event in payments(bot)]
        assert len(set(stamps)) == 3
        assert max(stamps) - min(stamps) < 0.001


async def test_payment_that_was_missed_is_reported_after_a_later_one() -> None:
    async with trading_bot() as bot:
        first = bot.connector._funding_ledger._started_ms + 3_600_000
        for hour in (2, 0, 1, 0, 2):
            bot.connector._on_funding([payment("BTC", first + hour * 3_600_000)])
        assert sorted(event.timestamp for event in payments(bot)) == [
            (first + hour * 3_600_000) / 1000 for hour in range(3)
        ]


@pytest.mark.timeout(300)  # four hours of a clock that jumps are a minute of a slow machine
async def test_payments_of_an_outage_are_recovered_by_request() -> None:
    exchange = Sandbox(seed=7, market="still", clock="virtual")
    async with exchange, trading_bot("BTC-USD", "km:US500-USD", exchange=exchange) as bot:
        bot.connector._funding_ledger._started_ms = 0
        for pair, amount in (("BTC-USD", "0.02"), ("km:US500-USD", "1")):
            await buy(bot, pair, amount)
        # The stream is deaf: nothing of what follows comes by it. The bot is not new either, and asks at once.
        bot.connector._dispatcher._on_funding = lambda _payments: None
        bot.connector._has_asked_for_fundings = True
        await exchange.clock.advance(4 * 3600)  # type: ignore[attr-defined]
        await bot.connector._update_all_funding_payments(fire_event_on_new=True)
        rows = await bot.connector._reader.fundings_since(0)
        assert len(rows) == len(payments(bot)) >= 8
        assert sum(row.usdc for row in rows) == sum(event.amount for event in payments(bot))
        assert {event.trading_pair for event in payments(bot)} == {"BTC-USD", "km:US500-USD"}
