"""HTTP and WebSocket in front of the exchange: paths, content types, CORS, the HTTP errors of section 1.4."""

import asyncio
import contextlib
from typing import NoReturn
from weakref import WeakSet

from aiohttp import web

from hyperliquid_perpetual.sandbox.api import Api
from hyperliquid_perpetual.sandbox.local_only import is_foreign, is_own_name
from hyperliquid_perpetual.sandbox.session import Session
from hyperliquid_perpetual.sandbox.socket_limits import Gate
from hyperliquid_perpetual.sandbox.streams import Streams
from hyperliquid_perpetual.sandbox.traffic import JSON, TEXT, ConnectionBroken, CutOff, NoAnswer, Path, Reply

FOREIGN = b"This sandbox is for this machine, and not for pages of other sites.\n"
WRONG_CONTENT_TYPE = "Expected request with `Content-Type: application/json`"
MAX_BODY = 4 * 1024 * 1024
MAX_FRAME = 4 * 1024 * 1024
REOPEN_SECONDS = 0.1
LEFT_SECONDS = 1.0
"""How often it is looked whether a client that is not answered has gone."""
_HEADERS = {
    "access-control-allow-origin": "*",
    "vary": "origin, access-control-request-method, access-control-request-headers",
}


class Server:
    """Listens on a socket. Further routes can be added to `app` before `start`."""

    def __init__(self, api: Api, streams: Streams, gate: Gate) -> None:
        self._api = api
        self._streams = streams
        self.gate = gate
        self._stopping = asyncio.Event()
        self.app = web.Application(client_max_size=MAX_BODY)
        self.app.router.add_route("*", "/info", self._info)
        self.app.router.add_route("*", "/exchange", self._exchange)
        self.app.router.add_get("/ws", self._ws)
        self._runner: web.AppRunner | None = None
        self._site: web.TCPSite | None = None
        self._host = ""
        self._is_local = True
        self._port = 0
        self._connections: WeakSet[asyncio.Transport] = WeakSet()

    async def start(self, host: str, port: int) -> int:
        """Listen; port 0 takes a free one. Returns the port.

        :raises OSError: when the address cannot be listened on.
        """
        self._is_local = is_own_name(host)
        self._runner = web.AppRunner(self.app, access_log=None, handle_signals=False, shutdown_timeout=0.1)
        await self._runner.setup()
        self._site = web.TCPSite(self._runner, host, port)
        try:
            await self._site.start()
        except OSError:
            await self._runner.cleanup()
            raise
        self._host = host
        self._port = self._runner.addresses[0][1]
        return self._port

    def break_connections(self) -> None:
        """Break every connection through which a client has talked to the exchange."""
        for transport in list(self._connections):
            transport.abort()

    async def shut(self) -> None:
        """Refuse new connections, and break those that there are."""
        if self._site is not None:
            await self._site.stop()
            self._site = None
        self.break_connections()

    async def reopen(self) -> None:
        """Listen again where it did before, as soon as the port can be had."""
        while self._site is None and self._runner is not None and not self._stopping.is_set():
            site = web.TCPSite(self._runner, self._host, self._port)
            try:
                await site.start()
            except OSError:
                await site.stop()
                await asyncio.sleep(REOPEN_SECONDS)
            else:
                self._site = site

    async def stop(self) -> None:
        """Close every connection and stop listening."""
        self._stopping.set()
        for session in list(self.gate.sessions):
            session.abort()
        under_way = list(self.gate.under_way)
        for task in under_way:
            task.cancel()
        await asyncio.gather(*under_way, return_exceptions=True)
        if self._runner is not None:
            await self._runner.cleanup()

    async def _info(self, request: web.Request) -> web.StreamResponse:
        return await self._post(request, "/info")

    async def _exchange(self, request: web.Request) -> web.StreamResponse:
        return await self._post(request, "/exchange")

    async def _post(self, request: web.Request, path: Path) -> web.StreamResponse:
        if self._is_local and is_foreign(request):
            return web.Response(status=403, body=FOREIGN, content_type="text/plain")
        if request.method == "OPTIONS":
            allowed = {"access-control-allow-methods": "*", "access-control-allow-headers": "*"}
            return web.Response(headers={**_HEADERS, **allowed})
        if request.method != "POST":
            return web.Response(status=405, headers={**_HEADERS, "allow": "POST"})
        if request.content_type != JSON:
            return _respond(Reply(415, WRONG_CONTENT_TYPE.encode(), TEXT))
        if request.transport is not None:
            self._connections.add(request.transport)
        body = await request.read()
        try:
            reply = await self._api.ask(path, body, _address(request))
        except CutOff as cut:
            await _cut_off(request, cut.reply)
        except ConnectionBroken:
            _break(request)
        except NoAnswer:
            await self._wait_for_the_client_to_leave(request)
        return _respond(reply)

    async def _ws(self, request: web.Request) -> web.StreamResponse:
        if self._is_local and is_foreign(request):
            return web.Response(status=403, body=FOREIGN, content_type="text/plain")
        if not web.WebSocketResponse().can_prepare(request).ok:
            return web.Response(status=400, headers=_HEADERS)
        faults = self._api.faults.requests
        try:
            refusal = None if faults is None else faults.refuse()
        except ConnectionBroken:
            _break(request)
        if refusal is not None:
            return _respond(refusal)
        address = _address(request)
        if not self.gate.may_connect(address):
            return web.Response(status=429, headers=_HEADERS)
        ws = web.WebSocketResponse(compress=False, autoping=True, max_msg_size=MAX_FRAME, timeout=1)
        await ws.prepare(request)
        if request.transport is not None:
            self._connections.add(request.transport)
        session = Session(ws, address, self._api, self._streams, self.gate)
        self.gate.sessions[session] = None
        try:
            await session.run(request.transport)
        finally:
            del self.gate.sessions[session]
        return ws

    async def _wait_for_the_client_to_leave(self, request: web.Request) -> NoReturn:
        """Say nothing for as long as somebody listens."""
        while request.transport is not None and not request.transport.is_closing() and not self._stopping.is_set():
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), LEFT_SECONDS)
        raise asyncio.CancelledError


def _respond(reply: Reply) -> web.Response:
    return web.Response(status=reply.status, body=reply.body, headers={**_HEADERS, "content-type": reply.content_type})


def _break(request: web.Request) -> NoReturn:
    """Break the connection of a request in place of an answer."""
    if request.transport is not None:
        request.transport.abort()
    raise asyncio.CancelledError


async def _cut_off(request: web.Request, reply: Reply) -> NoReturn:
    """Announce a whole answer, send half of it, and break the connection."""
    headers = {**_HEADERS, "content-type": reply.content_type, "content-length": str(len(reply.body))}
    response = web.StreamResponse(status=reply.status, headers=headers)
    await response.prepare(request)
    await response.write(reply.body[: len(reply.body) // 2])
    _break(request)


def _address(request: web.Request) -> str:
    return request.remote or "unknown"
