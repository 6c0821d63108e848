"""What time brings: mark prices, premium samples, hourly funding, scheduled cancels; and time that jumps."""

from decimal import ROUND_HALF_EVEN, Decimal
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hyperliquid_perpetual.sandbox.engine.commands import Deposit, Noop, ScheduleCancel, SetPrices, Tick
from hyperliquid_perpetual.sandbox.engine.events import (
    CancelScheduled,
    Event,
    FundingPaid,
    FundingSettled,
    PriceChanged,
    Replied,
)
from hyperliquid_perpetual.sandbox.engine.funding import hourly_rate, impact_pxs, mean_premium, premium
from hyperliquid_perpetual.sandbox.engine.market_state import MarketState
from hyperliquid_perpetual.sandbox.engine.markets import FundingTerms
from tests.unit.sandbox.engine.venue import ALICE, BOB, CAROL, DAVE, NOON, Venue, make_market, money, oid_of, px

HOUR = 3_600_000
SECOND = 1_000


def rate(value: str) -> int:
    """A rate in 1e-10."""
    return int(Decimal(value) * 10**10)


def state_of(venue: Venue, coin: str) -> MarketState:
    """The live side of a market."""
    found = venue.exchange.market(coin)
    assert found is not None
    return found


def two_sided(venue: Venue, coin: str, bid: str | int, ask: str | int, size: str | int) -> None:
    """Give a market a bid and an ask."""
    venue.buy(CAROL, coin, bid, size)
    venue.sell(CAROL, coin, ask, size)


def settlements(events: list[Event]) -> list[FundingSettled]:
    """The funding settlements among events."""
    return [event for event in events if isinstance(event, FundingSettled)]


# --- mark price ---


def test_mark_is_the_oracle_while_nothing_trades() -> None:
    venue = Venue()
    events = venue.oracle("ETH", "4010.5")
    assert [event for event in events if isinstance(event, PriceChanged)] == [
        PriceChanged(venue.now, 1, px("4010.5"), px("4010.5"))
    ]
    assert state_of(venue, "ETH").mark_px == px("4010.5")


def test_mark_is_the_middle_one_of_book_smoothed_oracle_and_external_price() -> None:
    venue = Venue()
    two_sided(venue, "ETH", 4_020, 4_030, 1)
    # smoothed oracle: the first mid sets the average, so 4,000 + 25; book: no trade yet, so the mid 4,025
    venue.oracle("ETH", 4_000, external=4_010)
    assert state_of(venue, "ETH").mark_px == px(4_025)
    venue.oracle("ETH", 4_000, external=4_100)
    assert state_of(venue, "ETH").mark_px == px(4_025)
    venue.buy(ALICE, "ETH", 4_030, "0.1")  # last trade 4,030: the median of 4,020, 4,030, 4,030
    venue.oracle("ETH", 4_000, external=4_027)
    assert state_of(venue, "ETH").mark_px == px(4_027)


def test_basis_average_moves_with_the_time_that_passes() -> None:
    venue = Venue()
    two_sided(venue, "ETH", 3_999, 4_001, 1)
    venue.oracle("ETH", 4_000)
    assert state_of(venue, "ETH").basis_ema == 0
    for record in venue.exchange.open_orders(CAROL):
        venue.cancel(CAROL, "ETH", record.oid)
    two_sided(venue, "ETH", 4_029, 4_031, 1)
    venue.now += 150 * SECOND
    venue.oracle("ETH", 4_000, external=4_100)
    assert state_of(venue, "ETH").basis_ema == 15 * 10**9  # half of 30 dollars after one time constant
    assert state_of(venue, "ETH").mark_px == px(4_030)  # book 4,030 between 4,015 and 4,100
    venue.oracle("ETH", 4_000, external=4_000)
    assert state_of(venue, "ETH").mark_px == px(4_015)


def test_mark_has_the_decimals_of_the_market() -> None:
    venue = Venue()
    venue.oracle("BTC", "100000.123456")
    assert state_of(venue, "BTC").oracle_px == px("100000.1")
    assert state_of(venue, "BTC").mark_px == px("100000.1")
    venue.oracle("ETH", "0.000001")
    assert state_of(venue, "ETH").oracle_px == px("0.01")


