"""Faults of requests, over HTTP and as WebSocket posts alike: what the client sees, and what the exchange has done."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp
import msgspec
import pytest

from hyperliquid_perpetual.sandbox import Sandbox
from tests.unit.sandbox.client import Client, order, orders, signed_request, until, wallet
from tests.unit.sandbox.socket_client import connect

BUY = orders(order(0, True, "80000", "0.01"))
BROKEN = (aiohttp.ClientConnectionError, aiohttp.ClientOSError, ConnectionError)
PATIENCE = 0.3

Answer = tuple[int, str]
Ask = Callable[[Client, str, Any], Awaitable[Answer]]


async def over_http(client: Client, path: str, body: Any) -> Answer:
    """Status and body of an HTTP answer."""
    return await client.post(path, body)


async def over_websocket(client: Client, path: str, body: Any) -> Answer:
    """The same of the answer to a post on a socket of its own; 200 and the whole frame when it is no JSON."""
    kind = "info" if path == "/info" else "action"
    async with connect(client.exchange) as socket:
        await socket.send({"method": "post", "id": 1, "request": {"type": kind, "payload": body}})
        await until(lambda: socket.frames or socket.texts or socket.ws.closed)
        if socket.texts:
            return 200, socket.texts[0]
        if not socket.frames:
            raise ConnectionError("the socket was closed")
        response = socket.frames[0]["data"]["response"]
    payload = response["payload"]
    if response["type"] == "error":
        status, _, rest = payload.partition(" ")
        return int(status), rest.partition(": ")[2]
    return 200, msgspec.json.encode(payload["data"] if kind == "info" else payload).decode()


@pytest.fixture(params=[over_http, over_websocket], ids=["http", "ws"])
def ask(request: pytest.FixtureRequest) -> Ask:
    """One way to ask."""
    way: Ask = request.param
    return way


def placing(client: Client, action: Any = BUY) -> Any:
    return signed_request(client.signer, action)


@pytest.mark.parametrize(("kind", "placed"), [("refuse_before", 0), ("drop_reply", 1)])
async def test_broken_connection_before_and_after_the_effect(
    exchange: Sandbox, alice: Client, ask: Ask, kind: str, placed: int
) -> None:
    exchange.faults.add(f"{kind} kind=order")
    with pytest.raises(BROKEN):
        await ask(alice, "/exchange", placing(alice))
    assert len(exchange.open_orders(alice.address)) == placed
    assert exchange.faults.counts == {kind: 1}
    assert (await ask(alice, "/exchange", placing(alice)))[0] == 200
    assert len(exchange.open_orders(alice.address)) == placed + 1


@pytest.mark.parametrize(("kind", "placed"), [("refuse_before", 0), ("drop_reply", 1)])
async def test_silence_before_and_after_the_effect(
    exchange: Sandbox, alice: Client, ask: Ask, kind: str, placed: int
) -> None:
    exchange.faults.add(kind, hang=True)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(PATIENCE):
            await ask(alice, "/exchange", placing(alice))
    assert len(exchange.open_orders(alice.address)) == placed
    assert exchange.faults.counts == {kind: 1}


async def test_late_requests_and_late_answers(exchange: Sandbox, alice: Client, ask: Ask) -> None:
    exchange.faults.add("delay seconds=0.3")
    late = asyncio.create_task(ask(alice, "/exchange", placing(alice)))
    await until(lambda: exchange.requests("/exchange", "order"))
    await asyncio.sleep(0.05)
    assert exchange.open_orders(alice.address) == ()
    assert (await late)[0] == 200
    exchange.faults.add("delay seconds=0.3 after=true")
    late = asyncio.create_task(ask(alice, "/exchange", placing(alice)))
    await until(lambda: len(exchange.open_orders(alice.address)) == 2)
    assert not late.done()
    assert (await late)[0] == 200
    assert exchange.faults.counts == {"delay": 2}


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize(
    ("code", "body"),
    [
        (429, "null"),
        (500, "null"),
        (502, "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body><h1>502 Bad Gateway</h1></body>"),
        (503, "<html>\r\n<head><title>503 Service Unavailable</title></head>"),
    ],
)
async def test_bursts_of_errors_have_the_bodies_of_the_venue(
    exchange: Sandbox, alice: Client, ask: Ask, code: int, body: str, after: bool
) -> None:
    exchange.faults.add("status", code=code, next=2, after=after)
    for _ in range(2):
        status, text = await ask(alice, "/exchange", placing(alice))
        assert status == code
        assert text.startswith(body)
    assert len(exchange.open_orders(alice.address)) == (2 if after else 0)
    assert (await ask(alice, "/exchange", placing(alice)))[0] == 200
    assert exchange.faults.counts == {"status": 2}


async def test_pages_of_errors_are_sent_as_pages(exchange: Sandbox, alice: Client) -> None:
    exchange.faults.add("status code=502")
    async with alice.http.post(exchange.url + "/info", json={"type": "meta"}) as response:
        assert response.content_type == "text/html"
    exchange.faults.add("status code=500")
    async with alice.http.post(exchange.url + "/info", json={"type": "meta"}) as response:
        assert (response.content_type, await response.text()) == ("application/json", "null")


@pytest.mark.parametrize(("reply", "expected"), [("first", "resting"), ("second", "Invalid nonce: duplicate nonce")])
async def test_request_delivered_twice_takes_effect_once(
    exchange: Sandbox, alice: Client, ask: Ask, reply: str, expected: str
) -> None:
    exchange.faults.add("duplicate", reply=reply)
    status, text = await ask(alice, "/exchange", placing(alice))
    assert status == 200
    assert expected in text
    assert len(exchange.open_orders(alice.address)) == 1, "the nonce lets only one of them through"
    first, second = exchange.requests("/exchange", "order")
    assert first.body == second.body
    assert exchange.faults.counts == {"duplicate": 1}


@pytest.mark.parametrize("path", ["/exchange", "/info"])
@pytest.mark.parametrize("how", ["not_json", "truncated", "empty", "html"])
async def test_answers_that_cannot_be_read_and_orders_that_are_placed(
    exchange: Sandbox, alice: Client, ask: Ask, how: str, path: str
) -> None:
    body = placing(alice) if path == "/exchange" else {"type": "openOrders", "user": alice.address}
    await alice.act(BUY)
    exchange.faults.add("corrupt_reply", how=how)
    status, text = await ask(alice, path, body)
    assert status == 200
    with pytest.raises(msgspec.DecodeError):
        msgspec.json.decode(text)
    assert len(exchange.open_orders(alice.address)) == (2 if path == "/exchange" else 1)
    assert exchange.faults.counts == {"corrupt_reply": 1}


async def test_answer_cut_off_in_the_middle_and_an_order_that_is_placed(
    exchange: Sandbox, alice: Client, ask: Ask
) -> None:
    exchange.faults.add("corrupt_reply how=cut_off")
    with pytest.raises((aiohttp.ClientPayloadError, ConnectionError)):
        await ask(alice, "/exchange", placing(alice))
    assert len(exchange.open_orders(alice.address)) == 1
    assert exchange.faults.counts == {"corrupt_reply": 1}
    assert (await ask(alice, "/exchange", placing(alice)))[0] == 200


async def test_answer_with_a_value_of_the_wrong_type(exchange: Sandbox, alice: Client, ask: Ask) -> None:
    await alice.act(BUY)
    question = {"type": "openOrders", "user": alice.address}
    _, whole = await ask(alice, "/info", question)
    exchange.faults.add("corrupt_reply how=wrong_type")
    _, wrong = await ask(alice, "/info", question)
    (expected,), (found,) = msgspec.json.decode(whole), msgspec.json.decode(wrong)
    assert found.keys() == expected.keys()
    changed = [name for name in expected if found[name] != expected[name]]
    assert len(changed) == 1
    assert type(found[changed[0]]) is not type(expected[changed[0]])
    assert exchange.faults.counts == {"corrupt_reply": 1}


async def test_fault_that_ends_a_request_uses_up_no_later_one(exchange: Sandbox, alice: Client) -> None:
    exchange.faults.refuse_before()
    exchange.faults.drop_reply()
    exchange.faults.delay(0.01)
    with pytest.raises(BROKEN):
        await alice.act(BUY)
    assert exchange.faults.counts == {"refuse_before": 1}
    with pytest.raises(BROKEN):
        await alice.act(BUY)
    assert exchange.faults.counts == {"refuse_before": 1, "delay": 1, "drop_reply": 1}
    assert len(exchange.open_orders(alice.address)) == 1


# ---------------------------------------------------------------------- narrowing


async def test_fault_of_one_way_leaves_the_other_alone(exchange: Sandbox, alice: Client) -> None:
    exchange.faults.add("status via=ws next=5")
    assert (await over_http(alice, "/info", {"type": "meta"}))[0] == 200
    assert (await over_websocket(alice, "/info", {"type": "meta"}))[0] == 502
    assert exchange.faults.counts == {"status": 1}


async def test_fault_of_one_coin_leaves_others_alone(exchange: Sandbox, alice: Client) -> None:
    exchange.faults.add("status coin=ETH next=100")
    cancel = {"type": "cancel", "cancels": [{"a": 1, "o": 1}]}
    change = {"type": "batchModify", "modifies": [{"oid": 1, "order": order(1, True, "2000", "1")}]}
    candles = {"coin": "ETH", "interval": "1m", "startTime": 0, "endTime": 1}
    hit = [
        ("/exchange", placing(alice, orders(order(0, True, "80000", "0.01"), order(1, True, "2000", "0.1")))),
        ("/exchange", placing(alice, cancel)),
        ("/exchange", placing(alice, change)),
        ("/exchange", placing(alice, {"type": "updateLeverage", "asset": 1, "isCross": True, "leverage": 3})),
        ("/info", {"type": "l2Book", "coin": "ETH"}),
        ("/info", {"type": "candleSnapshot", "req": candles}),
    ]
    for path, body in hit:
        assert (await alice.post(path, body))[0] == 502, body
    missed = [
        ("/exchange", placing(alice)),
        ("/exchange", placing(alice, {"type": "updateLeverage", "asset": 0, "isCross": True, "leverage": 3})),
        ("/info", {"type": "l2Book", "coin": "BTC"}),
        ("/info", {"type": "meta"}),
    ]
    for path, body in missed:
        assert (await alice.post(path, body))[0] == 200, body
    assert exchange.faults.counts == {"status": len(hit)}


async def test_fault_of_one_account_leaves_others_alone(exchange: Sandbox, alice: Client, bob: Client) -> None:
    agent = wallet(99)
    exchange.approve_agent(alice.address, agent.address)
    exchange.faults.add("status", user=alice.signer.address, next=100)
    assert (await alice.post("/exchange", placing(alice)))[0] == 502
    assert (await alice.post("/exchange", signed_request(agent, BUY)))[0] == 502, "an agent acts for its master"
    assert (await bob.post("/info", {"type": "openOrders", "user": alice.address}))[0] == 502
    assert (await bob.post("/exchange", placing(bob)))[0] == 200
    assert (await bob.post("/info", {"type": "openOrders", "user": bob.address}))[0] == 200
    assert (await bob.post("/info", {"type": "meta"}))[0] == 200
    assert (await bob.post("/exchange", {"action": {"type": "order"}}))[0] == 422
    assert exchange.faults.counts == {"status": 3}
    assert exchange.open_orders(alice.address) == ()


# ---------------------------------------------------------------------- when


async def statuses(exchange: Sandbox, client: Client, number: int = 1) -> list[int]:
    return [(await client.post("/info", {"type": "exchangeStatus"}))[0] for _ in range(number)]


async def test_burst_begins_ends_and_comes_again_by_the_clock_of_the_exchange(exchange: Sandbox, alice: Client) -> None:
    exchange.faults.add("status code=503 at=5 lasts=2 every=10")
    assert await statuses(exchange, alice, 2) == [200, 200]
    for _ in range(2):
        await exchange.clock.advance(5)
        assert await statuses(exchange, alice, 3) == [503, 503, 503]
        await exchange.clock.advance(2)
        assert await statuses(exchange, alice, 2) == [200, 200]
        await exchange.clock.advance(3)
    assert exchange.faults.counts == {"status": 6}


async def test_number_counts_anew_each_time_it_begins_again(exchange: Sandbox, alice: Client) -> None:
    exchange.faults.add("status next=1 every=10")
    assert await statuses(exchange, alice, 2) == [502, 200]
    await exchange.clock.advance(10)
    assert await statuses(exchange, alice, 2) == [502, 200]
    (armed,) = exchange.faults.armed
    assert armed.happened == 2


async def test_fault_that_found_nothing_in_its_time_is_forgotten(exchange: Sandbox, alice: Client) -> None:
    exchange.faults.add("status kind=order next=3 lasts=5")
    await exchange.clock.advance(5)
    assert exchange.faults.armed == ()
    assert (await alice.act(BUY))["status"] == "ok"
    assert exchange.faults.counts == {}


async def test_fault_taken_away_happens_no_more(exchange: Sandbox, alice: Client) -> None:
    number = exchange.faults.add("status next=5")
    assert await statuses(exchange, alice) == [502]
    assert exchange.faults.remove(number)
    assert not exchange.faults.remove(number)
    assert await statuses(exchange, alice) == [200]
    assert exchange.faults.requests is None, "nothing stands before the exchange any more"


async def test_burst_ends_by_itself_in_real_time() -> None:
    async with Sandbox(seed=1, market="empty") as exchange, Client(exchange, wallet(11)) as client:
        exchange.faults.add("status code=503 at=0.05 lasts=0.3")
        assert await statuses(exchange, client) == [200]
        await until(lambda: exchange.faults.requests is not None)
        assert await statuses(exchange, client) == [503]
        await until(lambda: exchange.faults.requests is None)
        assert await statuses(exchange, client) == [200]


async def pattern(seed: int, *others: str) -> list[int]:
    """Which of forty requests a fault with a chance happens to."""
    async with Sandbox(seed=seed, market="empty", clock="virtual") as exchange, Client(exchange, wallet(11)) as client:
        exchange.faults.add("status chance=0.5 kind=exchangeStatus")
        for other in others:
            exchange.faults.add(other)
        return await statuses(exchange, client, 40)


async def test_chance_repeats_with_its_seed_and_whatever_else_happens() -> None:
    first = await pattern(7)
    assert 8 <= first.count(502) <= 32
    assert await pattern(7, "delay seconds=0.001 chance=0.5") == first
    assert await pattern(8) != first
