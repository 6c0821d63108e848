"""Stop losses and take profits that the exchange holds: placed, armed, fired, cancelled by their sibling, restored."""

from decimal import Decimal

import pytest
from hummingbot.core.data_type.common import OrderType, PositionAction, TradeType
from hummingbot.core.data_type.in_flight_order import OrderState
from hummingbot.core.event.events import MarketEvent

from hyperliquid_perpetual.trading.contract_native import Bracket
from hyperliquid_perpetual.trading.order_checks import OrderRefused
from tests.bot import Bot, eventually, trading_bot

PAIR = "BTC-USD"


def at(bot: Bot, factor: str) -> Decimal:
    """A valid price at some distance from the mid."""
    return Decimal(bot.price("BTC", factor))


async def long_position(bot: Bot, amount: str = "0.01") -> None:
    """Buys at the market and waits until the position is known."""
    entry = bot.place("buy", PAIR, amount, order_type=OrderType.MARKET)
    await eventually(lambda: bot.state(entry) is OrderState.FILLED)
    await eventually(lambda: bot.connector.account_positions.get(PAIR) is not None)


def stop_loss(bot: Bot, factor: str) -> str:
    """Places a stop loss for the whole long position at some distance from the mid; returns its id."""
    amount, trigger_price = Decimal("0.01"), at(bot, factor)
    return str(bot.connector.place_trigger_order(PAIR, TradeType.SELL, amount, trigger_price, "stop_loss"))


async def open_bracket(bot: Bot) -> Bracket:
    """A resting entry with both exits, all known to the exchange."""
    bracket = bot.connector.place_bracket(
        PAIR,
        TradeType.BUY,
        Decimal("0.01"),
        at(bot, "0.99"),
        take_profit=at(bot, "1.03"),
        stop_loss=at(bot, "0.96"),
    )
    ids = [bracket.entry, bracket.take_profit, bracket.stop_loss]
    await eventually(lambda: all(order_id and bot.state(order_id) is OrderState.OPEN for order_id in ids))
    return bracket


async def test_bracket_leaves_as_one_action_and_its_exits_wait_for_the_entry() -> None:
    async with trading_bot() as bot:
        bracket = await open_bracket(bot)
        assert len(bot.exchange.requests("/exchange", "order")) == 1
        assert {order.order_id for order in bot.connector.trigger_orders(PAIR)} == {
            bracket.take_profit,
            bracket.stop_loss,
        }
        assert bot.order(bracket.take_profit or "").position is PositionAction.CLOSE
        assert not bot.log.errors


async def test_take_profit_that_fires_closes_the_position_and_cancels_the_stop_loss() -> None:
    async with trading_bot() as bot:
        bracket = await open_bracket(bot)
        entry, profit, loss = bracket.entry or "", bracket.take_profit or "", bracket.stop_loss or ""
        halfway = str(at(bot, "1.01"))
        bot.exchange.fill(bot.address, entry)
        await eventually(lambda: bot.state(entry) is OrderState.FILLED)
        assert bot.state(profit) is OrderState.OPEN
        await move(bot, halfway)
        await move(bot, at_or_above(bot, profit))
        await eventually(lambda: bot.state(profit) is OrderState.FILLED, 10)
        await eventually(lambda: bot.state(loss) is OrderState.CANCELED, 10)
        await eventually(lambda: not bot.connector.account_positions)
        assert bot.order(profit).executed_amount_base == Decimal("0.01")
        assert not bot.exchange.open_orders(bot.address)
        assert not bot.connector.trigger_orders()
        assert not bot.log.errors


async def move(bot: Bot, price: str) -> None:
    """Moves the market, and waits until others quote there again."""
    bot.exchange.set_price("BTC", price)
    target = Decimal(price)
    await eventually(lambda: abs((bot.exchange.book("BTC").mid or Decimal(0)) - target) < target / 200, 10)


def at_or_above(bot: Bot, order_id: str) -> str:
    """A price past the trigger of a take profit of a long position."""
    trigger = next(order for order in bot.connector.trigger_orders() if order.order_id == order_id)
    return str((trigger.trigger_price * Decimal("1.001")).quantize(Decimal(1)))


async def test_cancelled_entry_takes_its_exits_with_it() -> None:
    async with trading_bot() as bot:
        bracket = await open_bracket(bot)
        bot.connector.cancel(PAIR, bracket.entry)
        for order_id in (bracket.entry, bracket.take_profit, bracket.stop_loss):
            await eventually(lambda order_id=order_id: bot.state(order_id or "") is OrderState.CANCELED, 10)
        assert not bot.exchange.open_orders(bot.address)