def test_mark_is_made_anew_every_three_seconds() -> None:
    venue = Venue()
    two_sided(venue, "ETH", 4_020, 4_030, 1)
    venue.oracle("ETH", 4_000, external=4_030)
    assert state_of(venue, "ETH").mark_px == px(4_025)
    venue.buy(ALICE, "ETH", 4_030, "0.5")
    assert state_of(venue, "ETH").mark_px == px(4_025)
    assert venue.tick(NOON + 2_999) == []
    assert venue.tick(NOON + 3_000) == [PriceChanged(NOON + 3_000, 1, px(4_000), px(4_030))]


# --- impact prices and premium ---


def test_impact_price_is_the_average_of_trading_the_impact_notional() -> None:
    venue = Venue()
    venue.buy(CAROL, "ETH", 3_990, 2)  # 7,980
    venue.buy(BOB, "ETH", 3_980, 1)  # 3,980
    venue.buy(CAROL, "ETH", 3_970, 100)
    venue.sell(CAROL, "ETH", 4_010, 100)
    impact = impact_pxs(state_of(venue, "ETH"))
    assert impact is not None
    size = 2 + 1 + (Decimal(20_000) - 7_980 - 3_980) / 3_970
    assert impact[0] == px((20_000 / size).quantize(Decimal("0.000001"), ROUND_HALF_EVEN))
    assert impact[1] == px(4_010)


def test_thin_book_has_the_average_of_all_it_holds() -> None:
    venue = Venue()
    venue.buy(CAROL, "DOGE", "0.19", 1_000)
    venue.buy(CAROL, "DOGE", "0.18", 1_000)
    assert impact_pxs(state_of(venue, "DOGE")) is None
    assert premium(state_of(venue, "DOGE")) is None
    venue.sell(CAROL, "DOGE", "0.21", 1_000)
    assert impact_pxs(state_of(venue, "DOGE")) == (px("0.185"), px("0.21"))


@pytest.mark.parametrize(
    ("bid", "ask", "expected"),
    [
        (4_004, 4_006, "0.001"),
        (3_994, 3_996, "-0.001"),
        (3_999, 4_001, "0"),
        (4_000, 4_001, "0"),
    ],
)
def test_premium_is_how_far_the_book_lies_off_the_oracle(bid: int, ask: int, expected: str) -> None:
    venue = Venue()
    two_sided(venue, "ETH", bid, ask, 10)
    assert premium(state_of(venue, "ETH")) == rate(expected)


def test_mark_of_a_hip3_market_moves_one_percent_at_a_time() -> None:
    venue = Venue()
    marks = []
    venue.oracle("xyz:TSLA", 300)
    for _ in range(60):
        marks.append(Decimal(venue.exchange.markets[110_000].mark_px).scaleb(-6))
        venue.tick(venue.now + 3_000)
    assert marks[:3] == [396, Decimal("392.04"), Decimal("388.12")]
    assert all(after >= before * Decimal("0.9899") for before, after in pairwise(marks))
    assert marks[-1] == 300
    venue.oracle("ETH", 3_000)
    assert venue.exchange.markets[1].mark_px == px(3_000), "the first dex has no such bound"


def test_mark_of_a_hip3_market_is_at_most_ten_times_that_of_midnight() -> None:
    venue = Venue()
    venue.tick(NOON + 3_000)
    venue.oracle("xyz:TSLA", 100_000)
    for _ in range(400):
        venue.tick(venue.now + 3_000)
    assert venue.exchange.markets[110_000].mark_px == px(4_000)
    venue.oracle("xyz:TSLA", 1)
    for _ in range(800):
        venue.tick(venue.now + 3_000)
    assert venue.exchange.markets[110_000].mark_px == px(40)


def test_premium_of_a_hip3_market_is_that_of_the_middle() -> None:
    venue = Venue()
    two_sided(venue, "xyz:TSLA", "399.9", "400.9", 100)
    assert premium(state_of(venue, "xyz:TSLA")) == rate("0.001")


# --- hourly rate ---


@pytest.mark.parametrize(
    ("mean", "expected"),
    [
        # F8 = P + clamp(0.0001 - P, -0.0005, 0.0005), an eighth of it per hour
        ("0", "0.0000125"),
        ("0.0006", "0.0000125"),
        ("-0.0004", "0.0000125"),
        ("0.001", "0.0000625"),
        ("-0.001", "-0.0000625"),
        ("0.9", "0.04"),
        ("-0.9", "-0.04"),
    ],
)
def test_hourly_rate_of_the_reference(mean: str, expected: str) -> None:
    state = MarketState(make_market("ETH", 1, 4_000), 1, 1)
    state.premium_sum, state.premium_samples = rate(mean) * 7, 7
    assert mean_premium(state) == rate(mean)
    assert hourly_rate(state) == rate(expected)


