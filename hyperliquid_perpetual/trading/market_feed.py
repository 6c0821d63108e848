"""All market data of some coins over two sockets: composed books, new trades, prices and funding.

Reference, section 8.2. Deep and fast books of one coin share channel and coin, so the deep ones have a socket of their
own. Every subscription is optional: a market that the venue refuses, or hangs up on, must not take the others along.
Whether the data of every coin really arrive is watched here, and a socket that leaves some out is replaced.
"""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from ..venue.frames import Message, Trades
from ..venue.messages import ActiveAssetContext, AssetContext, Bbo, L2Book, Trade
from .aggregated_book import Precision, PrecisionOf, exact_at_the_top
from .changes import Changes
from .connection import Connection, Subscription, Timings
from .log_names import logger_of
from .market_data import STALE_AFTER, Feed, MarketData
from .order_book import FAST_LEVELS, BookChange, ComposedBook
from .side_by_side import side_by_side

_LONGEST_PATIENCE = 3600.0
_REMEMBERED_TRADES = 1_000


@dataclass(slots=True)
class _Coin:
    book: ComposedBook
    patience: dict[Feed, float]
    """Seconds of silence after which the socket is replaced; doubled each time that did not help."""
    precision: Precision | None = None
    best: Bbo | None = None
    """The newest best prices."""
    live_since: int | None = None
    """Venue time of the first book frame: trades up to it are history."""
    seen_trades: OrderedDict[int, None] = field(default_factory=OrderedDict)