async def test_bracket_whose_exit_cannot_be_sent_is_not_sent_at_all() -> None:
    async with trading_bot() as bot:
        bracket = bot.connector.place_bracket(
            PAIR, TradeType.BUY, Decimal("0.01"), at(bot, "0.99"), stop_loss=Decimal(1)
        )
        await eventually(lambda: len(bot.events(MarketEvent.OrderFailure)) == 2)
        assert "80 %" in (bot.connector.order_failure_reason(bracket.stop_loss or "") or "")
        assert "belongs to it" in (bot.connector.order_failure_reason(bracket.entry or "") or "")
        assert not bot.exchange.requests("/exchange")


async def test_entry_is_taken_back_when_the_venue_refuses_its_stop_loss() -> None:
    async with trading_bot() as bot:
        # Its trigger lies above the mark price, and below the take profit: only the venue can say that it is wrong.
        bracket = bot.connector.place_bracket(
            PAIR,
            TradeType.BUY,
            Decimal("0.01"),
            at(bot, "0.98"),
            take_profit=at(bot, "1.06"),
            stop_loss=at(bot, "1.03"),
        )
        await eventually(lambda: bot.state(bracket.stop_loss or "") is OrderState.FAILED)
        assert bot.events(MarketEvent.OrderFailure, bracket.stop_loss)[0].error_type == "TRIGGER_PRICE"
        await eventually(lambda: bot.state(bracket.entry or "") is OrderState.CANCELED)
        await eventually(lambda: not bot.exchange.open_orders(bot.address))
        await eventually(lambda: not bot.connector.in_flight_orders)


@pytest.mark.parametrize(
    ("side", "take_profit", "stop_loss", "says"),
    [
        (TradeType.BUY, None, None, "give a take_profit"),
        (TradeType.BUY, Decimal(80), Decimal(90), "lies below"),
        (TradeType.SELL, Decimal(90), Decimal(80), "lies above"),
        (TradeType.BUY, Decimal(90), Decimal(90), "lies below"),
    ],
)
async def test_bracket_the_wrong_way_round_is_an_error_of_the_caller(
    side: TradeType, take_profit: Decimal | None, stop_loss: Decimal | None, says: str
) -> None:
    async with trading_bot() as bot:
        with pytest.raises(ValueError, match=says):
            bot.connector.place_bracket(
                PAIR, side, Decimal("0.01"), Decimal(85), take_profit=take_profit, stop_loss=stop_loss
            )
        assert not bot.connector.in_flight_orders


async def test_stop_loss_on_a_position_fires_at_the_mark_price() -> None:
    async with trading_bot() as bot:
        await long_position(bot)
        order_id = stop_loss(bot, "0.97")
        await eventually(lambda: bot.state(order_id) is OrderState.OPEN)
        await move(bot, str(at(bot, "0.98")))
        assert bot.state(order_id) is OrderState.OPEN
        await move(bot, str(at(bot, "0.98")))
        await eventually(lambda: bot.state(order_id) is OrderState.FILLED, 10)
        await eventually(lambda: not bot.connector.account_positions)
        assert len(bot.events(MarketEvent.SellOrderCreated, order_id)) == 1
        assert len(bot.events(MarketEvent.SellOrderCompleted, order_id)) == 1


async def test_stop_limit_rests_after_it_fired_and_can_be_cancelled() -> None:
    async with trading_bot() as bot:
        await long_position(bot)
        limit = at(bot, "1.01")
        order_id = bot.connector.place_trigger_order(
            PAIR, TradeType.SELL, Decimal("0.01"), at(bot, "0.98"), "sl", limit_price=limit
        )
        await eventually(lambda: bot.state(order_id) is OrderState.OPEN)
        bot.exchange.set_price("BTC", str(at(bot, "0.97")))
        await eventually(
            lambda: [order.price for order in bot.exchange.book("BTC").asks if order.price == limit] == [limit], 10
        )
        assert bot.state(order_id) is OrderState.OPEN
        bot.connector.cancel(PAIR, order_id)
        await eventually(lambda: bot.state(order_id) is OrderState.CANCELED)


async def test_trigger_on_the_wrong_side_of_the_mark_price_is_a_named_refusal() -> None:
    async with trading_bot() as bot:
        await long_position(bot)
        order_id = stop_loss(bot, "1.05")
        await eventually(lambda: bot.state(order_id) not in (None, OrderState.PENDING_CREATE, OrderState.OPEN))
        if bot.order(order_id).is_failure:
            assert bot.events(MarketEvent.OrderFailure, order_id)[0].error_type == "TRIGGER_PRICE"
        else:
            # A venue that takes it fires it at once.
            assert bot.order(order_id).is_filled


