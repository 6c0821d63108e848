"""Candles and daily figures, from trades alone."""

import itertools
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hyperliquid_perpetual.sandbox.engine.records import Trade
from hyperliquid_perpetual.sandbox.market_set import standard_markets
from hyperliquid_perpetual.sandbox.tape import DAY, HOUR, INTERVALS, MAX_CANDLES, MINUTE, MarketTape, candle_span

BTC = standard_markets().by_coin["BTC"].market
START = 1_800_000_000_000 // DAY * DAY


def trade(time: int, px: int, sz: int = 1) -> Trade:
    return Trade(0, "BTC", True, px, sz, time, "0x0", 1, "0xa", "0xb")


def utc(*date: int) -> int:
    return round(datetime(*date, tzinfo=UTC).timestamp() * 1000)  # type: ignore[arg-type]


@given(st.sampled_from(sorted(INTERVALS)), st.integers(START, START + 400 * DAY))
def test_spans_cover_time_without_gap_or_overlap(interval: str, time: int) -> None:
    first, last = candle_span(interval, time)
    assert first <= time <= last
    assert candle_span(interval, last + 1)[0] == last + 1
    assert candle_span(interval, first) == (first, last)


def test_weeks_begin_on_mondays_and_months_on_the_first() -> None:
    wednesday = utc(2026, 11, 18, 13, 5)
    assert candle_span("1w", wednesday) == (utc(2026, 11, 16), utc(2026, 11, 23) - 1)
    assert candle_span("1M", wednesday) == (utc(2026, 11, 1), utc(2026, 12, 1) - 1)
    assert candle_span("1M", utc(2026, 12, 31)) == (utc(2026, 12, 1), utc(2027, 1, 1) - 1)


def test_candle_has_open_high_low_close_and_volume() -> None:
    tape = MarketTape(BTC)
    for n, px in enumerate((100, 130, 90, 110)):
        tape.add(trade(START + n * 10_000, px, 5))
    (candle,) = tape.candles("1m", START, START + MINUTE - 1, START + 50_000)
    assert (candle.open, candle.high, candle.low, candle.close) == (100, 130, 90, 110)
    assert (candle.volume, candle.count, candle.turnover) == (20, 4, 5 * 430)


def test_minutes_without_trades_are_flat_at_the_close_before() -> None:
    tape = MarketTape(BTC)
    tape.add(trade(START, 100))
    tape.add(trade(START + 3 * MINUTE, 200))
    candles = tape.candles("1m", START, START + DAY, START + 5 * MINUTE)
    assert [(candle.open, candle.close, candle.count) for candle in candles] == [
        (100, 100, 1),
        (100, 100, 0),
        (100, 100, 0),
        (200, 200, 1),
        (200, 200, 0),
        (200, 200, 0),
    ]


def test_series_keeps_the_newest_five_thousand() -> None:
    tape = MarketTape(BTC)
    tape.add(trade(START, 100))
    now = START + 6_000 * MINUTE
    candles = tape.candles("1m", 0, now, now)
    assert len(candles) == MAX_CANDLES
    assert candles[-1].open_time == now
    later = now + 100 * 365 * DAY
    after_a_gap = tape.candles("1m", 0, later, later)
    assert len(after_a_gap) == MAX_CANDLES
    assert (after_a_gap[-1].open_time, after_a_gap[0].close) == (later, 100)


def test_daily_figures_forget_what_is_older_than_a_day() -> None:
    tape = MarketTape(BTC)
    tape.add(trade(START, 86_420_000_000, 100))
    tape.add(trade(START + 12 * HOUR, 86_500_000_000, 50))
    tape.open_candle("1m", START + 12 * HOUR)
    notional, lots = tape.day_volume(START + 12 * HOUR)
    assert lots == 150
    assert notional == (86_420_000_000 * 100 + 86_500_000_000 * 50) * BTC.lot_value
    assert tape.previous_day_px(START + 12 * HOUR) == 86_420_000_000
    later = START + 25 * HOUR
    tape.open_candle("1m", later)
    assert tape.day_volume(later)[1] == 50
    assert tape.previous_day_px(later) == 86_420_000_000
    assert tape.day_volume(START + 40 * HOUR) == (0, 0)


