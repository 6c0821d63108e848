"""What is known of every market besides its book: prices, funding, the last trade, and how fresh all of it is.

Pure state: it is told what arrives and when, in seconds of one monotonic clock. A book is stale when nothing confirms
it any more: no frame of the coin (the venue sends books again even when they have not changed), a venue whose own time
stands still (a halt), or frames that arrive later and later. Lateness is measured against the promptest frame so far,
so that a wrong clock of this machine, or one that is set, cannot make a good book look stale.

Reference, sections 8.2 and 15.1.
"""

import enum
import math
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from decimal import Decimal

from ..venue.messages import AssetContext

STALE_AFTER = 15.0
"""Seconds. The venue sends books at least every 5.4 s."""

_DRIFT = 0.001
"""Seconds per second by which two clocks may run apart: much more than bad ones do, and too little to hide a delay."""

_REWIND_MS = 600_000
"""A venue whose time goes back by more has set its clock: what was prompt by the old one tells nothing."""

_CLOCKS_AGREE = 5.0
"""Seconds. A frame that is not older than this by this machine's own clock is not late, whatever came before it."""


class Feed(enum.Enum):
    """The sockets that market data comes over."""

    TOP = "best prices"
    DEPTH = "deep books"


@dataclass(slots=True)
class _FeedClock:
    """How the venue's time runs on one socket."""

    began_at: float = math.inf
    newest: int = -1
    """Venue time in Unix milliseconds."""
    advanced_at: float = math.inf
    lag: float = 0.0
    _promptest: float = math.inf
    _ticked_at: float = 0.0

    def tick(self, venue_ms: int, now: float, wall: float) -> None:
        """A frame of that venue time arrived; `wall` is what this machine thinks the time is, in Unix seconds."""
        if venue_ms < self.newest - _REWIND_MS:
            self.newest, self._promptest = -1, math.inf
        offset = now - venue_ms / 1000
        self._promptest = min(self._promptest + _DRIFT * (now - self._ticked_at), offset)
        self._ticked_at = now
        self.lag = offset - self._promptest
        if abs(wall - venue_ms / 1000) <= _CLOCKS_AGREE:
            # The promptest frame was not prompt: the venue's clock was ahead at that time.
            self.lag = min(self.lag, _CLOCKS_AGREE)
        if venue_ms > self.newest:
            self.newest, self.advanced_at = venue_ms, now


@dataclass(slots=True)
class _Coin:
    since: float
    book: dict[Feed, float] = field(default_factory=dict)
    context: AssetContext | None = None
    context_at: float = -math.inf
    last_trade: str | None = None
    last_trade_ms: int = -1
    best: tuple[float | None, float | None] = (None, None)


