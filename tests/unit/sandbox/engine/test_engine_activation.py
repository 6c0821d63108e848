"""Sizes of TP/SL orders at the moment at which their parent is filled, and what is told of orders that change."""

from typing import Any

import msgspec
import pytest

from hyperliquid_perpetual.sandbox.engine.events import (
    BookChanged,
    Filled,
    OrderUpdated,
    Resting,
    WaitingForFill,
    WaitingForTrigger,
)
from hyperliquid_perpetual.sandbox.engine.records import OrderRecord, OrderStatus
from tests.unit.sandbox.engine.venue import ALICE, BOB, NOON, Venue, make_market, oid_of, px

OPEN = OrderStatus.OPEN


def sizes_told(venue: Venue, oid: int) -> list[tuple[str, int, int]]:
    """(status, remaining, original size) of every update of an order in the last command."""
    updates = [event.order for event in venue.events if isinstance(event, OrderUpdated)]
    return [(order.status.value, order.sz, order.orig_sz) for order in updates if order.oid == oid]


def group(venue: Venue, price: int = 3_990, size: int = 1) -> tuple[Any, int]:
    """A bid with a take profit; what became of the bid, and the take profit's number."""
    parent, child = venue.group(
        ALICE,
        "normalTpsl",
        venue.intent("buy", "ETH", price, size),
        venue.trigger("sell", "ETH", "tp", 4_200, size),
    )
    assert isinstance(child, WaitingForFill if isinstance(parent, Resting) else WaitingForTrigger)
    return parent, oid_of(child)


def short_a_little(venue: Venue) -> None:
    venue.buy(BOB, "ETH", 4_000, "0.4")
    venue.sell(ALICE, "ETH", 4_000, "0.4")


def test_child_of_a_parent_that_closes_first_is_as_large_as_what_is_open_then() -> None:
    venue = Venue()
    short_a_little(venue)
    venue.sell(BOB, "ETH", 4_000, 1)
    parent, child = group(venue, price=4_000)
    assert isinstance(parent, Filled)
    assert sizes_told(venue, child) == [("open", 6_000, 6_000)]
    assert (venue.record(ALICE, child).sz, venue.record(ALICE, child).orig_sz) == (6_000, 6_000)


def test_waiting_child_that_is_cut_when_it_is_armed_is_told_of_once() -> None:
    venue = Venue()
    short_a_little(venue)
    parent, child = group(venue)
    assert (venue.record(ALICE, child).sz, venue.record(ALICE, child).orig_sz) == (10_000, 10_000)
    venue.sell(BOB, "ETH", 3_990, 1)
    assert venue.status(ALICE, oid_of(parent)) == "filled"
    assert sizes_told(venue, child) == [("open", 6_000, 6_000)]


def test_nothing_is_told_of_a_waiting_child_that_is_armed_as_it_is() -> None:
    venue = Venue()
    _, child = group(venue)
    venue.sell(BOB, "ETH", 3_990, 1)
    assert sizes_told(venue, child) == []
    assert venue.record(ALICE, child).sz == 10_000


def test_child_ends_when_its_parent_has_closed_the_position_and_no_more() -> None:
    venue = Venue()
    venue.buy(BOB, "ETH", 4_000, 1)
    venue.sell(ALICE, "ETH", 4_000, 1)
    _, child = group(venue)
    venue.sell(BOB, "ETH", 3_990, 1)
    assert venue.szi(ALICE, "ETH") == 0
    assert sizes_told(venue, child) == [("reduceOnlyCanceled", 10_000, 10_000)]


@pytest.mark.parametrize("side", ["buy", "sell"])
def test_child_of_a_single_lot_is_armed(side: str) -> None:
    venue = Venue(make_market("GOLD", 7, 4_000, sz_decimals=0, max_leverage=25))
    other, stop = ("sell", 3_900) if side == "buy" else ("buy", 4_100)
    intents = venue.intent(side, "GOLD", 4_000, 1), venue.trigger(other, "GOLD", "sl", stop, 1)
    _, child = (oid_of(status) for status in venue.group(ALICE, "normalTpsl", *intents))
    venue.place(BOB, venue.intent(other, "GOLD", 4_000, 1))
    assert venue.open_oids(ALICE) == [child]
    trigger = venue.record(ALICE, child).trigger
    assert trigger is not None
    assert trigger.px == px(stop)


# ---------------------------------------------------------------------- what every update tells


def test_updates_have_the_time_at_which_the_order_changed() -> None:
    venue = Venue()
    oid = oid_of(venue.buy(ALICE, "ETH", 3_900, 1))
    record = OrderRecord(oid, ALICE, 1, "ETH", True, px(3_900), 10_000, 10_000, NOON, False, "Gtc", None, OPEN, NOON)
    assert [event for event in venue.events if isinstance(event, OrderUpdated)] == [OrderUpdated(NOON, record)]
    venue.now += 3
    venue.cancel(ALICE, "ETH", oid)
    ended = msgspec.structs.replace(record, status=OrderStatus.CANCELED, status_timestamp=NOON + 3)
    assert [event for event in venue.events if isinstance(event, OrderUpdated)] == [OrderUpdated(NOON + 3, ended)]


def test_trigger_order_that_fires_is_told_of_at_that_time() -> None:
    venue = Venue()
    venue.sell(BOB, "ETH", 4_000, 1)
    venue.buy(ALICE, "ETH", 4_000, 1)
    stop = venue.trigger("sell", "ETH", "sl", 3_800, 1)
    (status,) = venue.place(ALICE, stop)
    venue.now += 4
    venue.oracle("ETH", 3_790)
    fired, rejected = [event for event in venue.events if isinstance(event, OrderUpdated)]
    assert fired == OrderUpdated(
        NOON + 4,
        OrderRecord(
            oid_of(status), ALICE, 1, "ETH", False, px(3_420), 10_000, 10_000, NOON, True, None, None,
            OrderStatus.TRIGGERED, NOON + 4, stop.trigger,
        ),
    )  # fmt: skip
    assert (rejected.time, rejected.order.status) == (NOON + 4, "marketOrderNoLiquidityRejected")


def test_partly_matched_order_changes_its_book() -> None:
    venue = Venue()
    venue.buy(ALICE, "ETH", 3_990, 1)
    venue.sell(BOB, "ETH", 3_990, "0.4")
    assert BookChanged(NOON, 1) in venue.events


def test_resting_sales_of_a_market_add_up() -> None:
    venue = Venue()
    venue.sell(ALICE, "ETH", 4_100, 1)
    venue.sell(ALICE, "ETH", 4_200, 2)
    assert venue.position(ALICE, "ETH").resting_sells == 30_000
