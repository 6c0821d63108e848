"""Accounts that restate another venue's book: orders that become smaller in their place, and no rules of entry."""

import pytest

from hyperliquid_perpetual.sandbox.engine.commands import CancelOrders, OrderIntent, PlaceOrders
from hyperliquid_perpetual.sandbox.engine.events import BookChanged, Failed, OrderUpdated, Replied, Resting
from hyperliquid_perpetual.sandbox.engine.exchange import block_class
from hyperliquid_perpetual.sandbox.engine.world_commands import CutOrders
from tests.unit.sandbox.engine.venue import ALICE, BOB, BTC, CAROL, Venue

PX = 100_000_000_000


def resting(venue: Venue, account: str, sz: int, px: int = PX, is_buy: bool = True, reduce_only: bool = False) -> int:
    replied = venue.apply(PlaceOrders(account, (OrderIntent(BTC.asset, is_buy, px, sz, reduce_only),)))[0]
    assert isinstance(replied, Replied)
    (status,) = replied.statuses
    assert isinstance(status, Resting), status
    return status.oid


def queue(venue: Venue) -> list[tuple[str, int]]:
    return [(order.account.address, order.sz) for order in venue.exchange.markets[0].book.bids.orders_at(PX)]


def test_cut_order_keeps_its_place_and_its_filled_size() -> None:
    venue = Venue()
    oid = resting(venue, ALICE, 1_000)
    resting(venue, BOB, 500)
    venue.apply(PlaceOrders(CAROL, (OrderIntent(BTC.asset, False, PX, 100, False, "Ioc"),)))
    events = venue.apply(CutOrders(ALICE, ((oid, 300),)))
    assert [type(event) for event in events] == [OrderUpdated, BookChanged]
    assert queue(venue) == [(ALICE, 300), (BOB, 500)]
    record = venue.exchange.order(ALICE, oid)
    assert record is not None
    assert (record.sz, record.orig_sz - record.sz) == (300, 100)


def test_margin_of_what_was_cut_is_free_again() -> None:
    venue = Venue()
    oid = resting(venue, ALICE, 1_000)
    position = venue.exchange.accounts[ALICE].position(BTC)
    assert position is not None
    assert position.resting_buys == 1_000
    venue.apply(CutOrders(ALICE, ((oid, 1),)))
    assert position.resting_buys == 1
    venue.apply(CancelOrders(ALICE, ((BTC.asset, oid),)))
    assert position.resting_buys == 0


def test_cut_that_makes_no_sense_is_refused_whole() -> None:
    venue = Venue()
    oid = resting(venue, ALICE, 1_000)
    for account, cut in (
        (ALICE, (oid, 1_000)),
        (ALICE, (oid, 0)),
        (ALICE, (oid + 1, 5)),
        (BOB, (oid, 5)),
        ("0x0", (oid, 5)),
    ):
        with pytest.raises(ValueError, match="has no resting order"):
            venue.apply(CutOrders(account, ((oid, 10), cut)))
    assert queue(venue) == [(ALICE, 1_000)]


def test_cuts_come_first_in_a_block() -> None:
    assert block_class(CutOrders(ALICE, ())) == 0


def test_rules_of_entry_do_not_apply_to_what_entered_elsewhere() -> None:
    venue = Venue(outside_accounts=frozenset([ALICE]))
    resting(venue, ALICE, 1, PX)
    resting(venue, ALICE, 1, 10_000_000)
    resting(venue, ALICE, 1, 90 * PX, is_buy=False)
    other = Venue()
    for px, sz in ((PX, 1), (10_000_000, 10_000_000)):
        replied = other.apply(PlaceOrders(ALICE, (OrderIntent(BTC.asset, True, px, sz),)))[0]
        assert isinstance(replied, Replied)
        assert replied.error is not None or isinstance(replied.statuses[0], Failed)


def test_other_rules_do() -> None:
    venue = Venue(outside_accounts=frozenset([ALICE]))
    for intent, text in (
        (OrderIntent(BTC.asset, True, PX + 1, 100), "Price must be divisible by tick size."),
        (OrderIntent(BTC.asset, True, PX, 0), "Order has zero size."),
        (OrderIntent(BTC.asset, True, PX, 10**12), "Insufficient margin to place order."),
    ):
        replied = venue.apply(PlaceOrders(ALICE, (intent,)))[0]
        assert isinstance(replied, Replied)
        assert text in str(replied)
