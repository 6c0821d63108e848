"""Trigger orders: armed against the mark, what they refuse, what becomes of them when the mark gets there."""

from typing import Any

import pytest

from hyperliquid_perpetual.sandbox.engine.commands import PlaceOrders, ScheduleCancel
from hyperliquid_perpetual.sandbox.engine.events import Failed, OrderUpdated, Resting, Success, WaitingForTrigger
from hyperliquid_perpetual.sandbox.engine.records import OrderStatus
from tests.unit.sandbox.engine.venue import ALICE, BOB, CAROL, NOON, Venue, error_of, oid_of, px

CLOID = "0x" + "0" * 31 + "1"


def long_one(**config: Any) -> Venue:
    """Alice is long one ETH, bought from Bob at 4000; the book is empty."""
    venue = Venue(**config)
    venue.sell(BOB, "ETH", 4_000, 1)
    venue.buy(ALICE, "ETH", 4_000, 1)
    return venue


def mark(venue: Venue, price: int) -> None:
    """Put the mark where it is wanted: without a two-sided book it is the median of oracle, last trade and outside."""
    venue.oracle("ETH", price, price)
    assert venue.exchange.markets[1].mark_px == px(price)


def test_trigger_order_is_armed_and_open_and_on_no_book() -> None:
    venue = long_one()
    status = venue.place(ALICE, venue.trigger("sell", "ETH", "sl", 3_800, 1, cloid=CLOID))[0]
    assert isinstance(status, WaitingForTrigger)
    assert status.cloid == CLOID
    assert venue.updates() == [(status.oid, "open")]
    assert venue.asks("ETH") == []
    record = venue.record(ALICE, CLOID)
    assert (record.oid, record.status, record.tif) == (status.oid, OrderStatus.OPEN, None)
    assert (record.order_type, record.limit_px) == ("Stop Market", px(3_420))
    assert venue.open_oids(ALICE) == [status.oid]


@pytest.mark.parametrize(
    ("tpsl", "limit", "order_type"),
    [
        ("sl", None, "Stop Market"),
        ("sl", 3_700, "Stop Limit"),
        ("tp", None, "Take Profit Market"),
        ("tp", 4_300, "Take Profit Limit"),
    ],
)
def test_kinds_have_the_venues_names(tpsl: Any, limit: int | None, order_type: str) -> None:
    venue = long_one()
    trigger_px = 3_800 if tpsl == "sl" else 4_200
    oid = oid_of(venue.place(ALICE, venue.trigger("sell", "ETH", tpsl, trigger_px, 1, limit=limit))[0])
    assert venue.record(ALICE, oid).order_type == order_type


def test_stop_market_fires_at_the_mark_and_takes_what_is_there() -> None:
    venue = long_one()
    oid = oid_of(venue.place(ALICE, venue.trigger("sell", "ETH", "sl", 3_800, 1))[0])
    venue.buy(CAROL, "ETH", 3_790, 1)
    mark(venue, 3_801)
    assert venue.status(ALICE, oid) == "open"
    mark(venue, 3_800)
    assert [row for row in venue.updates() if row[0] == oid] == [(oid, "triggered"), (oid, "filled")]
    assert [fill.px for fill in venue.fills()] == [px(3_790)] * 2
    assert venue.szi(ALICE, "ETH") == 0
    record = venue.record(ALICE, oid)
    assert (record.status, record.sz, record.tif, record.order_type) == ("filled", 0, None, "Stop Market")


def test_trade_prices_alone_do_not_fire_a_trigger() -> None:
    venue = long_one()
    oid = oid_of(venue.place(ALICE, venue.trigger("sell", "ETH", "sl", 3_800, 1))[0])
    venue.buy(CAROL, "ETH", 3_700, 1)
    venue.sell(BOB, "ETH", 3_700, 1, "Ioc")
    assert venue.fills()
    assert venue.status(ALICE, oid) == "open"