class MarketFeed:
    """Subscribes to coins, and tells what is new about them.

    :param on_change: the levels of a coin's book that changed.
    :param on_trade: a public trade that was made after the coin was subscribed to and not told before.
    :param on_context: new prices and funding of a coin.
    :param precision_of: how the deep book of a coin is wanted; such a coin has no fast book.
    :param watch_every: seconds between two looks at whether every coin's data arrive.
    :param silent_after: seconds without data of a coin after which a socket is replaced.
    """

    def __init__(
        self,
        url: str,
        market_data: MarketData,
        on_change: Callable[[BookChange], None],
        on_trade: Callable[[Trade], None],
        on_context: Callable[[ActiveAssetContext], None],
        *,
        logger: logging.Logger | None = None,
        timings: Timings | None = None,
        precision_of: PrecisionOf = lambda _coin: None,
        watch_every: float = 5.0,
        silent_after: float = 30.0,
    ) -> None:
        self._market_data = market_data
        self._on_change = on_change
        self._on_trade = on_trade
        self._on_context = on_context
        self._logger = logger or logger_of(__name__)
        self._precision_of = precision_of
        self._watch_every = watch_every
        self._silent_after = silent_after
        self._lag_patience = dict.fromkeys(Feed, silent_after)
        self._coins: dict[str, _Coin] = {}
        self._changes = Changes()
        self._is_running = False
        self._connections = {
            feed: Connection(
                url,
                feed.value,
                self._take_top if feed is Feed.TOP else self._take_depth,
                on_ready=partial(market_data.begin, feed),
                timings=timings,
                logger=self._logger,
            )
            for feed in Feed
        }

    @property
    def is_running(self) -> bool:
        """Whether ``run`` runs."""
        return self._is_running

    @property
    def is_live(self) -> bool:
        """Whether both sockets are."""
        return all(connection.is_live for connection in self._connections.values())

    @property
    def last_received(self) -> float:
        """When the last frame arrived, in Unix seconds; 0 before the first one."""
        return max(connection.last_received for connection in self._connections.values())

    @property
    def reconnects(self) -> int:
        """How many sockets were replaced."""
        return sum(connection.reconnects for connection in self._connections.values())

    def replace_sockets(self, reason: str) -> None:
        """Drops both sockets and opens others."""
        for connection in self._connections.values():
            connection.replace_socket(reason)

    def book(self, coin: str) -> ComposedBook:
        """The coin's composed book; empty before the first frame."""
        return self._coin(coin).book

    async def run(self) -> None:
        """Keeps both sockets open, from the first subscription on, until it is cancelled."""
        self._is_running = True
        try:
            await self._changes.wait_for(lambda: bool(self._market_data.tracked))
            await side_by_side(*(connection.run() for connection in self._connections.values()), self._watch())
        finally:
            self._is_running = False

    async def subscribe(self, *coins: str, timeout: float = 10.0) -> set[str]:
        """Asks for every stream of the coins, now and after each reconnect.

        Returns the coins of which the venue has acknowledged, within ``timeout`` seconds, all streams but the fast
        book, without which the deep one has to do. With a timeout of 0 nothing is waited for.
        """
        for coin in coins:
            self._coin(coin)
            self._market_data.track(coin)
        self._changes.notify()
        wanted = {feed: [s for coin in coins for s in self._streams(coin, feed)] for feed in Feed}
        await asyncio.gather(*(self._connections[feed].subscribe(*wanted[feed], timeout=timeout) for feed in Feed))
        return {coin for coin in coins if all(self._has(coin, feed) for feed in Feed)}

    async def unsubscribe(self, coin: str, timeout: float = 10.0) -> bool:
        """Gives up every stream of a coin. Returns whether the venue has confirmed."""
        streams = {feed: self._streams(coin, feed) for feed in Feed}
        self._coins.pop(coin, None)
        self._market_data.forget(coin)
        done = await asyncio.gather(
            *(self._connections[feed].unsubscribe(*streams[feed], timeout=timeout) for feed in Feed)
        )
        return all(done)

    async def wait_for_book(self, coin: str, for_depth: float, for_any: float) -> bool:
        """Waits for a confirmed book of the coin.

        :param for_depth: seconds to wait for one with all levels.
        :param for_any: seconds to wait after that for one that may be the top alone.
        """

        def has(*feeds: Feed) -> bool:
            return self._coin(coin).book.has_depth and self._market_data.book_age(coin, feeds) <= STALE_AFTER

        if not await self._changes.wait_for(lambda: has(Feed.DEPTH), for_depth):
            await self._changes.wait_for(lambda: has(*Feed), for_any)
        return has(*Feed)

    async def wait_for_context(self, coin: str, timeout: float) -> AssetContext | None:
        """Waits for recent prices and funding of a coin; None when there are none."""
        await self._changes.wait_for(lambda: self._market_data.context_age(coin) <= STALE_AFTER, timeout)
        return self._market_data.context(coin) if self._market_data.context_age(coin) <= STALE_AFTER else None

    def take_snapshot(self, frame: L2Book) -> None:
        """Takes a deep book that was asked for by a request. It does not count as confirmed by the stream."""
        change = self._coin(frame.coin).book.take_deep(frame)
        if change is not None:
            self._on_change(change)

    # Frames

    def _take_top(self, message: Message) -> None:
        if isinstance(message, Bbo):
            known = self._coins.get(message.coin)
            if known is not None:
                known.best = message
                self._tell(known, Feed.TOP, message.time, known.book.take_bbo(message))
        elif isinstance(message, L2Book):
            known = self._coins.get(message.coin)
            if known is not None:
                # A venue that does not know the fast book sends the deep one instead.
                is_fast = max(map(len, message.levels)) <= FAST_LEVELS
                change = known.book.take_fast(message) if is_fast else known.book.take_deep(message)
                self._tell(known, Feed.TOP, message.time, change)
        elif isinstance(message, Trades):
            self._take_trades(message.trades)
        elif isinstance(message, ActiveAssetContext) and message.coin in self._coins:
            self._market_data.take_context(message.coin, message.ctx)
            self._on_context(message)
            self._changes.notify()

    def _take_depth(self, message: Message) -> None:
        if isinstance(message, L2Book):
            known = self._coins.get(message.coin)
            if known is not None:
                frame: L2Book | None = message
                if known.precision is not None:
                    frame = exact_at_the_top(message, known.best, known.precision)
                # A frame that cannot be used shows all the same that the book is alive.
                change = known.book.take_deep(frame) if frame is not None else None
                self._tell(known, Feed.DEPTH, message.time, change)

    def _tell(self, known: _Coin, feed: Feed, time: int, change: BookChange | None) -> None:
        book = known.book
        if known.live_since is None:
            known.live_since = time
        self._market_data.take_book(book.coin, feed, time, book.best_bid, book.best_ask)
        if change is not None:
            self._on_change(change)
        self._changes.notify()

    def _take_trades(self, trades: list[Trade]) -> None:
        """The first frame after subscribing repeats recent trades and does not say so (section 8.2)."""
        for trade in sorted(trades, key=lambda trade: (trade.time, trade.tid)):
            known = self._coins.get(trade.coin)
            if known is None or trade.tid in known.seen_trades:
                continue
            known.seen_trades[trade.tid] = None
            if len(known.seen_trades) > _REMEMBERED_TRADES:
                known.seen_trades.popitem(last=False)
            self._market_data.take_trade(trade.coin, trade.px, trade.time)
            # A trade of the block of the first book is in that book already.
            if known.live_since is not None and trade.time > known.live_since:
                self._on_trade(trade)

    # Watching

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(self._watch_every)
            for feed, connection in self._connections.items():
                reason = self._fault_of(feed)
                if reason is not None and connection.is_live:
                    connection.replace_socket(reason)

    def _fault_of(self, feed: Feed) -> str | None:
        lag = self._market_data.lag(feed)
        if lag <= STALE_AFTER:
            self._lag_patience[feed] = self._silent_after
        elif self._market_data.feed_age(feed) > self._lag_patience[feed]:
            self._lag_patience[feed] = min(2 * self._lag_patience[feed], _LONGEST_PATIENCE)
            return f"its frames arrive {lag:.0f} s late"
        for coin, known in self._coins.items():
            if not self._connections[feed].is_acknowledged(self._streams(coin, feed)[0]):
                continue
            silence = min(
                self._silence(coin, feed), self._market_data.feed_age(feed), self._market_data.expected_for(coin)
            )
            if silence > known.patience[feed]:
                known.patience[feed] = min(2 * known.patience[feed], _LONGEST_PATIENCE)
                return f"it has sent no {feed.value} of {coin} for {silence:.0f} s"
            if self._silence(coin, feed) <= STALE_AFTER:
                known.patience[feed] = self._silent_after
        return None

    def _silence(self, coin: str, feed: Feed) -> float:
        age = self._market_data.book_age(coin, [feed])
        if feed is Feed.TOP and not self._connections[feed].is_acknowledged(_fast(coin)):
            # Best prices come only when they change: without the fast book the context has to show that all is well.
            age = min(age, self._market_data.context_age(coin))
        return age

    def _has(self, coin: str, feed: Feed) -> bool:
        needed = (stream for stream in self._streams(coin, feed) if stream != _fast(coin))
        return all(map(self._connections[feed].is_acknowledged, needed))

    def _coin(self, coin: str) -> _Coin:
        known = self._coins.get(coin)
        if known is None:
            patience = dict.fromkeys(Feed, self._silent_after)
            known = self._coins[coin] = _Coin(ComposedBook(coin), patience, self._precision_of(coin))
        return known

    def _streams(self, coin: str, feed: Feed) -> list[Subscription]:
        precision = self._coin(coin).precision
        if feed is Feed.DEPTH:
            wire = {"type": "l2Book", "coin": coin} | (precision.wire if precision is not None else {})
            return [Subscription(wire, required=False)]
        kinds = ("bbo", "activeAssetCtx", "trades")
        bbo, *others = (Subscription({"type": kind, "coin": coin}, required=False) for kind in kinds)
        return [bbo, *([_fast(coin)] if precision is None else []), *others]


def _fast(coin: str) -> Subscription:
    return Subscription({"type": "l2Book", "coin": coin, "fast": True}, required=False)