def test_hourly_rate_of_a_hip3_market_has_its_own_clamp_and_multiplier() -> None:
    terms = FundingTerms(interest=rate("0.0001"), clamp=rate("0.0003"), multiplier_percent=50)
    state = MarketState(make_market("xyz:TSLA", 110_000, 400, dex="xyz", funding=terms), 1, 1)
    state.premium_sum, state.premium_samples = rate("0.001"), 1
    assert hourly_rate(state) == rate("0.00004375")  # (0.001 - 0.0003) / 8 / 2


# --- settlement ---


def funded_venue(**facts: Any) -> Venue:
    """Alice is long and Bob short 2 ETH, with a book 0.1 % above the oracle from noon on."""
    venue = Venue(**facts)
    venue.sell(BOB, "ETH", 4_005, 2)
    venue.buy(ALICE, "ETH", 4_005, 2)
    two_sided(venue, "ETH", 4_004, 4_006, 10)
    return venue


def test_funding_is_paid_on_the_utc_hour_at_the_oracle_price() -> None:
    venue = funded_venue()
    cash = {account: venue.house(account).raw_usd for account in (ALICE, BOB, CAROL)}
    assert settlements(venue.tick(NOON + HOUR - 1)) == []
    venue.oracle("ETH", 4_000)
    events = venue.tick(NOON + HOUR)
    settled = {event.settlement.coin: event.settlement for event in settlements(events)}
    assert settled["ETH"].rate == rate("0.0000625")
    assert settled["ETH"].premium == rate("0.001")
    assert settled["ETH"].time == NOON + HOUR
    assert settled["BTC"].rate == rate("0.0000125")
    assert "LOOM" not in settled  # delisted
    paid = {event.account: event.payment for event in events if isinstance(event, FundingPaid)}
    assert list(paid) == [ALICE, BOB]
    assert paid[ALICE].amount == money("-0.5")  # 2 x 4,000 x 0.0000625
    assert (paid[ALICE].szi, paid[ALICE].rate, paid[ALICE].coin) == (20_000, rate("0.0000625"), "ETH")
    assert paid[BOB].amount == money("0.5")
    assert venue.house(ALICE).raw_usd == cash[ALICE] - money("0.5")
    assert venue.house(BOB).raw_usd == cash[BOB] + money("0.5")
    assert venue.house(CAROL).raw_usd == cash[CAROL]
    assert list(venue.account(ALICE).fundings) == [paid[ALICE]]
    position = venue.position(ALICE, "ETH")
    assert position.funding_all_time == position.funding_since_open == position.funding_since_change == money("0.5")
    assert state_of(venue, "ETH").premium_samples == 0
    assert list(state_of(venue, "ETH").funding_history) == [settled["ETH"]]


def test_an_hour_has_720_samples() -> None:
    venue = funded_venue()
    venue.tick(NOON + HOUR - 1)
    assert state_of(venue, "ETH").premium_samples == 719
    venue = funded_venue()
    for moment in range(NOON, NOON + HOUR, 1_234):
        venue.tick(moment)
    assert state_of(venue, "ETH").premium_samples == (HOUR - 1) // 5_000


