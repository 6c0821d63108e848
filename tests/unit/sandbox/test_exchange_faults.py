"""Faults of sockets and of the whole exchange: half-open connections, closes, stale books, time, upgrades, outages."""

import asyncio
from typing import Any

import aiohttp
import pytest

from hyperliquid_perpetual.sandbox import Sandbox
from hyperliquid_perpetual.sandbox.socket_limits import SessionSettings
from tests.unit.sandbox.client import Client, order, orders, signed_request, until, wallet
from tests.unit.sandbox.socket_client import connect

BUY = orders(order(0, True, "80000", "0.01"))
BROKEN = (aiohttp.ClientConnectionError, aiohttp.ClientOSError)
PING = {"method": "ping"}
PONG = {"channel": "pong"}


def post(client: Client, action: Any = BUY) -> Any:
    payload = signed_request(client.signer, action)
    return {"method": "post", "id": 1, "request": {"type": "action", "payload": payload}}


# ---------------------------------------------------------------------- sockets


async def test_muted_socket_of_one_account_takes_effect_and_says_nothing(
    exchange: Sandbox, alice: Client, bob: Client
) -> None:
    async with connect(exchange) as hers, connect(exchange) as his:
        await hers.subscribe("orderUpdates", user=alice.address)
        await his.subscribe("orderUpdates", user=bob.address)
        exchange.faults.add("mute lasts=5", user=alice.address)
        await hers.send(post(alice))
        await his.send(post(bob))
        await his.data("post")
        await until(lambda: exchange.open_orders(alice.address))
        await hers.send(PING)
        await his.drained()
        assert hers.frames == []
        await exchange.clock.advance(5)
        assert await hers.drained() == []
    assert exchange.faults.counts == {"mute": 1}


async def test_half_open_socket_is_neither_read_nor_answered_and_stays_up(exchange: Sandbox, alice: Client) -> None:
    async with connect(exchange) as first, connect(exchange) as second:
        await first.subscribe("l2Book", coin="BTC", fast=True)
        await first.drained()
        exchange.faults.add("half_open sockets=1 lasts=5")
        await first.send(post(alice))
        await first.send(PING)
        await exchange.clock.advance(2)
        assert await second.drained() == [], "the others are answered"
        async with connect(exchange) as third:
            await third.subscribe("bbo", coin="BTC")
        assert (await alice.act(BUY))["status"] == "ok"
        assert len(exchange.open_orders(alice.address)) == 1, "what came over the half-open socket is not read"
        assert first.frames == []
        assert not first.ws.closed
        await exchange.clock.advance(3)
        await first.next(lambda frame: frame == PONG)
        await until(lambda: len(exchange.open_orders(alice.address)) == 2)
    assert exchange.faults.counts == {"half_open": 1}
    await until(lambda: exchange.sockets == 0)


async def test_half_open_sockets_are_all_when_no_number_is_said(exchange: Sandbox) -> None:
    async with connect(exchange) as first, connect(exchange) as second:
        await first.drained()
        await second.drained()
        number = exchange.faults.add("half_open")
        for socket in (first, second):
            await socket.send(PING)
        async with connect(exchange) as third:
            await third.drained()
        assert first.frames == second.frames == []
        exchange.faults.remove(number)
        for socket in (first, second):
            await socket.next(lambda frame: frame == PONG)
    assert exchange.faults.counts == {"half_open": 1}


async def test_client_that_leaves_a_half_open_socket_may_connect_again_and_is_noticed_later() -> None:
    settings = SessionSettings.unlimited(max_connections=1, max_subscriptions=1)
    async with Sandbox(seed=1, market="still", clock="virtual", sockets=settings) as exchange:
        patience = aiohttp.ClientWSTimeout(ws_close=0.1)
        async with aiohttp.ClientSession() as http, http.ws_connect(exchange.ws_url, timeout=patience) as first:
            await first.send_json({"method": "subscribe", "subscription": {"type": "bbo", "coin": "BTC"}})
            await first.receive(5)
            exchange.faults.add("half_open lasts=5")
        async with connect(exchange) as second:
            await second.subscribe("bbo", coin="BTC")
            assert exchange.sockets == 2
            await exchange.clock.advance(5)
            await until(lambda: exchange.sockets == 1)


