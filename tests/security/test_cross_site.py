"""A sandbox of this machine is for this machine: loopback unless told otherwise, and no page of another site."""

import inspect
import socket
from collections.abc import AsyncIterator

import aiohttp
import pytest

from hyperliquid_perpetual.cli import sandbox as command
from hyperliquid_perpetual.sandbox import Sandbox, serve

JSON = {"content-type": "application/json"}
FOREIGN = [
    pytest.param({"origin": "https://somewhere.example"}, id="page of another site"),
    pytest.param({"origin": "http://127.0.0.1.somewhere.example"}, id="page of a site that is named like us"),
    pytest.param({"origin": "null"}, id="page in a frame without an origin"),
    pytest.param({"origin": "http://[::1"}, id="origin that is none"),
    pytest.param({"origin": "file://"}, id="page from a disk"),
    pytest.param({"host": "somewhere.example"}, id="name that points here"),
    pytest.param({"host": "rebound.example:3001", "origin": "http://rebound.example:3001"}, id="rebound name"),
    pytest.param({"host": "[::1"}, id="host that is none"),
    pytest.param({"host": "localhost.somewhere.example"}, id="name that begins like us"),
    pytest.param({"host": "192.168.1.7:3001"}, id="address of a network"),
]
OWN_PATHS = ["/sandbox/status", "/sandbox/summary", "/sandbox/faults", "/sandbox/quirks"]


@pytest.fixture
async def exchange() -> AsyncIterator[Sandbox]:
    async with Sandbox(seed=1, market="still", clock="virtual") as sandbox:
        yield sandbox


async def status(exchange: Sandbox, method: str, path: str, headers: dict[str, str]) -> int:
    async with (
        aiohttp.ClientSession() as http,
        http.request(method, exchange.url + path, data=b"{}", headers={**JSON, **headers}) as response,
    ):
        return response.status


@pytest.mark.parametrize("headers", FOREIGN)
@pytest.mark.parametrize("path", ["/info", "/exchange"])
async def test_page_of_another_site_neither_reads_nor_trades(
    exchange: Sandbox, path: str, headers: dict[str, str]
) -> None:
    assert await status(exchange, "POST", path, headers) == 403
    assert await status(exchange, "OPTIONS", path, headers) == 403
    assert len(exchange.api.captured) == 0


@pytest.mark.parametrize("headers", FOREIGN)
async def test_page_of_another_site_gets_no_websocket(exchange: Sandbox, headers: dict[str, str]) -> None:
    async with aiohttp.ClientSession() as http:
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await http.ws_connect(exchange.ws_url, headers=headers)
    assert refused.value.status == 403
    assert exchange.sockets == 0


@pytest.mark.parametrize("headers", FOREIGN)
@pytest.mark.parametrize("path", [*OWN_PATHS, "/", "/page/app.js"])
async def test_page_of_another_site_does_not_see_the_sandbox(
    exchange: Sandbox, path: str, headers: dict[str, str]
) -> None:
    assert await status(exchange, "GET", path, headers) == 403


@pytest.mark.parametrize("headers", FOREIGN)
async def test_page_of_another_site_changes_nothing(exchange: Sandbox, headers: dict[str, str]) -> None:
    for path in ("fund", "price", "faults", "delist", "maintenance", "drop_websockets"):
        assert await status(exchange, "POST", f"/sandbox/{path}", headers) == 403
    assert await status(exchange, "DELETE", "/sandbox/faults", headers) == 403


async def test_pages_of_this_machine_may_trade_whatever_their_port(exchange: Sandbox) -> None:
    port = exchange.url.rpartition(":")[2]
    for headers in (
        {},
        {"origin": exchange.url},
        {"origin": "http://localhost:5173"},
        {"origin": "http://[::1]:8080"},
        {"origin": "http://app.localhost"},
        {"host": f"localhost:{port}", "origin": "http://127.0.0.1:9000"},
        {"host": f"[::1]:{port}"},
    ):
        assert await status(exchange, "POST", "/info", headers) == 422, headers
        async with aiohttp.ClientSession() as http, http.ws_connect(exchange.ws_url, headers=headers) as ws:
            await ws.send_json({"method": "ping"})
            assert (await ws.receive_json(timeout=5)) == {"channel": "pong"}


async def test_page_of_another_port_of_this_machine_does_not_get_the_controls(exchange: Sandbox) -> None:
    assert await status(exchange, "GET", "/sandbox/status", {"origin": "http://localhost:5173"}) == 403
    assert await status(exchange, "POST", "/sandbox/fund", {"origin": "http://localhost:5173"}) == 403


async def test_form_of_another_site_cannot_be_sent_even_without_an_origin(exchange: Sandbox) -> None:
    """What a page may send without being asked first has no JSON content type."""
    for content_type in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data"):
        assert await status(exchange, "POST", "/exchange", {"content-type": content_type}) == 415


async def test_sandbox_that_was_opened_on_purpose_answers_others_and_keeps_its_controls() -> None:
    async with Sandbox(seed=1, market="still", clock="virtual", host="0.0.0.0") as exchange:  # noqa: S104
        headers = {"host": "exchange.lan", "origin": "https://app.lan"}
        assert await status(exchange, "POST", "/info", headers) == 422
        assert await status(exchange, "GET", "/sandbox/status", headers) == 403
        assert await status(exchange, "POST", "/sandbox/fund", headers) == 403


async def test_sandbox_listens_on_loopback_and_nowhere_else(exchange: Sandbox) -> None:
    port = int(exchange.url.rpartition(":")[2])
    listening = [
        line.split()[1]
        for table in ("/proc/net/tcp", "/proc/net/tcp6")
        for line in open(table).readlines()[1:]  # noqa: ASYNC230, SIM115
        if line.split()[3] == "0A" and int(line.split()[1].rpartition(":")[2], 16) == port
    ]
    assert [address.partition(":")[0] for address in listening] == ["0100007F"]
    others = {info[4][0] for info in socket.getaddrinfo(socket.gethostname(), None)} - {"127.0.0.1", "127.0.1.1", "::1"}
    for address in others:
        with pytest.raises(OSError, match=r"\w"):
            socket.create_connection((str(address), port), timeout=2)


def test_loopback_is_the_default_everywhere() -> None:
    assert inspect.signature(Sandbox.__init__).parameters["host"].default == "127.0.0.1"
    assert inspect.signature(serve.run).parameters["host"].default == "127.0.0.1"
    assert inspect.signature(command.sandbox).parameters["host"].default == "127.0.0.1"
