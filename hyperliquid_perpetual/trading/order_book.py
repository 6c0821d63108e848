"""One book per coin out of three streams: fresh at the top, deep below, never crossed, told as changes.

Reference, section 8.2. The venue shows a book three times over: its best prices with every block (``bbo``), five
levels twice a second (``fast``), twenty levels every five seconds (``deep``). Each frame proves something for the
moment it was made, over a range of prices that begins at the top:

- ``bbo``: the best level, and that nothing is better. An empty side has no levels at all.
- ``fast``: everything down to its fifth level; everything, when a side has fewer than five.
- ``deep``: everything. The venue shows no more than twenty levels, so what lies beyond them is not claimed.

For every price the newest frame that covers it is right, in the order of the venue's time, whatever the order of
arrival. Newer frames cover less than older ones (else those would not matter any more), so what is known of a side is a
staircase: each step a frame, newest at the top, reaching down to its bound. A late frame fills in below the steps that
are newer. The best bid and ask thereby always come from one and the same frame, which is why they cannot cross.

Pure: no I/O and no clock. Prices are compared as numbers, sizes as the strings the venue prints; only what changed is
converted.
"""

import enum
import math
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from typing import NamedTuple

from ..venue.messages import Bbo, L2Book, Level

FAST_LEVELS = 5
"""Levels per side of a ``fast`` frame."""

MAX_AGE_MS = 20_000
"""Levels that no frame has confirmed for this long, by the venue's time, are dropped: deep frames come every 5.4 s."""

REWIND_MS = 10_000
"""A stream that goes back further than this has not sent a late frame: the venue's clock was set back."""


class Source(enum.Enum):
    """The streams a book is made of."""

    BBO = "bbo"
    FAST = "fast"
    DEEP = "deep"


class BookChange(NamedTuple):
    """Levels that are not what they were, as (price in USD, new size in base units); size 0 means the level is gone."""

    coin: str
    bids: list[tuple[float, float]]
    asks: list[tuple[float, float]]
    time: int
    """Venue time of the newest frame in the book, Unix milliseconds."""
    update_id: int
    """Greater with every change of the book; the time where possible."""


class _Merge(NamedTuple):
    """What a frame does to one side, computed before anything is touched."""

    changes: list[tuple[float, float]]
    keys: list[float]
    sizes: dict[float, str]
    low: int
    high: int
    step: int
    bound: float


class _Side:
    """One side of the book, best level first. A key is the price, negative for bids: smaller is better on both."""

    __slots__ = ("_bounds", "_sign", "_times", "keys", "sizes")

    def __init__(self, sign: int) -> None:
        self._sign = sign
        self.keys: list[float] = []
        self.sizes: dict[float, str] = {}
        # The staircase, oldest and deepest step first: times rise, bounds fall.
        self._times: list[float] = []
        self._bounds: list[float] = []

    def read(self, levels: Sequence[Level]) -> list[float]:
        """The keys of a frame's levels.

        :raises ValueError: when they are not numbers, or not in order.
        """
        keys = [float(level.px) for level in levels] if self._sign > 0 else [-float(level.px) for level in levels]
        if keys and not (math.isfinite(sum(keys)) and self._sign * keys[0] > 0 and self._sign * keys[-1] > 0):
            raise ValueError(f"prices must be positive numbers, got {[level.px for level in levels]}")
        if any(map(float.__ge__, keys, keys[1:])):
            raise ValueError(f"levels must be in order, got {[level.px for level in levels]}")
        return keys

    def merge(self, keys: list[float], levels: Sequence[Level], time: int, is_whole: bool, yields: bool) -> _Merge:
        """What a frame changes.

        :param is_whole: nothing exists beyond the frame's last level.
        :param yields: frames of the same time count as newer.
        :raises ValueError: when a size that would be used is not a positive number.
        """
        step = bisect_left(self._times, time) if yields else bisect_right(self._times, time)
        bound = math.inf if is_whole else keys[-1]
        sizes = dict(zip(keys, [level.sz for level in levels], strict=True))
        first = low = 0
        if step < len(self._times):
            covered = self._bounds[step]
            if covered >= bound:
                return _Merge([], [], {}, 0, 0, -1, bound)
            first = bisect_right(keys, covered)
            low = bisect_right(self.keys, covered)
        high = len(self.keys) if is_whole else bisect_right(self.keys, bound)
        sign = self._sign
        changes = [(sign * key, 0.0) for key in self.keys[low:high] if key not in sizes]
        before = self.sizes.get
        new_keys = keys[first:] if first else keys
        for key in new_keys:
            text = sizes[key]
            if text != before(key):
                size = float(text)
                if not 0 < size < math.inf:
                    raise ValueError(f"sizes must be positive numbers, got {text!r}")
                changes.append((sign * key, size))
        return _Merge(changes, new_keys, sizes, low, high, step, bound)

    def commit(self, merge: _Merge, time: int) -> None:
        """Does what was computed."""
        if merge.step < 0:
            return
        if merge.changes:
            sizes = self.sizes
            for key in self.keys[merge.low : merge.high]:
                del sizes[key]
            for key in merge.keys:
                sizes[key] = merge.sizes[key]
            self.keys[merge.low : merge.high] = merge.keys
        step = merge.step
        while step and self._bounds[step - 1] <= merge.bound:
            step -= 1
        self._times[step : merge.step] = [time]
        self._bounds[step : merge.step] = [merge.bound]

    def drop_older_than(self, time: float) -> list[tuple[float, float]]:
        """Removes what only older frames know of; the newest frame stays."""
        if self._times[0] >= time:
            return []
        while len(self._times) > 1 and self._times[0] < time:
            del self._times[0], self._bounds[0]
        end = bisect_right(self.keys, self._bounds[0])
        gone = self.keys[end:]
        del self.keys[end:]
        for key in gone:
            del self.sizes[key]
        return [(self._sign * key, 0.0) for key in gone]

    def distrust(self) -> None:
        """Makes whatever is known older than any frame."""
        self._times[:] = [-math.inf]
        self._bounds[:] = [math.inf]

    def levels(self) -> list[tuple[float, float]]:
        """Price and size, best first."""
        return [(self._sign * key, float(self.sizes[key])) for key in self.keys]