@pytest.mark.parametrize(
    ("side", "tpsl", "trigger_px", "not_yet", "met"),
    [
        ("sell", "sl", 3_800, 3_801, 3_799),
        ("sell", "tp", 4_200, 4_199, 4_201),
        ("buy", "sl", 4_200, 4_199, 4_200),
        ("buy", "tp", 3_800, 3_801, 3_800),
    ],
)
def test_each_kind_waits_for_its_side_of_the_mark(
    side: str, tpsl: Any, trigger_px: int, not_yet: int, met: int
) -> None:
    venue = long_one()
    account, other = (ALICE, "buy") if side == "sell" else (BOB, "sell")
    oid = oid_of(venue.place(account, venue.trigger(side, "ETH", tpsl, trigger_px, 1))[0])
    venue.place(CAROL, venue.intent(other, "ETH", trigger_px, 1))
    mark(venue, not_yet)
    assert venue.status(account, oid) == "open"
    mark(venue, met)
    assert venue.status(account, oid) == "filled"


def test_stop_market_never_trades_beyond_its_limit() -> None:
    venue = long_one()
    oid = oid_of(venue.place(ALICE, venue.trigger("sell", "ETH", "sl", 3_800, 1, worst=3_700))[0])
    venue.buy(CAROL, "ETH", 3_750, "0.4")
    venue.buy(CAROL, "ETH", 3_690, 5)
    mark(venue, 3_750)
    assert venue.updates()[-1] == (oid, "canceled")
    record = venue.record(ALICE, oid)
    assert (record.sz, record.orig_sz) == (6_000, 10_000)
    assert str(venue.szi(ALICE, "ETH")) == "0.6000"


@pytest.mark.parametrize(("bid", "status"), [(None, "marketOrderNoLiquidityRejected"), (3_000, "iocCancelRejected")])
def test_stop_market_that_finds_nothing_is_rejected(bid: int | None, status: str) -> None:
    venue = long_one()
    oid = oid_of(venue.place(ALICE, venue.trigger("sell", "ETH", "sl", 3_800, 1))[0])
    if bid is not None:
        venue.buy(CAROL, "ETH", bid, 1)
    mark(venue, 3_800)
    assert [row for row in venue.updates() if row[0] == oid] == [(oid, "triggered"), (oid, status)]
    assert venue.szi(ALICE, "ETH") == 1
    assert venue.open_oids(ALICE) == []


def test_stop_limit_rests_when_it_has_fired() -> None:
    venue = long_one()
    oid = oid_of(venue.place(ALICE, venue.trigger("sell", "ETH", "sl", 3_800, 1, limit=3_790))[0])
    venue.buy(CAROL, "ETH", 3_795, "0.3")
    mark(venue, 3_800)
    assert [row for row in venue.updates() if row[0] == oid] == [(oid, "triggered"), (oid, "open")]
    assert venue.asks("ETH") == [(px(3_790), 7_000, 1)]
    record = venue.record(ALICE, oid)
    assert (record.status, record.tif, record.order_type, record.sz) == ("open", "Gtc", "Stop Limit", 7_000)
    venue.buy(CAROL, "ETH", 3_790, "0.7")
    assert venue.status(ALICE, oid) == "filled"
    assert venue.szi(ALICE, "ETH") == 0


def test_armed_order_needs_no_margin_and_holds_none_back() -> None:
    venue = Venue(deposits=250)
    venue.sell(BOB, "ETH", 4_000, 1)
    venue.buy(ALICE, "ETH", 4_000, 1)
    before = venue.position(ALICE, "ETH").resting_sells
    venue.place(ALICE, venue.trigger("sell", "ETH", "sl", 3_900, 1))
    venue.place(ALICE, venue.trigger("sell", "ETH", "tp", 4_100, 1))
    assert venue.position(ALICE, "ETH").resting_sells == before == 0
    assert isinstance(venue.sell(ALICE, "ETH", 4_200, 1), Resting)