class MarketData:
    """The latest of every coin, by the venue's names."""

    def __init__(
        self, clock: Callable[[], float] = time.monotonic, wall_clock: Callable[[], float] = time.time
    ) -> None:
        """
        :param clock: seconds, which never go back.
        :param wall_clock: Unix seconds, as far as this machine knows them.
        """
        self._clock = clock
        self._wall_clock = wall_clock
        self._coins: dict[str, _Coin] = {}
        self._feeds = {feed: _FeedClock() for feed in Feed}
        self._tracked: set[str] = set()

    # What it is told

    def track(self, coin: str) -> None:
        """From now on the coin's data are expected to arrive."""
        if coin not in self._tracked:
            self._tracked.add(coin)
            self._coin(coin).since = self._clock()

    def forget(self, coin: str) -> None:
        """The coin is of no interest any more."""
        self._tracked.discard(coin)
        self._coins.pop(coin, None)

    def begin(self, feed: Feed) -> None:
        """A new socket was opened for a feed."""
        self._feeds[feed].began_at = self._clock()

    def take_book(
        self, coin: str, feed: Feed, venue_ms: int, best_bid: float | None = None, best_ask: float | None = None
    ) -> None:
        """A frame of the coin's book arrived, whatever was in it. The best prices are those of the composed book."""
        now = self._clock()
        known = self._coin(coin)
        known.book[feed] = now
        known.best = (best_bid, best_ask)
        self._feeds[feed].tick(venue_ms, now, self._wall_clock())

    def take_context(self, coin: str, context: AssetContext) -> None:
        """Prices and funding of a market arrived."""
        known = self._coin(coin)
        known.context = context
        known.context_at = self._clock()

    def take_trade(self, coin: str, price: str, venue_ms: int) -> None:
        """A public trade, in USD; an older one than the last is ignored."""
        known = self._coin(coin)
        if venue_ms >= known.last_trade_ms:
            known.last_trade, known.last_trade_ms = price, venue_ms

    # What it tells

    @property
    def tracked(self) -> frozenset[str]:
        """The coins whose data are expected."""
        return frozenset(self._tracked)

    def context(self, coin: str) -> AssetContext | None:
        """The newest prices and funding, however old; see ``context_age``."""
        known = self._coins.get(coin)
        return known.context if known is not None else None

    def context_age(self, coin: str) -> float:
        """Seconds since prices and funding arrived; infinite when they never did."""
        known = self._coins.get(coin)
        return self._clock() - known.context_at if known is not None else math.inf

    def book_age(self, coin: str, feeds: Iterable[Feed] = Feed) -> float:
        """Seconds since a frame of the coin's book arrived over one of the feeds; infinite when none ever did."""
        known = self._coins.get(coin)
        if known is None:
            return math.inf
        return self._clock() - max((known.book.get(feed, -math.inf) for feed in feeds), default=-math.inf)

    def expected_for(self, coin: str) -> float:
        """Seconds since the coin is tracked; 0 when it is not."""
        known = self._coins.get(coin)
        return self._clock() - known.since if known is not None and coin in self._tracked else 0.0

    def last_trade_price(self, coin: str) -> Decimal | None:
        """In USD; None when no trade has been seen."""
        known = self._coins.get(coin)
        return Decimal(known.last_trade) if known is not None and known.last_trade is not None else None

    def mid(self, coin: str) -> Decimal | None:
        """Between the best prices, in USD; the venue's own mid when the book has no two sides."""
        known = self._coins.get(coin)
        if known is None:
            return None
        bid, ask = known.best
        if bid is not None and ask is not None:
            return (Decimal(str(bid)) + Decimal(str(ask))) / 2
        return known.context.midPx if known.context is not None else None

    def mids(self) -> dict[str, Decimal]:
        """The mid of every coin that has one."""
        mids = ((coin, self.mid(coin)) for coin in self._coins)
        return {coin: mid for coin, mid in mids if mid is not None}

    def reference_price(self, coin: str) -> Decimal | None:
        """What the venue measures prices against: the mark price, else the mid, else the last trade, in USD."""
        known = self._coins.get(coin)
        if known is None:
            return None
        if known.context is not None and known.context.markPx > 0:
            return known.context.markPx
        return self.mid(coin) or self.last_trade_price(coin)

    def feed_age(self, feed: Feed) -> float:
        """Seconds since the present socket of a feed was opened; negative infinity when none was."""
        return self._clock() - self._feeds[feed].began_at

    def lag(self, feed: Feed) -> float:
        """Seconds that the newest frame of a feed came later than its promptest one."""
        return self._feeds[feed].lag

    def stale(self, now: float | None = None) -> dict[str, str]:
        """The tracked coins whose book must not be traded on, and why.

        :param now: in seconds of the clock that was given at the start; by default its present reading.
        """
        now = self._clock() if now is None else now
        if not self._tracked:
            return {}
        trouble = self._trouble_of_all(now)
        if trouble is not None:
            return dict.fromkeys(sorted(self._tracked), trouble)
        reasons = {}
        for coin in sorted(self._tracked):
            known = self._coins[coin]
            if not known.book:
                reasons[coin] = "no book has arrived yet"
            else:
                age = now - max(known.book.values())
                if age > STALE_AFTER:
                    reasons[coin] = f"its book has not been confirmed for {age:.0f} s"
        return reasons

    def _trouble_of_all(self, now: float) -> str | None:
        """What is wrong with the venue or the way to it."""
        advanced_at = [clock.advanced_at for clock in self._feeds.values() if clock.newest >= 0]
        if not advanced_at:
            return "no book has arrived yet"
        stood_for = now - max(advanced_at)
        if stood_for > STALE_AFTER:
            return f"the venue's time has stood still for {stood_for:.0f} s"
        for feed, clock in self._feeds.items():
            if clock.lag > STALE_AFTER:
                return f"the {feed.value} arrive {clock.lag:.0f} s late"
        return None

    def _coin(self, coin: str) -> _Coin:
        known = self._coins.get(coin)
        if known is None:
            known = self._coins[coin] = _Coin(since=self._clock())
        return known
