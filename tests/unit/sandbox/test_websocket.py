"""Sessions: acknowledgements, errors, pings, posts, and the ways to lose a connection (reference, section 8)."""

import asyncio
import json
from typing import Any

import aiohttp
import pytest

from hyperliquid_perpetual.sandbox import Sandbox
from hyperliquid_perpetual.sandbox.socket_limits import SessionSettings
from tests.unit.sandbox.client import Client, order, orders, signed_request, until, wallet
from tests.unit.sandbox.socket_client import connect

USER = "0x" + "12" * 20
NO_LIMITS = SessionSettings.unlimited


async def test_greeting_that_is_asked_for_is_plain_text_and_comes_first() -> None:
    async with (
        Sandbox(market="empty", quirks={"greeting": "sent"}) as exchange,
        aiohttp.ClientSession() as http,
        http.ws_connect(exchange.ws_url) as ws,
    ):
        assert (await ws.receive()).data == "Websocket connection established."


async def test_ping_is_answered_without_data(exchange: Sandbox) -> None:
    async with connect(exchange) as socket:
        await socket.send({"method": "ping"})
        assert await socket.next(lambda frame: True) == {"channel": "pong"}


@pytest.mark.parametrize(
    ("sent", "echoed"),
    [
        ({"type": "allMids"}, {"type": "allMids", "dex": ""}),
        ({"type": "allMids", "dex": "xyz"}, {"type": "allMids", "dex": "xyz"}),
        ({"type": "allMids", "dex": None}, {"type": "allMids", "dex": ""}),
        (
            {"type": "l2Book", "coin": "BTC"},
            {"type": "l2Book", "coin": "BTC", "nSigFigs": None, "mantissa": None, "fast": False},
        ),
        (
            {"type": "l2Book", "coin": "xyz:TSLA", "fast": True, "what": 1},
            {"type": "l2Book", "coin": "xyz:TSLA", "nSigFigs": None, "mantissa": None, "fast": True},
        ),
        ({"type": "trades", "coin": "kPEPE"}, {"type": "trades", "coin": "kPEPE"}),
        (
            {"type": "userFills", "user": USER.upper().replace("X", "x")},
            {"type": "userFills", "user": USER, "aggregateByTime": False},
        ),
        ({"type": "user", "user": USER}, {"type": "user", "user": USER}),
    ],
)
async def test_acknowledgement_echoes_defaults_and_drops_what_it_does_not_know(
    exchange: Sandbox, sent: dict[str, Any], echoed: dict[str, Any]
) -> None:
    async with connect(exchange) as socket:
        await socket.send({"method": "subscribe", "subscription": sent})
        frame = await socket.next(lambda frame: True)
        assert frame == {
            "channel": "subscriptionResponse",
            "data": {"method": "subscribe", "subscription": echoed},
        }


async def test_subscribing_twice_and_unsubscribing_twice_are_errors(exchange: Sandbox) -> None:
    subscription = {"type": "trades", "coin": "BTC"}
    async with connect(exchange) as socket:
        await socket.subscribe("trades", coin="BTC")
        await socket.send({"method": "subscribe", "subscription": subscription})
        assert await socket.data("error") == 'Already subscribed: {"type":"trades","coin":"BTC"}'
        await socket.send({"method": "unsubscribe", "subscription": subscription})
        assert (await socket.data("subscriptionResponse"))["method"] == "unsubscribe"
        await socket.send({"method": "unsubscribe", "subscription": subscription})
        assert await socket.data("error") == 'Already unsubscribed: {"type":"trades","coin":"BTC"}'


@pytest.mark.parametrize(
    "text",
    [
        "hello",
        "{}",
        "[]",
        '{"method":"dance"}',
        '{"method":"subscribe"}',
        '{"method":"subscribe","subscription":{"type":"nothing"}}',
        '{"method":"subscribe","subscription":{"type":"trades"}}',
        '{"method":"subscribe","subscription":{"type":"trades","coin":["BTC","ETH"]}}',
        '{"method":"subscribe","subscription":{"type":"userFills","user":"0x12"}}',
        '{"method":"subscribe","subscription":{"type":"candle","coin":"BTC","interval":"7m"}}',
        '{"method":"post","request":{"type":"info","payload":{}}}',
        '{"method":"post","id":"1","request":{"type":"info","payload":{}}}',
        '{"method":"post","id":1,"request":{"type":"explorer","payload":{}}}',
    ],
)
async def test_frame_that_cannot_be_parsed_is_quoted_and_the_socket_lives(exchange: Sandbox, text: str) -> None:
    async with connect(exchange) as socket:
        await socket.send(text)
        assert await socket.data("error") == f"Error parsing JSON into valid websocket request: {text}"
        assert await socket.drained() == []


