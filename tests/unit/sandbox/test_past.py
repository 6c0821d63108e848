"""Candles from before the opening: there, repeatable, and of one piece with those that trades make."""

import itertools

import pytest

from hyperliquid_perpetual.sandbox.candles import DAY, HOUR, INTERVALS, MAX_CANDLES, MINUTE, Candle, candle_span
from hyperliquid_perpetual.sandbox.engine.records import Trade
from hyperliquid_perpetual.sandbox.market_set import standard_markets
from hyperliquid_perpetual.sandbox.past import MINUTES, Past
from hyperliquid_perpetual.sandbox.tape import MarketTape

OPENING = 1_800_000_000_000 // DAY * DAY + 7 * HOUR + 1234
BTC = standard_markets().by_coin["BTC"].market


def values(candle: Candle) -> tuple[int, ...]:
    return candle.open_time, candle.open, candle.high, candle.low, candle.close, candle.volume


@pytest.fixture(scope="module")
def past() -> Past:
    return Past(BTC, OPENING, seed=7)


def test_the_past_ends_at_the_price_with_which_trading_begins(past: Past) -> None:
    last = past.candles("1m", 0, OPENING)[-1]
    assert last.close == BTC.oracle_px
    assert last.close_time < OPENING <= last.close_time + MINUTE


def test_the_past_is_the_same_for_the_same_seed_and_differs_between_markets() -> None:
    since = OPENING - 10 * MINUTE
    one, again = (Past(BTC, OPENING, seed=7).candles("1m", since, OPENING) for _ in range(2))
    other = Past(BTC, OPENING, seed=8).candles("1m", since, OPENING)
    assert [values(each) for each in one] == [values(each) for each in again] != [values(each) for each in other]


@pytest.mark.parametrize("coin", ["BTC", "kPEPE", "xyz:TSLA", "DOGE"])
def test_prices_of_the_past_are_prices_an_order_could_have(coin: str) -> None:
    market = standard_markets().by_coin[coin].market
    for candle in Past(market, OPENING, seed=7).candles("1m", OPENING - DAY, OPENING):
        assert all(map(market.is_valid_px, (candle.open, candle.high, candle.low, candle.close)))
        assert candle.low <= min(candle.open, candle.close) <= max(candle.open, candle.close) <= candle.high
        assert candle.volume > 0


@pytest.mark.parametrize("interval", [name for name in INTERVALS if name != "1m"])
def test_longer_candles_are_what_their_minutes_are(past: Past, interval: str) -> None:
    minutes = {candle.open_time: candle for candle in past.candles("1m", 0, OPENING)}
    for candle in past.candles(interval, OPENING - 3 * DAY, OPENING)[-20:]:
        inside = [minutes[at] for at in sorted(minutes) if candle.open_time <= at <= candle.close_time]
        if len(inside) < 1 or candle.open_time < min(minutes):
            continue
        assert candle.open == inside[0].open
        assert candle.close == inside[-1].close
        assert candle.high == max(each.high for each in inside)
        assert candle.low == min(each.low for each in inside)
        assert candle.volume == sum(each.volume for each in inside)


def test_the_candle_of_the_opening_has_what_was_before_and_what_was_traded() -> None:
    tape = MarketTape(BTC, Past(BTC, OPENING, seed=7))
    high = BTC.oracle_px * 2
    tape.add(Trade(0, "BTC", True, high, 5, OPENING + 1000, "0x0", 1, "0xa", "0xb"))
    now = OPENING + 2000
    hour = tape.candles("1d", OPENING - DAY, now, now)[-1]
    before = Past(BTC, OPENING, seed=7).candles("1d", OPENING - DAY, OPENING)[-1]
    assert (hour.open, hour.low) == (before.open, before.low)
    assert (hour.high, hour.close, hour.volume) == (high, high, before.volume + 5)
    assert values(tape.open_candle("1d", now)) == values(hour)
    assert tape.traded("1d", 0, now, now)[-1].volume == 5
    assert tape.day_volume(now)[1] == 5


def test_candles_of_past_and_present_leave_no_gap() -> None:
    tape = MarketTape(BTC, Past(BTC, OPENING, seed=7))
    for minute in range(90):
        tape.open_candle("1m", OPENING + minute * MINUTE)
    now = OPENING + 90 * MINUTE
    for interval in ("1m", "15m", "1h", "1d"):
        candles = tape.candles(interval, OPENING - 2 * DAY, now, now)
        assert candles[0].open_time == candle_span(interval, OPENING - 2 * DAY)[0]
        assert all(one.close_time + 1 == two.open_time for one, two in itertools.pairwise(candles))
        assert candles[-1].open_time <= now <= candles[-1].close_time


def test_no_more_candles_are_told_than_exist_at_the_venue(past: Past) -> None:
    tape = MarketTape(BTC, past)
    candles = tape.candles("1m", 0, OPENING, OPENING)
    assert len(candles) == MAX_CANDLES
    days = tape.candles("1d", 0, OPENING, OPENING)
    assert len(days) == MINUTES * MINUTE // DAY + 1