# ---------------------------------------------------------------------- refusals


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"reduce_only": False}, "Trigger order is not reduce only."),
        ({"trigger_px": 0, "worst": 3_500}, "Order has invalid price."),
    ],
)
def test_pre_validation_refuses_the_batch(change: dict[str, Any], text: str) -> None:
    venue = long_one()
    facts = {"trigger_px": 3_800, "size": 1, **change}
    bad = venue.trigger("sell", "ETH", "sl", facts.pop("trigger_px"), facts.pop("size"), **facts)
    good = venue.intent("buy", "ETH", 3_900, 1)
    reply = venue.reply(PlaceOrders(ALICE, (good, bad)))
    assert (reply.error, reply.pre_validation) == (text, True)
    assert venue.open_oids(ALICE) == []


def test_size_zero_is_refused_outside_of_position_groups() -> None:
    venue = long_one()
    reply = venue.reply(PlaceOrders(ALICE, (venue.trigger("sell", "ETH", "sl", 3_800, 0),)))
    assert reply.error == "Order has zero size."


@pytest.mark.parametrize(
    ("side", "tpsl", "trigger_px", "more", "status", "text"),
    [
        ("sell", "sl", "3800.25", {"worst": 3_700}, "tickRejected", "Price must be divisible by tick size."),
        ("sell", "sl", 3_800, {"worst": 3_801}, "badTriggerPxRejected", "Invalid TP/SL price."),
        ("sell", "sl", 4_001, {}, "badTriggerPxRejected", "Invalid TP/SL price."),
        ("sell", "sl", 4_000, {}, "badTriggerPxRejected", "Invalid TP/SL price."),
        ("sell", "tp", 3_999, {}, "badTriggerPxRejected", "Invalid TP/SL price."),
        ("sell", "sl", 3_800, {"limit": "3700.25"}, "tickRejected", "Price must be divisible by tick size."),
        ("buy", "sl", 4_200, {}, "reduceOnlyRejected", "Reduce only order would increase position."),
        ("buy", "sl", 4_200, {"worst": 4_199}, "badTriggerPxRejected", "Invalid TP/SL price."),
    ],
)
def test_trigger_order_that_the_rules_refuse(
    side: str, tpsl: Any, trigger_px: Any, more: dict[str, Any], status: str, text: str
) -> None:
    venue = long_one()
    answer = venue.place(ALICE, venue.trigger(side, "ETH", tpsl, trigger_px, 1, **more))[0]
    assert error_of(answer) == f"{text} asset=1"
    ((oid, told),) = venue.updates()
    assert told == status == venue.status(ALICE, oid)


def test_take_profit_limit_may_be_better_or_worse_than_its_trigger() -> None:
    venue = long_one()
    for limit in (4_190, 4_210):
        assert isinstance(
            venue.place(ALICE, venue.trigger("sell", "ETH", "tp", 4_200, 1, limit=limit))[0], WaitingForTrigger
        )


def test_trigger_without_a_position_is_refused() -> None:
    venue = Venue()
    status = venue.place(ALICE, venue.trigger("sell", "ETH", "sl", 3_800, 1))[0]
    assert error_of(status) == "Reduce only order would increase position. asset=1"


def test_minimum_notional_counts_for_triggers_that_do_not_close_everything() -> None:
    venue = long_one()
    status = venue.place(ALICE, venue.trigger("sell", "ETH", "sl", 3_800, "0.0020"))[0]
    assert error_of(status) == "Order must have minimum value of $10. asset=1"


def test_triggers_are_refused_from_the_first_cap_of_open_orders_on_and_count_towards_it() -> None:
    venue = long_one(open_orders_base=3, open_orders_max=10, open_orders_volume_step=1)
    for number in range(3):
        status = venue.place(ALICE, venue.trigger("sell", "ETH", "sl", 3_800 - number, 1))[0]
        assert isinstance(status, WaitingForTrigger)
    refused = venue.place(ALICE, venue.trigger("sell", "ETH", "sl", 3_700, 1))[0]
    assert error_of(refused) == "Too many open orders asset=1"
    assert isinstance(venue.buy(ALICE, "ETH", 3_900, 1), Resting)