@pytest.mark.parametrize(
    ("subscription", "text"),
    [
        ({"type": "explorerBlock"}, "The sandbox does not do the subscription explorerBlock."),
        ({"type": "l2Book", "coin": "BTC", "fast": True, "nSigFigs": 3}, "The sandbox does not do nSigFigs on"),
        ({"type": "allMids", "dex": "nothing"}, 'Invalid subscription {"type":"allMids","dex":"nothing"}'),
    ],
)
async def test_subscription_that_is_refused_by_name(exchange: Sandbox, subscription: dict[str, Any], text: str) -> None:
    async with connect(exchange) as socket:
        await socket.send({"method": "subscribe", "subscription": subscription})
        assert (await socket.data("error")).startswith(text)
        assert await socket.drained() == []


async def test_refused_subscription_is_quoted_so_that_a_client_with_several_knows_which(exchange: Sandbox) -> None:
    """Else it waits for the acknowledgement until it gives up."""
    asked = {"method": "subscribe", "subscription": {"type": "explorerBlock"}}
    async with connect(exchange) as socket:
        await socket.send(asked)
        error = await socket.data("error")
        assert json.loads(error[error.index("{") :]) == asked


@pytest.mark.parametrize(
    "subscription",
    [
        {"type": "trades", "coin": "nothing"},
        {"type": "l2Book", "coin": "btc"},
        {"type": "bbo", "coin": "XYZ:TSLA"},
        {"type": "l2Book", "coin": "BTC", "nSigFigs": 6},
        {"type": "l2Book", "coin": "BTC", "nSigFigs": 4, "mantissa": 2},
        {"type": "activeAssetData", "user": USER, "coin": "nothing"},
    ],
)
async def test_unknown_coin_drops_the_socket_without_a_word(exchange: Sandbox, subscription: dict[str, Any]) -> None:
    async with connect(exchange) as socket:
        await socket.subscribe("allMids")
        await socket.send({"method": "subscribe", "subscription": subscription})
        assert await socket.closed() in (None, 1006)
        assert not [frame for frame in socket.frames if frame["channel"] == "error"]
    assert exchange.sockets == 0


async def test_unknown_coin_can_be_made_an_error_instead() -> None:
    async with (
        Sandbox(market="empty", quirks={"unknown_coin": "refused"}) as exchange,
        connect(exchange) as socket,
    ):
        await socket.send({"method": "subscribe", "subscription": {"type": "trades", "coin": "nothing"}})
        assert await socket.data("error") == 'Invalid subscription {"type":"trades","coin":"nothing"}'


async def test_socket_to_which_nothing_was_sent_is_closed() -> None:
    async with (
        Sandbox(market="empty", sockets=NO_LIMITS(silence_seconds=0.3)) as exchange,
        connect(exchange) as silent,
        connect(exchange) as speaking,
    ):
        for _ in range(6):
            await speaking.drained()
            await asyncio.sleep(0.1)
        assert await silent.closed() in (None, 1006)
        assert await speaking.drained() == []


async def test_client_that_does_not_read_is_dropped_and_others_are_not() -> None:
    async with (
        Sandbox(seed=1, market="still", sockets=NO_LIMITS(queue_frames=50), block_ms=0) as exchange,
        aiohttp.ClientSession() as http,
        connect(exchange) as reading,
    ):
        idle = await http.ws_connect(exchange.ws_url, max_msg_size=0)
        assert idle._conn is not None
        transport = idle._conn.transport
        assert transport is not None
        for coin in ("BTC", "ETH", "SOL"):
            await idle.send_json({"method": "subscribe", "subscription": {"type": "l2Book", "coin": coin}})
        await reading.subscribe("l2Book", coin="BTC")
        transport.pause_reading()  # type: ignore[attr-defined]
        async with asyncio.timeout(60):
            while exchange.sockets == 2:
                for _ in range(10):
                    exchange._streams._markets._send_books()
                await reading.drained()
        await reading.drained()
        transport.abort()


