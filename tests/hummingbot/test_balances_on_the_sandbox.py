"""The quote rule through Hummingbot's own code: budget checker, balances, history, fees and rates (see ``collateral``).

The sandbox's account has the same deposit on the first dex (USDC), on ``xyz`` (USDC) and on ``km`` (USDH).
"""

from decimal import Decimal
from typing import Any

import pytest
from hummingbot.client.performance import PerformanceMetrics
from hummingbot.core.data_type.common import OrderType, TradeType
from hummingbot.core.data_type.order_candidate import PerpetualOrderCandidate
from hummingbot.core.event.events import MarketEvent
from hummingbot.core.rate_oracle.rate_oracle import RateOracle

from hyperliquid_perpetual.sandbox.sandbox import Sandbox
from tests.bot import Bot, eventually, trading_bot

FIRST, XYZ, KM = "BTC-USD", "xyz:TSLA-USD", "km:US500-USD"


@pytest.fixture(autouse=True)
def oracle(monkeypatch: pytest.MonkeyPatch) -> RateOracle:
    """A rate oracle that has not heard of anything yet, and must not ask anybody."""
    fresh = RateOracle()
    monkeypatch.setattr(RateOracle, "_shared_instance", fresh)
    return fresh


def candidate(pair: str, side: TradeType, amount: str, price: str, leverage: int = 1) -> PerpetualOrderCandidate:
    return PerpetualOrderCandidate(
        pair, True, OrderType.LIMIT, side, Decimal(amount), Decimal(price), leverage=Decimal(leverage)
    )


async def venue_state(bot: Bot, dex: str) -> Any:
    return await bot.connector._reader.state(dex)


async def test_every_token_is_listed_once_under_its_own_name_and_the_quote_only_looked_up() -> None:
    async with trading_bot(FIRST, KM) as bot:
        first, km = await venue_state(bot, ""), await venue_state(bot, "km")
        value, other = first.marginSummary.accountValue, km.marginSummary.accountValue
        connector = bot.connector
        assert connector.get_all_balances() == {"USDC": value, "USDH": other}
        assert sum(connector.get_all_balances().values()) == value + other
        assert "USD" not in connector.get_all_balances()
        assert "USD" not in connector.available_balances
        assert connector.get_balance("USDC") == value
        assert connector.get_available_balance("USDH") == km.withdrawable
        assert connector.get_balance("USD") == value + other == connector.get_all_balances().get("USD")
        assert connector.get_available_balance("USD") == first.withdrawable + km.withdrawable
        assert connector.get_balance("PURR") == 0
        assert "to trade with" not in str(bot.log)


async def test_quote_stands_for_the_collateral_of_the_traded_pairs_alone() -> None:
    async with trading_bot(KM) as bot:
        km = await venue_state(bot, "km")
        assert bot.connector.get_balance("USD") == bot.connector.get_balance("USDH") == km.marginSummary.accountValue


@pytest.mark.parametrize("side", [TradeType.BUY, TradeType.SELL])
@pytest.mark.parametrize(("pair", "token"), [(FIRST, "USDC"), (XYZ, "USDC"), (KM, "USDH")])
async def test_budget_checker_cuts_an_order_to_the_money_on_its_own_dex(pair: str, token: str, side: TradeType) -> None:
    """HB#8036: orders on another collateral were refused for want of a balance nobody had read."""
    async with trading_bot(pair) as bot:
        assert bot.connector.get_buy_collateral_token(pair) == bot.connector.get_sell_collateral_token(pair) == token
        dex = pair.rpartition(":")[0]
        free = (await venue_state(bot, dex)).withdrawable
        touch = bot.connector.get_price(pair, True)
        fits = candidate(pair, side, str(free / touch / 2), str(touch))
        (kept,) = bot.connector.budget_checker.adjust_candidates([fits])
        assert kept.amount == fits.amount
        assert kept.order_collateral.token == token
        assert abs(kept.order_collateral.amount - free / 2) < Decimal("0.01")
        too_much = candidate(pair, side, str(free / touch * 2), str(touch))
        (dropped,) = bot.connector.budget_checker.adjust_candidates([too_much], all_or_none=True)
        assert dropped.amount == 0
        (cut,) = bot.connector.budget_checker.adjust_candidates([too_much], all_or_none=False)
        assert Decimal("0.95") * free < cut.amount * touch <= free


async def test_budget_of_two_dexs_is_not_shared_and_that_of_one_dex_is() -> None:
    async with trading_bot(FIRST, "ETH-USD", XYZ) as bot:
        free = (await venue_state(bot, "")).withdrawable
        orders = []
        for pair in (FIRST, "ETH-USD", XYZ):
            touch = bot.connector.get_price(pair, True)
            orders.append(candidate(pair, TradeType.BUY, str(free * Decimal("0.6") / touch), str(touch)))
        first, second, third = bot.connector.budget_checker.adjust_candidates(orders)
        assert first.amount == orders[0].amount
        assert second.amount == 0, "the first order has used up its dex"
        assert third.amount == orders[2].amount, "and not the money of another"


