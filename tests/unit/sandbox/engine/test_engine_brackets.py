"""TP/SL orders of a parent and of a position: when they are armed, how large they are, what ends them."""

from decimal import Decimal
from typing import Any

import pytest

from hyperliquid_perpetual.sandbox.engine.commands import OrderIntent, PlaceOrders, ScheduleCancel
from hyperliquid_perpetual.sandbox.engine.events import (
    Failed,
    Filled,
    Resting,
    Success,
    WaitingForFill,
    WaitingForTrigger,
)
from hyperliquid_perpetual.sandbox.engine.quirks import VenueQuirks
from hyperliquid_perpetual.sandbox.engine.records import OrderStatus
from hyperliquid_perpetual.sandbox.engine.world_commands import DelistMarket
from tests.unit.sandbox.engine.venue import ALICE, BOB, CAROL, DAVE, NOON, Number, Venue, error_of, oid_of, px

CLOID = "0x" + "0" * 31 + "1"
OTHER = "0x" + "0" * 31 + "2"


def mark(venue: Venue, price: int) -> None:
    venue.oracle("ETH", price, price)
    assert venue.exchange.markets[1].mark_px == px(price)


def bracket(
    venue: Venue, price: Number = 3_990, size: Number = 1, tif: Any = "Gtc", children: Number | None = None, **more: Any
) -> tuple[OrderIntent, OrderIntent, OrderIntent]:
    """A bid with a take profit at 4200 and a stop at 3800."""
    return (
        venue.intent("buy", "ETH", price, size, tif, **more),
        venue.trigger("sell", "ETH", "tp", 4_200, size if children is None else children),
        venue.trigger("sell", "ETH", "sl", 3_800, size if children is None else children),
    )


def resting_bracket(venue: Venue, **more: Any) -> tuple[int, int, int]:
    parent, take, stop = venue.group(ALICE, "normalTpsl", *bracket(venue, **more))
    assert isinstance(parent, Resting)
    assert isinstance(take, WaitingForFill)
    assert isinstance(stop, WaitingForFill)
    return parent.oid, take.oid, stop.oid


# ---------------------------------------------------------------------- with a parent


def test_children_wait_for_their_parent_as_rows_of_their_own_and_inside_it() -> None:
    venue = Venue()
    parent, take, stop = resting_bracket(venue)
    assert venue.updates() == [(parent, "open"), (take, "open"), (stop, "open")]
    assert venue.open_oids(ALICE) == [parent, take, stop]
    record = venue.record(ALICE, parent)
    assert [child.oid for child in record.children] == [take, stop]
    assert [child.order_type for child in record.children] == ["Take Profit Market", "Stop Market"]
    assert record.children[0] == venue.record(ALICE, take)
    mark(venue, 4_300)
    assert venue.updates() == [], "nothing fires before the parent is filled"


def test_children_are_armed_when_the_parent_is_filled_and_not_before() -> None:
    venue = Venue()
    parent, take, stop = resting_bracket(venue)
    venue.sell(BOB, "ETH", 3_990, "0.4")
    mark(venue, 3_700)
    assert venue.updates() == []
    mark(venue, 4_000)
    venue.sell(BOB, "ETH", 3_990, "0.6")
    assert (parent, "filled") in venue.updates()
    assert venue.open_oids(ALICE) == [take, stop]
    venue.buy(CAROL, "ETH", 3_790, 5)
    mark(venue, 3_800)
    assert [row for row in venue.updates() if row[0] in (take, stop)] == [
        (stop, "triggered"),
        (take, "siblingFilledCanceled"),
        (stop, "filled"),
    ]
    assert venue.szi(ALICE, "ETH") == 0
    assert venue.open_oids(ALICE) == []


def test_parent_that_is_filled_on_arrival_has_armed_children_at_once() -> None:
    venue = Venue()
    venue.sell(BOB, "ETH", 3_990, 1)
    parent, take, stop = venue.group(ALICE, "normalTpsl", *bracket(venue, 4_000, tif="Ioc"))
    assert isinstance(parent, Filled)
    assert isinstance(take, WaitingForTrigger)
    assert isinstance(stop, WaitingForTrigger)
    assert (take.oid, stop.oid) == (parent.oid + 1, parent.oid + 2)
    venue.buy(CAROL, "ETH", 4_200, 1)
    mark(venue, 4_200)
    assert venue.status(ALICE, take.oid) == "filled"
    assert venue.status(ALICE, stop.oid) == "siblingFilledCanceled"


