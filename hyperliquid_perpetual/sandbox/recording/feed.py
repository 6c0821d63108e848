"""Live public streams of some coins: frames as they are received, over two sockets that heal themselves.

The books of both cadences are on sockets of their own, because on one they could not be told apart (reference, section
8.2): `all` has the full books, best prices, trades and contexts, `fast` the five-level books.
"""

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable, Sequence
from random import Random
from typing import Any, Literal, Protocol

import aiohttp
import msgspec

from hyperliquid_perpetual.sandbox.recording.records import CANNOT_READ
from hyperliquid_perpetual.sandbox.recording.source import Source, refuse_redirects

Streams = Literal["all", "fast"]

PING_SECONDS = 20.0
SILENCE_SECONDS = 45.0
"""Pings are answered, so a socket that is silent for longer is dead."""
MAX_BACKOFF_SECONDS = 30.0
STABLE_SECONDS = 60.0
"""A connection that lived this long makes the next wait short again: 30 new connections a minute are the limit."""

DATA_CHANNELS = frozenset(("l2Book", "bbo", "trades", "activeAssetCtx"))

logger = logging.getLogger(__name__)


class Listener(Protocol):
    """Who wants the frames."""

    def on_frame(self, received: int, channel: str, frame: bytes) -> None:
        """A frame of one of `DATA_CHANNELS`; `received` is Unix ms."""
        ...

    def on_lost(self, streams: Streams, since: int, reason: str) -> None:
        """A connection is gone; `since` is when something was last received (Unix ms)."""
        ...

    def on_connected(self, streams: Streams) -> None:
        """Everything is subscribed to, for the first time or again."""
        ...


class _Envelope(msgspec.Struct):
    channel: str
    data: msgspec.Raw = msgspec.Raw(b"null")


_envelopes = msgspec.json.Decoder(_Envelope)
_jitter = Random()  # noqa: S311 - spreads reconnections, guards nothing


def now_ms() -> int:
    """The machine's time, Unix ms."""
    return time.time_ns() // 1_000_000


def subscriptions(coins: Sequence[str], streams: Streams) -> list[dict[str, Any]]:
    """What is subscribed to on a socket: the book first, which makes what follows mean something."""
    if streams == "fast":
        return [{"type": "l2Book", "coin": coin, "fast": True} for coin in coins]
    return [{"type": kind, "coin": coin} for coin in coins for kind in ("l2Book", "bbo", "activeAssetCtx", "trades")]


class Feed:
    """Follows some coins of a source until it is canceled."""

    def __init__(
        self,
        source: Source,
        coins: Sequence[str],
        listener: Listener,
        first_wait: float = 1.0,
        now: Callable[[], int] = now_ms,
    ) -> None:
        """:param first_wait: seconds until the first attempt to connect again; each further one waits twice as long.
        :param now: gives the time of what is received, Unix ms.
        """
        self._source = source
        self._coins = coins
        self._listener = listener
        self._first_wait = first_wait
        self._now = now

    async def run(self) -> None:
        """Connect, subscribe, listen, and connect again; ends only by cancellation."""
        session = aiohttp.ClientSession(trace_configs=[refuse_redirects()], cookie_jar=aiohttp.DummyCookieJar())
        async with session as http, asyncio.TaskGroup() as tasks:
            tasks.create_task(self._keep(http, "all"))
            tasks.create_task(self._keep(http, "fast"))

    async def _keep(self, http: aiohttp.ClientSession, streams: Streams) -> None:
        wait = self._first_wait
        last = self._now()
        loop = asyncio.get_running_loop()
        while True:
            began = loop.time()
            heard = [last]
            try:
                await self._listen(http, streams, heard)
                reason = "the connection was closed"
            except TimeoutError:
                reason = "nothing was received any more"
            except (aiohttp.ClientError, OSError) as error:
                reason = str(error) or type(error).__name__
            last = heard[0]
            if loop.time() - began > STABLE_SECONDS:
                wait = self._first_wait
            self._listener.on_lost(streams, last, reason)
            await asyncio.sleep(wait * _jitter.uniform(0.8, 1.2))
            wait = min(2 * wait, MAX_BACKOFF_SECONDS)

    async def _listen(self, http: aiohttp.ClientSession, streams: Streams, heard: list[int]) -> None:
        timeout = aiohttp.ClientWSTimeout(ws_close=2)
        async with (
            asyncio.timeout(SILENCE_SECONDS) as silence,
            http.ws_connect(self._source.ws_url, timeout=timeout, max_msg_size=2**24) as ws,
        ):
            for subscription in subscriptions(self._coins, streams):
                await ws.send_json({"method": "subscribe", "subscription": subscription})
            self._listener.on_connected(streams)
            pings = asyncio.create_task(_ping(ws))
            try:
                async for message in ws:
                    silence.reschedule(asyncio.get_running_loop().time() + SILENCE_SECONDS)
                    if message.type is aiohttp.WSMsgType.TEXT:
                        heard[0] = self._now()
                        self._take(heard[0], message.data)
            finally:
                pings.cancel()
                await asyncio.wait([pings])

    def _take(self, received: int, text: str) -> None:
        try:
            envelope = _envelopes.decode(text)
        except CANNOT_READ:
            return  # no frame of the venue: the greeting, for one
        if envelope.channel in DATA_CHANNELS:
            self._listener.on_frame(received, envelope.channel, text.encode())
        elif envelope.channel == "error":
            logger.warning("%s says: %s", self._source.name, bytes(envelope.data).decode())


async def _ping(ws: aiohttp.ClientWebSocketResponse) -> None:
    with contextlib.suppress(aiohttp.ClientError, OSError):  # whoever reads the socket notices as well
        while True:
            await asyncio.sleep(PING_SECONDS)
            await ws.send_json({"method": "ping"})