async def test_leverage_makes_an_order_fit() -> None:
    async with trading_bot() as bot:
        free = bot.connector.get_available_balance("USD")
        touch = bot.connector.get_price(FIRST, True)
        order = candidate(FIRST, TradeType.BUY, str(4 * free / touch), str(touch), leverage=5)
        (kept,) = bot.connector.budget_checker.adjust_candidates([order])
        assert kept.amount == order.amount


@pytest.mark.parametrize("limited", ["USD", "USDC"])
async def test_balance_limit_holds_for_the_quote_and_its_collateral_alike(limited: str) -> None:
    limits = {"hyperliquid_perpetual_sandbox": {limited: Decimal(100)}}
    async with trading_bot(balance_asset_limit=limits) as bot:
        assert bot.connector.get_available_balance("USD") == bot.connector.get_available_balance("USDC") == 100
        touch = bot.connector.get_price(FIRST, True)
        order = candidate(FIRST, TradeType.BUY, str(200 / touch), str(touch))
        (dropped,) = bot.connector.budget_checker.adjust_candidates([order])
        assert dropped.amount == 0


async def test_prices_between_collateral_and_quote_are_one(oracle: RateOracle) -> None:
    async with trading_bot(FIRST, KM) as bot:
        assert bot.connector.get_price("USD-USDC", True) == bot.connector.get_price("USDH-USD", False) == 1
        assert bot.connector.get_price("BTC-USDC", True) == bot.connector.get_price(FIRST, True)
        for pair in ("USDC-USD", "USDH-USD"):
            assert oracle.get_pair_rate(pair) == 1


async def test_rate_that_the_users_rate_source_has_is_left_alone(oracle: RateOracle) -> None:
    oracle.set_price("USDC-USD", Decimal("0.999"))
    async with trading_bot():
        assert oracle.get_pair_rate("USDC-USD") == Decimal("0.999")


async def test_rates_of_all_pairs_hold_the_collateral_in_usd_and_in_hummingbots_default_money() -> None:
    async with trading_bot() as bot:
        prices = {
            await bot.connector.trading_pair_associated_to_exchange_symbol(row["symbol"]): row["price"]
            for row in await bot.connector.get_all_pairs_prices()
        }
        assert {pair: prices[pair] for pair in prices if pair.startswith(("USDC-", "USDH-"))} == dict.fromkeys(
            ("USDC-USD", "USDC-USDT", "USDH-USD", "USDH-USDT"), 1
        )
        assert "BTC-USD" in prices


@pytest.mark.parametrize(("pair", "token"), [(FIRST, "USDC"), (KM, "USDH")])
async def test_fee_in_collateral_is_worth_the_same_in_the_pairs_quote(pair: str, token: str) -> None:
    """HB#7502: a fee in a token without a rate left profits blank and logged errors."""
    async with Sandbox(seed=7, market="still", block_ms=0) as exchange, trading_bot(pair, exchange=exchange) as bot:
        touch = bot.connector.get_price(pair, True)
        amount = str(bot.connector.quantize_order_amount(pair, 40 / touch))
        order_id = bot.place("buy", pair, amount, order_type=OrderType.MARKET)
        await eventually(lambda: bool(bot.events(MarketEvent.BuyOrderCompleted, order_id)), 10, lambda: str(bot.log))
        fills = bot.events(MarketEvent.OrderFilled, order_id)
        charged = sum(fill.trade_fee.flat_fees[0].amount for fill in fills)
        assert {fill.trade_fee.flat_fees[0].token for fill in fills} == {token}
        assert charged > 0
        assert bot.order(order_id).cumulative_fee_paid("USD") == charged, "what executors ask for"
        recorded = [fill.trade_fee.fee_amount_in_token(pair, fill.price, fill.amount, "USD") for fill in fills]
        assert sum(recorded) == charged, "what the recorder writes down"


async def test_history_counts_the_return_against_the_money_behind_the_pair(oracle: RateOracle) -> None:
    async with trading_bot() as bot:
        oracle.set_price(FIRST, bot.connector.get_mid_price(FIRST))
        order_id = bot.place("buy", FIRST, "0.01", order_type=OrderType.MARKET)
        await eventually(lambda: bool(bot.events(MarketEvent.BuyOrderCompleted, order_id)))
        fills = bot.events(MarketEvent.OrderFilled, order_id)
        trades = [_Trade(fill) for fill in fills]
        result = await PerformanceMetrics.create(FIRST, trades, bot.connector.get_all_balances())
        assert result.cur_quote_bal == bot.connector.get_balance("USDC") > 0
        assert result.fee_in_quote == sum(fill.trade_fee.flat_fees[0].amount for fill in fills)


class _Trade:
    """A fill as ``history`` gets it."""

    def __init__(self, fill: Any) -> None:
        self.trade_type, self.amount, self.price, self.trade_fee = (
            fill.trade_type.name,
            fill.amount,
            fill.price,
            fill.trade_fee,
        )