# ---------------------------------------------------------------------- cancel, modify, shrink


@pytest.mark.parametrize("key", ["oid", "cloid"])
def test_armed_order_is_canceled_by_oid_and_cloid(key: str) -> None:
    venue = long_one()
    oid = oid_of(venue.place(ALICE, venue.trigger("sell", "ETH", "sl", 3_800, 1, cloid=CLOID))[0])
    assert isinstance(venue.cancel(ALICE, "ETH", oid if key == "oid" else CLOID), Success)
    assert venue.updates() == [(oid, "canceled")]
    mark(venue, 3_700)
    assert venue.updates() == []
    assert isinstance(venue.cancel(ALICE, "ETH", oid), Failed)


def test_armed_order_is_replaced_under_a_new_oid() -> None:
    venue = long_one()
    old = oid_of(venue.place(ALICE, venue.trigger("sell", "ETH", "sl", 3_800, 1, cloid=CLOID))[0])
    status = venue.modify(ALICE, old, venue.trigger("sell", "ETH", "sl", 3_900, "0.5", cloid=CLOID))
    assert isinstance(status, WaitingForTrigger)
    assert status.oid != old
    assert venue.updates() == [(old, "canceled"), (status.oid, "open")]
    venue.buy(CAROL, "ETH", 3_900, 1)
    mark(venue, 3_890)
    assert str(venue.szi(ALICE, "ETH")) == "0.5000"
    assert venue.status(ALICE, status.oid) == "filled"


def test_replacement_with_a_bad_trigger_price_leaves_the_armed_order() -> None:
    venue = long_one()
    old = oid_of(venue.place(ALICE, venue.trigger("sell", "ETH", "sl", 3_800, 1))[0])
    assert error_of(venue.modify(ALICE, old, venue.trigger("sell", "ETH", "sl", 4_100, 1))).startswith("Invalid TP/SL")
    assert venue.status(ALICE, old) == "open"


def test_size_zero_replaces_no_order_that_has_a_size() -> None:
    venue = long_one()
    old = oid_of(venue.place(ALICE, venue.trigger("sell", "ETH", "sl", 3_800, 1))[0])
    assert error_of(venue.modify(ALICE, old, venue.trigger("sell", "ETH", "sl", 3_900, 0))) == (
        "Order has zero size. asset=1"
    )


def test_armed_order_shrinks_with_the_position_and_ends_with_it() -> None:
    venue = long_one()
    oid = oid_of(venue.place(ALICE, venue.trigger("sell", "ETH", "sl", 3_800, 1))[0])
    venue.buy(CAROL, "ETH", 4_000, 5)
    venue.sell(ALICE, "ETH", 4_000, "0.4", "Ioc")
    assert venue.updates()[-2:] == [(oid, "open"), (oid + 2, "filled")]
    assert (venue.record(ALICE, oid).sz, venue.record(ALICE, oid).orig_sz) == (6_000, 6_000)
    venue.sell(ALICE, "ETH", 4_000, "0.6", "Ioc")
    assert (oid, "reduceOnlyCanceled") in venue.updates()
    assert venue.open_oids(ALICE) == []


def test_armed_order_larger_than_the_position_is_cut_at_once() -> None:
    venue = long_one()
    oid = oid_of(venue.place(ALICE, venue.trigger("sell", "ETH", "sl", 3_800, 3))[0])
    assert venue.record(ALICE, oid).orig_sz == 10_000


def test_dead_mans_switch_takes_armed_orders_too() -> None:
    venue = long_one(scheduled_cancel_volume=0)
    oid = oid_of(venue.place(ALICE, venue.trigger("sell", "ETH", "sl", 3_800, 1))[0])
    venue.apply(ScheduleCancel(ALICE, NOON + 6_000))
    venue.tick(NOON + 7_000)
    assert (oid, "scheduledCancel") in venue.updates()


