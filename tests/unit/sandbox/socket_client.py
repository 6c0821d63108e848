"""A WebSocket client for the sandbox's tests, which waits for frames by what is in them."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import msgspec

from hyperliquid_perpetual.sandbox import Sandbox

WAIT_SECONDS = 10

Json = dict[str, Any]


class Socket:
    """A connection and the frames that came in so far."""

    def __init__(self, ws: aiohttp.ClientWebSocketResponse) -> None:
        self.ws = ws
        self.frames: list[Any] = []
        self.texts: list[str] = []
        self._news = asyncio.Event()
        self._reader = asyncio.create_task(self._read())

    async def _read(self) -> None:
        async for message in self.ws:
            try:
                self.frames.append(msgspec.json.decode(message.data))
            except msgspec.DecodeError:
                self.texts.append(message.data)
            self._news.set()
        self._news.set()

    async def send(self, frame: Json | str) -> None:
        """Send a frame."""
        await self.ws.send_str(frame if isinstance(frame, str) else msgspec.json.encode(frame).decode())

    async def subscribe(self, kind: str, **fields: Any) -> Json:
        """Subscribe, and return the acknowledged subscription."""
        await self.send({"method": "subscribe", "subscription": {"type": kind, **fields}})
        frame = await self.next(lambda f: f["channel"] == "subscriptionResponse" and _of(f)["type"] == kind)
        return _of(frame)

    async def next(self, wanted: Callable[[Any], bool]) -> Any:
        """The first frame that fits, taken out together with everything before it."""
        async with asyncio.timeout(WAIT_SECONDS):
            while True:
                for index, frame in enumerate(self.frames):
                    if wanted(frame):
                        del self.frames[: index + 1]
                        return frame
                if self.ws.closed or self._reader.done():
                    raise ConnectionError("the socket was closed")
                self._news.clear()
                await self._news.wait()

    async def data(self, channel: str) -> Any:
        """The data of the next frame of a channel."""
        return (await self.next(lambda frame: frame["channel"] == channel))["data"]

    async def closed(self) -> int | None:
        """Wait until the other side is gone; the close code."""
        async with asyncio.timeout(WAIT_SECONDS):
            await self._reader
        return self.ws.close_code

    async def drained(self) -> list[Any]:
        """Everything that has arrived by the time a ping is answered, taken out."""
        await self.send({"method": "ping"})
        async with asyncio.timeout(WAIT_SECONDS):
            while {"channel": "pong"} not in self.frames:
                self._news.clear()
                await self._news.wait()
        index = self.frames.index({"channel": "pong"})
        found = self.frames[:index]
        del self.frames[: index + 1]
        return found


def _of(frame: Any) -> Any:
    return frame["data"]["subscription"]


@asynccontextmanager
async def connect(exchange: Sandbox) -> AsyncIterator[Socket]:
    """A socket to an exchange."""
    async with aiohttp.ClientSession() as http, http.ws_connect(exchange.ws_url, max_msg_size=0) as ws:
        yield Socket(ws)