def test_take_profit_below_an_aggressive_limit_but_above_the_market_is_good() -> None:
    """A market order with brackets is an Ioc far above the market: what counts is where it will be filled."""
    venue = Venue()
    venue.sell(BOB, "ETH", 4_000, 1)
    statuses = venue.group(ALICE, "normalTpsl", *bracket(venue, 4_400, tif="FrontendMarket"))
    assert isinstance(statuses[1], WaitingForTrigger)


@pytest.mark.parametrize(("tpsl", "trigger_px"), [("tp", 3_980), ("sl", 3_995)])
def test_child_on_the_wrong_side_of_its_entry_is_refused_alone(tpsl: Any, trigger_px: int) -> None:
    venue = Venue()
    parent, take, _ = bracket(venue)
    bad = venue.trigger("sell", "ETH", tpsl, trigger_px, 1)
    statuses = venue.group(ALICE, "normalTpsl", parent, bad, take)
    assert isinstance(statuses[0], Resting)
    assert error_of(statuses[1]) == "Invalid TP/SL price. asset=1"
    assert isinstance(statuses[2], WaitingForFill)
    assert len(venue.record(ALICE, statuses[0].oid).children) == 1


def test_children_go_with_a_parent_that_is_canceled() -> None:
    venue = Venue()
    parent, take, stop = resting_bracket(venue)
    assert isinstance(venue.cancel(ALICE, "ETH", parent), Success)
    assert venue.updates() == [(parent, "canceled"), (take, "canceled"), (stop, "canceled")]
    assert [child.oid for child in venue.record(ALICE, parent).children] == [take, stop]


def test_children_go_with_a_parent_that_its_owner_cancels_half_filled() -> None:
    venue = Venue()
    parent, _, _ = resting_bracket(venue)
    venue.sell(BOB, "ETH", 3_990, "0.4")
    venue.cancel(ALICE, "ETH", parent)
    assert venue.open_oids(ALICE) == []
    assert venue.szi(ALICE, "ETH") == Decimal("0.4")


def test_children_protect_what_is_filled_of_a_parent_that_runs_out_of_margin() -> None:
    venue = Venue(deposits=0)
    for who, amount in ((ALICE, 250), (BOB, 1_000_000)):
        venue.deposit(who, amount)
    parent, take, stop = resting_bracket(venue)
    venue.sell(BOB, "ETH", 3_990, "0.4")
    mark(venue, 3_900)
    venue.deposit(CAROL, 1_000_000)
    mark(venue, 3_600)
    venue.sell(CAROL, "ETH", 3_990, "0.6")
    assert venue.status(ALICE, parent) == "marginCanceled"
    assert [(record.oid, record.sz, record.orig_sz) for record in venue.exchange.open_orders(ALICE)] == [
        (take, 4_000, 4_000)
    ], "the stop has fired, its price being met"
    assert venue.status(ALICE, stop) == "marketOrderNoLiquidityRejected"


@pytest.mark.parametrize("tif", ["Ioc", "FrontendMarket"])
@pytest.mark.parametrize(("value", "armed"), [("arms", True), ("cancels", False)])
def test_children_of_an_ioc_that_is_filled_in_part(value: Any, armed: bool, tif: Any) -> None:
    venue = Venue(quirks=VenueQuirks(part_filled_parent=value))
    venue.sell(BOB, "ETH", 3_990, "0.4")
    parent, take, stop = venue.group(ALICE, "normalTpsl", *bracket(venue, tif=tif))
    assert isinstance(parent, Filled)
    if armed:
        assert isinstance(take, WaitingForTrigger)
        assert [(record.sz, record.orig_sz) for record in venue.exchange.open_orders(ALICE)] == [(4_000, 4_000)] * 2
    else:
        assert isinstance(stop, Failed)
        assert venue.open_oids(ALICE) == []


def test_refused_parent_takes_its_children_with_it() -> None:
    venue = Venue()
    statuses = venue.group(ALICE, "normalTpsl", *bracket(venue, tif="Ioc"))
    text = "Order could not immediately match against any resting orders. asset=1"
    assert [error_of(status) for status in statuses] == [text] * 3
    assert [status for _, status in venue.updates()] == ["iocCancelRejected", "rejected", "rejected"]
    assert venue.open_oids(ALICE) == []


