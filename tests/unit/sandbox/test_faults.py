"""Faults on demand: each does what it says, as often as it was asked for, and is counted."""

import asyncio
from typing import Any

import aiohttp
import pytest

from hyperliquid_perpetual.sandbox import Sandbox
from tests.unit.sandbox.client import Client, order, orders, signed_request
from tests.unit.sandbox.socket_client import connect

CLOID = "0x1234567890abcdef1234567890abcdef"
BUY = orders(order(0, True, "80000", "0.01", cloid=CLOID))
BROKEN = (aiohttp.ClientConnectionError, aiohttp.ClientOSError)


async def test_dropped_reply_takes_effect_and_breaks_the_connection(exchange: Sandbox, alice: Client) -> None:
    exchange.faults.drop_reply()
    with pytest.raises(BROKEN):
        await alice.act(BUY)
    assert len(exchange.open_orders(alice.address)) == 1
    assert (await alice.mine("orderStatus", oid=CLOID))["order"]["status"] == "open"
    assert exchange.faults.counts["drop_reply"] == 1
    assert exchange.faults.pending == 0


async def test_reply_that_never_comes_leaves_the_connection_open(exchange: Sandbox, alice: Client) -> None:
    exchange.faults.drop_reply(hang=True)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.3):
            await alice.act(BUY)
    assert len(exchange.open_orders(alice.address)) == 1


async def test_refused_request_has_no_effect_and_only_the_asked_number_is(exchange: Sandbox, alice: Client) -> None:
    exchange.faults.refuse_before(next=2)
    for _ in range(2):
        with pytest.raises(BROKEN):
            await alice.act(BUY)
    assert exchange.open_orders(alice.address) == ()
    assert (await alice.act(BUY))["status"] == "ok"


@pytest.mark.parametrize(("after", "orders_left"), [(False, 0), (True, 1)])
@pytest.mark.other_shapes
async def test_http_errors_with_and_without_effect(
    exchange: Sandbox, alice: Client, after: bool, orders_left: int
) -> None:
    exchange.faults.status(502, body="<html>Bad Gateway</html>", after=after)
    answer = await alice.post("/exchange", signed_request(alice.signer, BUY))
    assert answer == (502, "<html>Bad Gateway</html>")
    assert len(exchange.open_orders(alice.address)) == orders_left


@pytest.mark.other_shapes
async def test_fault_for_one_kind_of_request_leaves_others_alone(exchange: Sandbox, alice: Client) -> None:
    exchange.faults.status(503, path="/info", kind="orderStatus", next=2)
    exchange.faults.status(504, kind="cancelByCloid")
    assert (await alice.act(BUY))["status"] == "ok"
    assert len(await alice.mine("openOrders")) == 1
    for expected in (503, 503, 200):
        body = {"type": "orderStatus", "user": alice.address, "oid": CLOID}
        assert (await alice.post("/info", body))[0] == expected
    action = {"type": "cancelByCloid", "cancels": [{"asset": 0, "cloid": CLOID}]}
    assert (await alice.post("/exchange", signed_request(alice.signer, action)))[0] == 504
    assert len(exchange.open_orders(alice.address)) == 1


async def test_delays_before_and_after_the_effect(exchange: Sandbox, alice: Client) -> None:
    exchange.faults.delay(0.2)
    placing = asyncio.create_task(alice.act(BUY))
    await asyncio.sleep(0.1)
    assert exchange.open_orders(alice.address) == ()
    await placing
    assert len(exchange.open_orders(alice.address)) == 1
    exchange.faults.delay(0.2, after=True)
    cancelling = asyncio.create_task(alice.act({"type": "cancelByCloid", "cancels": [{"asset": 0, "cloid": CLOID}]}))
    await asyncio.sleep(0.1)
    assert exchange.open_orders(alice.address) == ()
    assert not cancelling.done()
    assert (await cancelling)["status"] == "ok"


