"""Orders that are changed in place: they stay one order for Hummingbot, whatever the venue makes of them."""

import asyncio
from decimal import Decimal

import pytest
from hummingbot.core.data_type.common import OrderType, PositionAction
from hummingbot.core.data_type.in_flight_order import OrderState
from hummingbot.core.event.events import MarketEvent

from hyperliquid_perpetual.trading.order_checks import OrderRefused
from hyperliquid_perpetual.trading.rejections import VenueRejection
from hyperliquid_perpetual.trading.settings import Settings
from tests.bot import OVER_HTTP, Bot, eventually, trading_bot


def resting(bot: Bot) -> list[tuple[str | None, Decimal, Decimal]]:
    """What the exchange has open: (cloid, price, size)."""
    return [(order.cloid, order.price, order.size) for order in bot.exchange.open_orders(bot.address)]


async def test_amended_order_keeps_its_id_and_is_filled_at_the_new_price() -> None:
    async with trading_bot() as bot:
        order_id = await bot.open_order("buy", "BTC-USD", "0.01", bot.price("BTC", "0.98"))
        first_oid = bot.order(order_id).exchange_order_id
        price = Decimal(bot.price("BTC", "0.99"))
        await bot.connector.amend_order(order_id, price=price, amount=Decimal("0.02"))
        order = bot.order(order_id)
        assert resting(bot) == [(order_id, price, Decimal("0.02"))]
        assert (order.price, order.amount, order.current_state) == (price, Decimal("0.02"), OrderState.OPEN)
        assert order.exchange_order_id != first_oid
        bot.exchange.fill(bot.address, order_id)
        await eventually(lambda: bot.state(order_id) is OrderState.FILLED)
        assert not bot.events(MarketEvent.OrderCancelled)
        assert len(bot.events(MarketEvent.BuyOrderCreated)) == 1
        assert len(bot.events(MarketEvent.BuyOrderCompleted)) == 1
        assert sum(event.amount for event in bot.events(MarketEvent.OrderFilled)) == Decimal("0.02")


async def test_amendment_after_a_partial_fill_leaves_what_filled_and_changes_the_rest() -> None:
    async with trading_bot() as bot:
        order_id = await bot.open_order("buy", "BTC-USD", "0.03", bot.price("BTC", "0.98"))
        bot.exchange.fill(bot.address, order_id, "0.01")
        await eventually(lambda: bot.state(order_id) is OrderState.PARTIALLY_FILLED)
        await bot.connector.amend_order(order_id, price=Decimal(bot.price("BTC", "0.99")))
        assert [size for _, _, size in resting(bot)] == [Decimal("0.02")]
        assert bot.order(order_id).amount == Decimal("0.03")
        bot.exchange.fill(bot.address, order_id)
        await eventually(lambda: bot.state(order_id) is OrderState.FILLED)
        assert bot.order(order_id).executed_amount_base == Decimal("0.03")
        await eventually(lambda: bot.connector.account_positions["BTC-USD"].amount == Decimal("0.03"))


async def test_amendments_of_one_order_at_the_same_time_follow_one_another() -> None:
    """Found by random orders: the end of a middle leg ended the order, and the last leg rested as nobody's."""
    async with trading_bot() as bot:
        order_id = await bot.open_order("buy", "BTC-USD", "0.01", bot.price("BTC", "0.98"))
        prices = [Decimal(bot.price("BTC", f"0.{970 + n}")) for n in range(6)]
        bot.exchange.faults.hold_user_frames()
        await asyncio.gather(*(bot.connector.amend_order(order_id, price=price) for price in prices))
        bot.exchange.release_user_frames()
        assert resting(bot) == [(order_id, prices[-1], Decimal("0.01"))]
        await eventually(lambda: len(bot.exchange.requests("/exchange", "batchModify")) == len(prices))
        bot.exchange.fill(bot.address, order_id, "0.004")
        await eventually(lambda: bot.state(order_id) is OrderState.PARTIALLY_FILLED)
        assert bot.order(order_id).price == prices[-1]
        bot.connector.cancel("BTC-USD", order_id)
        await eventually(lambda: bot.state(order_id) is OrderState.CANCELED)
        assert not bot.exchange.open_orders(bot.address)


async def test_fill_that_races_the_amendment_is_booked_beside_the_replacement() -> None:
    """The old leg fills in part at the venue before the amendment executes; the stream tells of it only afterwards."""
    async with trading_bot() as bot:
        order_id = await bot.open_order("buy", "BTC-USD", "0.02", bot.price("BTC", "0.98"))
        price = Decimal(bot.price("BTC", "0.99"))
        bot.exchange.faults.hold_user_frames()
        bot.exchange.fill(bot.address, order_id, "0.005")
        await bot.connector.amend_order(order_id, price=price)
        bot.exchange.release_user_frames()
        await eventually(lambda: bot.order(order_id).executed_amount_base == Decimal("0.005"))
        # The replacement was placed with the size that had been open when it was sent.
        assert bot.order(order_id).amount == Decimal("0.025")
        bot.exchange.fill(bot.address, order_id)
        await eventually(lambda: bot.state(order_id) is OrderState.FILLED)
        assert bot.order(order_id).executed_amount_base == Decimal("0.025")


