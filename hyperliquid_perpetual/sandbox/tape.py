"""What trading leaves behind per market: candles of every interval, and the figures of the last 24 hours.

Made from trades alone. An interval without trades has a candle all the same, flat at the last close, as on the venue.
"""

from collections import deque
from collections.abc import Iterable
from datetime import UTC, datetime

from hyperliquid_perpetual.sandbox.engine.markets import Market
from hyperliquid_perpetual.sandbox.engine.records import Trade

MINUTE = 60_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR
MAX_CANDLES = 5_000
"""As many of each interval exist (reference, section 2.2)."""

INTERVALS: dict[str, int] = {
    "1m": MINUTE,
    "3m": 3 * MINUTE,
    "5m": 5 * MINUTE,
    "15m": 15 * MINUTE,
    "30m": 30 * MINUTE,
    "1h": HOUR,
    "2h": 2 * HOUR,
    "4h": 4 * HOUR,
    "8h": 8 * HOUR,
    "12h": 12 * HOUR,
    "1d": DAY,
    "3d": 3 * DAY,
    "1w": 7 * DAY,
    "1M": 0,
}
"""Milliseconds of each interval; a month has no fixed length."""


class Candle:
    """One candle: prices in 1e-6, volume in lots, times in Unix ms (`close_time` is the last millisecond of it).

    `turnover` is the sum of price x lots.
    """

    __slots__ = ("close", "close_time", "count", "high", "low", "open", "open_time", "turnover", "volume")

    def __init__(self, open_time: int, close_time: int, px: int) -> None:
        self.open_time = open_time
        self.close_time = close_time
        self.open = self.high = self.low = self.close = px
        self.volume = 0
        self.turnover = 0
        self.count = 0

    def add(self, px: int, sz: int) -> None:
        """Take in a trade; the first one opens the candle."""
        if not self.count:
            self.open = self.high = self.low = px
        self.high = max(self.high, px)
        self.low = min(self.low, px)
        self.close = px
        self.volume += sz
        self.turnover += px * sz
        self.count += 1


def candle_span(interval: str, time: int) -> tuple[int, int]:
    """First and last millisecond of the candle of an interval that a moment falls into.

    Weeks begin on Mondays, months on their first day, everything in UTC.
    """
    length = INTERVALS[interval]
    if interval == "1M":
        day = datetime.fromtimestamp(time / 1000, UTC)
        first = datetime(day.year, day.month, 1, tzinfo=UTC)
        following = datetime(day.year + day.month // 12, day.month % 12 + 1, 1, tzinfo=UTC)
        return round(first.timestamp() * 1000), round(following.timestamp() * 1000) - 1
    # 1970 began on a Thursday; the first Monday was the fifth of January.
    offset = 4 * DAY if interval == "1w" else 0
    start = (time - offset) // length * length + offset
    return start, start + length - 1


class CandleSeries:
    """The candles of one market and interval, oldest first."""

    __slots__ = ("_candles", "interval")

    def __init__(self, interval: str) -> None:
        self.interval = interval
        self._candles: deque[Candle] = deque(maxlen=MAX_CANDLES)

    def at(self, time: int, px: int) -> Candle:
        """The candle for a moment; until it has a trade it is flat at the close before, the very first one at `px`."""
        candles = self._candles
        if not candles:
            candles.append(Candle(*candle_span(self.interval, time), px))
        last = candles[-1]
        length = last.close_time - last.open_time + 1
        if time - last.close_time > MAX_CANDLES * length:
            candles.clear()
            candles.append(Candle(*candle_span(self.interval, time - MAX_CANDLES * length), last.close))
            last = candles[-1]
        while time > last.close_time:
            span = candle_span(self.interval, last.close_time + 1)
            candles.append(Candle(*span, last.close))
            last = candles[-1]
        return last

    def between(self, start: int, end: int) -> list[Candle]:
        """The candles that overlap a range of time, oldest first."""
        return [candle for candle in self._candles if candle.close_time >= start and candle.open_time <= end]


class MarketTape:
    """Candles and daily figures of one market."""

    def __init__(self, market: Market) -> None:
        self._market = market
        self._px = market.oracle_px
        self._series = {interval: CandleSeries(interval) for interval in INTERVALS}

    def add(self, trade: Trade) -> None:
        """Take in a trade."""
        for series in self._series.values():
            series.at(trade.time, trade.px).add(trade.px, trade.sz)
        self._px = trade.px

    def candles(self, interval: str, start: int, end: int, now: int) -> list[Candle]:
        """The candles of an interval that overlap [start, end], the open one included."""
        series = self._series[interval]
        series.at(now, self._px)
        return series.between(start, end)

    def open_candle(self, interval: str, now: int) -> Candle:
        """The candle that is being made."""
        return self._series[interval].at(now, self._px)

    def day_volume(self, now: int) -> tuple[int, int]:
        """Notional (money) and lots traded in the last 24 hours, to the minute."""
        minutes = self._series["1m"].between(now - DAY + MINUTE, now)
        turnover = sum(candle.turnover for candle in minutes)
        return turnover * self._market.lot_value, sum(candle.volume for candle in minutes)

    def previous_day_px(self, now: int) -> int:
        """The price of 24 hours ago, or the first there was."""
        minutes = self._series["1m"].between(now - DAY, now)
        return minutes[0].open if minutes else self._px


class Tape:
    """The tapes of all markets, by asset id."""

    def __init__(self, markets: Iterable[Market]) -> None:
        self.by_asset = {market.asset: MarketTape(market) for market in markets}

    def add(self, trade: Trade) -> None:
        """Take in a trade of any market."""
        self.by_asset[trade.asset].add(trade)