def test_samples_follow_the_book_through_the_hour() -> None:
    venue = funded_venue()
    venue.tick(NOON + HOUR // 4)
    for record in venue.exchange.open_orders(CAROL):
        venue.cancel(CAROL, "ETH", record.oid)
    two_sided(venue, "ETH", 3_999, 4_001, 10)
    events = venue.tick(NOON + HOUR)
    assert next(event.settlement.premium for event in settlements(events) if event.settlement.coin == "ETH") == rate(
        "0.00025"
    )


def test_funding_of_an_isolated_position_comes_out_of_its_margin() -> None:
    venue = Venue()
    venue.leverage(ALICE, "ETH", 10, is_cross=False)
    venue.sell(BOB, "ETH", 4_000, 1)
    venue.buy(ALICE, "ETH", 4_000, 1)
    cash, margin = venue.house(ALICE).raw_usd, venue.position(ALICE, "ETH").isolated_usd
    venue.tick(NOON + HOUR)
    assert venue.house(ALICE).raw_usd == cash
    assert venue.position(ALICE, "ETH").isolated_usd == margin - money("0.05")


def test_funding_counters_start_again_with_the_position() -> None:
    venue = funded_venue()
    venue.tick(NOON + HOUR)
    position = venue.position(ALICE, "ETH")
    venue.buy(ALICE, "ETH", 4_006, 1)
    assert (position.funding_since_open, position.funding_since_change) == (money("0.5"), 0)
    venue.sell(ALICE, "ETH", 4_004, 2)
    assert (position.funding_since_open, position.funding_since_change) == (money("0.5"), 0)
    venue.sell(ALICE, "ETH", 4_004, 3)
    assert (position.funding_all_time, position.funding_since_open) == (money("0.5"), 0)


def test_payment_is_rounded_to_the_micro_dollar_and_the_difference_is_kept_in_the_books() -> None:
    venue = Venue()
    for account, size in ((ALICE, 51), (BOB, 53)):
        venue.buy(account, "DOGE", "0.2", size)
    venue.sell(CAROL, "DOGE", "0.2", 104)
    venue.oracle("DOGE", "0.200001")
    events = venue.tick(NOON + HOUR)
    amounts = [event.payment.amount for event in events if isinstance(event, FundingPaid)]
    # 51, 53, 104 x 0.200001 x 0.0000125 = 0.00012750064, 0.00013250066, 0.0002600013
    assert amounts == [money("-0.000128"), money("-0.000133"), money("0.00026")]
    assert venue.exchange.funding_paid("") == money("-0.000001")


def test_time_that_jumps_settles_every_hour_on_the_way() -> None:
    venue = funded_venue()
    events = venue.tick(NOON + 5 * HOUR + 7)
    times = [event.settlement.time for event in settlements(events) if event.settlement.coin == "ETH"]
    assert times == [NOON + hour * HOUR for hour in range(1, 6)]
    assert len(venue.account(ALICE).fundings) == 5
    assert venue.exchange.now == NOON + 5 * HOUR + 7


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(0, 40 * 60 * SECOND), min_size=1, max_size=30))
def test_funding_does_not_depend_on_how_often_time_is_told(steps: list[int]) -> None:
    many, one = funded_venue(), funded_venue()
    for step in steps:
        many.tick(many.now + step)
    one.tick(one.now + sum(steps))
    for account in (ALICE, BOB):
        assert [(paid.time, paid.amount, paid.rate) for paid in many.account(account).fundings] == [
            (paid.time, paid.amount, paid.rate) for paid in one.account(account).fundings
        ]
    assert state_of(many, "ETH").premium_sum == state_of(one, "ETH").premium_sum
    assert state_of(many, "ETH").premium_samples == state_of(one, "ETH").premium_samples


def test_what_is_due_happens_before_the_command_that_finds_it_so() -> None:
    venue = funded_venue()
    venue.now = NOON + HOUR + 5
    oid = oid_of(venue.buy(ALICE, "ETH", 4_006, 1))  # arrives after the hour, pays nothing for it
    events = venue.events
    assert isinstance(events[0], Replied)
    assert isinstance(events[1], FundingSettled)
    assert events[1].time == NOON + HOUR
    paid = [event.payment.szi for event in events if isinstance(event, FundingPaid) and event.account == ALICE]
    assert paid == [20_000]
    record = venue.exchange.order(ALICE, oid)
    assert record is not None
    assert record.timestamp == NOON + HOUR + 5


def test_time_never_runs_backwards() -> None:
    venue = Venue()
    venue.tick(NOON + 10)
    before = len(venue.account(ALICE).ledger)
    with pytest.raises(ValueError, match="backwards"):
        venue.exchange.apply(NOON + 9, Deposit(ALICE, 1))
    with pytest.raises(ValueError, match="backwards"):
        venue.exchange.apply(NOON + 9, Noop(ALICE))
    assert venue.exchange.now == NOON + 10
    assert len(venue.account(ALICE).ledger) == before


@pytest.mark.parametrize(
    "command",
    [
        Deposit(ALICE, 0),
        Deposit(ALICE, -5),
        Deposit(ALICE, 5, "nowhere"),
        SetPrices(77, 5),
        SetPrices(0, 0),
        SetPrices(0, 5, -1),
    ],
)
def test_senseless_world_command_raises_and_changes_nothing(command: Any) -> None:
    venue = Venue()
    now, cash = venue.exchange.now, venue.house(ALICE).raw_usd
    with pytest.raises(ValueError, match=r"deposit|dex|asset|more than zero"):
        venue.exchange.apply(now + HOUR, command)
    assert venue.exchange.now == now
    assert venue.house(ALICE).raw_usd == cash


def test_first_command_sets_the_clock_and_nothing_older_is_due() -> None:
    venue = Venue()
    assert settlements(venue.exchange.apply(venue.now, Tick())) == []
    assert venue.account(ALICE).ledger[0].amount == money(1_000_000)
    assert venue.account(ALICE).ledger[0].kind == "deposit"


