"""Candles as rows of Hummingbot's candles table: which intervals there are, and how one is made of shorter ones.

Reference, sections 2.2 and 8.2. Pure. The venue has all of Hummingbot's intervals except one second and six hours; six
hours are put together from its two-hour candles, which begin at the same times.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from ..venue.messages import Candle

type Row = list[float]
"""Timestamp in seconds, open, high, low, close, volume, quote volume, trades, and two that the venue does not tell."""

MOST_CANDLES = 5_000
"""As many of each interval exist at the venue."""

_MINUTE = 60
_HOUR = 60 * _MINUTE
_DAY = 24 * _HOUR


@dataclass(frozen=True, slots=True)
class Interval:
    """An interval that a feed can have."""

    name: str
    source: str
    """The venue's interval that its candles are made of."""
    seconds: int
    """Its length; of a month, the longest it can be."""
    parts: int = 1
    """How many candles of the source make one."""

    def start_of(self, candle: Candle) -> int:
        """When the candle begins that one of the source belongs to, in milliseconds."""
        return candle.t if self.parts == 1 else candle.t // (self.seconds * 1000) * (self.seconds * 1000)


_SECONDS = {
    "1m": _MINUTE,
    "3m": 3 * _MINUTE,
    "5m": 5 * _MINUTE,
    "15m": 15 * _MINUTE,
    "30m": 30 * _MINUTE,
    "1h": _HOUR,
    "2h": 2 * _HOUR,
    "4h": 4 * _HOUR,
    "8h": 8 * _HOUR,
    "12h": 12 * _HOUR,
    "1d": _DAY,
    "3d": 3 * _DAY,
    "1w": 7 * _DAY,
    "1M": 31 * _DAY,
}

INTERVALS: dict[str, Interval] = {name: Interval(name, name, seconds) for name, seconds in _SECONDS.items()} | {
    "6h": Interval("6h", "2h", 6 * _HOUR, parts=3)
}


def rows_of(candles: Iterable[Candle], interval: Interval) -> list[Row]:
    """The rows that candles of the interval's source make, oldest first; the last candle of a time counts."""
    groups: dict[int, dict[int, Candle]] = {}
    for candle in candles:
        groups.setdefault(interval.start_of(candle), {})[candle.t] = candle
    return [_row(start, [group[time] for time in sorted(group)]) for start, group in sorted(groups.items())]


def _row(start_ms: int, parts: list[Candle]) -> Row:
    return [
        start_ms / 1000,
        float(parts[0].o),
        float(max(part.h for part in parts)),
        float(min(part.l for part in parts)),
        float(parts[-1].c),
        float(sum(part.v for part in parts)),
        0.0,
        float(sum(part.n for part in parts)),
        0.0,
        0.0,
    ]
