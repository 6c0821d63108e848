"""HTTP and WebSocket in front of the exchange: paths, content types, CORS, the HTTP errors of section 1.4."""

import asyncio

from aiohttp import web

from hyperliquid_perpetual.sandbox.api import JSON, TEXT, Api, ConnectionBroken, NoAnswer, Path, Reply
from hyperliquid_perpetual.sandbox.session import Session
from hyperliquid_perpetual.sandbox.socket_limits import Gate
from hyperliquid_perpetual.sandbox.streams import Streams

WRONG_CONTENT_TYPE = "Expected request with `Content-Type: application/json`"
MAX_BODY = 4 * 1024 * 1024
MAX_FRAME = 4 * 1024 * 1024
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

    async def start(self, host: str, port: int) -> int:
        """Listen; port 0 takes a free one. Returns the port.

        :raises OSError: when the address cannot be listened on.
        """
        self._runner = web.AppRunner(self.app, access_log=None, handle_signals=False, shutdown_timeout=0.1)
        await self._runner.setup()
        try:
            await web.TCPSite(self._runner, host, port).start()
        except OSError:
            await self._runner.cleanup()
            raise
        bound: int = self._runner.addresses[0][1]
        return bound

    async def stop(self) -> None:
        """Close every connection and stop listening."""
        self._stopping.set()
        for session in list(self.gate.sessions):
            session.abort()
        if self._runner is not None:
            await self._runner.cleanup()

    async def _info(self, request: web.Request) -> web.StreamResponse:
        return await self._post(request, "/info")

    async def _exchange(self, request: web.Request) -> web.StreamResponse:
        return await self._post(request, "/exchange")

    async def _post(self, request: web.Request, path: Path) -> web.StreamResponse:
        if request.method == "OPTIONS":
            allowed = {"access-control-allow-methods": "*", "access-control-allow-headers": "*"}
            return web.Response(headers={**_HEADERS, **allowed})
        if request.method != "POST":
            return web.Response(status=405, headers={**_HEADERS, "allow": "POST"})
        if request.content_type != JSON:
            return _respond(Reply(415, WRONG_CONTENT_TYPE.encode(), TEXT))
        body = await request.read()
        try:
            reply = await self._api.ask(path, body, _address(request))
        except ConnectionBroken:
            if request.transport is not None:
                request.transport.abort()
            raise asyncio.CancelledError from None
        except NoAnswer:
            await self._stopping.wait()
            raise asyncio.CancelledError from None
        return _respond(reply)

    async def _ws(self, request: web.Request) -> web.StreamResponse:
        if not web.WebSocketResponse().can_prepare(request).ok:
            return web.Response(status=400, headers=_HEADERS)
        address = _address(request)
        if not self.gate.may_connect(address):
            return web.Response(status=429, headers=_HEADERS)
        ws = web.WebSocketResponse(compress=False, autoping=True, max_msg_size=MAX_FRAME, timeout=1)
        await ws.prepare(request)
        session = Session(ws, address, self._api, self._streams, self.gate)
        self.gate.sessions[session] = None
        try:
            await session.run(request.transport)
        finally:
            del self.gate.sessions[session]
        return ws


def _respond(reply: Reply) -> web.Response:
    return web.Response(status=reply.status, body=reply.body, headers={**_HEADERS, "content-type": reply.content_type})


def _address(request: web.Request) -> str:
    return request.remote or "unknown"