class ComposedBook:
    """The book of one coin, as far as the frames taken so far prove it."""

    def __init__(self, coin: str) -> None:
        self.coin = coin
        self.time = 0
        """Venue time of the newest frame, Unix milliseconds; 0 before the first."""
        self.update_id = 0
        self.late = 0
        """Frames that were dropped because their own stream had been further already."""
        self.malformed = 0
        """Frames that were dropped because they are no book: levels out of order or crossed, sizes that are none."""
        self._bids = _Side(-1)
        self._asks = _Side(+1)
        self._last_of: dict[Source, int] = {}

    @property
    def bids(self) -> list[tuple[float, float]]:
        """Price in USD and size in base units, best first."""
        return self._bids.levels()

    @property
    def asks(self) -> list[tuple[float, float]]:
        """Price in USD and size in base units, best first."""
        return self._asks.levels()

    @property
    def best_bid(self) -> float | None:
        """In USD; None when nobody bids."""
        return -self._bids.keys[0] if self._bids.keys else None

    @property
    def best_ask(self) -> float | None:
        """In USD; None when nobody offers."""
        return self._asks.keys[0] if self._asks.keys else None

    @property
    def has_depth(self) -> bool:
        """Whether a frame with more than the best prices has been taken."""
        return Source.FAST in self._last_of or Source.DEEP in self._last_of

    def take_bbo(self, frame: Bbo) -> BookChange | None:
        """Takes the best prices. Returns what changed, None when nothing did."""
        bid, ask = frame.bbo
        bids = () if bid is None else (bid,)
        asks = () if ask is None else (ask,)
        return self._take(Source.BBO, frame.time, bids, asks, 1)

    def take_fast(self, frame: L2Book) -> BookChange | None:
        """Takes a book of five levels. Returns what changed, None when nothing did."""
        bids, asks = frame.levels
        return self._take(Source.FAST, frame.time, bids, asks, FAST_LEVELS)

    def take_deep(self, frame: L2Book) -> BookChange | None:
        """Takes a book of all levels that the venue shows. Returns what changed, None when nothing did."""
        bids, asks = frame.levels
        return self._take(Source.DEEP, frame.time, bids, asks, None)

    def _take(
        self, source: Source, time: int, bid_levels: Sequence[Level], ask_levels: Sequence[Level], depth: int | None
    ) -> BookChange | None:
        """:param depth: levels of a side that is not shown whole; None when it always is."""
        last = self._last_of.get(source)
        if last is not None and time < last:
            if time >= last - REWIND_MS:
                self.late += 1
                return None
            self._start_over()
        bids, asks = self._bids, self._asks
        # A deep frame comes over another socket, so that its place among frames of the same time is not known. The
        # others show less, but whenever the top changes: they win.
        yields = source is Source.DEEP
        try:
            bid_keys, ask_keys = bids.read(bid_levels), asks.read(ask_levels)
            if bid_keys and ask_keys and -bid_keys[0] >= ask_keys[0]:
                raise ValueError(f"bid {-bid_keys[0]} crosses ask {ask_keys[0]}")
            bid_merge = bids.merge(bid_keys, bid_levels, time, depth is None or len(bid_keys) < depth, yields)
            ask_merge = asks.merge(ask_keys, ask_levels, time, depth is None or len(ask_keys) < depth, yields)
        except ValueError:
            self.malformed += 1
            return None
        self._last_of[source] = time
        bids.commit(bid_merge, time)
        asks.commit(ask_merge, time)
        self.time = max(self.time, time)
        bid_changes, ask_changes = bid_merge.changes, ask_merge.changes
        oldest = self.time - MAX_AGE_MS
        bid_changes += bids.drop_older_than(oldest)
        ask_changes += asks.drop_older_than(oldest)
        if not bid_changes and not ask_changes:
            return None
        self.update_id = max(self.update_id + 1, self.time)
        return BookChange(self.coin, bid_changes, ask_changes, self.time, self.update_id)

    def _start_over(self) -> None:
        """Keeps the levels only until the next frame, which decides alone."""
        self._last_of.clear()
        self.time = 0
        self._bids.distrust()
        self._asks.distrust()
