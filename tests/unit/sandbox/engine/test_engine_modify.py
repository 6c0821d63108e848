"""Replacing orders: where the venue looks at the replacement first (`refused_modify`), and those of TP/SL groups."""

from typing import Any

import pytest

from hyperliquid_perpetual.sandbox.engine.events import Failed, Filled, Resting, WaitingForFill, WaitingForTrigger
from hyperliquid_perpetual.sandbox.engine.quirks import VenueQuirks
from tests.unit.sandbox.engine.venue import ALICE, BOB, Venue, error_of, oid_of, px


def careful(**more: Any) -> Venue:
    return Venue(quirks=VenueQuirks(refused_modify="keeps_old"), **more)


def test_order_whose_replacement_the_book_refuses_stays_where_it_is() -> None:
    venue = careful()
    venue.sell(BOB, "ETH", 4_000, 1)
    mine = oid_of(venue.buy(ALICE, "ETH", 3_900, 1))
    status = venue.modify(ALICE, mine, venue.intent("buy", "ETH", 4_000, 1, "Alo"))
    assert error_of(status) == "Post only order would have immediately matched, bbo was 3900@4000. asset=1"
    assert venue.updates() == [(mine + 1, "badAloPxRejected")]
    assert venue.bids("ETH") == [(px(3_900), 10_000, 1)]
    assert venue.open_oids(ALICE) == [mine]


def test_replacement_may_use_the_margin_of_the_order_it_replaces_and_no_more() -> None:
    venue = careful(deposits=1_000)  # at 20x enough for 5 at 4,000
    first = oid_of(venue.buy(ALICE, "ETH", 3_900, 4))
    second = oid_of(venue.buy(ALICE, "ETH", 3_800, 1))
    refused = venue.modify(ALICE, first, venue.intent("buy", "ETH", 3_850, "4.0001"))
    assert error_of(refused) == "Insufficient margin to place order. asset=1"
    assert venue.updates() == [(second + 1, "perpMarginRejected")]
    assert venue.open_oids(ALICE) == [first, second], "in the order they had"
    assert venue.position(ALICE, "ETH").resting_buys == 50_000
    assert "Insufficient margin" in error_of(venue.buy(ALICE, "ETH", 3_900, "0.01")), "the margin is held again"
    status = venue.modify(ALICE, first, venue.intent("buy", "ETH", 3_850, 4))
    assert isinstance(status, Resting)
    assert venue.updates() == [(first, "canceled"), (status.oid, "open")]
    assert venue.position(ALICE, "ETH").resting_buys == 50_000


def test_sale_is_replaced_within_its_margin_as_well() -> None:
    venue = careful(deposits=1_000)
    mine = oid_of(venue.sell(ALICE, "ETH", 4_100, 5))
    assert isinstance(venue.modify(ALICE, mine, venue.intent("sell", "ETH", 4_200, 5)), Resting)
    assert venue.position(ALICE, "ETH").resting_sells == 50_000


def test_replacement_takes_the_place_of_the_old_one_among_the_most_that_may_be_open() -> None:
    venue = careful(open_orders_base=1)
    mine = oid_of(venue.buy(ALICE, "ETH", 3_900, 1))
    assert isinstance(venue.modify(ALICE, mine, venue.intent("buy", "ETH", 3_950, 1)), Resting)
    assert "Too many open orders" in error_of(venue.buy(ALICE, "ETH", 3_900, 1))


def test_reduce_only_order_is_kept_when_its_replacement_would_open() -> None:
    venue = careful()
    venue.sell(BOB, "ETH", 4_000, 1)
    venue.buy(ALICE, "ETH", 4_000, 1)
    mine = oid_of(venue.sell(ALICE, "ETH", 4_100, 1, reduce_only=True))
    status = venue.modify(ALICE, mine, venue.intent("buy", "ETH", 3_900, 1, reduce_only=True))
    assert error_of(status) == "Reduce only order would increase position. asset=1"
    assert venue.open_oids(ALICE) == [mine]
    position = venue.position(ALICE, "ETH")
    assert (list(position.reduce_only_orders), position.resting_sells, position.resting_buys) == ([mine], 0, 0)
    assert isinstance(venue.modify(ALICE, mine, venue.intent("sell", "ETH", 4_050, 1, reduce_only=True)), Resting)


def test_waiting_child_can_be_replaced_although_there_is_nothing_to_reduce_yet() -> None:
    venue = careful()
    stop = venue.trigger("sell", "ETH", "sl", 3_800, 1)
    _, child = (
        oid_of(status) for status in venue.group(ALICE, "normalTpsl", venue.intent("buy", "ETH", 3_990, 1), stop)
    )
    status = venue.modify(ALICE, child, venue.trigger("sell", "ETH", "sl", 3_700, 1))
    assert isinstance(status, WaitingForFill)


@pytest.mark.parametrize("quirk", ["keeps_old", "cancels_old"])
def test_replacement_that_finds_nobody_is_refused_after_the_old_order_is_gone(quirk: Any) -> None:
    """Whether there is somebody to trade with shows only when it is tried."""
    venue = Venue(quirks=VenueQuirks(refused_modify=quirk))
    mine = oid_of(venue.buy(ALICE, "ETH", 3_900, 1))
    assert isinstance(venue.modify(ALICE, mine, venue.intent("buy", "ETH", 3_950, 1, "Ioc")), Failed)
    assert venue.updates() == [(mine, "canceled"), (mine + 1, "iocCancelRejected")]


