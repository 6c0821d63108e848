"""TWAP orders: slices at their times, catching up, what is refused, what ends them."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hyperliquid_perpetual.sandbox.engine.events import (
    Failed,
    FillMade,
    FundingPaid,
    Success,
    TradeMade,
    TwapRunning,
    TwapUpdated,
)
from hyperliquid_perpetual.sandbox.engine.records import TwapRecord
from hyperliquid_perpetual.sandbox.engine.twap_commands import CancelTwap, PlaceTwap, TwapIntent
from hyperliquid_perpetual.sandbox.engine.world_commands import DelistMarket
from tests.unit.sandbox.engine.venue import ALICE, BOB, CAROL, NOON, Venue, error_of, make_market, px

SLICE = 30_000
ZERO_HASH = "0x" + "0" * 64


def market(**config: Any) -> Venue:
    """A deep book around 4000, and a mark that is 4000."""
    venue = Venue(**config)
    venue.buy(BOB, "ETH", 3_999, 50)
    venue.sell(BOB, "ETH", 4_001, 50)
    return venue


def running(status: Any) -> int:
    assert isinstance(status, TwapRunning), status
    return status.twap_id


def records(venue: Venue) -> list[TwapRecord]:
    return [event.record for event in venue.events if isinstance(event, TwapUpdated)]


def bought(venue: Venue, who: str = ALICE) -> Decimal:
    return venue.szi(who, "ETH")


def test_first_slice_is_traded_at_once_and_the_others_every_thirty_seconds() -> None:
    venue = market()
    twap_id = running(venue.twap(ALICE, "buy", "ETH", 11, 5))
    assert [(record.status, record.state.twap_id) for record in records(venue)] == [("activated", twap_id)]
    assert bought(venue) == 1
    for number in range(1, 11):
        venue.tick(NOON + number * SLICE - 1)
        assert bought(venue) == number
        venue.tick(NOON + number * SLICE)
        assert bought(venue) == number + 1
    (record,) = records(venue)
    assert (record.status, record.time) == ("finished", NOON + 10 * SLICE)
    assert record.state.executed_sz == record.state.sz == 110_000
    assert record.state.executed_ntl == 11 * px(4_001) * 10**6
    assert venue.exchange.twaps.active(ALICE) == []
    venue.tick(NOON + 20 * SLICE)
    assert bought(venue) == 11


def test_slices_that_time_has_passed_over_happen_each_at_its_own_time() -> None:
    venue = market()
    venue.twap(ALICE, "buy", "ETH", 11, 5)
    venue.tick(NOON + 95_000)
    fills = [fill for fill in venue.fills() if fill.account == ALICE]
    assert [fill.time for fill in fills] == [NOON + SLICE, NOON + 2 * SLICE, NOON + 3 * SLICE]


def test_slice_fills_have_the_number_of_their_order_no_cloid_and_a_zero_hash() -> None:
    venue = market()
    twap_id = running(venue.twap(ALICE, "sell", "ETH", 11, 5))
    maker, taker = venue.fills()
    assert (maker.account, maker.twap_id, maker.hash) == (BOB, None, ZERO_HASH)
    assert (taker.account, taker.twap_id, taker.hash, taker.cloid) == (ALICE, twap_id, ZERO_HASH, None)
    (trade,) = [event.trade for event in venue.events if isinstance(event, TradeMade)]
    assert trade.hash == ZERO_HASH
    record = venue.record(ALICE, taker.oid)
    assert (record.order_type, record.tif, record.status, record.twap_id) == ("Twap Slice", "Ioc", "filled", twap_id)
    venue.sell(ALICE, "ETH", 3_999, 1, "Ioc")
    assert venue.fills()[0].hash != ZERO_HASH, "what somebody has sent has a transaction"


def test_uneven_sizes_add_up_exactly() -> None:
    venue = market()
    venue.twap(ALICE, "buy", "ETH", "1.0007", 7)
    venue.tick(NOON + 14 * SLICE)
    assert bought(venue) == Decimal("1.0007")


def test_randomized_slices_differ_and_still_add_up() -> None:
    venue = market()
    venue.twap(ALICE, "buy", "ETH", 11, 5, randomize=True)
    sizes = []
    for number in range(11):
        venue.tick(NOON + number * SLICE)
        sizes += [fill.sz for fill in venue.fills() if fill.account == ALICE]
    assert bought(venue) == 11
    assert len(set(sizes)) > 3
    assert max(sizes) <= 3 * 10_000


def test_slices_that_found_nobody_are_caught_up_with_three_even_slices_at_most() -> None:
    venue = Venue()
    running(venue.twap(ALICE, "buy", "ETH", 11, 5))
    venue.tick(NOON + 4 * SLICE)
    assert bought(venue) == 0
    venue.sell(BOB, "ETH", 4_001, 50)
    sizes = []
    for number in range(5, 11):
        venue.tick(NOON + number * SLICE)
        sizes += [Decimal(fill.sz) / 10_000 for fill in venue.fills() if fill.account == ALICE]
    assert sizes == [3, 3, 2, 1, 1, 1]
    assert records(venue)[0].status == "finished"


def test_what_is_left_at_the_end_stays_untraded() -> None:
    venue = Venue()
    venue.twap(ALICE, "buy", "ETH", 11, 5)
    venue.sell(BOB, "ETH", 4_001, 50)
    venue.now = NOON + 9 * SLICE
    venue.cancel(BOB, "ETH", venue.open_oids(BOB)[0])
    venue.tick(NOON + 10 * SLICE)
    (record,) = records(venue)
    assert record.status == "finished"
    assert 0 < record.state.executed_sz < record.state.sz


def test_slice_goes_no_further_than_three_percent() -> None:
    venue = Venue()
    venue.buy(BOB, "ETH", 3_999, 1)
    venue.sell(BOB, "ETH", 4_001, "0.2")
    venue.sell(BOB, "ETH", 4_120, "0.3")
    venue.sell(BOB, "ETH", 4_121, 50)
    venue.twap(ALICE, "buy", "ETH", 11, 5)
    assert bought(venue) == Decimal("0.5")
    slice_record = next(iter(venue.account(ALICE).history.newest_first()))
    assert (slice_record.limit_px, slice_record.status) == (px(4_120), "canceled")


def test_three_percent_count_from_the_mark_where_a_book_has_one_side() -> None:
    venue = Venue()
    venue.sell(BOB, "ETH", 4_120, "0.3")
    venue.sell(BOB, "ETH", 4_121, 50)
    venue.twap(ALICE, "buy", "ETH", 11, 5)
    assert bought(venue) == Decimal("0.3")


def test_reduce_only_slices_end_with_the_position() -> None:
    venue = market()
    venue.sell(CAROL, "ETH", 3_999, 2, "Ioc")
    running(venue.twap(CAROL, "buy", "ETH", 11, 5, reduce_only=True))
    venue.tick(NOON + SLICE)
    assert bought(venue, CAROL) == 0
    venue.tick(NOON + 2 * SLICE)
    (record,) = records(venue)
    assert (record.status, record.description) == ("error", "Reduce only order would increase position.")


def test_slice_without_margin_ends_the_order_with_the_reason() -> None:
    venue = Venue(deposits=0)
    for who, amount in ((BOB, 1_000_000), (ALICE, 500)):
        venue.deposit(who, amount)
    venue.buy(BOB, "ETH", 3_999, 50)
    venue.sell(BOB, "ETH", 4_001, 50)
    running(venue.twap(ALICE, "buy", "ETH", 22, 5))
    venue.tick(NOON + 2 * SLICE)
    (record,) = records(venue)
    assert (record.status, record.description) == ("error", "Insufficient margin to place order.")
    assert venue.exchange.twaps.active(ALICE) == []
    assert bought(venue) == 2


# ---------------------------------------------------------------------- refusals, cancel


@pytest.mark.parametrize(
    ("size", "minutes", "more", "text"),
    [
        (11, 4, {}, "Invalid TWAP duration: 4 min(s)"),
        (11, 1_441, {}, "Invalid TWAP duration: 1441 min(s)"),
        (0, 5, {}, "Order has zero size."),
        ("0.2999", 120, {}, "TWAP order value too small. Min is $1200, which is $10 per minute."),
        (11, 5, {"reduce_only": True}, "Reduce only order would increase position."),
        (11, 5, {"trigger": ("4000.25", True)}, "Order has invalid price."),
        (11, 5, {"stop": "4000.25"}, "Order has invalid price."),
    ],
)
def test_twap_that_is_refused(size: Any, minutes: int, more: dict[str, Any], text: str) -> None:
    venue = market()
    assert error_of(venue.twap(ALICE, "buy", "ETH", size, minutes, **more)) == text
    assert venue.exchange.twaps.history(ALICE) == []
    assert bought(venue) == 0


def test_delisted_market_has_no_twaps() -> None:
    venue = Venue()
    assert error_of(venue.twap(ALICE, "buy", "LOOM", 10_000, 5)) == "Trading is halted."


def test_exact_minimum_is_enough() -> None:
    venue = market()
    running(venue.twap(ALICE, "buy", "ETH", "0.3", 120))


def test_number_of_running_orders_is_limited() -> None:
    venue = market(active_twaps=2)
    first = running(venue.twap(ALICE, "buy", "ETH", 1, 5))
    running(venue.twap(ALICE, "buy", "ETH", 1, 5))
    assert error_of(venue.twap(ALICE, "buy", "ETH", 1, 5)) == "Exceeded max number of active TWAP orders."
    running(venue.twap(CAROL, "buy", "ETH", 1, 5))
    venue.reply(CancelTwap(ALICE, 1, first))
    running(venue.twap(ALICE, "buy", "ETH", 1, 5))


def test_canceled_order_trades_no_more() -> None:
    venue = market()
    twap_id = running(venue.twap(ALICE, "buy", "ETH", 11, 5))
    venue.tick(NOON + SLICE)
    (status,) = venue.reply(CancelTwap(ALICE, 1, twap_id)).statuses
    assert isinstance(status, Success)
    (record,) = records(venue)
    assert (record.status, record.state.executed_sz) == ("terminated", 20_000)
    venue.tick(NOON + 20 * SLICE)
    assert bought(venue) == 2
    assert [entry.status for entry in venue.exchange.twaps.history(ALICE)] == ["activated", "terminated"]


@pytest.mark.parametrize("wrong", ["account", "asset", "number", "twice"])
def test_only_the_own_running_order_is_canceled(wrong: str) -> None:
    venue = market()
    twap_id = running(venue.twap(ALICE, "buy", "ETH", 11, 5))
    account, asset = (BOB if wrong == "account" else ALICE), (0 if wrong == "asset" else 1)
    if wrong == "twice":
        venue.reply(CancelTwap(ALICE, 1, twap_id))
    (status,) = venue.reply(CancelTwap(account, asset, twap_id + (wrong == "number"))).statuses
    assert isinstance(status, Failed)
    assert status.error == "TWAP was never placed, already canceled, or filled."


# ---------------------------------------------------------------------- trigger and stop prices


def test_triggered_order_waits_for_the_mark_and_counts_its_time_from_there() -> None:
    venue = market()
    running(venue.twap(ALICE, "buy", "ETH", 11, 5, trigger=(4_001, True)))
    assert records(venue) == []
    assert len(venue.exchange.twaps.active(ALICE)) == 1
    venue.tick(NOON + 100_000)
    assert bought(venue) == 0
    venue.oracle("ETH", 4_001, 4_001)
    assert venue.exchange.markets[1].mark_px == px(4_001)
    assert records(venue)[0].status == "activated"
    assert bought(venue) == 1
    venue.tick(NOON + 100_000 + 10 * SLICE)
    assert bought(venue) == 11


def test_stop_price_ends_the_order_before_its_next_slice() -> None:
    venue = market()
    running(venue.twap(ALICE, "buy", "ETH", 11, 5, stop=4_001))
    venue.oracle("ETH", 4_001, 4_001)
    assert [(record.status, record.state.executed_sz) for record in records(venue)] == [("terminated", 10_000)]
    venue.tick(NOON + 10 * SLICE)
    assert bought(venue) == 1


def test_slices_of_several_orders_keep_their_order() -> None:
    venue = market()
    first = running(venue.twap(ALICE, "buy", "ETH", 11, 5))
    second = running(venue.twap(CAROL, "sell", "ETH", 11, 5))
    venue.tick(NOON + SLICE)
    takers = [event.fill.twap_id for event in venue.events if isinstance(event, FillMade) and event.fill.crossed]
    assert takers == [first, second]


def test_slice_comes_before_the_funding_of_the_same_moment() -> None:
    venue = market()
    venue.now = NOON + 3_600_000 - SLICE
    venue.twap(ALICE, "buy", "ETH", 11, 5)
    venue.tick(NOON + 3_600_000)
    paid = {event.account: event.payment.szi for event in venue.events if isinstance(event, FundingPaid)}
    assert paid[ALICE] == 20_000


def test_orders_end_with_their_market() -> None:
    """What waits for a price ends at once, what runs with its next slice."""
    venue = market()
    runs = running(venue.twap(ALICE, "buy", "ETH", 11, 5))
    waits = running(venue.twap(ALICE, "buy", "ETH", 11, 5, trigger=(4_500, True)))
    venue.apply(DelistMarket(1))
    assert [(record.state.twap_id, record.status, record.description) for record in records(venue)] == [
        (waits, "error", "Trading is halted.")
    ]
    venue.tick(NOON + SLICE)
    assert [(record.state.twap_id, record.description) for record in records(venue)] == [(runs, "Trading is halted.")]
    assert venue.exchange.twaps.active(ALICE) == []


def test_unknown_market_has_no_twaps() -> None:
    venue = market()
    (status,) = venue.reply(PlaceTwap(ALICE, TwapIntent(77, True, 1, False, 5, False))).statuses
    assert error_of(status) == "Order has invalid asset 77."


@given(
    lots=st.integers(800, 60_000),
    minutes=st.integers(5, 30),
    randomize=st.booleans(),
    pauses=st.lists(st.integers(1, 200_000), max_size=12),
)
def test_whatever_the_size_and_however_time_goes_on_it_is_traded_exactly_and_evenly(
    lots: int, minutes: int, randomize: bool, pauses: list[int]
) -> None:
    venue = market()
    size = Decimal(lots).scaleb(-4)
    running(venue.twap(ALICE, "buy", "ETH", size, minutes, randomize=randomize))
    fills = [fill for fill in venue.fills() if fill.account == ALICE]
    for pause in [*pauses, minutes * 60_000]:
        venue.tick(venue.now + pause)
        fills += [fill for fill in venue.fills() if fill.account == ALICE]
    assert bought(venue) == size
    even = -(-lots // (2 * minutes + 1))
    assert all(fill.sz <= 3 * even for fill in fills)
    assert all((fill.time - NOON) % SLICE == 0 for fill in fills)
    assert fills[-1].time <= NOON + minutes * 60_000
    done = 0
    for fill in fills:
        done += fill.sz
        share = (fill.time - NOON) // SLICE + 1
        behind = lots * share // (2 * minutes + 1) - done
        assert abs(behind) <= (even * 2 if randomize else 0), "never far from its target"


def test_order_may_wait_for_a_price_below_and_starts_when_the_mark_is_there() -> None:
    venue = Venue()
    venue.buy(BOB, "ETH", 3_700, 50)
    twap_id = running(venue.twap(ALICE, "buy", "ETH", 11, 5, trigger=(3_800, False)))
    venue.oracle("ETH", "3800.01")
    assert records(venue) == []
    venue.oracle("ETH", 3_800)
    assert [(record.status, record.state.twap_id) for record in records(venue)] == [("activated", twap_id)]


def test_order_may_wait_for_a_price_above_and_starts_when_the_mark_is_there() -> None:
    venue = Venue()
    twap_id = running(venue.twap(ALICE, "sell", "ETH", 11, 5, trigger=(4_200, True)))
    venue.oracle("ETH", "4199.99")
    assert records(venue) == []
    venue.oracle("ETH", 4_200)
    assert [(record.status, record.state.twap_id) for record in records(venue)] == [("activated", twap_id)]


@pytest.mark.parametrize("side", ["buy", "sell"])
def test_single_lot_can_be_reduced(side: str) -> None:
    venue = Venue(make_market("GOLD", 7, 4_000, sz_decimals=0, max_leverage=25))
    other = "sell" if side == "buy" else "buy"
    venue.place(BOB, venue.intent(side, "GOLD", 4_000, 1))
    venue.place(ALICE, venue.intent(other, "GOLD", 4_000, 1))
    running(venue.twap(ALICE, side, "GOLD", 1, 5, reduce_only=True))
    assert error_of(venue.twap(ALICE, other, "GOLD", 1, 5, reduce_only=True)) == (
        "Reduce only order would increase position."
    )


def test_twap_is_dated_by_when_it_was_placed_and_each_news_of_it_by_when_it_happened() -> None:
    venue = market()
    venue.now = NOON + 7
    venue.oracle("ETH", 4_000)
    running(venue.twap(ALICE, "buy", "ETH", 11, 5, trigger=(4_005, True)))
    (waiting,) = venue.exchange.twaps.active(ALICE)
    assert waiting.timestamp == NOON + 7
    venue.now = NOON + 1_234
    venue.oracle("ETH", 4_010, 4_010)
    (begun,) = [event for event in venue.events if isinstance(event, TwapUpdated)]
    assert (begun.time, begun.record.time, begun.record.state.timestamp) == (NOON + 1_234, NOON + 1_234, NOON + 7)
    venue.tick(NOON + 400_000)
    (ended,) = [event for event in venue.events if isinstance(event, TwapUpdated)]
    assert (ended.time, ended.record.state.timestamp) == (NOON + 1_234 + 10 * SLICE, NOON + 7)


def test_stop_price_of_a_sale_lies_below_the_market() -> None:
    venue = market()
    running(venue.twap(ALICE, "sell", "ETH", 11, 5, stop=3_999))
    venue.tick(NOON + SLICE)
    assert bought(venue) == -2
    venue.oracle("ETH", 3_999, 3_999)
    assert [(record.status, record.state.executed_sz) for record in records(venue)] == [("terminated", 20_000)]