def test_child_that_would_not_reduce_is_refused_when_its_parent_only_closes() -> None:
    """Alice is short one; buying one back leaves her flat, with nothing to protect."""
    venue = Venue()
    venue.buy(BOB, "ETH", 4_000, 1)
    venue.sell(ALICE, "ETH", 4_000, 1)
    venue.sell(BOB, "ETH", 3_990, 1)
    statuses = venue.group(ALICE, "normalTpsl", *bracket(venue, 4_000))
    assert isinstance(statuses[0], Filled)
    for status in statuses[1:]:
        assert error_of(status) == "Reduce only order would increase position. asset=1"
    assert venue.open_oids(ALICE) == []


def test_waiting_child_is_canceled_alone() -> None:
    venue = Venue()
    parent, take, stop = resting_bracket(venue)
    assert isinstance(venue.cancel(ALICE, "ETH", take), Success)
    assert venue.updates() == [(take, "canceled")]
    assert [child.oid for child in venue.record(ALICE, parent).children] == [stop]
    venue.sell(BOB, "ETH", 3_990, 1)
    assert venue.open_oids(ALICE) == [stop]


def test_replaced_child_keeps_waiting_for_its_parent() -> None:
    venue = Venue()
    parent, take, stop = resting_bracket(venue)
    status = venue.modify(ALICE, take, venue.trigger("sell", "ETH", "tp", 4_100, 1))
    assert isinstance(status, WaitingForFill)
    assert [child.oid for child in venue.record(ALICE, parent).children] == [stop, status.oid]
    venue.sell(BOB, "ETH", 3_990, 1)
    venue.buy(CAROL, "ETH", 4_100, 1)
    mark(venue, 4_100)
    assert venue.status(ALICE, status.oid) == "filled"
    assert venue.status(ALICE, stop) == "siblingFilledCanceled"


def test_children_go_when_their_parent_is_replaced() -> None:
    venue = Venue()
    parent, take, stop = resting_bracket(venue)
    status = venue.modify(ALICE, parent, venue.intent("buy", "ETH", 3_980, 1))
    assert venue.open_oids(ALICE) == [oid_of(status)]
    assert venue.status(ALICE, take) == venue.status(ALICE, stop) == "canceled"


def kept() -> tuple[Venue, int, int, int]:
    """A resting bracket where an amended parent keeps its children."""
    venue = Venue(quirks=VenueQuirks(amended_parent="keeps_children"))
    return venue, *resting_bracket(venue)


def test_children_may_stay_with_the_order_that_replaces_their_parent() -> None:
    venue, parent, take, stop = kept()
    new = oid_of(venue.modify(ALICE, parent, venue.intent("buy", "ETH", 3_980, 1)))
    assert venue.updates() == [(parent, "canceled"), (new, "open")]
    assert [child.oid for child in venue.record(ALICE, new).children] == [take, stop]
    assert venue.record(ALICE, parent).children == ()
    venue.sell(BOB, "ETH", 3_980, 1)
    assert venue.open_oids(ALICE) == [take, stop]
    venue.buy(CAROL, "ETH", 3_790, 1)
    mark(venue, 3_800)
    assert venue.status(ALICE, take) == "siblingFilledCanceled"


@pytest.mark.parametrize("tif", ["Ioc", "Alo"])
def test_children_that_stay_go_when_the_replacement_is_refused(tif: Any) -> None:
    venue, parent, take, stop = kept()
    price = 3_980
    if tif == "Alo":
        venue.sell(BOB, "ETH", 4_000, 1)
        price = 4_010
    error_of(venue.modify(ALICE, parent, venue.intent("buy", "ETH", price, 1, tif)))
    assert venue.status(ALICE, parent) == venue.status(ALICE, take) == venue.status(ALICE, stop) == "canceled"
    assert venue.open_oids(ALICE) == []


def test_children_stay_when_the_replacement_is_badly_formed() -> None:
    venue, parent, take, stop = kept()
    error_of(venue.modify(ALICE, parent, venue.intent("buy", "ETH", "3980.25", 1)))
    assert venue.open_oids(ALICE) == [parent, take, stop]
    assert [child.oid for child in venue.record(ALICE, parent).children] == [take, stop]


