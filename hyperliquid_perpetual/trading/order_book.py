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
from bisect import bisect_right
from collections.abc import Sequence
from itertools import compress, repeat
from operator import ge, ne
from typing import NamedTuple

import msgspec

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


class ChangedLevel(msgspec.Struct, gc=False):
    """A level that is not what it was, with the fields of a row of Hummingbot's book."""

    price: float
    """In USD."""
    amount: float
    """The new size in base units; 0 means the level is gone."""
    update_id: int


class BookChange(NamedTuple):
    """What is not as it was; every other level still is."""

    coin: str
    bids: list[ChangedLevel]
    asks: list[ChangedLevel]
    time: int
    """Venue time of the newest frame in the book, Unix milliseconds."""
    update_id: int
    """Greater with every change of the book; the time where possible."""


type _Reading = tuple[list[float], list[str]]
"""One side of a frame: prices as keys, sizes as the venue prints them."""

type _Merge = tuple[list[ChangedLevel], list[float], list[str], int, int, int, float]
"""What a frame does to one side, computed before anything is touched: the changes, the keys and sizes that take the
place of those from one index to another, the step of the staircase it becomes (-1: none), and its bound."""

_REMEMBERED_PRICES = 2_000
_LAST_TIME = 2**52


class _Side:
    """One side of the book, best level first. A key is the price, negative for bids: smaller is better on both."""

    __slots__ = ("_bounds", "_key_of", "_read_keys", "_read_prices", "_sign", "_times", "keys", "sizes")

    def __init__(self, sign: int) -> None:
        self._sign = sign
        self.keys: list[float] = []
        self.sizes: list[str] = []
        # The staircase, oldest and deepest step first: times rise, bounds fall.
        self._times: list[float] = []
        self._bounds: list[float] = []
        # A market returns to the same prices again and again: each is converted once.
        self._key_of: dict[str, float] = {}
        self._read_prices: list[str] = []
        self._read_keys: list[float] = []

    def read(self, levels: Sequence[Level]) -> _Reading:
        """The levels of a frame.

        :raises ValueError: when prices are not positive numbers, or not in order.
        """
        prices = [level.px for level in levels]
        if prices != self._read_prices:
            try:
                keys = list(map(self._key_of.__getitem__, prices))
            except KeyError:
                keys = self._learn(prices)
            if any(map(ge, keys, keys[1:])):
                raise ValueError("levels must be in order")
            self._read_prices, self._read_keys = prices, keys
        return self._read_keys, [level.sz for level in levels]

    def _learn(self, prices: list[str]) -> list[float]:
        if len(self._key_of) > _REMEMBERED_PRICES:
            self._key_of.clear()
        for text in prices:
            price = float(text)
            if not 0 < price < math.inf:
                raise ValueError(f"prices must be positive numbers, got {text!r}")
            self._key_of[text] = self._sign * price
        return [self._key_of[text] for text in prices]

    def merge(self, reading: _Reading, time: float, is_whole: bool, update_id: int) -> _Merge:
        """What a frame changes.

        :param is_whole: nothing exists beyond the frame's last level.
        :raises ValueError: when a size that would be used is not a positive number.
        """
        keys, sizes = reading
        step = bisect_right(self._times, time)
        bound = math.inf if is_whole else keys[-1]
        low = 0
        if step < len(self._times):
            covered = self._bounds[step]
            if covered >= bound:
                return [], [], [], 0, 0, -1, bound
            first = bisect_right(keys, covered)
            keys, sizes = keys[first:], sizes[first:]
            low = bisect_right(self.keys, covered)
        high = len(self.keys) if is_whole else bisect_right(self.keys, bound)
        old_keys, old_sizes = self.keys[low:high], self.sizes[low:high]
        changes: list[ChangedLevel] = []
        if old_keys != keys:
            old = dict(zip(old_keys, old_sizes, strict=True))
            before: Sequence[str | None] = list(map(old.pop, keys, repeat(None)))
            changes = [ChangedLevel(self._sign * key, 0.0, update_id) for key in old]
        else:
            before = old_sizes
        if before != sizes:
            for key, size in compress(zip(keys, sizes, strict=True), map(ne, sizes, before)):
                amount = float(size)
                if not 0.0 < amount < math.inf:
                    raise ValueError(f"sizes must be positive numbers, got {size!r}")
                changes.append(ChangedLevel(self._sign * key, amount, update_id))
        return changes, keys, sizes, low, high, step, bound

    def commit(self, merge: _Merge, time: float) -> None:
        """Does what was computed."""
        changes, keys, sizes, low, high, step, bound = merge
        if step < 0:
            return
        if changes:
            self.keys[low:high] = keys
            self.sizes[low:high] = sizes
        lowest = step
        while lowest and self._bounds[lowest - 1] <= bound:
            lowest -= 1
        self._times[lowest:step] = [time]
        self._bounds[lowest:step] = [bound]

    def drop_older_than(self, time: float, update_id: int, changes: list[ChangedLevel]) -> list[ChangedLevel]:
        """Removes what only older frames know of, and adds that to the changes; the newest frame is never older."""
        if self._times[0] >= time:
            return changes
        while self._times[0] < time:
            del self._times[0], self._bounds[0]
        end = bisect_right(self.keys, self._bounds[0])
        gone = self.keys[end:]
        del self.keys[end:], self.sizes[end:]
        return changes + [ChangedLevel(self._sign * key, 0.0, update_id) for key in gone]

    def distrust(self) -> None:
        """Makes whatever is known older than any frame."""
        self._times[:] = [-math.inf]
        self._bounds[:] = [math.inf]

    def levels(self) -> list[tuple[float, float]]:
        """Price and size, best first."""
        return [(self._sign * key, float(size)) for key, size in zip(self.keys, self.sizes, strict=True)]


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
        if not 0 <= time < _LAST_TIME:
            self.malformed += 1
            return None
        last = self._last_of.get(source)
        if last is not None and time < last:
            if time >= last - REWIND_MS:
                self.late += 1
                return None
            self._start_over()
        bids, asks = self._bids, self._asks
        # A deep frame comes over another socket, so that its place among frames of the same time is not known. The
        # others show less, but whenever the top changes: they win.
        rank = time if source is Source.DEEP else time + 0.5
        newest = max(self.time, time)
        update_id = max(self.update_id + 1, newest)
        try:
            bid_reading, ask_reading = bids.read(bid_levels), asks.read(ask_levels)
            if bid_levels and ask_levels and -bid_reading[0][0] >= ask_reading[0][0]:
                raise ValueError("bids and asks must not cross")
            bid_merge = bids.merge(bid_reading, rank, depth is None or len(bid_levels) < depth, update_id)
            ask_merge = asks.merge(ask_reading, rank, depth is None or len(ask_levels) < depth, update_id)
        except ValueError:
            self.malformed += 1
            return None
        self._last_of[source] = time
        bids.commit(bid_merge, rank)
        asks.commit(ask_merge, rank)
        self.time = newest
        bid_changes = bids.drop_older_than(newest - MAX_AGE_MS, update_id, bid_merge[0])
        ask_changes = asks.drop_older_than(newest - MAX_AGE_MS, update_id, ask_merge[0])
        if not bid_changes and not ask_changes:
            return None
        self.update_id = update_id
        return BookChange(self.coin, bid_changes, ask_changes, newest, update_id)

    def _start_over(self) -> None:
        """Keeps the levels only until the next frame, which decides alone."""
        self._last_of.clear()
        self.time = 0
        self._bids.distrust()
        self._asks.distrust()
