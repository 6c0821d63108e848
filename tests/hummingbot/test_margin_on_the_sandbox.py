"""Leverage, margin mode and isolated margin: the account's own at start, the user's where the user has a wish, and no
action where nothing changes."""

from decimal import Decimal

import pytest
from hummingbot.core.data_type.common import OrderType, PositionAction, PositionSide
from hummingbot.core.event.events import MarketEvent

from hyperliquid_perpetual.sandbox.sandbox import Sandbox
from hyperliquid_perpetual.trading.settings import Settings
from hyperliquid_perpetual.venue import actions
from tests.bot import Bot, eventually, trading_bot

BTC = "BTC-USD"


async def venue_setting(bot: Bot, coin: str) -> tuple[str, int]:
    raw = await bot.connector._requests.info({"type": "activeAssetData", "user": bot.address, "coin": coin})
    return raw["leverage"]["type"], raw["leverage"]["value"]


async def set_at_the_venue(bot: Bot, coin: str, is_cross: bool, leverage: int) -> None:
    """As the trader does it on the exchange's page."""
    asset = bot.connector._markets.table.by_coin[coin].asset_id
    await bot.connector._requests.act(actions.update_leverage(asset, is_cross, leverage), 1, 0)  # type: ignore[arg-type]


async def buy(bot: Bot, pair: str, amount: str) -> None:
    order_id = bot.place("buy", pair, amount, order_type=OrderType.MARKET)
    await eventually(lambda: bool(bot.events(MarketEvent.BuyOrderCompleted, order_id)), 10, lambda: str(bot.log))
    await eventually(lambda: bot.connector.get_position(pair) is not None)


async def test_accounts_own_leverage_is_known_at_start_and_followed() -> None:
    """D57: it was taken for 1, and the budget checker asked for twenty times the margin."""
    async with trading_bot(BTC, "ETH-USD") as bot:
        own = await venue_setting(bot, "BTC")
        await eventually(lambda: bot.connector.get_leverage(BTC) == own[1])
        await set_at_the_venue(bot, "BTC", True, 7)
        await eventually(lambda: bot.connector.get_leverage(BTC) == 7)
        assert bot.connector.get_leverage("ETH-USD") == (await venue_setting(bot, "ETH"))[1]


async def test_leverage_that_is_set_already_is_not_set_again() -> None:
    async with trading_bot() as bot:
        assert await bot.connector._set_trading_pair_leverage(BTC, 9) == (True, "")
        sent = len(bot.exchange.requests("/exchange"))
        for _ in range(3):
            assert await bot.connector._set_trading_pair_leverage(BTC, 9) == (True, "")
        assert len(bot.exchange.requests("/exchange")) == sent
        assert await venue_setting(bot, "BTC") == ("cross", 9)
        # Changed by hand meanwhile: what was set once is not taken for granted.
        await set_at_the_venue(bot, "BTC", True, 3)
        await eventually(lambda: bot.connector.get_leverage(BTC) == 3)
        assert await bot.connector._set_trading_pair_leverage(BTC, 9) == (True, "")
        assert await venue_setting(bot, "BTC") == ("cross", 9)


async def test_leverage_is_set_before_the_stream_runs_and_without_it() -> None:
    """Programs that embed the connector set leverage without starting the network."""
    async with Sandbox(seed=7, market="still", block_ms=0) as exchange:
        bot = Bot(exchange, [BTC])
        assert await bot.connector._set_trading_pair_leverage(BTC, 4) == (True, "")
        assert await venue_setting(bot, "BTC") == ("cross", 4)
        sent = len(exchange.requests("/exchange"))
        assert await bot.connector._set_trading_pair_leverage(BTC, 4) == (True, "")
        assert len(exchange.requests("/exchange")) == sent


async def test_isolated_mode_of_the_account_is_kept_when_only_leverage_is_set() -> None:
    """D57: setting leverage must not switch a trader's isolated market to cross."""
    async with trading_bot() as bot:
        await set_at_the_venue(bot, "BTC", False, 5)
        await eventually(lambda: bot.connector._account.leverage("BTC").type == "isolated")  # type: ignore[union-attr]
        assert await bot.connector._set_trading_pair_leverage(BTC, 6) == (True, "")
        assert await venue_setting(bot, "BTC") == ("isolated", 6)


@pytest.mark.parametrize(
    "settings",
    [Settings(margin_mode="isolated"), Settings(margin_mode="cross", margin_modes={BTC: "isolated"})],
)
async def test_margin_mode_of_the_settings_is_applied_at_start_with_the_leverage_as_it_is(settings: Settings) -> None:
    async with trading_bot(settings=settings) as bot:
        before = bot.connector.get_leverage(BTC)
        await eventually(lambda: bool(bot.exchange.requests("/exchange")), 10)
        await eventually(lambda: bot.connector._account.leverage("BTC").type == "isolated")  # type: ignore[union-attr]
        mode, leverage = await venue_setting(bot, "BTC")
        assert mode == "isolated"
        assert leverage == bot.connector.get_leverage(BTC) >= before
        assert len(bot.exchange.requests("/exchange")) == 1


async def test_market_without_cross_margin_stays_isolated_whatever_is_wished() -> None:
    async with trading_bot() as bot:
        isolated = next(m for m in bot.connector._markets.table if m.only_isolated and not m.is_delisted)
    async with trading_bot(isolated.trading_pair, settings=Settings(margin_mode="cross")) as bot:
        await eventually(lambda: "allows isolated margin only" in str(bot.log))
        assert await bot.connector._set_trading_pair_leverage(isolated.trading_pair, 2) == (True, "")
        assert await venue_setting(bot, isolated.coin) == ("isolated", 2)