async def test_amendment_whose_reply_is_lost_is_found_out_and_followed() -> None:
    async with trading_bot() as bot:
        order_id = await bot.open_order("buy", "BTC-USD", "0.01", bot.price("BTC", "0.98"))
        bot.exchange.faults.lose_user_frames()
        bot.exchange.faults.drop_reply(kind="batchModify")
        price = Decimal(bot.price("BTC", "0.99"))
        await bot.connector.amend_order(order_id, price=price)
        assert bot.order(order_id).is_open
        await eventually(lambda: bot.order(order_id).price == price, 10)
        assert bot.order(order_id).current_state is OrderState.OPEN
        assert not bot.events(MarketEvent.OrderCancelled)


async def test_amendment_that_never_reached_the_venue_leaves_the_order_as_it_was(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("hyperliquid_perpetual.trading.requests.ACTION_LIFETIME_MS", 1_000)
    monkeypatch.setattr("hyperliquid_perpetual.trading.amendments.AFTER_EXPIRY_SECONDS", 0.5)
    async with trading_bot(settings=OVER_HTTP) as bot:
        old_price = Decimal(bot.price("BTC", "0.98"))
        order_id = await bot.open_order("buy", "BTC-USD", "0.01", str(old_price))
        bot.exchange.faults.refuse_before(kind="batchModify")
        await bot.connector.amend_order(order_id, price=Decimal(bot.price("BTC", "0.99")))
        legs = bot.connector._order_tracker.legs
        await eventually(lambda: not legs.is_pending(bot.order(order_id)), 15)
        assert (bot.order(order_id).price, bot.state(order_id)) == (old_price, OrderState.OPEN)
        bot.connector.cancel("BTC-USD", order_id)
        await eventually(lambda: bool(bot.events(MarketEvent.OrderCancelled, order_id)))


async def test_amendment_of_a_filled_order_is_refused_and_the_fill_booked() -> None:
    async with trading_bot() as bot:
        order_id = await bot.open_order("buy", "BTC-USD", "0.01", bot.price("BTC", "0.98"))
        price = Decimal(bot.price("BTC", "0.99"))
        bot.exchange.faults.hold_user_frames()
        bot.exchange.fill(bot.address, order_id)
        with pytest.raises(VenueRejection, match="Cannot modify"):
            await bot.connector.amend_order(order_id, price=price)
        bot.exchange.release_user_frames()
        await eventually(lambda: bot.state(order_id) is OrderState.FILLED)
        assert not bot.exchange.open_orders(bot.address)


async def test_post_only_amendment_that_would_match_ends_as_the_venue_says() -> None:
    async with trading_bot() as bot:
        order_id = bot.place("buy", "BTC-USD", "0.01", bot.price("BTC", "0.98"), OrderType.LIMIT_MAKER)
        await eventually(lambda: bot.state(order_id) is OrderState.OPEN)
        with pytest.raises(VenueRejection, match="Post only") as refusal:
            await bot.connector.amend_order(order_id, price=Decimal(bot.price("BTC", "1.02")))
        assert refusal.value.kind == "POST_ONLY_CROSSED"
        still_there = bool(bot.exchange.open_orders(bot.address))
        expected = OrderState.OPEN if still_there else OrderState.CANCELED
        await eventually(lambda: bot.state(order_id) is expected, 10)
        assert not bot.events(MarketEvent.OrderFailure)


@pytest.mark.parametrize(
    ("terms", "says"),
    [
        ({"price": Decimal(-1)}, "positive number"),
        ({"amount": Decimal("0.0000001")}, "lot size"),
        ({"amount": Decimal("NaN")}, "positive number"),
        ({"price": Decimal("1")}, "80 %"),
        ({"trigger_price": Decimal("100")}, "no trigger"),
    ],
)
async def test_amendment_that_cannot_be_sent_changes_nothing(terms: dict[str, Decimal], says: str) -> None:
    async with trading_bot() as bot:
        order_id = await bot.open_order("buy", "BTC-USD", "0.01", bot.price("BTC", "0.98"))
        before = resting(bot)
        with pytest.raises(OrderRefused, match=says):
            await bot.connector.amend_order(order_id, **terms)
        assert resting(bot) == before
        with pytest.raises(OrderRefused, match="not open"):
            await bot.connector.amend_order("0x" + "0" * 32, price=Decimal(1))


@pytest.mark.parametrize("order_type", [OrderType.LIMIT, OrderType.LIMIT_MAKER])
@pytest.mark.parametrize("cancel_first", [True, False])
async def test_quote_that_is_moved_in_one_turn_leaves_as_one_amendment(
    order_type: OrderType, cancel_first: bool
) -> None:
    async with trading_bot() as bot:
        old = bot.place("sell", "BTC-USD", "0.01", bot.price("BTC", "1.02"), order_type)
        await eventually(lambda: bot.state(old) is OrderState.OPEN)
        price = bot.price("BTC", "1.01")
        if cancel_first:
            bot.connector.cancel("BTC-USD", old)
        new = bot.place("sell", "BTC-USD", "0.01", price, order_type)
        if not cancel_first:
            bot.connector.cancel("BTC-USD", old)
        await eventually(lambda: bot.state(old) is OrderState.CANCELED and bot.state(new) is OrderState.OPEN)
        assert resting(bot) == [(new, Decimal(price), Decimal("0.01"))]
        assert len(bot.exchange.requests("/exchange", "batchModify")) == 1
        assert not bot.exchange.requests("/exchange", "cancelByCloid")
        assert len(bot.events(MarketEvent.OrderCancelled, old)) == 1


async def test_quote_whose_old_order_just_filled_is_placed_all_the_same() -> None:
    async with trading_bot() as bot:
        old = await bot.open_order("sell", "BTC-USD", "0.01", bot.price("BTC", "1.02"))
        price = bot.price("BTC", "1.03")
        bot.exchange.faults.hold_user_frames()
        bot.exchange.fill(bot.address, old)
        bot.connector.cancel("BTC-USD", old)
        new = bot.place("sell", "BTC-USD", "0.01", price)
        bot.exchange.release_user_frames()
        await eventually(lambda: bot.state(old) is OrderState.FILLED and bot.state(new) is OrderState.OPEN)
        assert [cloid for cloid, _, _ in resting(bot)] == [new]


async def test_twenty_quotes_moved_at_once_cost_one_action_and_each_has_its_outcome() -> None:
    async with trading_bot() as bot:
        old = [
            bot.place("buy", "BTC-USD", "0.01", bot.price("BTC", f"0.{950 + n}"), OrderType.LIMIT_MAKER)
            for n in range(20)
        ]
        await eventually(lambda: all(bot.state(order) is OrderState.OPEN for order in old))
        before = len(bot.exchange.requests("/exchange"))
        for order in old:
            bot.connector.cancel("BTC-USD", order)
        # The first of them would match at once, which must cost nobody else anything.
        prices = [bot.price("BTC", "1.05"), *(bot.price("BTC", f"0.{900 + n}") for n in range(19))]
        new = [bot.place("buy", "BTC-USD", "0.01", price, OrderType.LIMIT_MAKER) for price in prices]
        await eventually(lambda: all(bot.state(order) is OrderState.CANCELED for order in old), 10)
        await eventually(lambda: all(bot.state(order) is OrderState.OPEN for order in new[1:]), 10)
        await eventually(lambda: bot.state(new[0]) is OrderState.FAILED, 10)
        # One amendment for all; the refused one's two halves once more on their own.
        assert len(bot.exchange.requests("/exchange")) - before <= 3
        assert {cloid for cloid, _, _ in resting(bot)} == set(new[1:])


async def test_replacing_can_be_switched_off() -> None:
    async with trading_bot(settings=Settings(replace_in_place=False)) as bot:
        old = await bot.open_order("sell", "BTC-USD", "0.01", bot.price("BTC", "1.02"))
        bot.connector.cancel("BTC-USD", old)
        new = bot.place("sell", "BTC-USD", "0.01", bot.price("BTC", "1.01"))
        await eventually(lambda: bot.state(old) is OrderState.CANCELED and bot.state(new) is OrderState.OPEN)
        assert not bot.exchange.requests("/exchange", "batchModify")


async def test_close_does_not_take_the_place_of_an_opening_order() -> None:
    async with trading_bot() as bot:
        entry = bot.place("buy", "BTC-USD", "0.02", order_type=OrderType.MARKET)
        await eventually(lambda: bot.state(entry) is OrderState.FILLED)
        await eventually(lambda: "BTC-USD" in bot.connector.account_positions)
        opening = await bot.open_order("sell", "BTC-USD", "0.01", bot.price("BTC", "1.05"))
        bot.connector.cancel("BTC-USD", opening)
        close = bot.place("sell", "BTC-USD", "0.01", bot.price("BTC", "1.04"), position_action=PositionAction.CLOSE)
        await eventually(lambda: bot.state(opening) is OrderState.CANCELED and bot.state(close) is OrderState.OPEN)
        assert not bot.exchange.requests("/exchange", "batchModify")
        await asyncio.sleep(0)