def test_sibling_that_is_canceled_leaves_the_other_armed() -> None:
    venue = Venue()
    _, take, stop = resting_bracket(venue)
    venue.sell(BOB, "ETH", 3_990, 1)
    venue.cancel(ALICE, "ETH", take)
    assert venue.open_oids(ALICE) == [stop]


def test_sibling_stays_when_the_other_is_filled_in_part() -> None:
    venue = Venue()
    _, take, stop = resting_bracket(venue)
    venue.sell(BOB, "ETH", 3_990, 1)
    venue.buy(CAROL, "ETH", 3_790, "0.3")
    mark(venue, 3_800)
    assert venue.status(ALICE, stop) == "canceled"
    (left,) = venue.exchange.open_orders(ALICE)
    assert (left.oid, left.sz) == (take, 7_000), "and it is cut to the position that is left"


def test_stop_limit_that_rests_cancels_its_sibling_only_when_it_is_filled() -> None:
    venue = Venue()
    parent = venue.intent("buy", "ETH", 3_990, 1)
    take = venue.trigger("sell", "ETH", "tp", 4_200, 1)
    stop = venue.trigger("sell", "ETH", "sl", 3_800, 1, limit=3_795)
    _, take_oid, stop_oid = (oid_of(status) for status in venue.group(ALICE, "normalTpsl", parent, take, stop))
    venue.sell(BOB, "ETH", 3_990, 1)
    mark(venue, 3_800)
    assert venue.asks("ETH") == [(px(3_795), 10_000, 1)]
    assert venue.open_oids(ALICE) == [take_oid, stop_oid]
    venue.buy(CAROL, "ETH", 3_795, 1)
    assert venue.status(ALICE, take_oid) == "siblingFilledCanceled"


def test_closing_by_hand_ends_both_as_no_longer_reducing() -> None:
    venue = Venue()
    _, take, stop = resting_bracket(venue)
    venue.sell(BOB, "ETH", 3_990, 1)
    venue.buy(CAROL, "ETH", 4_000, 1)
    venue.sell(ALICE, "ETH", 4_000, 1, "Ioc")
    assert venue.status(ALICE, take) == venue.status(ALICE, stop) == "reduceOnlyCanceled"


def test_dead_mans_switch_ends_a_waiting_bracket_once() -> None:
    venue = Venue(scheduled_cancel_volume=0)
    oids = resting_bracket(venue)
    venue.apply(ScheduleCancel(ALICE, NOON + 6_000))
    venue.tick(NOON + 7_000)
    assert sorted(row for row in venue.updates()) == [(oid, "scheduledCancel") for oid in oids]


def test_child_that_is_met_when_it_is_armed_fires_at_once() -> None:
    venue = Venue()
    _, take, stop = resting_bracket(venue)
    mark(venue, 3_700)
    venue.buy(CAROL, "ETH", 3_690, 5)
    venue.sell(BOB, "ETH", 3_990, 1)
    assert venue.status(ALICE, stop) == "filled"
    assert venue.status(ALICE, take) == "siblingFilledCanceled"


def test_same_cloid_twice_in_a_group_is_refused_the_second_time() -> None:
    venue = Venue()
    parent, take, _ = bracket(venue, cloid=CLOID)
    twice = venue.trigger("sell", "ETH", "sl", 3_800, 1, cloid=CLOID)
    statuses = venue.group(ALICE, "normalTpsl", parent, take, twice)
    assert error_of(statuses[2]).startswith("Duplicate cloid")


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ("parent is a trigger", "First order of a TP/SL group must not be a trigger order."),
        ("child is none", "TP/SL order must be a trigger order."),
        ("child of the same side", "Trigger order has unexpected side."),
        ("child of another market", "Order action has different asset classes"),
        ("child that opens", "Trigger order is not reduce only."),
        ("child without a size", "Order has zero size."),
    ],
)
def test_groups_that_are_none(change: str, text: str) -> None:
    venue = Venue()
    parent, take, stop = bracket(venue)
    orders = {
        "parent is a trigger": (take, stop),
        "child is none": (parent, parent),
        "child of the same side": (parent, venue.trigger("buy", "ETH", "sl", 4_100, 1)),
        "child of another market": (parent, venue.trigger("sell", "BTC", "sl", 90_000, 1)),
        "child that opens": (parent, venue.trigger("sell", "ETH", "sl", 3_800, 1, reduce_only=False)),
        "child without a size": (parent, venue.trigger("sell", "ETH", "sl", 3_800, 0)),
    }[change]
    reply = venue.reply(PlaceOrders(ALICE, orders, "normalTpsl"))
    assert (reply.error, reply.pre_validation) == (text, True)