def test_replacement_can_trade_at_once() -> None:
    venue = careful()
    mine = oid_of(venue.buy(ALICE, "ETH", 3_900, 2))
    venue.sell(BOB, "ETH", 4_000, 2)
    status = venue.modify(ALICE, mine, venue.intent("buy", "ETH", 4_000, 2))
    assert isinstance(status, Filled)
    assert (status.total_sz, status.avg_px) == (20_000, px(4_000))
    assert venue.open_oids(ALICE) == []


# ---------------------------------------------------------------------- TP/SL orders, as the venue is by default


def waiting(venue: Venue) -> tuple[int, int]:
    """A bid at 3990 where the mark is 4000, and its take profit."""
    take = venue.trigger("sell", "ETH", "tp", 4_200, 1)
    parent, child = venue.group(ALICE, "normalTpsl", venue.intent("buy", "ETH", 3_990, 1), take)
    return oid_of(parent), oid_of(child)


def test_replaced_child_is_measured_by_the_price_of_its_parent() -> None:
    venue = Venue()
    _, child = waiting(venue)
    status = venue.modify(ALICE, child, venue.trigger("sell", "ETH", "tp", 3_995, 1))
    assert isinstance(status, WaitingForFill), "a profit for whoever has bought at 3990, although the mark is above"


def test_plain_order_in_the_place_of_a_child_waits_for_nobody() -> None:
    venue = Venue()
    parent, child = waiting(venue)
    status = venue.modify(ALICE, child, venue.intent("sell", "ETH", 4_100, 1))
    assert isinstance(status, Resting)
    assert venue.asks("ETH") == [(px(4_100), 10_000, 1)]
    assert venue.record(ALICE, parent).children == ()


def test_trigger_order_in_the_place_of_a_parent_leaves_the_group() -> None:
    venue = Venue()
    venue.sell(BOB, "ETH", 4_000, 1)
    venue.buy(ALICE, "ETH", 4_000, 1)
    parent, child = waiting(venue)
    status = venue.modify(ALICE, parent, venue.trigger("sell", "ETH", "sl", 3_800, 1))
    assert isinstance(status, WaitingForTrigger)
    assert (venue.status(ALICE, parent), venue.status(ALICE, child)) == ("canceled", "canceled")
    assert venue.open_oids(ALICE) == [status.oid]


@pytest.mark.parametrize(("quirk", "size"), [("sent", 5_000), ("position", 0)])
def test_replacement_of_a_position_tpsl_has_the_size_that_the_venue_gives_it(quirk: Any, size: int) -> None:
    venue = Venue(quirks=VenueQuirks(position_tpsl_size=quirk))
    venue.sell(BOB, "ETH", 4_000, 1)
    venue.buy(ALICE, "ETH", 4_000, 1)
    (stop,) = venue.group(ALICE, "positionTpsl", venue.trigger("sell", "ETH", "sl", 3_800, 1))
    new = oid_of(venue.modify(ALICE, oid_of(stop), venue.trigger("sell", "ETH", "sl", 3_700, "0.5")))
    record = venue.record(ALICE, new)
    assert (record.sz, record.orig_sz, record.is_position_tpsl) == (size, size, True)


def test_waiting_child_may_be_unknown_by_its_cloid_until_it_is_armed() -> None:
    venue = Venue(quirks=VenueQuirks(waiting_child="unknown"))
    cloid = f"0x{3:032x}"
    take = venue.trigger("sell", "ETH", "tp", 4_200, 1, cloid=cloid)
    parent, child = venue.group(ALICE, "normalTpsl", venue.intent("buy", "ETH", 3_990, 1, cloid=f"0x{4:032x}"), take)
    assert venue.exchange.order(ALICE, cloid) is None
    assert venue.record(ALICE, oid_of(child)).cloid == cloid
    assert venue.record(ALICE, f"0x{4:032x}").oid == oid_of(parent), "others are found"
    venue.sell(BOB, "ETH", 3_990, 1)
    assert venue.record(ALICE, cloid).oid == oid_of(child)


@pytest.mark.parametrize("side", ["buy", "sell"])
def test_exit_is_replaced_by_the_mark_after_its_entry_has_ended(side: str) -> None:
    venue = Venue()
    other, above = ("sell", 1) if side == "buy" else ("buy", -1)
    venue.place(BOB, venue.intent(other, "ETH", 4_000, 1))
    entry, take = venue.group(
        ALICE,
        "normalTpsl",
        venue.intent(side, "ETH", 4_000, 1),
        venue.trigger(other, "ETH", "tp", 4_000 + above * 200, 1),
    )
    assert isinstance(entry, Filled)
    new = venue.modify(ALICE, oid_of(take), venue.trigger(other, "ETH", "tp", 4_000 + above * 100, 1))
    assert isinstance(new, WaitingForTrigger)
    assert venue.updates() == [(oid_of(take), "canceled"), (new.oid, "open")]
    venue.oracle("ETH", 4_000 + above * 50)
    met = venue.modify(ALICE, new.oid, venue.trigger(other, "ETH", "tp", 4_000 + above * 40, 1))
    assert error_of(met) == "Invalid TP/SL price. asset=1", "the market is there already"
