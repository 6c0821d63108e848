"""What the venue does to an account that runs out of margin, as the bot and its trader see it."""

from decimal import Decimal

from hummingbot.core.data_type.common import OrderType, PositionAction
from hummingbot.core.event.events import MarketEvent

from hyperliquid_perpetual.sandbox.sandbox import Sandbox
from tests.bot import Bot, eventually, trading_bot

BTC = "BTC-USD"


async def go_long(bot: Bot, amount: str) -> None:
    order_id = bot.place("buy", BTC, amount, order_type=OrderType.MARKET, position_action=PositionAction.OPEN)
    await eventually(lambda: bool(bot.events(MarketEvent.BuyOrderCompleted, order_id)), 20, lambda: str(bot.log))
    await eventually(lambda: bot.connector.get_position(BTC) is not None, 20)


async def test_liquidation_is_announced_told_and_followed() -> None:
    async with (
        Sandbox(seed=7, market="still", block_ms=0, deposit=1_000) as exchange,
        trading_bot(exchange=exchange) as bot,
    ):
        await go_long(bot, "0.15")
        resting = await bot.open_order("buy", BTC, "0.001", bot.price("BTC", "0.5"))
        position = bot.connector.get_position(BTC)
        near = position.liquidation_price * Decimal("1.02")
        exchange.set_price("BTC", str(bot.connector.quantize_order_price(BTC, near)))
        await eventually(lambda: "away from liquidation" in str(bot.log), 20, lambda: str(bot.log))
        assert "Liquidated" not in str(bot.log)
        gone = position.liquidation_price * Decimal("0.99")
        exchange.set_price("BTC", str(bot.connector.quantize_order_price(BTC, gone)))
        await eventually(lambda: bot.connector.get_position(BTC) is None, 20, lambda: str(bot.log))
        await eventually(lambda: "Liquidated by the venue" in str(bot.log), 20, lambda: str(bot.log))
        await eventually(lambda: bot.order(resting).is_cancelled, 20)
        await eventually(lambda: "(liquidatedCanceled)" in str(bot.log), 20, lambda: str(bot.log))
        state = await bot.connector._reader.state("")
        await eventually(lambda: bot.connector.get_balance("USDC") >= state.marginSummary.accountValue, 20)
        assert exchange.account(bot.address).positions == ()
        assert str(bot.log).count("The venue has begun to liquidate this account") == 1
        assert not bot.log.errors
        assert not bot.events(MarketEvent.OrderFailure)
