"""Every way an order can be asked for, and what it ends as: immediate, market, closing, refused, in batches."""

import json
from decimal import Decimal
from typing import Any

import pytest
from hummingbot.core.data_type.common import OrderType, PositionAction, TradeType
from hummingbot.core.data_type.in_flight_order import OrderState
from hummingbot.core.data_type.limit_order import LimitOrder
from hummingbot.core.data_type.market_order import MarketOrder
from hummingbot.core.event.events import MarketEvent

from hyperliquid_perpetual.trading.settings import Settings
from tests.bot import Bot, eventually, trading_bot

PAIR = "BTC-USD"


def send(bot: Bot, side: str, amount: str, price: str, order_type: OrderType = OrderType.LIMIT, **terms: Any) -> str:
    """Places an order with keyword arguments, as a strategy does."""
    place = bot.connector.buy if side == "buy" else bot.connector.sell
    terms.setdefault("position_action", PositionAction.OPEN)
    return str(place(PAIR, Decimal(amount), order_type, Decimal(price), **terms))


async def long_position(bot: Bot, amount: str) -> None:
    """Buys at the market and waits until the position is known."""
    entry = bot.place("buy", PAIR, amount, order_type=OrderType.MARKET)
    await eventually(lambda: bot.state(entry) is OrderState.FILLED)
    await eventually(lambda: bot.connector.account_positions.get(PAIR) is not None)


def sent_orders(bot: Bot) -> list[dict[str, Any]]:
    """The order objects that the exchange was sent, oldest first."""
    bodies = [json.loads(request.body) for request in bot.exchange.requests("/exchange", "order")]
    return [order for body in bodies for order in body["action"]["orders"]]


async def test_immediate_limit_order_that_fills_in_part_ends_cancelled_with_its_fills_booked() -> None:
    async with trading_bot() as bot:
        best = bot.exchange.book("BTC").asks[0]
        order_id = send(bot, "buy", str(best.size * 2), str(best.price), time_in_force="IOC")
        await eventually(lambda: bot.state(order_id) is OrderState.CANCELED)
        order = bot.order(order_id)
        assert order.executed_amount_base == best.size
        assert len(bot.events(MarketEvent.OrderCancelled, order_id)) == 1
        assert not bot.events(MarketEvent.BuyOrderCompleted)
        assert not bot.exchange.open_orders(bot.address)
        assert sent_orders(bot)[-1]["t"] == {"limit": {"tif": "Ioc"}}


async def test_immediate_order_that_matches_nothing_fails_by_name() -> None:
    async with trading_bot() as bot:
        order_id = send(bot, "buy", "0.01", bot.price("BTC", "0.98"), time_in_force="IOC")
        await eventually(lambda: bool(bot.events(MarketEvent.OrderFailure, order_id)))
        failure = bot.events(MarketEvent.OrderFailure, order_id)[0]
        assert failure.error_type == "NO_MATCH"
        assert "could not immediately match" in failure.error_message
        assert bot.connector.order_failure_reason(order_id) == failure.error_message


async def test_rejection_that_only_the_stream_tells_has_the_same_name() -> None:
    async with trading_bot() as bot:
        bot.exchange.faults.drop_reply(kind="order")
        order_id = send(bot, "buy", "0.01", bot.price("BTC", "0.98"), time_in_force="IOC")
        await eventually(lambda: bool(bot.events(MarketEvent.OrderFailure, order_id)))
        assert bot.events(MarketEvent.OrderFailure, order_id)[0].error_type == "NO_MATCH"


async def test_market_order_on_an_empty_book_fails_by_name() -> None:
    async with trading_bot(market="empty") as bot:
        order_id = bot.place("buy", PAIR, "0.01", order_type=OrderType.MARKET)
        await eventually(lambda: bool(bot.events(MarketEvent.OrderFailure, order_id)))
        assert bot.events(MarketEvent.OrderFailure, order_id)[0].error_type == "NO_LIQUIDITY"
        # With no book there is still a price to start from.
        assert sent_orders(bot)[-1]["t"] == {"limit": {"tif": "FrontendMarket"}}


