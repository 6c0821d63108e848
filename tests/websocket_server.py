"""A WebSocket server whose manners the tests script: what it acknowledges, refuses, ignores or hangs up on."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from contextlib import suppress
from types import TracebackType
from typing import Any, Self

from aiohttp import WSCloseCode, WSMsgType, web

type Json = dict[str, Any]
type Answer = Callable[["ScriptedServer", web.WebSocketResponse, Json], Awaitable[None]]


def acknowledgement(method: str, subscription: Json, **defaults: Any) -> Json:
    """The venue's echo of a (un)subscription."""
    return {"channel": "subscriptionResponse", "data": {"method": method, "subscription": {**subscription, **defaults}}}


async def acknowledge(_server: "ScriptedServer", socket: web.WebSocketResponse, frame: Json) -> None:
    """Answers a (un)subscription the way the venue does, defaults added."""
    subscription = frame["subscription"]
    defaults: Json = {}
    if subscription["type"] == "l2Book":
        defaults = {"nSigFigs": None, "mantissa": None, "fast": subscription.get("fast", False)}
    await socket.send_json(acknowledgement(frame["method"], {**defaults, **subscription}))


class ScriptedServer:
    """Serves ``/ws`` on a free loopback port for the duration of an ``async with``."""

    def __init__(self, answer: Answer = acknowledge) -> None:
        self.answer = answer
        self.answer_pings = True
        self.close_after_handshake = False
        self.greeting: str | None = None
        self.redirect_to: str | None = None
        self.handshakes = 0
        self.received: list[Json] = []
        self.sockets: list[web.WebSocketResponse] = []
        self.url = ""
        self._runner: web.AppRunner | None = None

    async def __aenter__(self) -> Self:
        application = web.Application()
        application.router.add_get("/ws", self._serve)
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        host, port = self._runner.addresses[0][:2]
        self.url = f"ws://{host}:{port}/ws"
        return self

    async def __aexit__(
        self, error_type: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.hang_up()
        assert self._runner is not None
        await self._runner.cleanup()

    @property
    def subscribed(self) -> list[Json]:
        """The subscriptions that were asked for, over all sockets, in the order of arrival."""
        return [frame["subscription"] for frame in self.received if frame["method"] == "subscribe"]

    @property
    def unsubscribed(self) -> list[Json]:
        """The subscriptions that were given up."""
        return [frame["subscription"] for frame in self.received if frame["method"] == "unsubscribe"]

    @property
    def pings(self) -> int:
        """How many JSON pings arrived."""
        return sum(frame["method"] == "ping" for frame in self.received)

    async def push(self, *frames: Json | str | bytes) -> None:
        """Sends to every open socket: JSON values, text, or binary."""
        for socket in list(self.sockets):
            for frame in frames:
                if isinstance(frame, bytes):
                    await socket.send_bytes(frame)
                elif isinstance(frame, str):
                    await socket.send_str(frame)
                else:
                    await socket.send_json(frame)

    async def hang_up(self, politely: bool = False) -> None:
        """Ends every socket; impolitely without a closing handshake, as the venue does."""
        for socket in list(self.sockets):
            await drop(socket, politely)

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        self.handshakes += 1
        if self.redirect_to is not None:
            raise web.HTTPFound(self.redirect_to)
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        if self.close_after_handshake:
            await socket.close()
            return socket
        self.sockets.append(socket)
        try:
            if self.greeting is not None:
                await socket.send_str(self.greeting)
            async for message in socket:
                if message.type is WSMsgType.TEXT:
                    await self._take(socket, json.loads(message.data))
        except ConnectionError:
            pass
        finally:
            self.sockets.remove(socket)
        return socket

    async def _take(self, socket: web.WebSocketResponse, frame: Json) -> None:
        self.received.append(frame)
        if frame["method"] == "ping":
            if self.answer_pings:
                await socket.send_json({"channel": "pong"})
        else:
            await self.answer(self, socket, frame)


async def drop(socket: web.WebSocketResponse, politely: bool = False) -> None:
    """Ends one socket."""
    if politely:
        await socket.close(code=WSCloseCode.GOING_AWAY)
    else:
        transport = socket._req.transport if socket._req is not None else None
        if transport is not None:
            transport.abort()
    with suppress(ConnectionError):
        await asyncio.sleep(0)


async def eventually(condition: Callable[[], Any], within: float = 5.0) -> None:
    """Waits until the condition holds; fails when it does not within the given seconds."""
    async with asyncio.timeout(within):
        while not condition():  # noqa: ASYNC110 (what is waited for tells nobody)
            await asyncio.sleep(0.005)