async def test_half_open_socket_outlives_the_silence_that_closes_others() -> None:
    settings = SessionSettings.unlimited(silence_seconds=0.3)
    async with (
        Sandbox(seed=1, market="still", clock="virtual", sockets=settings) as exchange,
        connect(exchange) as half_open,
    ):
        await half_open.drained()
        exchange.faults.add("half_open")
        async with connect(exchange) as silent:
            await silent.closed()
        assert not half_open.ws.closed
        assert exchange.sockets == 1
        exchange.faults.clear()


async def test_half_open_socket_is_not_closed_but_can_be_broken(exchange: Sandbox) -> None:
    async with connect(exchange) as half_open, connect(exchange) as other:
        await half_open.drained()
        exchange.faults.add("half_open sockets=1")
        exchange.faults.add("close_websockets")
        assert await other.closed() == 1001
        assert not half_open.ws.closed
        exchange.drop_websockets()
        assert await half_open.closed() in (None, 1006)
    await until(lambda: exchange.sockets == 0)


async def test_exchange_with_half_open_sockets_stops(exchange: Sandbox) -> None:
    async with connect(exchange) as socket:
        await socket.drained()
        exchange.faults.add("half_open")
        await socket.send(PING)
        async with asyncio.timeout(5):
            await exchange.stop()
        assert await socket.closed() in (None, 1006)


@pytest.mark.parametrize(("code", "reason"), [(1001, ""), (1012, "upgrade"), (4000, "")])
async def test_socket_is_closed_with_a_close_frame(exchange: Sandbox, code: int, reason: str) -> None:
    async with aiohttp.ClientSession() as http, http.ws_connect(exchange.ws_url) as ws:
        await until(lambda: exchange.sockets)
        exchange.faults.add("close_websockets", code=code, reason=reason)
        message = await ws.receive(timeout=5)
        assert (message.type, message.data, message.extra) == (aiohttp.WSMsgType.CLOSE, code, reason)
    assert exchange.faults.counts == {"close_websockets": 1}
    await until(lambda: exchange.sockets == 0)


@pytest.mark.parametrize(("kind", "codes"), [("close_websockets", (1001,)), ("drop_websockets", (None, 1006))])
async def test_sockets_of_one_account_end_again_and_again_and_others_live_on(
    exchange: Sandbox, alice: Client, bob: Client, kind: str, codes: tuple[int | None, ...]
) -> None:
    async with connect(exchange) as his:
        await his.subscribe("orderUpdates", user=bob.address)
        exchange.faults.add(kind, user=alice.address, every=10)
        for _ in range(2):
            async with connect(exchange) as hers:
                await hers.subscribe("orderUpdates", user=alice.address)
                await exchange.clock.advance(10)
                assert await hers.closed() in codes
        await his.drained()
    assert exchange.faults.counts == {kind: 2}, "it is not counted when there was nothing to end"


async def test_nothing_to_break_is_not_counted(exchange: Sandbox) -> None:
    exchange.drop_websockets()
    exchange.faults.add("half_open lasts=1")
    exchange.faults.add("close_websockets")
    assert exchange.faults.counts == {}


# ---------------------------------------------------------------------- books and time


