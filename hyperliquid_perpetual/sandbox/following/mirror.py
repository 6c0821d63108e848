"""Follows a live venue: its public streams move the books here, in which users' orders are filled by its trades.

Unsigned public data only: nothing of a user leaves this machine. What is stale is taken away: a book of which nothing
was heard for a while is emptied, and everybody is told, until the venue is heard again.
"""

import asyncio
import logging
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Self

from hyperliquid_perpetual.sandbox.chain import Chain
from hyperliquid_perpetual.sandbox.clock import Clock, Timer, VirtualClock
from hyperliquid_perpetual.sandbox.engine.market_state import MarketState
from hyperliquid_perpetual.sandbox.following.followers import Followers
from hyperliquid_perpetual.sandbox.following.plan import OutsidePlan
from hyperliquid_perpetual.sandbox.following.queue_models import DEFAULT_QUEUE, QueueModel, queue_model
from hyperliquid_perpetual.sandbox.recording.feed import Feed, Streams, now_ms
from hyperliquid_perpetual.sandbox.recording.records import Metadata
from hyperliquid_perpetual.sandbox.recording.source import Source, fetch_metadata, source_of

STALE_SECONDS = 12.0
"""Full books come every 5.4 s even if nothing changed (reference, section 8.2): two of them are missing by then."""
FLUSH_MS = 10
CHECK_MS = 250

logger = logging.getLogger(__name__)


class MirrorPlan(OutsidePlan):
    """A live venue that a sandbox can be made for. `of` asks the venue what it lists."""

    def __init__(
        self,
        source: Source,
        metadata: Metadata,
        coins: tuple[str, ...],
        *,
        queue: str | QueueModel = DEFAULT_QUEUE,
        stale_seconds: float = STALE_SECONDS,
        reconnect_seconds: float = 1.0,
    ) -> None:
        super().__init__(metadata, coins, queue)
        self.source = source
        self.stale_seconds = stale_seconds
        self.reconnect_seconds = reconnect_seconds

    @classmethod
    async def of(cls, venue: str, coins: Sequence[str] | None = None, queue: str | QueueModel = DEFAULT_QUEUE) -> Self:
        """The plan to mirror some coins of `mainnet`, `testnet` or the venue at a URL.

        :raises ValueError: for another name, for a queue model that there is not, and for unreadable metadata.
        :raises SourceError: when the venue cannot be reached, or does not list a coin.
        """
        queue_model(queue)
        source = source_of(venue)
        metadata, chosen = await fetch_metadata(source, coins)
        return cls(source, metadata, chosen, queue=queue)

    @classmethod
    def fetched(cls, venue: str, coins: Sequence[str] | None = None) -> Self:
        """`of` for callers that cannot wait: blocks until the venue has answered.

        Must not be called in the event loop in which that venue runs.
        """
        from concurrent.futures import ThreadPoolExecutor

        with ThreadPoolExecutor(1) as pool:
            return pool.submit(lambda: asyncio.run(cls.of(venue, coins))).result()

    def driver(self, chain: Chain) -> "Mirror":
        """See `DriverPlan`.

        :raises ValueError: under a virtual clock, since the venue's time cannot be made to stand still.
        """
        if isinstance(chain.clock, VirtualClock):
            raise ValueError("a mirror lives in real time: it cannot have a virtual clock")
        return Mirror(self, chain)


class Mirror:
    """The live venue as a `MarketDriver`."""

    def __init__(self, plan: MirrorPlan, chain: Chain) -> None:
        self._plan = plan
        self._followers = Followers(chain, plan.coins, plan.model)
        self.coins = tuple(self._followers.by_coin)
        self.addresses = self._followers.addresses
        self._feed = Feed(plan.source, self.coins, self, plan.reconnect_seconds)
        self._task: asyncio.Task[None] | None = None
        self._began = 0
        self._reason = ""
        self._stale: set[str] = set()
        self.connections = 0
        """How often the streams were connected."""

    @property
    def regime(self) -> str:
        """See `MarketDriver`."""
        return f"mirror of {self._plan.source.name}"

    @property
    def condition(self) -> str:
        """See `OutsideDriver`."""
        name = self._plan.source.name
        if self._task is not None and self._task.done():
            return f"{name} is not followed any more: {self._reason}; the books are empty"
        if not self._stale:
            return f"{name} is not connected: {self._reason}" if self._reason else ""
        last = max((self._followers.last_book.get(coin, self._began) for coin in self._stale), default=self._began)
        since = datetime.fromtimestamp(last / 1000, UTC).strftime("%H:%M:%S")
        reason = f" ({self._reason})" if self._reason else ""
        coins = ", ".join(coin for coin in self.coins if coin in self._stale)
        return f"nothing heard of {coins} on {name} since {since} UTC{reason}: their books are empty"

    def open(self) -> None:
        """See `MarketDriver`. The books come with the first frames."""
        self._followers.open()

    def start(self, clock: Clock) -> list[Timer]:
        """See `MarketDriver`."""
        self._began = now_ms()
        self._task = asyncio.create_task(self._feed.run())
        self._task.add_done_callback(self._on_end)
        return [
            clock.every(FLUSH_MS, lambda: self._followers.advance(now_ms())),
            clock.every(CHECK_MS, self._check),
        ]

    def add(self, state: MarketState) -> None:
        """See `MarketDriver`: a market that was listed here is not there."""

    def remove(self, coin: str) -> None:
        """See `MarketDriver`."""
        self._followers.remove(coin)
        self._stale.discard(coin)

    async def stop(self) -> None:
        """See `OutsideDriver`."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.wait([task])

    # ------------------------------------------------------------------ the feed

    def on_frame(self, received: int, channel: str, frame: bytes) -> None:
        """See `Listener`."""
        self._followers.take(received, frame)

    def on_connected(self, streams: Streams) -> None:
        """See `Listener`."""
        if streams == "all":
            self.connections += 1
            if self._reason:
                logger.warning("%s is connected again", self._plan.source.name)
            self._reason = ""

    def on_lost(self, streams: Streams, since: int, reason: str) -> None:
        """See `Listener`: trades may be missing from here on, so the next full book is the beginning."""
        if streams == "all":
            if not self._reason:
                logger.warning("the connection to %s is lost: %s", self._plan.source.name, reason)
            self._reason = reason
            self._followers.reset()

    def _check(self) -> None:
        """Empty the books of which nothing was heard for too long."""
        limit = now_ms() - round(self._plan.stale_seconds * 1000)
        stale = {coin for coin in self._followers.by_coin if self._followers.last_book.get(coin, self._began) < limit}
        for coin in stale:
            self._followers.clear(coin)
        if stale - self._stale:
            self._stale = stale
            logger.warning("%s", self.condition)
        elif self._stale - stale and not stale:
            logger.warning("%s is heard again: the books are live", self._plan.source.name)
        self._stale = stale

    def _on_end(self, task: asyncio.Task[None]) -> None:
        error = None if task.cancelled() else task.exception()
        if error is not None:
            self._reason = repr(error)
            logger.error("the mirror has failed", exc_info=error)
            self._followers.reset()
            self._followers.clear()