# --- the dead man's switch ---


def schedule(venue: Venue, account: str, time: int | None) -> str | None:
    """Ask for a scheduled cancel; returns the error."""
    return venue.reply(ScheduleCancel(account, time)).error


def test_scheduled_cancel_cancels_everything_at_its_time() -> None:
    venue = Venue(scheduled_cancel_volume=0)
    oids = [oid_of(venue.buy(ALICE, "ETH", 3_900, 1)), oid_of(venue.sell(ALICE, "BTC", 110_000, 1))]
    other = oid_of(venue.buy(BOB, "ETH", 3_900, 1))
    at = venue.now + 6_000
    assert schedule(venue, ALICE, at) is None
    assert venue.events[-1] == CancelScheduled(venue.now, ALICE, at)
    venue.tick(at - 1)
    assert venue.status(ALICE, oids[0]) == "open"
    venue.tick(at + 500)
    for oid in oids:
        record = venue.exchange.order(ALICE, oid)
        assert record is not None
        assert (record.status, record.status_timestamp) == ("scheduledCancel", at)
    assert CancelScheduled(at, ALICE, None) in venue.events
    assert venue.status(BOB, other) == "open"
    assert venue.account(ALICE).cancel_at is None
    assert venue.account(ALICE).scheduled_cancels == 1


def test_scheduled_cancel_can_be_moved_and_cleared() -> None:
    venue = Venue(scheduled_cancel_volume=0)
    oid = oid_of(venue.buy(ALICE, "ETH", 3_900, 1))
    start = venue.now
    assert schedule(venue, ALICE, start + 6_000) is None
    assert schedule(venue, ALICE, start + 20_000) is None
    venue.tick(start + 10_000)
    assert venue.status(ALICE, oid) == "open"
    assert schedule(venue, ALICE, None) is None
    venue.tick(start + 30_000)
    assert venue.status(ALICE, oid) == "open"
    assert venue.account(ALICE).scheduled_cancels == 0


def test_order_that_comes_after_an_overdue_cancel_stays() -> None:
    venue = Venue(scheduled_cancel_volume=0)
    old = oid_of(venue.buy(ALICE, "ETH", 3_900, 1))
    schedule(venue, ALICE, venue.now + 6_000)
    venue.now += 10_000
    new = oid_of(venue.buy(ALICE, "ETH", 3_900, 1))
    assert venue.status(ALICE, old) == "scheduledCancel"
    assert venue.status(ALICE, new) == "open"


def test_scheduled_cancel_needs_five_seconds_and_volume() -> None:
    venue = Venue(scheduled_cancel_volume=0)
    assert schedule(venue, ALICE, venue.now + 4_999) == "Scheduled cancel time must be at least 5 seconds from now."
    assert schedule(venue, ALICE, venue.now + 5_000) is None
    venue = Venue()
    venue.sell(BOB, "DOGE", "0.20024", 3_520)
    venue.buy(ALICE, "DOGE", "0.20024", 3_520)
    assert schedule(venue, ALICE, venue.now + 9_000) == (
        "Cannot set scheduled cancel time until enough volume traded. Required: $1000000. Traded: $704.84."
    )
    assert schedule(venue, ALICE, None) is None


def test_ten_scheduled_cancels_may_fire_in_a_utc_day() -> None:
    venue = Venue(scheduled_cancel_volume=0)
    for _ in range(10):
        assert schedule(venue, ALICE, venue.now + 5_000) is None
        venue.tick(venue.now + 5_000)
    text = "Too many scheduled cancels triggered for the day. Limit is 10."
    assert schedule(venue, ALICE, venue.now + 5_000) == text
    assert schedule(venue, BOB, venue.now + 5_000) is None
    venue.tick(NOON + 12 * HOUR)
    assert schedule(venue, ALICE, venue.now + 5_000) is None


def test_scheduled_cancels_fire_in_the_order_of_their_times() -> None:
    venue = Venue(scheduled_cancel_volume=0)
    venue.exchange.apply(venue.now, Deposit(DAVE, money(1_000)))
    schedule(venue, BOB, venue.now + 8_000)
    schedule(venue, ALICE, venue.now + 9_000)
    schedule(venue, DAVE, venue.now + 7_000)
    fired = [event.account for event in venue.tick(venue.now + 60_000) if isinstance(event, CancelScheduled)]
    assert fired == [DAVE, BOB, ALICE]
