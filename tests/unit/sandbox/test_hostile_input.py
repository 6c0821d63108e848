"""Bodies and frames that nobody sends by accident: nested too deep, too large, binary, of the wrong kind."""

import aiohttp
import pytest

from hyperliquid_perpetual.sandbox import Sandbox
from hyperliquid_perpetual.sandbox.server import MAX_FRAME
from tests.unit.sandbox.client import Client
from tests.unit.sandbox.socket_client import connect

DEEP = "[" * 100_000


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/info", DEEP),
        ("/info", '{"type":"meta","more":' + DEEP),
        ("/info", '{"type":"l2Book","coin":' + DEEP),
        ("/exchange", DEEP),
        ("/exchange", '{"action":{"type":"order","orders":' + DEEP),
    ],
)
async def test_body_that_is_nested_too_deep_is_no_json(exchange: Sandbox, path: str, body: str) -> None:
    headers = {"content-type": "application/json"}
    async with aiohttp.ClientSession() as http, http.post(exchange.url + path, data=body, headers=headers) as response:
        text = await response.text()
    # What is of the wrong shape before it gets too deep may be told so.
    assert (response.status, text.split(":")[0]) in (
        (400, "Failed to parse the request body as JSON"),
        (422, "Failed to deserialize the JSON body into the target type"),
    )


@pytest.mark.parametrize(
    "text",
    [
        "[]",
        '[{"method":"ping"}]',
        '"ping"',
        "null",
        "",
        "{",
        '{"method":"subscribe","subscription":[{"type":"trades","coin":"BTC"}]}',
        '{"method":"subscribe","subscription":{"type":"trades","coin":["BTC","ETH"]}}',
        '{"method":"post","request":{"type":"info","payload":{"type":"meta"}}}',
        '{"method":"post","id":"1","request":{"type":"info","payload":{"type":"meta"}}}',
        '{"method":"post","id":1,"request":{"type":"explorer","payload":{}}}',
        '{"method":"subscribe","subscription":{"type":"trades","coin":"BTC","more":' + DEEP,
        '{"method":"post","id":1,"request":{"type":"info","payload":' + DEEP,
    ],
)
async def test_frame_that_is_no_request_is_told_so_and_the_socket_lives_on(exchange: Sandbox, text: str) -> None:
    async with connect(exchange) as socket:
        await socket.send(text)
        assert await socket.data("error") == f"Error parsing JSON into valid websocket request: {text}"
        await socket.send({"method": "ping"})
        await socket.next(lambda frame: frame == {"channel": "pong"})


async def test_binary_frame_is_read_as_text(exchange: Sandbox) -> None:
    async with connect(exchange) as socket:
        await socket.ws.send_bytes(b'{"method":"ping"}')
        await socket.next(lambda frame: frame == {"channel": "pong"})
        await socket.ws.send_bytes(b"\xff\xfe")
        assert (await socket.data("error")).startswith("Error parsing JSON into valid websocket request: ")


async def test_frame_that_is_too_large_closes_the_socket_and_no_other(exchange: Sandbox, alice: Client) -> None:
    async with connect(exchange) as other, connect(exchange) as socket:
        await socket.send('{"method":"' + "x" * MAX_FRAME)
        assert await socket.closed() == 1009
        await other.send({"method": "ping"})
        await other.next(lambda frame: frame == {"channel": "pong"})


async def test_payload_of_a_post_that_is_too_deep_is_refused_like_any_other(exchange: Sandbox) -> None:
    nested = "[" * 900 + "]" * 900
    async with connect(exchange) as socket:
        await socket.send('{"method":"post","id":7,"request":{"type":"info","payload":' + nested + "}}")
        data = await socket.data("post")
    assert (data["id"], data["response"]["type"]) == (7, "error")
    assert data["response"]["payload"].startswith("422 Unprocessable")


@pytest.mark.parametrize("path", ["/info", "/exchange"])
@pytest.mark.parametrize("depth", [900, 100_000])
async def test_deep_body_is_refused_while_faults_look_for_a_coin_and_a_user(
    exchange: Sandbox, path: str, depth: int
) -> None:
    exchange.faults.add("status code=502 coin=SOL")
    exchange.faults.add("status", code=502, user="0x" + "ab" * 20)
    body = '{"type":"l2Book","coin":"BTC","action":{"type":"noop"},"more":' + "[" * depth + "]" * depth + "}"
    headers = {"content-type": "application/json"}
    async with aiohttp.ClientSession() as http, http.post(exchange.url + path, data=body, headers=headers) as response:
        assert response.status in (200, 400, 422)
