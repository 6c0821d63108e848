"""Candles: their intervals, when they begin and end, and the series that trades make.

An interval without trades has a candle all the same, flat at the last close, as on the venue.
"""

from collections import deque
from collections.abc import Iterable
from datetime import UTC, datetime

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


CandleRow = tuple[int, int, int, int, int, int, int, int, int]
"""A candle written out: opening and closing time, open, high, low, close, volume, turnover, count."""


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

    def row(self) -> CandleRow:
        """Everything about it, to be written down."""
        return (
            self.open_time,
            self.close_time,
            self.open,
            self.high,
            self.low,
            self.close,
            self.volume,
            self.turnover,
            self.count,
        )

    @classmethod
    def of_row(cls, row: CandleRow) -> "Candle":
        """The candle that `row` wrote down."""
        candle = cls(row[0], row[1], row[2])
        _, _, _, candle.high, candle.low, candle.close, candle.volume, candle.turnover, candle.count = row
        return candle


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

    def kept(self) -> list[Candle]:
        """All candles as they are now, oldest first. Only the last one can still change, and is copied."""
        found = list(self._candles)
        if found:
            found[-1] = Candle.of_row(found[-1].row())
        return found

    def load(self, candles: Iterable[Candle]) -> None:
        """Have these candles, oldest first, and no others."""
        self._candles = deque(candles, maxlen=MAX_CANDLES)

    @property
    def first_open(self) -> int:
        """When the oldest candle begins, in Unix milliseconds; there must be one."""
        return self._candles[0].open_time

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