async def test_stale_book_keeps_time_and_content_while_all_else_goes_on(exchange: Sandbox, alice: Client) -> None:
    async with connect(exchange) as socket:
        for coin in ("BTC", "ETH"):
            await socket.subscribe("l2Book", coin=coin, fast=True)
        await socket.subscribe("bbo", coin="BTC")
        await socket.subscribe("trades", coin="BTC")
        await socket.drained()
        before = (await alice.info("l2Book", coin="BTC"))["time"]
        exchange.faults.add("stale_books coin=BTC lasts=10")
        best = exchange.book("BTC", 1).bids[0].price
        await alice.place(order(0, True, str(best + 1), "0.01"))
        await alice.place(order(0, True, "87000", "0.01", "Ioc"))
        await exchange.clock.advance(2)
        frames = await socket.drained()
        books = {
            coin: [f["data"] for f in frames if f["channel"] == "l2Book" and f["data"]["coin"] == coin]
            for coin in ("BTC", "ETH")
        }
        assert len(books["BTC"]) == len(books["ETH"]) == 3
        assert {book["time"] for book in books["BTC"]} == {before}
        assert all(book["levels"][0][0]["px"] == f"{best}.0" for book in books["BTC"])
        assert books["ETH"][-1]["time"] > before
        channels = [frame["channel"] for frame in frames]
        assert "bbo" not in channels
        assert "trades" in channels
        async with connect(exchange) as late:
            await late.subscribe("l2Book", coin="BTC")
            stale = await late.data("l2Book")
            assert (stale["time"], stale["levels"][0][0]["px"]) == (before, f"{best}.0")
            await late.subscribe("bbo", coin="BTC")
            assert (await late.data("bbo"))["bbo"][0]["px"] == f"{best}.0"
        assert (await alice.info("l2Book", coin="BTC"))["levels"][0][0]["px"] == f"{best + 1}.0", "REST is not stale"
        await exchange.clock.advance(8)
        await socket.drained()
        await exchange.clock.advance(1)
        live = next(
            f["data"] for f in await socket.drained() if f["channel"] == "l2Book" and f["data"]["coin"] == "BTC"
        )
        assert live["time"] >= before + 10_000
        assert live["levels"][0][0]["px"] == f"{best + 1}.0"
        await alice.place(order(0, True, str(best + 2), "0.01"))
        assert (await socket.data("bbo"))["bbo"][0]["px"] == f"{best + 2}.0"
    assert exchange.faults.counts == {"stale_books": 1}


async def test_all_books_are_stale_when_no_coin_is_said(exchange: Sandbox) -> None:
    async with connect(exchange) as socket:
        for coin in ("BTC", "ETH"):
            await socket.subscribe("l2Book", coin=coin, fast=True)
        exchange.faults.add("stale_books")
        await socket.drained()
        await exchange.clock.advance(2)
        times = {frame["data"]["time"] for frame in await socket.drained()}
    assert len(times) == 1


async def test_clock_ahead_is_told_and_judges_nonces_and_expiries(exchange: Sandbox, alice: Client) -> None:
    now = exchange.clock.now()
    expiring = {"expiresAfter": now + 4_000}
    assert (await alice.act(BUY, nonce=now, **expiring))["status"] == "ok"
    skew = exchange.faults.add("clock_skew ms=5000")
    await exchange.clock.advance(1)
    assert (await alice.info("exchangeStatus"))["time"] == now + 6_000
    reply = await alice.act(BUY, nonce=now + 1, **expiring)
    assert reply["status"] == "err"
    assert "expired" in reply["response"]
    exchange.faults.remove(skew)
    await exchange.clock.advance(2)
    assert (await alice.info("exchangeStatus"))["time"] == now + 6_000, "time never goes back"
    await exchange.clock.advance(5)
    assert (await alice.info("exchangeStatus"))["time"] == now + 8_000
    exchange.faults.add("clock_skew", ms=3 * 86_400_000)
    reply = await alice.act(BUY, nonce=now + 2)
    assert "nonce too low" in reply["response"]
    assert exchange.faults.counts == {"clock_skew": 2}


async def test_clock_behind_refuses_nonces_of_the_future(exchange: Sandbox, alice: Client) -> None:
    exchange.faults.add("clock_skew ms=-5000 lasts=60")
    await exchange.clock.advance(10)
    now = exchange.clock.now()
    assert (await alice.info("l2Book", coin="BTC"))["time"] <= now - 5_000
    assert (await alice.info("exchangeStatus"))["time"] == now - 5_000
    reply = await alice.act(BUY, nonce=now + 86_400_000 - 2_000)
    assert "nonce too high" in reply["response"]
    await exchange.clock.advance(50)
    await exchange.clock.advance(6)
    assert (await alice.info("exchangeStatus"))["time"] == exchange.clock.now()


