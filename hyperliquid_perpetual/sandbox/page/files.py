"""The page's files: read once, served under `/` and `/page/...` with headers that let nothing else in.

There is no build step: what lies in `static/` is what a browser gets. Nothing is looked up by a path of the request,
only by the name of a file that was there at the start.
"""

import functools
import hashlib
import ipaddress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from aiohttp import web

from hyperliquid_perpetual.sandbox.local_only import is_own_name, why_refused

STATIC = Path(__file__).parent / "static"
INDEX = "index.html"
CONTENT_TYPES = {".html": "text/html", ".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}


@dataclass(frozen=True, slots=True)
class PageFile:
    """One file as it is served."""

    body: bytes
    content_type: str
    etag: str


class PageFiles:
    """Adds the page to a server.

    :param host: the address that the sandbox listens on. On a loopback address the page is for this machine alone, as
        `/sandbox/...` always is; an address that others can reach was opened on purpose, and then the page is seen
        wherever the exchange is.
    """

    def __init__(self, host: str) -> None:
        self._is_local = is_own_name(host)
        self._files = page_files()

    def add_routes(self, app: web.Application) -> None:
        """The page itself and its files."""
        app.router.add_get("/", self._index)
        app.router.add_get("/page/{name}", self._file)

    async def _index(self, request: web.Request) -> web.Response:
        return self._answer(request, INDEX)

    async def _file(self, request: web.Request) -> web.Response:
        return self._answer(request, request.match_info["name"])

    def _answer(self, request: web.Request, name: str) -> web.Response:
        headers = _headers(request)
        refusal = why_refused(request) if self._is_local else None
        if refusal is not None:
            return web.Response(status=403, text=f"This page is {refusal}.\n", headers=headers)
        file = self._files.get(name)
        if file is None:
            return web.Response(status=404, text="There is no such file.\n", headers=headers)
        headers["etag"] = file.etag
        if request.headers.get("if-none-match") == file.etag:
            return web.Response(status=304, headers=headers)
        return web.Response(body=file.body, content_type=file.content_type, charset="utf-8", headers=headers)


@functools.cache
def page_files() -> dict[str, PageFile]:
    """Every file of the page by its name; read once in the life of a program, however many sandboxes it starts."""
    return {path.name: _read(path) for path in sorted(STATIC.iterdir()) if path.suffix in CONTENT_TYPES}


def _read(path: Path) -> PageFile:
    body = path.read_bytes()
    return PageFile(body, CONTENT_TYPES[path.suffix], f'"{hashlib.sha256(body).hexdigest()[:32]}"')


def _headers(request: web.Request) -> dict[str, str]:
    """Scripts, styles and connections from this server only; never inside a frame; asked for again every time."""
    here = _socket_origin(request.host)
    policy = (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        f"connect-src 'self'{here}",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
    return {
        "content-security-policy": "; ".join(policy),
        "x-content-type-options": "nosniff",
        "referrer-policy": "no-referrer",
        "cross-origin-resource-policy": "same-origin",
        "cross-origin-opener-policy": "same-origin",
        "cache-control": "no-cache",
    }


def _socket_origin(host: str) -> str:
    """`` ws://host:port`` for browsers in which 'self' leaves WebSockets out; nothing for a host that is no host."""
    try:
        parts = urlsplit(f"//{host}")
        name, port = parts.hostname or "", parts.port
    except ValueError:
        return ""
    try:
        is_v6 = ipaddress.ip_address(name).version == 6
    except ValueError:
        is_v6 = False
        if not name.replace(".", "").replace("-", "").isalnum() or not name.isascii():
            return ""
    place = f"[{name}]" if is_v6 else name
    return f" ws://{place}" if port is None else f" ws://{place}:{port}"