# ---------------------------------------------------------------------- posts


async def test_info_by_post_wraps_type_and_data(exchange: Sandbox) -> None:
    async with connect(exchange) as socket:
        await socket.send(post(7, "info", {"type": "l2Book", "coin": "MATIC"}))
        answer = await socket.data("post")
        assert answer["id"] == 7
        assert answer["response"]["type"] == "info"
        assert answer["response"]["payload"]["type"] == "l2Book"
        assert answer["response"]["payload"]["data"]["levels"] == [[], []]


def post(number: int, kind: str, payload: Any) -> dict[str, Any]:
    return {"method": "post", "id": number, "request": {"type": kind, "payload": payload}}


async def test_action_by_post_answers_with_the_http_body(exchange: Sandbox, alice: Client) -> None:
    async with connect(exchange) as socket:
        body = signed_request(alice.signer, orders(order(0, True, "80000", "0.01")))
        await socket.send(post(1, "action", body))
        answer = await socket.data("post")
        assert answer["response"]["type"] == "action"
        (status,) = answer["response"]["payload"]["response"]["data"]["statuses"]
        assert status["resting"]["oid"] == exchange.open_orders(alice.address)[0].oid
        await socket.send(post(2, "action", body))
        answer = await socket.data("post")
        assert answer["response"]["payload"]["status"] == "err"
        assert "duplicate nonce" in answer["response"]["payload"]["response"]


@pytest.mark.parametrize(
    ("kind", "payload", "response"),
    [
        (
            "info",
            {"type": "nothing"},
            {"type": "error", "payload": "422 Unprocessable Entity: Failed to deserialize the JSON body"},
        ),
        ("action", {}, {"type": "error", "payload": "422 Unprocessable Entity: Failed to deserialize the JSON body"}),
        ("info", {"type": "l2Book", "coin": "nothing"}, {"type": "info", "payload": {"type": "l2Book", "data": None}}),
    ],
)
async def test_bad_posts_are_answered_and_the_socket_lives(
    exchange: Sandbox, kind: str, payload: Any, response: dict[str, Any]
) -> None:
    async with connect(exchange) as socket:
        await socket.send(post(3, kind, payload))
        found = (await socket.data("post"))["response"]
        if response["type"] == "error":
            assert found["type"] == "error"
            assert found["payload"].startswith(response["payload"])
        else:
            assert found == response
        assert await socket.drained() == []


async def test_more_than_the_posts_that_may_be_in_flight_are_refused() -> None:
    async with Sandbox(market="empty", sockets=NO_LIMITS(max_posts_in_flight=2)) as exchange:
        exchange.faults.delay(0.2, next=2, path="/info")
        async with connect(exchange) as socket:
            for number in range(3):
                await socket.send(post(number, "info", {"type": "allMids"}))
            assert await socket.data("error") == "too many pending post requests id=2"
            assert {(await socket.data("post"))["id"] for _ in range(2)} == {0, 1}
            await socket.send(post(9, "info", {"type": "allMids"}))
            assert (await socket.data("post"))["id"] == 9


async def test_action_that_came_over_a_socket_takes_effect_although_the_socket_is_lost(
    exchange: Sandbox, alice: Client
) -> None:
    exchange.faults.delay(0.3, kind="order")
    async with connect(exchange) as socket:
        await socket.send(post(1, "action", signed_request(alice.signer, orders(order(0, True, "80000", "0.01")))))
        await until(lambda: exchange.faults.counts.get("delay") == 1)
    await until(lambda: exchange.sockets == 0)
    assert not exchange.open_orders(alice.address)
    await until(lambda: len(exchange.open_orders(alice.address)) == 1)
    await until(lambda: not exchange.gate.under_way)