def test_minutes_older_than_a_day_are_forgotten_although_nobody_asks_for_the_figures() -> None:
    """A market that nobody looked at kept every minute it had ever traded in."""
    tape = MarketTape(BTC)
    for minute in range(3 * DAY // MINUTE):
        tape.add(trade(START + minute * MINUTE, 100))
    assert len(tape._day) <= DAY // MINUTE + 1
    assert tape.day_volume(START + 3 * DAY)[1] == DAY // MINUTE - 1


def test_market_that_never_traded_has_the_price_it_started_from() -> None:
    tape = MarketTape(BTC)
    assert tape.previous_day_px(START) == BTC.oracle_px
    assert tape.open_candle("1h", START).close == BTC.oracle_px


@given(st.lists(st.tuples(st.integers(0, 3 * DAY), st.integers(1, 1000), st.integers(1, 9)), min_size=1, max_size=60))
@settings(max_examples=50)
def test_every_interval_accounts_for_every_trade(trades: list[tuple[int, int, int]]) -> None:
    tape = MarketTape(BTC)
    trades.sort()
    for time, px, sz in trades:
        tape.add(trade(START + time, px, sz))
    now = START + trades[-1][0]
    for interval in ("5m", "1h", "1d", "1w", "1M"):
        candles = tape.candles(interval, 0, now, now)
        assert sum(candle.volume for candle in candles) == sum(sz for _, _, sz in trades)
        assert sum(candle.count for candle in candles) == len(trades)
        assert max(candle.high for candle in candles) == max(px for _, px, _ in trades)
        assert candles[-1].close == trades[-1][1]
        for before, after in itertools.pairwise(candles):
            assert after.open_time == before.close_time + 1


@pytest.mark.parametrize("interval", sorted(INTERVALS))
def test_open_candle_ends_in_the_future(interval: str) -> None:
    assert MarketTape(BTC).open_candle(interval, START + 1).close_time > START


@given(st.lists(st.tuples(st.integers(0, 3 * HOUR), st.integers(1, 1000), st.integers(1, 9)), min_size=1, max_size=60))
@settings(max_examples=50)
def test_candles_are_the_same_whoever_looks_while_they_are_made(trades: list[tuple[int, int, int]]) -> None:
    watched, alone = MarketTape(BTC), MarketTape(BTC)
    trades.sort()
    for time, px, sz in trades:
        for tape in (watched, alone):
            tape.add(trade(START + time, px, sz))
        for interval in ("1m", "5m", "1d"):
            candle = watched.open_candle(interval, START + time)
            assert candle.close == px
            watched.candles(interval, 0, START + time, START + time)
        lots = sum(sz for earlier, _, sz in trades if earlier <= time)
        assert watched.day_volume(START + time)[1] <= lots
    now = START + trades[-1][0] + MINUTE
    for interval in INTERVALS:
        seen = [
            [
                (each.open_time, each.open, each.high, each.low, each.close, each.volume, each.count)
                for each in tape.candles(interval, START, now, now)
                if each.open_time >= candle_span(interval, START + trades[0][0])[0]
            ]
            for tape in (watched, alone)
        ]
        assert seen[0] == seen[1]


def test_daily_figures_are_those_of_the_minutes() -> None:
    tape, now = MarketTape(BTC), START
    made: list[Trade] = []
    for number in range(400):
        now = START + number * 11 * MINUTE + number * 137
        made.append(trade(now, 100 + number, 1 + number % 7))
        tape.add(made[-1])
        since = (now - DAY) // MINUTE * MINUTE + MINUTE
        within = [each for each in made if each.time >= since]
        assert tape.day_volume(now) == (
            sum(each.px * each.sz for each in within) * BTC.lot_value,
            sum(each.sz for each in within),
        )


def test_tape_that_was_dumped_in_the_middle_of_a_minute_goes_on_as_if_nothing_had_happened() -> None:
    original, resumed = MarketTape(BTC), MarketTape(BTC)
    moments = [number * 7_919_000 for number in range(60)]
    for number, moment in enumerate(moments):
        for again in (0, 3_000):
            made = trade(START + moment + again, 100 + number % 17 + again // 1000, 1 + number % 5)
            original.add(made)
            resumed.add(made)
            if number % 7 == 0:
                later = MarketTape(BTC)
                later.load(resumed.last_px, resumed.dump())
                resumed = later
    now = START + moments[-1] + 4_000
    assert resumed.day_volume(now) == original.day_volume(now)
    assert resumed.previous_day_px(now) == original.previous_day_px(now)
    for interval in INTERVALS:
        rows = [[candle.row() for candle in tape.candles(interval, 0, now, now)] for tape in (original, resumed)]
        assert rows[0] == rows[1]


def test_series_forgets_the_oldest_bit_by_bit_and_keeps_large_turnovers_exactly() -> None:
    tape = MarketTape(BTC)
    for minute in range(MAX_CANDLES + 700):
        tape.add(trade(START + minute * MINUTE, 86_420_000_001, 10**12 + minute))
    now = START + (MAX_CANDLES + 699) * MINUTE
    minutes = tape.candles("1m", 0, now, now)
    assert [candle.open_time for candle in minutes] == [START + n * MINUTE for n in range(700, MAX_CANDLES + 700)]
    assert minutes[10].turnover == 86_420_000_001 * (10**12 + 710)
    day = tape.candles("1d", START, START, now)[0]
    assert day.turnover == 86_420_000_001 * sum(10**12 + minute for minute in range(1440))
    assert tape.previous_day_px(now) == 86_420_000_001
    some = tape.candles("1m", START + 900 * MINUTE, START + 902 * MINUTE - 1, now)
    assert [candle.volume for candle in some] == [10**12 + 900, 10**12 + 901]