# ---------------------------------------------------------------------- of a position


def long_with_tpsl(size: Number = 0, **config: Any) -> tuple[Venue, int, int]:
    """Alice, long one ETH, with a take profit and a stop for her whole position."""
    venue = Venue(**config)
    venue.sell(BOB, "ETH", 4_000, 1)
    venue.buy(ALICE, "ETH", 4_000, 1)
    take = venue.trigger("sell", "ETH", "tp", 4_200, size)
    stop = venue.trigger("sell", "ETH", "sl", 3_800, size)
    statuses = venue.group(ALICE, "positionTpsl", take, stop)
    assert all(isinstance(status, WaitingForTrigger) for status in statuses)
    return venue, oid_of(statuses[0]), oid_of(statuses[1])


@pytest.mark.parametrize("sent", [0, 1])
def test_tpsl_of_a_position_has_no_size_until_it_fires(sent: int) -> None:
    venue, take, stop = long_with_tpsl(sent)
    record = venue.record(ALICE, stop)
    assert (record.sz, record.orig_sz, record.is_position_tpsl) == (0, 0, True)
    venue.sell(BOB, "ETH", 4_000, 2)
    venue.buy(ALICE, "ETH", 4_000, 2)
    venue.buy(CAROL, "ETH", 3_790, 5)
    mark(venue, 3_800)
    assert [row for row in venue.updates() if row[0] in (take, stop)] == [
        (stop, "triggered"),
        (take, "siblingFilledCanceled"),
        (stop, "filled"),
    ]
    assert venue.record(ALICE, stop).orig_sz == 30_000
    assert venue.szi(ALICE, "ETH") == 0


def test_tpsl_of_a_position_may_keep_the_size_it_was_sent_with() -> None:
    venue, _, stop = long_with_tpsl("0.5", quirks=VenueQuirks(position_tpsl_size="sent"))
    assert venue.record(ALICE, stop).sz == 5_000
    venue.buy(CAROL, "ETH", 3_790, 5)
    mark(venue, 3_800)
    assert venue.szi(ALICE, "ETH") == Decimal("0.5")


def test_tpsl_of_a_position_outlives_a_smaller_position_and_ends_with_it() -> None:
    venue, take, stop = long_with_tpsl()
    venue.buy(CAROL, "ETH", 3_999, 5)
    venue.sell(ALICE, "ETH", 3_999, "0.4", "Ioc")
    assert venue.open_oids(ALICE) == [take, stop]
    venue.sell(ALICE, "ETH", 3_999, "0.6", "Ioc")
    assert venue.status(ALICE, take) == venue.status(ALICE, stop) == "reduceOnlyCanceled"


def test_tpsl_of_a_position_ends_when_the_position_flips() -> None:
    venue, _, _ = long_with_tpsl()
    venue.buy(CAROL, "ETH", 3_999, 5)
    venue.sell(ALICE, "ETH", 3_999, 3, "Ioc")
    assert venue.szi(ALICE, "ETH") == -2
    assert venue.open_oids(ALICE) == []


def test_tpsl_of_a_position_is_replaced_without_a_size() -> None:
    venue, take, stop = long_with_tpsl()
    status = venue.modify(ALICE, stop, venue.trigger("sell", "ETH", "sl", 3_900, 0))
    assert isinstance(status, WaitingForTrigger)
    assert venue.record(ALICE, status.oid).is_position_tpsl
    venue.buy(CAROL, "ETH", 3_890, 5)
    mark(venue, 3_900)
    assert venue.szi(ALICE, "ETH") == 0
    assert venue.status(ALICE, take) == "siblingFilledCanceled"


def test_tpsl_needs_a_position() -> None:
    venue = Venue()
    (status,) = venue.group(ALICE, "positionTpsl", venue.trigger("sell", "ETH", "sl", 3_800, 0))
    assert error_of(status) == "Reduce only order would increase position. asset=1"