@pytest.mark.parametrize(
    ("settings", "terms", "slippage"),
    [
        (Settings(), {}, "0.05"),
        (Settings(slippage=Decimal("0.01")), {}, "0.01"),
        (Settings(slippage=Decimal("0.01")), {"slippage": "0.002"}, "0.002"),
    ],
)
async def test_market_order_may_get_as_much_worse_as_the_user_allows(
    settings: Settings, terms: dict[str, Any], slippage: str
) -> None:
    async with trading_bot(settings=settings) as bot:
        ask = bot.exchange.book("BTC").asks[0].price
        order_id = send(bot, "buy", "0.01", "NaN", OrderType.MARKET, **terms)
        await eventually(lambda: bot.state(order_id) is OrderState.FILLED)
        limit = Decimal(sent_orders(bot)[-1]["p"])
        worst = ask * (1 + Decimal(slippage))
        assert worst - 1 < limit <= worst
        # What Hummingbot is shown is the price it started from, not the limit of the order.
        assert bot.order(order_id).price == ask


async def test_close_is_clamped_to_the_position_and_floored() -> None:
    async with trading_bot() as bot:
        await long_position(bot, "0.01")
        order_id = bot.place(
            "sell", PAIR, "0.0999999", order_type=OrderType.MARKET, position_action=PositionAction.CLOSE
        )
        await eventually(lambda: bot.state(order_id) is OrderState.FILLED)
        assert (sent_orders(bot)[-1]["s"], sent_orders(bot)[-1]["r"]) == ("0.01", True)
        assert bot.order(order_id).amount == Decimal("0.01")
        await eventually(lambda: not bot.connector.account_positions)


async def test_dust_below_the_minimum_value_can_be_closed() -> None:
    """D19: what is left of a position may be worth less than 10 USD."""
    async with trading_bot() as bot:
        await long_position(bot, "0.001")
        most = bot.place("sell", PAIR, "0.0009", order_type=OrderType.MARKET, position_action=PositionAction.CLOSE)
        await eventually(lambda: bot.state(most) is OrderState.FILLED)
        await eventually(lambda: bot.connector.account_positions[PAIR].amount == Decimal("0.0001"))
        rest = bot.place("sell", PAIR, "1", order_type=OrderType.MARKET, position_action=PositionAction.CLOSE)
        await eventually(lambda: bot.state(rest) is OrderState.FILLED)
        await eventually(lambda: not bot.connector.account_positions)


async def test_close_without_a_position_is_one_named_refusal_and_nothing_is_tried_again() -> None:
    async with trading_bot() as bot:
        order_id = bot.place("sell", PAIR, "0.01", order_type=OrderType.MARKET, position_action=PositionAction.CLOSE)
        await eventually(lambda: bool(bot.events(MarketEvent.OrderFailure, order_id)))
        assert bot.events(MarketEvent.OrderFailure, order_id)[0].error_type == "REDUCE_ONLY"
        assert len(bot.exchange.requests("/exchange", "order")) == 1
        assert not bot.exchange.account(bot.address).position("BTC")


async def test_resting_close_that_the_venue_shrinks_ends_with_what_it_filled() -> None:
    """The position closes another way in part, so the venue fills less than the order asked for and calls it filled."""
    async with trading_bot() as bot:
        await long_position(bot, "0.02")
        resting = bot.place("sell", PAIR, "0.02", bot.price("BTC", "1.01"), position_action=PositionAction.CLOSE)
        await eventually(lambda: bot.state(resting) is OrderState.OPEN)
        other = bot.place("sell", PAIR, "0.015", order_type=OrderType.MARKET, position_action=PositionAction.CLOSE)
        await eventually(lambda: bot.state(other) is OrderState.FILLED)
        bot.exchange.fill(bot.address, resting)
        await eventually(lambda: bot.order(resting).is_done, 10)
        assert bot.order(resting).executed_amount_base == Decimal("0.005")
        await eventually(lambda: not bot.connector.account_positions)
        assert not bot.log.errors


async def test_reduce_only_can_be_asked_for_without_closing() -> None:
    async with trading_bot() as bot:
        order_id = send(bot, "sell", "0.01", bot.price("BTC", "1.01"), reduce_only=True)
        await eventually(lambda: bool(bot.events(MarketEvent.OrderFailure, order_id)))
        assert bot.events(MarketEvent.OrderFailure, order_id)[0].error_type == "REDUCE_ONLY"


