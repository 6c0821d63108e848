"""Candles by stream: one socket per network, however many feeds listen.

Reference, sections 8.2 and 9.2: an address may have ten sockets, and a bot with ten candles feeds needs some for its
orders. Feeds that want the same candles share one subscription.
"""

import asyncio
from typing import Protocol
from weakref import WeakKeyDictionary

from ..venue.frames import Candles, Message
from ..venue.messages import Candle
from .connection import Connection, Subscription, Timings
from .log_names import logger_of

logger = logger_of(__name__)


class CandleListener(Protocol):
    """Who wants to know."""

    def on_candle(self, candle: Candle) -> None:
        """A candle in the making, as it is now."""
        ...

    def on_stream_ready(self) -> None:
        """A socket is there; what happened before it was not told."""
        ...

    def on_stream_lost(self) -> None:
        """The socket is gone, and is being replaced."""
        ...


class CandleStreams:
    """The candles of one network."""

    def __init__(self, url: str, timings: Timings | None = None) -> None:
        self._url = url
        self._timings = timings
        self._listeners: dict[tuple[str, str], list[CandleListener]] = {}
        self._connection: Connection | None = None
        self._task: asyncio.Task[None] | None = None

    @property
    def is_live(self) -> bool:
        """Whether the socket is there and heard from."""
        return self._connection is not None and self._connection.is_live

    async def listen(self, coin: str, interval: str, listener: CandleListener) -> None:
        """Tells a listener of the candles of a coin from now on. The coin must exist: see section 8.1."""
        key = (coin, interval)
        listeners = self._listeners.setdefault(key, [])
        listeners.append(listener)
        if self._connection is None:
            self._connection = Connection(
                self._url,
                "candles",
                self._take,
                on_ready=lambda: self._tell("ready"),
                on_lost=lambda: self._tell("lost"),
                timings=self._timings,
                logger=logger,
            )
        connection = self._connection
        await connection.subscribe(_subscription(*key), timeout=0)
        if self._task is None:
            self._task = asyncio.create_task(connection.run())
        elif connection.is_connected:
            listener.on_stream_ready()

    async def leave(self, coin: str, interval: str, listener: CandleListener) -> None:
        """Tells it no more; with the last listener the socket is closed."""
        key = (coin, interval)
        listeners = self._listeners.get(key, [])
        if listener in listeners:
            listeners.remove(listener)
        if listeners or key not in self._listeners:
            return
        del self._listeners[key]
        if self._listeners:
            if self._connection is not None:
                await self._connection.unsubscribe(_subscription(*key), timeout=0)
            return
        # Forgotten before it has ended: whoever comes meanwhile gets a new one.
        task, self._task, self._connection = self._task, None, None
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    def _take(self, message: Message) -> None:
        if not isinstance(message, Candles):
            return
        for candle in message.candles:
            for listener in list(self._listeners.get((candle.s, candle.i), ())):
                listener.on_candle(candle)

    def _tell(self, what: str) -> None:
        for listeners in list(self._listeners.values()):
            for listener in list(listeners):
                if what == "ready":
                    listener.on_stream_ready()
                else:
                    listener.on_stream_lost()


def _subscription(coin: str, interval: str) -> Subscription:
    return Subscription({"type": "candle", "coin": coin, "interval": interval}, required=False)


_streams: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[str, CandleStreams]] = WeakKeyDictionary()


def candle_streams(url: str) -> CandleStreams:
    """The one that everybody in this event loop shares for a WebSocket URL."""
    here = _streams.setdefault(asyncio.get_running_loop(), {})
    return here.setdefault(url, CandleStreams(url))