async def test_margin_mode_of_a_pair_that_is_none_is_told_once() -> None:
    async with trading_bot(settings=Settings(margin_modes={"btc-USD": "isolated"})) as bot:
        await eventually(lambda: "btc-USD, which is no market" in str(bot.log))
        bot.connector._on_account_change()
        assert str(bot.log).count("btc-USD") == 1
        assert not bot.exchange.requests("/exchange")


async def test_venue_that_refuses_a_change_is_quoted() -> None:
    async with trading_bot() as bot:
        await buy(bot, BTC, "0.02")
        bot.connector._settings = Settings(margin_mode="isolated")
        is_set, reason = await bot.connector._set_trading_pair_leverage(BTC, 5)
        assert not is_set
        assert reason
        assert bot.connector.get_position(BTC).margin_mode == "cross"


async def test_position_tells_what_the_venue_states_about_it() -> None:
    async with trading_bot(settings=Settings(margin_mode="isolated")) as bot:
        await eventually(lambda: len(bot.exchange.requests("/exchange")) == 1)
        await buy(bot, BTC, "0.02")
        state = await bot.connector._reader.state("")
        (stated,) = [item.position for item in state.assetPositions]
        position = bot.connector.get_position(BTC)
        assert position is bot.connector.account_positions[BTC]
        assert position.margin_mode == "isolated"
        assert position.liquidation_price == stated.liquidationPx is not None
        assert (position.margin, position.value) == (stated.marginUsed, stated.positionValue)
        assert (position.amount, position.entry_price) == (stated.szi, stated.entryPx)
        assert position.leverage == stated.leverage.value
        assert bot.connector.get_position("ETH-USD") is None


async def test_isolated_margin_is_added_and_removed() -> None:
    async with trading_bot(settings=Settings(margin_mode="isolated")) as bot:
        await eventually(lambda: len(bot.exchange.requests("/exchange")) == 1)
        await buy(bot, BTC, "0.02")
        margin, far = bot.connector.get_position(BTC).margin, bot.connector.get_position(BTC).liquidation_price
        total = bot.connector.get_balance("USDC")
        assert await bot.connector.add_isolated_margin(BTC, Decimal("250.5")) == (True, "")
        await eventually(lambda: bot.connector.get_position(BTC).margin == margin + Decimal("250.5"))
        assert bot.connector.get_position(BTC).liquidation_price < far
        assert bot.connector.get_balance("USDC") == total, "isolated margin is the account's, too"
        assert await bot.connector.remove_isolated_margin(BTC, Decimal("20")) == (True, "")
        await eventually(lambda: bot.connector.get_position(BTC).margin == margin + Decimal("230.5"))


async def test_margin_that_cannot_be_moved_is_refused_with_the_reason_and_nothing_is_sent() -> None:
    async with trading_bot() as bot:
        connector = bot.connector
        for pair, amount, words in (
            (BTC, "10", "no position"),
            ("NOPE-USD", "10", "NOPE-USD is no market"),
        ):
            moved, reason = await connector.add_isolated_margin(pair, Decimal(amount))
            assert not moved
            assert words in reason
        await buy(bot, BTC, "0.02")
        sent = len(bot.exchange.requests("/exchange"))
        moved, reason = await connector.add_isolated_margin(BTC, Decimal(10))
        assert not moved
        assert "cross margin" in reason
        assert len(bot.exchange.requests("/exchange")) == sent


@pytest.mark.parametrize("amount", ["0", "-1", "NaN", "Infinity", "0.0000001"])
async def test_amount_of_margin_that_is_none_is_refused(amount: str) -> None:
    async with trading_bot(settings=Settings(margin_mode="isolated")) as bot:
        await eventually(lambda: len(bot.exchange.requests("/exchange")) == 1)
        await buy(bot, BTC, "0.02")
        sent = len(bot.exchange.requests("/exchange"))
        moved, reason = await bot.connector.add_isolated_margin(BTC, Decimal(amount))
        assert not moved
        assert reason
        assert len(bot.exchange.requests("/exchange")) == sent


async def test_flip_is_followed() -> None:
    async with trading_bot() as bot:
        await buy(bot, BTC, "0.02")
        order_id = bot.place("sell", BTC, "0.05", order_type=OrderType.MARKET, position_action=PositionAction.OPEN)
        await eventually(lambda: bool(bot.events(MarketEvent.SellOrderCompleted, order_id)))
        await eventually(lambda: bot.connector.get_position(BTC).amount == Decimal("-0.03"))
        assert bot.connector.get_position(BTC).position_side is PositionSide.SHORT
        order_id = bot.place("buy", BTC, "0.03", order_type=OrderType.MARKET, position_action=PositionAction.CLOSE)
        await eventually(lambda: bool(bot.events(MarketEvent.BuyOrderCompleted, order_id)))
        await eventually(lambda: bot.connector.get_position(BTC) is None)


async def test_order_that_met_another_of_the_account_is_told_with_the_venues_reason() -> None:
    """The cancel of a self-trade went by without a word."""
    async with trading_bot() as bot:
        tick = bot.connector.get_order_price_quantum(BTC, bot.connector.get_price(BTC, True))
        best = str(bot.connector.get_price(BTC, True) - tick)
        resting = await bot.open_order("buy", BTC, "0.01", best)
        bot.place("sell", BTC, "0.01", best)
        await eventually(lambda: bot.order(resting).is_cancelled, 10)
        await eventually(lambda: "(selfTradeCanceled)" in str(bot.log), 10, lambda: str(bot.log))
        assert str(bot.log).count(resting) == 1
