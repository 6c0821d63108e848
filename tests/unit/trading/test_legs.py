"""What amendments make of an order: properties over every order in which the venue's messages can arrive."""

from decimal import Decimal
from itertools import permutations
from typing import Any

import pytest
from hummingbot.core.data_type.common import OrderType, TradeType
from hummingbot.core.data_type.in_flight_order import InFlightOrder, TradeUpdate
from hummingbot.core.data_type.trade_fee import TradeFeeBase, TradeFeeSchema
from hypothesis import given
from hypothesis import strategies as st

from hyperliquid_perpetual.trading.legs import Legs

CLOID = "0x48424f54000000000000000000000001"
FIRST, SECOND, THIRD = "100", "200", "300"


def open_order(amount: str = "2") -> InFlightOrder:
    """An order that rests under its first oid."""
    return InFlightOrder(
        CLOID, "BTC-USD", OrderType.LIMIT, TradeType.BUY, Decimal(amount), 1.0, Decimal(10), exchange_order_id=FIRST
    )


def fill(order: InFlightOrder, legs: Legs, oid: str, size: str) -> None:
    """Books a fill as the tracker does."""
    fee = TradeFeeBase.new_perpetual_fee(TradeFeeSchema(), order.position, percent_token="USDC", flat_fees=[])
    number = len(order.order_fills)
    legs.on_fill(order, oid, Decimal(size))
    order.update_with_trade_update(
        TradeUpdate(f"{number}", CLOID, oid, "BTC-USD", 1.0, Decimal(10), Decimal(size), Decimal(size) * 10, fee)
    )


def test_amended_order_has_the_new_oid_price_and_amount() -> None:
    order, legs = open_order(), Legs()
    legs.begin(order, Decimal(11), Decimal(5))
    assert legs.is_pending(order)
    assert legs.follow(order, SECOND)
    assert (order.exchange_order_id, order.price, order.amount) == (SECOND, Decimal(11), Decimal(5))
    assert not legs.is_pending(order)


def test_end_of_the_old_leg_is_part_of_the_amendment_before_and_after_it_is_known() -> None:
    order, legs = open_order(), Legs()
    assert not legs.is_superseded(order, FIRST)
    legs.begin(order, Decimal(11), Decimal(5))
    assert legs.is_superseded(order, FIRST)
    legs.follow(order, SECOND)
    assert legs.is_superseded(order, FIRST)
    assert not legs.is_superseded(order, SECOND)


def test_abandoned_amendment_leaves_everything_as_it_was() -> None:
    order, legs = open_order(), Legs()
    legs.begin(order, Decimal(11), Decimal(5))
    legs.abandon(order)
    assert not legs.is_superseded(order, FIRST)
    assert not legs.follow(order, SECOND)
    assert (order.exchange_order_id, order.amount) == (FIRST, Decimal(2))


def test_older_leg_that_is_reported_late_does_not_come_back() -> None:
    order, legs = open_order(), Legs()
    legs.begin(order, Decimal(11), Decimal(5))
    legs.follow(order, SECOND)
    assert not legs.follow(order, FIRST, Decimal(10), Decimal(2))
    assert order.exchange_order_id == SECOND


def test_amendment_by_somebody_else_is_followed_when_the_venue_tells_its_size() -> None:
    """The venue's own interface keeps the client order id when a user drags an order."""
    order, legs = open_order(), Legs()
    assert not legs.follow(order, SECOND)
    assert legs.follow(order, SECOND, Decimal(12), Decimal(1))
    assert (order.exchange_order_id, order.price, order.amount) == (SECOND, Decimal(12), Decimal(1))


def test_exit_of_a_whole_position_keeps_its_amount() -> None:
    order, legs = open_order(), Legs()
    assert legs.follow(order, SECOND, Decimal(12), Decimal(0))
    assert order.amount == Decimal(2)


def test_exit_of_a_whole_position_keeps_what_is_open_of_it_when_it_is_amended_again_after_fills() -> None:
    order, legs = open_order(), Legs()
    fill(order, legs, FIRST, "0.5")
    legs.follow(order, SECOND, Decimal(12), Decimal("1.5"))
    assert legs.follow(order, THIRD, Decimal(13), Decimal(0))
    assert (order.exchange_order_id, order.price, order.amount) == (THIRD, Decimal(13), Decimal(2))
    assert legs.filled_before(order) == Decimal("0.5")


def test_fill_that_names_the_new_leg_before_the_amendment_is_answered_makes_it_the_present_one() -> None:
    order, legs = open_order(), Legs()
    legs.begin(order, Decimal(11), Decimal(5))
    fill(order, legs, SECOND, "4")
    assert (order.exchange_order_id, order.price, order.amount) == (SECOND, Decimal(11), Decimal(5))
    assert not legs.is_pending(order)
    assert legs.is_superseded(order, FIRST)


def messages() -> dict[str, Any]:
    """One amendment from 2 to 5, a fill of each leg, and the words of the venue about both."""
    return {
        "reply": lambda order, legs: legs.follow(order, SECOND),
        "open": lambda order, legs: legs.follow(order, SECOND, Decimal(11), Decimal(5)),
        "late open": lambda order, legs: legs.follow(order, FIRST, Decimal(10), Decimal(2)),
        "old fill": lambda order, legs: fill(order, legs, FIRST, "0.5"),
        "new fill": lambda order, legs: fill(order, legs, SECOND, "4"),
    }


@pytest.mark.parametrize("arrival", list(permutations(messages())), ids=", ".join)
def test_whatever_order_messages_come_in_the_order_ends_up_the_same(arrival: tuple[str, ...]) -> None:
    order, legs = open_order(), Legs()
    legs.begin(order, Decimal(11), Decimal(5))
    for name in arrival:
        messages()[name](order, legs)
    assert (order.exchange_order_id, order.price) == (SECOND, Decimal(11))
    # The old leg filled 0.5, the replacement has 5, of which 4 have filled.
    assert order.amount == Decimal("5.5")
    assert order.executed_amount_base == Decimal("4.5")
    assert legs.filled_before(order) == Decimal("0.5")


@given(st.lists(st.tuples(st.decimals("0.1", 5, places=1), st.booleans()), min_size=1, max_size=8))
def test_what_is_open_is_always_what_the_last_amendment_asked_for(steps: list[tuple[Decimal, bool]]) -> None:
    order, legs = open_order(), Legs()
    for number, (size, fills_first) in enumerate(steps):
        if fills_first:
            fill(order, legs, order.exchange_order_id or "", "0.1")
        legs.begin(order, Decimal(11), size)
        assert legs.follow(order, str(1000 + number))
        assert order.amount - order.executed_amount_base == size
