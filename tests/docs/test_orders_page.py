"""The examples of docs/orders.md, run one after the other by a bot on a sandbox whose market is where they have it."""

from decimal import Decimal
from types import SimpleNamespace
from typing import Any

from hummingbot.core.data_type.common import OrderType, PositionAction, TradeType
from hummingbot.core.data_type.in_flight_order import OrderState
from hummingbot.core.event.events import MarketEvent

from hyperliquid_perpetual.sandbox.sandbox import Sandbox
from tests.bot import eventually, trading_bot
from tests.docs.examples import run_example
from tests.docs.pages import ROOT, blocks_of

PAGE = ROOT / "docs" / "orders.md"
IOC, AMENDMENTS, TRIGGERS, TWAP = [block.text for block in blocks_of(PAGE) if block.language == "python"]
NAMES = {"Decimal": Decimal, "OrderType": OrderType, "PositionAction": PositionAction, "TradeType": TradeType}


async def test_examples_do_what_the_page_says() -> None:
    async with (
        Sandbox(seed=7, market="still", block_ms=0) as exchange,
        trading_bot("BTC-USD", "ETH-USD", exchange=exchange) as bot,
    ):
        exchange.set_price("BTC", "85000")
        await eventually(lambda: abs(bot.connector.get_mid_price("BTC-USD") - 85000) < 100)
        names: dict[str, Any] = {**NAMES, "connector": bot.connector}

        await run_example(IOC, names)
        # A thousand below the market there is nothing to take at once.
        await eventually(lambda: len(bot.events(MarketEvent.OrderFailure)) == 1)
        assert bot.events(MarketEvent.OrderFailure)[0].error_type == "NO_MATCH"

        names["order_id"] = await bot.open_order("buy", "BTC-USD", "0.01", "84000")
        position = bot.place("buy", "BTC-USD", "0.02", order_type=OrderType.MARKET)
        await eventually(lambda: bot.state(position) is OrderState.FILLED)
        await eventually(lambda: bot.connector.account_positions.get("BTC-USD") is not None)

        await run_example(TRIGGERS, names)
        names["stop_id"] = names["stop"]
        ids = [names["stop"], *(getattr(names["bracket"], each) for each in ("entry", "take_profit", "stop_loss"))]
        await eventually(lambda: all(bot.state(order_id) is OrderState.OPEN for order_id in ids))
        assert {order.order_id for order in bot.connector.trigger_orders("BTC-USD")} >= {*ids} - {
            names["bracket"].entry
        }
        await eventually(lambda: len(bot.connector.trigger_orders("BTC-USD")) == 5)

        await run_example(AMENDMENTS, names)
        amended = bot.order(names["order_id"])
        assert (amended.price, amended.amount) == (Decimal(84100), Decimal("0.02"))
        resting = {(order.coin, order.price): order.size for order in exchange.open_orders(bot.address)}
        assert resting["BTC", Decimal(84100)] == Decimal("0.02")

        long = bot.place("buy", "ETH-USD", "4.1", order_type=OrderType.MARKET)
        await eventually(lambda: bot.state(long) is OrderState.FILLED)
        names["self"] = SimpleNamespace(connectors={"hyperliquid_perpetual": bot.connector})
        await run_example(TWAP, names)
        await eventually(lambda: bool(bot.events(MarketEvent.OrderCancelled, names["order_id"])), 15, bot.log.__str__)
        assert not bot.log.errors, bot.log