# ---------------------------------------------------------------------- order of events


def test_mark_of_the_timeline_fires_triggers_without_any_outside_price() -> None:
    """The mark is made anew every three seconds; here the book alone has moved it."""
    venue = long_one()
    venue.oracle("ETH", 4_000, 3_900)
    venue.buy(CAROL, "ETH", 3_890, 10)
    venue.sell(BOB, "ETH", 3_891, 10)
    oid = oid_of(venue.place(ALICE, venue.trigger("sell", "ETH", "sl", 3_950, 1))[0])
    venue.tick(NOON + 3_000)
    assert venue.exchange.markets[1].mark_px <= px(3_950)
    assert venue.status(ALICE, oid) == "filled"


@pytest.mark.parametrize(("tpsl", "way"), [("sl", -1), ("tp", 1)])
def test_several_met_at_once_fire_nearest_first_then_oldest_first(tpsl: Any, way: int) -> None:
    venue = long_one()
    far = oid_of(venue.place(ALICE, venue.trigger("sell", "ETH", tpsl, 4_000 + 300 * way, "0.2"))[0])
    near = oid_of(venue.place(ALICE, venue.trigger("sell", "ETH", tpsl, 4_000 + 200 * way, "0.2"))[0])
    near_too = oid_of(venue.place(ALICE, venue.trigger("sell", "ETH", tpsl, 4_000 + 200 * way, "0.2"))[0])
    mark(venue, 4_000 + 400 * way)
    fired = [row[0] for row in venue.updates() if row[1] == "triggered"]
    assert fired == [near, near_too, far]


def test_trigger_event_comes_before_what_it_brings_about() -> None:
    venue = long_one()
    oid = oid_of(venue.place(ALICE, venue.trigger("sell", "ETH", "sl", 3_800, 1))[0])
    venue.buy(CAROL, "ETH", 3_790, 1)
    mark(venue, 3_800)
    kinds = [
        event.order.status.value if isinstance(event, OrderUpdated) else type(event).__name__
        for event in venue.events
        if not isinstance(event, OrderUpdated) or event.order.oid == oid
    ]
    start = kinds.index("triggered")
    assert kinds[start : start + 4] == ["triggered", "TradeMade", "FillMade", "FillMade"]
    assert "filled" in kinds[start + 4 :]


def test_price_that_moves_in_the_same_command_fires_before_the_command() -> None:
    """Time passes before a command: whatever the mark brought about by then is done when the command is looked at."""
    venue = long_one()
    venue.oracle("ETH", 4_000, 3_700)
    oid = oid_of(venue.place(ALICE, venue.trigger("sell", "ETH", "sl", 3_900, 1))[0])
    venue.buy(CAROL, "ETH", 3_700, 10)
    venue.sell(BOB, "ETH", 3_701, 10)
    venue.now = NOON + 3_000
    assert isinstance(venue.cancel(ALICE, "ETH", oid), Failed)
    assert venue.status(ALICE, oid) == "filled"


def test_order_that_waits_in_one_market_holds_up_none_in_another() -> None:
    venue = Venue()
    for coin, price in (("BTC", 100_000), ("ETH", 4_000)):
        venue.sell(BOB, coin, price, "0.1")
        venue.buy(ALICE, coin, price, "0.1")
    waits = oid_of(venue.place(ALICE, venue.trigger("sell", "BTC", "sl", 90_000, "0.1"))[0])
    fires = oid_of(venue.place(ALICE, venue.trigger("sell", "ETH", "sl", 3_900, "0.1"))[0])
    venue.buy(CAROL, "ETH", 3_800, 1)
    venue.oracle("ETH", 3_850)
    assert (venue.status(ALICE, waits), venue.status(ALICE, fires)) == ("open", "filled")
