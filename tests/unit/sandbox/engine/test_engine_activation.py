"""Sizes of TP/SL orders at the moment at which their parent is filled, and what is told of them then."""

from typing import Any

import pytest

from hyperliquid_perpetual.sandbox.engine.events import Filled, OrderUpdated, Resting, WaitingForFill, WaitingForTrigger
from tests.unit.sandbox.engine.venue import ALICE, BOB, Venue, make_market, oid_of, px


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