@pytest.mark.other_shapes
async def test_faults_happen_to_posts_as_well(exchange: Sandbox, alice: Client) -> None:
    def post(number: int) -> dict[str, Any]:
        body = signed_request(alice.signer, orders(order(0, True, "80000", "0.01")))
        return {"method": "post", "id": number, "request": {"type": "action", "payload": body}}

    async with connect(exchange) as socket:
        exchange.faults.status(502, body="down")
        await socket.send(post(1))
        assert (await socket.data("post"))["response"] == {"type": "error", "payload": "502 Bad Gateway: down"}
        exchange.faults.drop_reply(hang=True)
        await socket.send(post(2))
        assert await socket.drained() == []
        exchange.faults.drop_reply()
        await socket.send(post(3))
        assert await socket.closed() in (None, 1006)
    assert len(exchange.open_orders(alice.address)) == 2


async def test_muted_sockets_are_alive_and_say_nothing(exchange: Sandbox, alice: Client) -> None:
    async with connect(exchange) as socket:
        await socket.subscribe("orderUpdates", user=alice.address)
        exchange.faults.mute_websockets()
        await alice.act(BUY)
        await socket.send({"method": "ping"})
        await asyncio.sleep(0.1)
        assert socket.frames == []
        assert not socket.ws.closed
        exchange.faults.mute_websockets(False)
        assert await socket.drained() == []


async def test_held_user_frames_arrive_later_in_order(exchange: Sandbox, alice: Client) -> None:
    async with connect(exchange) as socket:
        await socket.subscribe("orderUpdates", user=alice.address)
        await socket.subscribe("bbo", coin="BTC")
        await socket.drained()
        exchange.faults.hold_user_frames()
        await alice.act(BUY)
        await alice.act({"type": "cancelByCloid", "cancels": [{"asset": 0, "cloid": CLOID}]})
        price = exchange.book("BTC", 1).bids[0].price + 1
        await alice.place(order(0, True, f"{price}", "0.01"))
        assert {frame["channel"] for frame in await socket.drained()} == {"bbo"}
        exchange.release_user_frames()
        frames = await socket.drained()
        assert [update["status"] for frame in frames for update in frame["data"]] == ["open", "canceled", "open"]


async def test_lost_user_frames_never_arrive(exchange: Sandbox, alice: Client) -> None:
    async with connect(exchange) as socket:
        await socket.subscribe("userFills", user=alice.address)
        await socket.drained()
        exchange.faults.lose_user_frames()
        await alice.place(order(0, True, "87000", "0.01", "Ioc"))
        exchange.faults.lose_user_frames(False)
        assert await socket.drained() == []
        await alice.place(order(0, False, "86000", "0.01", "Ioc"))
        assert len((await socket.data("userFills"))["fills"]) == 1
    assert len(exchange.fills(alice.address)) == 2


async def test_dropped_websockets_close_without_a_close_frame(exchange: Sandbox) -> None:
    async with connect(exchange) as first, connect(exchange) as second:
        await first.subscribe("allMids")
        exchange.drop_websockets()
        assert await first.closed() in (None, 1006)
        assert await second.closed() in (None, 1006)
        async with connect(exchange) as third:
            await third.subscribe("allMids")
    assert exchange.faults.counts["drop_websockets"] == 1


async def test_cleared_faults_do_not_happen(exchange: Sandbox, alice: Client) -> None:
    exchange.faults.status(502, next=5)
    exchange.faults.mute_websockets()
    exchange.faults.clear()
    assert (await alice.act(BUY))["status"] == "ok"
    async with connect(exchange) as socket:
        await socket.drained()


@pytest.mark.parametrize("wrong", [{"status": 99}, {"status": 700}, {"status": 502, "next": 0}])
def test_faults_that_make_no_sense_are_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="got"):
        Sandbox(market="empty").faults.status(**wrong)


async def test_requests_are_kept_for_inspection(exchange: Sandbox, alice: Client) -> None:
    await alice.info("meta")
    await alice.act(BUY)
    (captured,) = exchange.requests("/exchange", "order")
    assert captured.json["action"] == BUY
    assert captured.via == "http"
    assert [request.kind for request in exchange.requests()] == ["meta", "order"]