@pytest.mark.parametrize(
    ("order_type", "terms", "says"),
    [
        (OrderType.LIMIT, {"time_in_force": "FOK"}, "GTC, IOC or ALO"),
        (OrderType.LIMIT_MAKER, {"time_in_force": "IOC"}, "needs a LIMIT order"),
        (OrderType.MARKET, {"time_in_force": "GTC"}, "needs a LIMIT order"),
        (OrderType.MARKET, {"slippage": "lots"}, "slippage must be a number"),
        (OrderType.MARKET, {"slippage": 3}, "fraction above 0"),
        (OrderType.LIMIT, {"reduce_only": "yes"}, "True or False"),
        (OrderType.LIMIT, {"trigger_price": "80000"}, "both a trigger_price and a trigger_kind"),
        (OrderType.LIMIT, {"trigger_price": "80000", "trigger_kind": "oco"}, "take_profit or stop_loss"),
        (OrderType.LIMIT_MAKER, {"trigger_price": "80000", "trigger_kind": "tp"}, "LIMIT_MAKER has no trigger"),
        (OrderType.MARKET, {"trigger_price": "-1", "trigger_kind": "tp"}, "positive number"),
    ],
)
async def test_terms_that_cannot_be_meant_are_refused_before_anything_is_sent(
    order_type: OrderType, terms: dict[str, Any], says: str
) -> None:
    async with trading_bot() as bot:
        order_id = send(bot, "buy", "0.01", bot.price("BTC", "0.98"), order_type, **terms)
        await eventually(lambda: bool(bot.events(MarketEvent.OrderFailure, order_id)))
        failure = bot.events(MarketEvent.OrderFailure, order_id)[0]
        assert says in failure.error_message
        assert failure.error_type == "OrderRefused"
        assert not bot.exchange.requests("/exchange")


async def test_batch_leaves_as_one_action_and_each_order_has_its_own_outcome() -> None:
    async with trading_bot() as bot:
        await long_position(bot, "0.01")
        asked = [
            _limit(is_buy=True, price=bot.price("BTC", "0.98"), quantity="0.01"),
            _limit(is_buy=False, price=bot.price("BTC", "1.02"), quantity="0.01", position=PositionAction.CLOSE),
            _limit(is_buy=True, price=bot.price("BTC", "0.97"), quantity="0.00000001"),
            MarketOrder("", PAIR, True, "BTC", "USD", 0.02, 0),
        ]
        before = len(bot.exchange.requests("/exchange"))
        bid, ask, tiny, market = (order.client_order_id for order in bot.connector.batch_order_create(asked))
        await eventually(lambda: bot.state(market) is OrderState.FILLED)
        await eventually(lambda: bot.state(bid) is OrderState.OPEN and bot.state(ask) is OrderState.OPEN)
        assert bot.state(tiny) is OrderState.FAILED
        assert len(bot.exchange.requests("/exchange")) == before + 1
        assert [order["r"] for order in sent_orders(bot)[-3:]] == [False, True, False]
        bot.connector.batch_order_cancel([_limit(client_order_id=bid), _limit(client_order_id=ask)])
        await eventually(lambda: bot.state(bid) is OrderState.CANCELED and bot.state(ask) is OrderState.CANCELED)
        assert len(bot.exchange.requests("/exchange", "cancelByCloid")) == 1


async def test_cancel_all_leaves_as_one_action() -> None:
    async with trading_bot() as bot:
        orders = [bot.place("buy", PAIR, "0.01", bot.price("BTC", f"0.{900 + n}")) for n in range(30)]
        await eventually(lambda: all(bot.state(order) is OrderState.OPEN for order in orders), 10)
        results = await bot.connector.cancel_all(10)
        assert sorted(result.order_id for result in results if result.success) == sorted(orders)
        assert len(bot.exchange.requests("/exchange", "cancelByCloid")) == 1
        assert not bot.exchange.open_orders(bot.address)


async def test_position_action_that_is_none_is_an_error_of_the_caller() -> None:
    async with trading_bot() as bot:
        with pytest.raises(ValueError, match="use OPEN or CLOSE"):
            await bot.connector._create_order(TradeType.BUY, "0x1", PAIR, Decimal(1), OrderType.LIMIT, Decimal(1))


def _limit(
    client_order_id: str = "",
    is_buy: bool = True,
    price: str = "1",
    quantity: str = "1",
    position: PositionAction = PositionAction.NIL,
) -> LimitOrder:
    return LimitOrder(client_order_id, PAIR, is_buy, "BTC", "USD", Decimal(price), Decimal(quantity), position=position)


async def test_refusal_in_a_program_of_its_own_makes_no_client_application() -> None:
    """Hummingbot's logger would make the whole client to show a warning in, and complain of its missing files."""
    from hummingbot.client.hummingbot_application import HummingbotApplication

    before = HummingbotApplication._main_app
    async with trading_bot() as bot:
        order_id = bot.place("buy", PAIR, "0.01", bot.price("BTC", "1.01"), OrderType.LIMIT_MAKER)
        await eventually(lambda: bot.state(order_id) is OrderState.FAILED)
        assert HummingbotApplication._main_app is before
        assert not bot.log.errors
        assert any("Post only order" in record.getMessage() for record in bot.log.records)