async def test_posts_do_not_count_as_rest_weight(exchange: Sandbox) -> None:
    before = exchange.api.meter.total
    async with connect(exchange) as socket:
        await socket.send(post(1, "info", {"type": "meta"}))
        await socket.data("post")
    assert exchange.api.meter.total == before
    assert exchange.requests("/info", "meta")[-1].via == "ws"


# ---------------------------------------------------------------------- limits per address


async def test_eleventh_connection_of_an_address_is_refused() -> None:
    async with Sandbox(market="empty", sockets=SessionSettings(max_connections=2)) as exchange:
        async with connect(exchange), connect(exchange):
            with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
                async with connect(exchange):
                    pass
            assert caught.value.status == 429
        await until(lambda: not exchange.sockets)
        async with connect(exchange):
            pass


async def test_too_many_new_connections_in_a_minute_are_refused() -> None:
    async with Sandbox(market="empty", sockets=SessionSettings(max_new_connections_per_minute=3)) as exchange:
        for _ in range(3):
            async with connect(exchange):
                pass
        with pytest.raises(aiohttp.WSServerHandshakeError):
            async with connect(exchange):
                pass


async def test_too_many_messages_in_a_minute_drop_the_socket() -> None:
    async with (
        Sandbox(market="empty", sockets=SessionSettings(max_messages_per_minute=5)) as exchange,
        connect(exchange) as socket,
    ):
        for _ in range(7):
            await socket.send({"method": "ping"})
        assert await socket.closed() in (None, 1006)


async def test_too_many_users_over_all_sockets_of_an_address() -> None:
    async with (
        Sandbox(market="empty", sockets=SessionSettings(max_users=2)) as exchange,
        connect(exchange) as first,
        connect(exchange) as second,
    ):
        await first.subscribe("orderUpdates", user=wallet(1).address)
        await second.subscribe("orderUpdates", user=wallet(2).address)
        await second.subscribe("userFills", user=wallet(1).address)
        subscription = {"type": "userFills", "user": wallet(3).address}
        await first.send({"method": "subscribe", "subscription": subscription})
        assert await first.data("error") == "Cannot track more than 2 total users."


async def test_too_many_subscriptions_of_an_address() -> None:
    async with (
        Sandbox(market="empty", sockets=SessionSettings(max_subscriptions=2)) as exchange,
        connect(exchange) as socket,
    ):
        await socket.subscribe("trades", coin="BTC")
        await socket.subscribe("trades", coin="ETH")
        await socket.send({"method": "subscribe", "subscription": {"type": "bbo", "coin": "BTC"}})
        assert await socket.data("error") == "Cannot subscribe to more than 2 channels."
        await socket.send({"method": "unsubscribe", "subscription": {"type": "trades", "coin": "ETH"}})
        await socket.data("subscriptionResponse")
        await socket.subscribe("bbo", coin="BTC")


async def test_refusals_by_a_limit_are_counted_by_what_was_refused() -> None:
    settings = SessionSettings(
        max_connections=1, max_subscriptions=2, max_users=1, max_posts_in_flight=1, max_messages_per_minute=6
    )
    async with Sandbox(market="empty", sockets=settings) as exchange, connect(exchange) as socket:
        with pytest.raises(aiohttp.WSServerHandshakeError):
            async with connect(exchange):
                pass
        await socket.subscribe("orderUpdates", user=wallet(1).address)
        stranger = {"type": "userFills", "user": wallet(2).address}
        await socket.send({"method": "subscribe", "subscription": stranger})
        await socket.subscribe("trades", coin="BTC")
        await socket.send({"method": "subscribe", "subscription": {"type": "bbo", "coin": "BTC"}})
        exchange.faults.delay(0.5, path="/info")
        for number in range(3):
            await socket.send(post(number, "info", {"type": "allMids"}))
        await socket.closed()

        assert exchange.gate.refused == {"connection": 1, "user": 1, "subscription": 1, "post": 1, "message": 1}
        assert exchange.gate.connections == 1


async def test_nothing_of_a_client_stays_when_it_is_gone(exchange: Sandbox) -> None:
    async with connect(exchange) as socket:
        await socket.subscribe("trades", coin="BTC")
        await socket.subscribe("userFills", user=USER)
    await until(lambda: not exchange.sockets)
    assert list(exchange._streams.hub) == []
    assert not exchange._streams._users._followed