async def test_position_is_protected_and_its_orders_end_with_it() -> None:
    async with trading_bot() as bot:
        with pytest.raises(ValueError, match="no position"):
            bot.connector.protect_position(PAIR, stop_loss=at(bot, "0.9"))
        await long_position(bot)
        exits = bot.connector.protect_position(PAIR, take_profit=at(bot, "1.05"), stop_loss=at(bot, "0.95"))
        ids = [exits.take_profit or "", exits.stop_loss or ""]
        await eventually(lambda: all(bot.state(order_id) is OrderState.OPEN for order_id in ids))
        assert len(bot.exchange.requests("/exchange", "order")) == 2
        close = bot.place("sell", PAIR, "0.01", order_type=OrderType.MARKET, position_action=PositionAction.CLOSE)
        await eventually(lambda: bot.state(close) is OrderState.FILLED)
        await eventually(lambda: all(bot.state(order_id) is OrderState.CANCELED for order_id in ids), 10)
        assert not bot.log.errors


async def test_trigger_can_be_moved() -> None:
    async with trading_bot() as bot:
        await long_position(bot)
        order_id = stop_loss(bot, "0.95")
        await eventually(lambda: bot.state(order_id) is OrderState.OPEN)
        moved = at(bot, "0.97")
        await bot.connector.amend_order(order_id, trigger_price=moved)
        await eventually(lambda: [o.trigger_price for o in bot.exchange.open_orders(bot.address)] == [moved])
        assert [order.trigger_price for order in bot.connector.trigger_orders()] == [moved]
        assert bot.state(order_id) is OrderState.OPEN
        legs = bot.connector._order_tracker.legs
        await eventually(lambda: not legs.is_pending(bot.order(order_id)))
        with pytest.raises(OrderRefused, match="no limit to amend"):
            await bot.connector.amend_order(order_id, price=moved)
        bot.exchange.set_price("BTC", str(at(bot, "0.96")))
        await eventually(lambda: bot.state(order_id) is OrderState.FILLED, 10)
        assert not bot.events(MarketEvent.OrderCancelled)
        assert bot.order(order_id).executed_amount_base == Decimal("0.01")


async def test_take_profit_that_fires_into_an_empty_book_is_a_named_failure_and_the_stop_loss_stays() -> None:
    async with trading_bot() as bot:
        bracket = await open_bracket(bot)
        profit, loss = bracket.take_profit or "", bracket.stop_loss or ""
        # Filling the entry takes every bid above it away, and nobody has come back when the price jumps.
        bot.exchange.fill(bot.address, bracket.entry or "")
        await eventually(lambda: bot.state(bracket.entry or "") is OrderState.FILLED)
        bot.exchange.set_price("BTC", at_or_above(bot, profit))
        await eventually(lambda: bot.state(profit) is OrderState.FAILED, 10)
        assert bot.events(MarketEvent.OrderFailure, profit)[0].error_type == "NO_LIQUIDITY"
        assert bot.state(loss) is OrderState.OPEN
        assert bot.connector.account_positions[PAIR].amount == Decimal("0.01")


async def test_bracket_is_restored_after_a_restart_and_followed_to_its_end() -> None:
    async with trading_bot() as bot:
        bracket = await open_bracket(bot)
        saved = dict(bot.connector.tracking_states)
        async with trading_bot(exchange=bot.exchange) as reborn:
            reborn.connector.restore_tracking_states(saved)
            await reborn.connector._reconciler.sweep()
            assert {order.order_id for order in reborn.connector.trigger_orders()} == {
                bracket.take_profit,
                bracket.stop_loss,
            }
            kinds = {order.order_id: order.kind for order in reborn.connector.trigger_orders()}
            assert kinds == {bracket.take_profit: "tp", bracket.stop_loss: "sl"}
            reborn.exchange.fill(bot.address, bracket.entry or "")
            await eventually(lambda: reborn.state(bracket.entry or "") is OrderState.FILLED)
            reborn.connector.cancel(PAIR, bracket.stop_loss)
            await eventually(lambda: reborn.state(bracket.stop_loss or "") is OrderState.CANCELED)


async def test_bracket_whose_reply_is_lost_is_found_whole() -> None:
    async with trading_bot() as bot:
        bot.exchange.faults.lose_user_frames()
        bot.exchange.faults.drop_reply(kind="order")
        bracket = bot.connector.place_bracket(
            PAIR,
            TradeType.BUY,
            Decimal("0.01"),
            at(bot, "0.99"),
            take_profit=at(bot, "1.03"),
            stop_loss=at(bot, "0.96"),
        )
        ids = [bracket.entry or "", bracket.take_profit or "", bracket.stop_loss or ""]
        await eventually(lambda: all(bot.state(order_id) is OrderState.OPEN for order_id in ids), 15)
        assert not bot.events(MarketEvent.OrderFailure)
        assert len({request.body for request in bot.exchange.requests("/exchange", "order")}) == 1
