"""Opens one client WebSocket: explicit timeouts, no redirects, no proxy from the environment, no cookies."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from types import SimpleNamespace

import aiohttp

MAX_FRAME_BYTES = 16 * 1024 * 1024
"""Several times the largest frame the venue sends (all contexts of all dexs, 117 kB, or long fill histories)."""


@contextlib.asynccontextmanager
async def open_websocket(
    url: str, connect_timeout: float, close_timeout: float
) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
    """A socket for the duration of the ``async with``; closed in ``close_timeout`` seconds even when the peer is gone.

    :param connect_timeout: seconds for name lookup, TCP, TLS and the upgrade together.
    :raises TimeoutError: when ``connect_timeout`` has passed.
    :raises aiohttp.ClientError: when there is no WebSocket to be had at exactly this address.
    """
    async with aiohttp.ClientSession(
        timeout=aiohttp.ClientTimeout(total=None, connect=connect_timeout, sock_connect=connect_timeout),
        cookie_jar=aiohttp.DummyCookieJar(),
        trace_configs=[_refuse_redirects()],
        trust_env=False,
    ) as http:
        async with asyncio.timeout(connect_timeout):
            socket = await http.ws_connect(
                url,
                timeout=aiohttp.ClientWSTimeout(ws_receive=None, ws_close=close_timeout),
                max_msg_size=MAX_FRAME_BYTES,
                autoclose=True,
                autoping=True,
            )
        try:
            yield socket
        finally:
            with contextlib.suppress(aiohttp.ClientError, OSError, TimeoutError):
                async with asyncio.timeout(close_timeout):
                    await socket.close()


def _refuse_redirects() -> aiohttp.TraceConfig:
    async def refuse(
        _session: aiohttp.ClientSession, _context: SimpleNamespace, params: aiohttp.TraceRequestRedirectParams
    ) -> None:
        raise aiohttp.ClientError(f"the server redirects to {params.response.headers.get('Location')!r}")

    config = aiohttp.TraceConfig()
    config.on_request_redirect.append(refuse)
    return config