@pytest.mark.parametrize(
    ("second", "text"),
    [("other side", "Trigger order has unexpected side."), ("limit", "TP/SL order must be a trigger order.")],
)
def test_position_groups_that_are_none(second: str, text: str) -> None:
    venue, _, _ = long_with_tpsl()
    stop = venue.trigger("sell", "ETH", "sl", 3_700, 0)
    other = {
        "other side": venue.trigger("buy", "ETH", "sl", 4_300, 0),
        "limit": venue.intent("sell", "ETH", 4_100, 1),
    }[second]
    assert venue.reply(PlaceOrders(ALICE, (stop, other), "positionTpsl")).error == text


def test_met_trigger_fires_at_once_where_the_venue_does_that() -> None:
    venue = Venue(quirks=VenueQuirks(met_trigger="fired"))
    venue.sell(BOB, "ETH", 4_000, 1)
    venue.buy(ALICE, "ETH", 4_000, 1)
    venue.buy(CAROL, "ETH", 3_990, 1)
    (status,) = venue.place(ALICE, venue.trigger("sell", "ETH", "sl", 4_100, 1))
    assert isinstance(status, WaitingForTrigger)
    assert venue.record(ALICE, status.oid).status is OrderStatus.FILLED


def test_children_of_a_half_filled_parent_are_swept_with_it() -> None:
    venue = Venue(scheduled_cancel_volume=0)
    oids = resting_bracket(venue)
    venue.sell(BOB, "ETH", 3_990, "0.4")
    venue.apply(ScheduleCancel(ALICE, NOON + 6_000))
    venue.tick(NOON + 7_000)
    assert sorted(venue.updates()) == [(oid, "scheduledCancel") for oid in oids]


def test_children_protect_what_is_filled_of_a_parent_that_its_owner_ran_into() -> None:
    venue = Venue()
    parent, take, stop = resting_bracket(venue)
    venue.sell(BOB, "ETH", 3_990, "0.4")
    venue.sell(ALICE, "ETH", 3_990, "0.1", "Ioc")
    assert venue.status(ALICE, parent) == "selfTradeCanceled"
    assert [(record.oid, record.sz) for record in venue.exchange.open_orders(ALICE)] == [(take, 4_000), (stop, 4_000)]


def test_children_of_an_unfilled_parent_that_its_owner_ran_into_are_canceled() -> None:
    venue = Venue()
    parent, take, stop = resting_bracket(venue)
    venue.sell(ALICE, "ETH", 3_990, "0.1", "Ioc")
    assert (parent, "selfTradeCanceled") in venue.updates()
    assert venue.status(ALICE, take) == venue.status(ALICE, stop) == "canceled"


def test_everything_that_waits_ends_with_its_market() -> None:
    venue, take, stop = long_with_tpsl()
    group = [oid_of(status) for status in venue.group(ALICE, "normalTpsl", *bracket(venue))]
    venue.apply(DelistMarket(1))
    assert sorted(venue.updates()) == [(oid, "delistedCanceled") for oid in (take, stop, *group)]
    assert venue.open_oids(ALICE) == []
    assert venue.szi(ALICE, "ETH") == 0


def test_parent_alone_is_a_group_too() -> None:
    venue = Venue()
    (status,) = venue.group(ALICE, "normalTpsl", venue.intent("buy", "ETH", 3_990, 1))
    assert isinstance(status, Resting)
    venue.sell(BOB, "ETH", 3_990, 1)
    assert venue.status(ALICE, status.oid) == "filled"


def test_children_whose_parent_a_liquidation_fills_fire_in_the_same_command() -> None:
    """The mark that liquidates Dave is beyond the stop of the order that he sells to."""
    venue = Venue()
    venue.deposit(DAVE, 250)
    venue.sell(BOB, "ETH", 4_000, 1)
    venue.buy(DAVE, "ETH", 4_000, 1)
    parent = venue.intent("buy", "ETH", 3_990, 1)
    stop = venue.trigger("sell", "ETH", "sl", 3_850, 1)
    _, stop_oid = (oid_of(status) for status in venue.group(ALICE, "normalTpsl", parent, stop))
    venue.buy(CAROL, "ETH", 3_700, 1)
    mark(venue, 3_825)
    assert venue.szi(DAVE, "ETH") == 0
    assert venue.status(ALICE, stop_oid) == "filled"
    assert venue.szi(ALICE, "ETH") == 0
