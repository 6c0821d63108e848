"""Candles: their intervals, when they begin and end, and the series that trades make.

An interval without trades has a candle all the same, flat at the last close, as on the venue.
"""

from array import array
from collections.abc import Iterable
from copy import copy
from datetime import UTC, datetime

MINUTE = 60_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR
MAX_CANDLES = 5_000
"""As many of each interval exist (reference, section 2.2)."""

_FIELDS = 9
_SPLIT = 1 << 62
"""Turnover is kept in two numbers: a busy week's does not fit into 64 bits."""
_SLACK = 500
"""Candles beyond the most that there are, before the oldest are cut off together."""

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

    def merge(self, later: "Candle") -> None:
        """Take in what was traded in a shorter candle, which is part of this one and the newest there is."""
        if not later.count:
            return
        if not self.count:
            self.open, self.high, self.low = later.open, later.high, later.low
        self.high = max(self.high, later.high)
        self.low = min(self.low, later.low)
        self.close = later.close
        self.volume += later.volume
        self.turnover += later.turnover
        self.count += later.count

    def merged(self, later: "Candle") -> "Candle":
        """This candle with a shorter one taken in, which is left as it is; so is this."""
        both = copy(self)
        both.merge(later)
        return both


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
    """The candles of one market and interval, oldest first.

    Only the newest is an object; those before it are numbers in one array, because 200 markets have a million of them.
    """

    __slots__ = ("_closed", "_last", "_length", "interval")

    def __init__(self, interval: str) -> None:
        self.interval = interval
        self._length = INTERVALS[interval]
        self._closed: array[int] = array("q")
        """`_FIELDS` numbers for each candle."""
        self._last: Candle | None = None

    @property
    def first_open(self) -> int:
        """When the oldest candle begins, in Unix milliseconds; there must be one."""
        assert self._last is not None
        return self._closed[self._begin * _FIELDS] if self._closed else self._last.open_time

    def at(self, time: int, px: int) -> Candle:
        """The candle for a moment; until it has a trade it is flat at the close before, the very first one at `px`."""
        last = self._last
        if last is None:
            last = self._last = Candle(*candle_span(self.interval, time), px)
        if time <= last.close_time:
            return last
        length = last.close_time - last.open_time + 1
        if time - last.close_time > MAX_CANDLES * length:
            del self._closed[:]
            last = Candle(*candle_span(self.interval, time - MAX_CANDLES * length), last.close)
        while time > last.close_time:
            self._close(last)
            last = Candle(*candle_span(self.interval, last.close_time + 1), last.close)
        self._last = last
        return last

    def between(self, start: int, end: int) -> list[Candle]:
        """The candles that overlap a range of time, oldest first; all but the newest are copies."""
        first, count = self._index_from(start), self._count
        found: list[Candle] = []
        for index in range(first, count):
            candle = self._candle(index)
            if candle.open_time > end:
                return found
            found.append(candle)
        last = self._last
        if last is not None and first <= count and last.close_time >= start and last.open_time <= end:
            found.append(last)
        return found

    def kept(self) -> list[Candle]:
        """All candles as they are now, oldest first; they do not change any more."""
        closed = [self._candle(index) for index in range(self._begin, self._count)]
        return closed if self._last is None else [*closed, copy(self._last)]

    def load(self, candles: Iterable[Candle]) -> None:
        """Have these candles, oldest first, and no others."""
        del self._closed[:]
        self._last = None
        for candle in candles:
            if self._last is not None:
                self._close(self._last)
            self._last = copy(candle)

    def open_from(self, time: int) -> int | None:
        """The opening price of the first candle that ends at a moment or later; None when there is none."""
        index = self._index_from(time)
        if index < self._count:
            return self._closed[index * _FIELDS + 1]
        return self._last.open if self._last is not None and self._last.close_time >= time else None

    @property
    def _count(self) -> int:
        return len(self._closed) // _FIELDS

    @property
    def _begin(self) -> int:
        """The index of the oldest candle that counts; those before it are cut off now and then."""
        return max(0, self._count - (MAX_CANDLES - 1))

    def _close(self, candle: Candle) -> None:
        turnover, rest = divmod(candle.turnover, _SPLIT)
        self._closed.extend(
            (
                candle.open_time,
                candle.open,
                candle.high,
                candle.low,
                candle.close,
                candle.volume,
                turnover,
                rest,
                candle.count,
            )
        )
        if self._count > MAX_CANDLES + _SLACK:
            del self._closed[: self._begin * _FIELDS]

    def _candle(self, index: int) -> Candle:
        open_time, px, high, low, close, volume, turnover, rest, count = self._closed[
            index * _FIELDS : (index + 1) * _FIELDS
        ]
        close_time = open_time + self._length - 1 if self._length else candle_span(self.interval, open_time)[1]
        candle = Candle(open_time, close_time, px)
        candle.high, candle.low, candle.close = high, low, close
        candle.volume, candle.turnover, candle.count = volume, turnover * _SPLIT + rest, count
        return candle

    def _index_from(self, time: int) -> int:
        """The index of the first closed candle that ends at a moment or later; their number when there is none."""
        closed, begin, count = self._closed, self._begin, self._count
        if not count or time <= closed[begin * _FIELDS]:
            return begin
        if self._length:
            # There are no gaps, so the place of a candle follows from its time.
            return min(count, begin + (time - closed[begin * _FIELDS]) // self._length)
        return next((index for index in range(begin, count) if self._candle(index).close_time >= time), count)