async def test_upgrade_stops_blocks_then_takes_only_post_only_orders(exchange: Sandbox, alice: Client) -> None:
    exchange.faults.add("upgrade halt=3 post_only=4")
    waiting = asyncio.create_task(alice.place(order(0, True, "80000", "0.01")))
    await until(lambda: exchange.requests("/exchange", "order"))
    await exchange.clock.advance(2)
    assert not waiting.done()
    await exchange.clock.advance(1)
    text = "Only post-only orders allowed immediately after network upgrade asset=0"
    assert await waiting == [{"error": text}]
    assert (await alice.info("exchangeStatus"))["specialStatuses"] is not None
    assert "resting" in (await alice.place(order(0, True, "80000", "0.01", "Alo")))[0]
    await exchange.clock.advance(4)
    assert (await alice.info("exchangeStatus"))["specialStatuses"] is None
    assert "resting" in (await alice.place(order(0, True, "80001", "0.01")))[0]
    assert exchange.faults.counts == {"upgrade": 1}
    assert exchange.faults.armed == ()


async def test_upgrades_that_overlap_end_with_the_last(exchange: Sandbox, alice: Client) -> None:
    exchange.faults.add("upgrade halt=3 post_only=0")
    exchange.faults.add("upgrade halt=5 post_only=0")
    waiting = asyncio.create_task(alice.act(BUY))
    await until(lambda: exchange.requests("/exchange", "order"))
    await exchange.clock.advance(4)
    assert not waiting.done()
    await exchange.clock.advance(1)
    assert (await waiting)["status"] == "ok"


async def test_upgrade_taken_away_ends_at_once(exchange: Sandbox, alice: Client) -> None:
    number = exchange.faults.add("upgrade")
    assert exchange.chain.is_halted
    exchange.faults.remove(number)
    assert (await alice.act(BUY))["status"] == "ok"


# ---------------------------------------------------------------------- outages


async def test_outage_refuses_everybody_and_the_same_port_is_back(exchange: Sandbox, alice: Client) -> None:
    async with connect(exchange) as socket:
        await alice.info("meta")
        exchange.faults.add("outage lasts=3")
        assert await socket.closed() in (None, 1006)
    with pytest.raises(aiohttp.ClientConnectorError):
        await alice.info("meta")
    with pytest.raises(aiohttp.ClientConnectorError):
        async with connect(exchange):
            pass
    await exchange.clock.advance(3)
    async with asyncio.timeout(5):
        while True:
            try:
                assert (await alice.act(BUY))["status"] == "ok"
                break
            except BROKEN:
                await asyncio.sleep(0.01)
    async with connect(exchange) as again:
        await again.drained()
    assert exchange.faults.counts == {"outage": 1}


async def test_outage_behind_a_gateway_answers_everything_with_502(exchange: Sandbox, alice: Client) -> None:
    async with connect(exchange) as socket:
        await socket.drained()
        exchange.faults.add("outage how=gateway lasts=3")
        assert await socket.closed() in (None, 1006)
    for path, body in (("/info", {"type": "meta"}), ("/exchange", signed_request(alice.signer, BUY))):
        status, text = await alice.post(path, body)
        assert (status, "502 Bad Gateway" in text) == (502, True)
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        async with connect(exchange):
            pass
    assert refused.value.status == 502
    async with alice.http.get(exchange.url + "/sandbox/status") as response:
        assert (await response.json())["faults"] == {"outage": 1}
    await exchange.clock.advance(3)
    assert (await alice.act(BUY))["status"] == "ok"
    assert len(exchange.open_orders(alice.address)) == 1


async def test_request_on_its_way_takes_effect_although_the_outage_cuts_its_answer() -> None:
    async with Sandbox(seed=1, market="still", block_ms=200) as exchange, Client(exchange, wallet(11)) as alice:
        exchange.fund(alice.address)
        placing = asyncio.create_task(alice.act(BUY))
        await until(lambda: exchange.requests("/exchange", "order"))
        number = exchange.faults.add("outage")
        with pytest.raises(BROKEN):
            await placing
        await until(lambda: exchange.open_orders(alice.address))
        exchange.faults.remove(number)


async def test_exchange_stops_and_starts_again_after_an_outage() -> None:
    exchange = Sandbox(seed=1, market="still", clock="virtual")
    async with exchange:
        exchange.faults.add("outage")
    async with exchange, Client(exchange, wallet(11)) as alice:
        await alice.info("meta")
