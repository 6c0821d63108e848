"""The connector on exchanges that behave in either way wherever the venue's reference is unconfirmed or contested.

The first test goes through all switches of the sandbox by itself: one trading session under each value, after which the
bot's books and the exchange's must be the same. The others look at what one switch alone can break.
`docs/unconfirmed.md` names them.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal

import pytest
from hummingbot.core.data_type.common import OrderType, PositionAction
from hummingbot.core.data_type.in_flight_order import OrderState
from hummingbot.core.event.events import MarketEvent

from hyperliquid_perpetual.sandbox.engine.quirks import VenueQuirks
from hyperliquid_perpetual.sandbox.sandbox import Sandbox
from tests.bot import Bot, eventually, trading_bot

CHOICES = VenueQuirks().choices
BEHAVIOURS: dict[str, dict[str, str]] = {
    "as most likely": {},  # the first value of every switch
    **{f"{choice.name}={value}": {choice.name: value} for choice in CHOICES for value in choice.values[1:]},
}


@asynccontextmanager
async def bot_on(*pairs: str, **quirks: str) -> AsyncIterator[Bot]:
    """A ready bot on an exchange with these quirks."""
    async with (
        Sandbox(seed=7, market="still", block_ms=0, quirks=quirks) as exchange,
        trading_bot(*(pairs or ("BTC-USD",)), exchange=exchange) as bot,
    ):
        yield bot


async def in_agreement(bot: Bot, timeout: float = 15.0) -> None:
    """Waits until the bot's positions, orders and fills are those of the exchange."""
    await eventually(lambda: not differences(bot), timeout, lambda: f"{differences(bot)}\n{bot.log}")


def differences(bot: Bot) -> list[str]:
    """What the bot believes otherwise than the exchange."""
    found = []
    account = bot.exchange.account(bot.address)
    believed = {pair: position.amount for pair, position in bot.connector.account_positions.items()}
    real = {f"{position.coin}-USD": position.size for position in account.positions}
    if believed != real:
        found.append(f"positions {believed}, at the exchange {real}")
    tracked = {order.client_order_id for order in bot.connector.in_flight_orders.values() if order.is_open}
    resting = {order.cloid for order in account.open_orders}
    if tracked != resting:
        found.append(f"open orders {tracked}, at the exchange {resting}")
    booked = sorted(
        (event.order_id, event.price, event.amount, event.trade_fee.flat_fees[0].amount)
        for event in bot.events(MarketEvent.OrderFilled)
    )
    made = sorted((fill.cloid or "", fill.price, fill.size, fill.fee) for fill in account.fills)
    if booked != made:
        found.append(f"fills {booked}, at the exchange {made}")
    return found


# ---------------------------------------------------------------------- every switch


@pytest.mark.parametrize("quirks", BEHAVIOURS.values(), ids=list(BEHAVIOURS))
async def test_trading_session_ends_in_agreement(quirks: dict[str, str]) -> None:
    """Match in part on arrival, rest, fill in part, be cancelled, be refused, lose the stream, trade at market."""
    async with bot_on(**quirks) as bot:
        exchange = bot.exchange
        ask = exchange.book("BTC").asks[0]
        crossing = bot.place("buy", "BTC-USD", str(ask.size + Decimal("0.01")), str(ask.price))
        await eventually(lambda: bot.state(crossing) is OrderState.PARTIALLY_FILLED, 10, lambda: str(bot.log))
        left = exchange.order(bot.address, crossing)
        assert left is not None
        assert (left.status, left.remaining) == ("open", Decimal("0.01"))

        bot.connector.cancel("BTC-USD", crossing)
        await eventually(lambda: bot.state(crossing) is OrderState.CANCELED, 10)

        resting = await bot.open_order("buy", "BTC-USD", "0.02", bot.price("BTC", "0.999"))
        exchange.fill(bot.address, resting, "0.005")
        await eventually(lambda: bot.order(resting).executed_amount_base == Decimal("0.005"), 10)
        bot.connector.cancel("BTC-USD", resting)
        await eventually(lambda: bot.state(resting) is OrderState.CANCELED, 10)

        refused = bot.place("buy", "BTC-USD", "0.01", bot.price("BTC", "1.01"), OrderType.LIMIT_MAKER)
        await eventually(lambda: bot.state(refused) is OrderState.FAILED, 10)
        (failure,) = bot.events(MarketEvent.OrderFailure, refused)
        assert "Post only order would have immediately matched" in failure.error_message
        await in_agreement(bot)

        kept = await bot.open_order("sell", "BTC-USD", "0.01", bot.price("BTC", "1.01"))
        gone = await bot.open_order("sell", "BTC-USD", "0.02", bot.price("BTC", "1.005"))
        exchange.faults.lose_user_frames()
        exchange.fill(bot.address, gone)
        exchange.drop_websockets()
        await eventually(lambda: not bot.connector.ready, 10)
        exchange.faults.lose_user_frames(False)
        await bot.ready(30)
        await eventually(lambda: bot.state(gone) is OrderState.FILLED, 10)
        assert bot.state(kept) is OrderState.OPEN

        size = bot.connector.account_positions["BTC-USD"].amount
        closing = bot.place(
            "sell", "BTC-USD", str(size), order_type=OrderType.MARKET, position_action=PositionAction.CLOSE
        )
        await eventually(lambda: bot.state(closing) is OrderState.FILLED, 10, lambda: str(bot.log))
        await in_agreement(bot)
        assert not bot.connector.account_positions
        assert not bot.log.errors
        kinds = [kind for kind, event in bot.history if getattr(event, "order_id", "") == crossing]
        assert kinds == [MarketEvent.BuyOrderCreated, MarketEvent.OrderFilled, MarketEvent.OrderCancelled]
