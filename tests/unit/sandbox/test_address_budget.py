"""The number of requests that an account may send in all, and what is left of it beyond that (reference, 9.3)."""

from collections.abc import AsyncIterator
from decimal import Decimal

import pytest

from hyperliquid_perpetual.sandbox import Sandbox
from tests.unit.sandbox.client import Client, Json, order, orders, signed_request, wallet

NOOP: Json = {"type": "noop"}
OK: Json = {"status": "ok", "response": {"type": "default"}}


@pytest.fixture
async def small() -> AsyncIterator[Sandbox]:
    """An exchange that allows five requests before the first trade."""
    async with Sandbox(seed=1, market="still", clock="virtual", allowance=5) as sandbox:
        yield sandbox


@pytest.fixture
async def client(small: Sandbox) -> AsyncIterator[Client]:
    async with Client(small, wallet(11)) as alice:
        small.fund(alice.address)
        yield alice


def too_many(asked: int, limit: int, traded: int = 0) -> Json:
    text = (
        f"Too many cumulative requests sent ({asked} > {limit}) for cumulative volume traded ${traded}. "
        "Place taker orders to free up 1 request per USDC traded."
    )
    return {"status": "err", "response": text}


async def test_beyond_the_limit_one_action_passes_every_ten_seconds(small: Sandbox, client: Client) -> None:
    for _ in range(5):
        assert await client.act(NOOP) == OK
    assert await client.act(NOOP) == OK, "the first of the slow ones"
    assert await client.act(NOOP) == too_many(7, 5)
    await small.clock.advance(9.9)
    assert await client.act(NOOP) == too_many(7, 5), "what was refused is not counted"
    await small.clock.advance(0.1)
    assert await client.act(NOOP) == OK
    assert await client.act(NOOP) == too_many(8, 5)
    assert (await client.mine("userRateLimit"))["nRequestsUsed"] == 7


async def test_refused_action_did_nothing_and_its_nonce_is_still_good(small: Sandbox, client: Client) -> None:
    for _ in range(6):
        await client.act(NOOP)
    body = signed_request(client.signer, orders(order(0, True, "80000", "0.01")))
    assert "Too many cumulative requests" in (await client.post("/exchange", body))[1]
    assert small.open_orders(client.address) == ()
    await small.clock.advance(10)
    assert '"resting"' in (await client.post("/exchange", body))[1]


async def test_batch_counts_every_order_in_it(small: Sandbox, client: Client) -> None:
    batch = [order(0, True, str(80_000 - n), "0.01") for n in range(4)]
    assert len(await client.place(*batch)) == 4
    await client.place(order(0, True, "79000", "0.01"))
    await client.act(NOOP)
    assert await client.act(orders(*batch)) == too_many(10, 5)


async def test_every_dollar_traded_is_one_request_more(small: Sandbox, client: Client) -> None:
    for _ in range(4):
        await client.act(NOOP)
    (status,) = await client.place(order(0, True, "87000", "0.01", "Ioc"))
    traded = Decimal(status["filled"]["avgPx"]) * Decimal("0.01")
    limit = await client.mine("userRateLimit")
    assert limit["nRequestsCap"] == 5 + int(traded)
    assert Decimal(limit["cumVlm"]) == traded
    small.gatekeeper.budget.used[client.address] = 5 + int(traded) + 1
    await client.act(NOOP)
    assert await client.act(NOOP) == too_many(5 + int(traded) + 3, 5 + int(traded), round(traded))


async def test_volume_in_growth_mode_is_a_tenth_of_a_request(small: Sandbox, client: Client) -> None:
    (status,) = await client.place(order(110_001, True, "430", "2", "Ioc"))
    traded = Decimal(status["filled"]["avgPx"]) * 2
    assert Decimal((await client.mine("userRateLimit"))["cumVlm"]) == traded / 10


async def test_cancels_have_a_limit_of_twice_as_many(small: Sandbox, client: Client) -> None:
    batch = [order(0, True, str(80_000 - n), "0.01") for n in range(5)]
    oids = [status["resting"]["oid"] for status in await client.place(*batch)]
    await client.act(NOOP)
    for number, oid in enumerate(oids, 7):
        reply = await client.act({"type": "cancel", "cancels": [{"a": 0, "o": oid}]})
        if number <= 10:
            assert reply["response"]["data"]["statuses"] == ["success"]
        else:
            assert reply == too_many(11, 10)
    assert len(small.open_orders(client.address)) == 1


async def test_cancels_have_at_most_a_hundred_thousand_more() -> None:
    async with Sandbox(seed=1, market="still", clock="virtual") as exchange, Client(exchange, wallet(11)) as alice:
        exchange.fund(alice.address)
        account = exchange.engine.account(alice.address)
        assert account is not None
        account.volume = 190_000 * 10**12
        cancel: Json = {"type": "cancel", "cancels": [{"a": 0, "o": 1}]}
        exchange.gatekeeper.budget.used[alice.address] = 299_999
        assert (await alice.act(cancel))["status"] == "ok"
        await alice.act(cancel)
        assert await alice.act(cancel) == too_many(300_002, 300_000, 190_000)


async def test_reserved_requests_are_taken_off_the_count(small: Sandbox, client: Client) -> None:
    assert await client.act({"type": "reserveRequestWeight", "weight": 3}) == OK
    for _ in range(7):
        assert await client.act(NOOP) == OK
    assert (await client.mine("userRateLimit"))["nRequestsUsed"] == 5
    assert await client.act(NOOP) == OK
    assert await client.act(NOOP) == too_many(7, 5)


async def test_expired_action_costs_five_even_beyond_the_limit(small: Sandbox, client: Client) -> None:
    reply = await client.act(NOOP, expiresAfter=small.clock.now() - 1)
    assert "expired" in reply["response"]
    assert (await client.mine("userRateLimit"))["nRequestsUsed"] == 5
    await client.act(NOOP)
    assert await client.act(NOOP) == too_many(7, 5)
    assert "expired" in (await client.act(NOOP, expiresAfter=small.clock.now() - 1))["response"]


async def test_without_an_allowance_there_is_no_limit() -> None:
    async with (
        Sandbox(seed=1, market="still", clock="virtual", allowance=None) as exchange,
        Client(exchange, wallet(11)) as alice,
    ):
        exchange.fund(alice.address)
        exchange.gatekeeper.budget.used[alice.address] = 10**6
        for _ in range(3):
            assert await alice.act(NOOP) == OK
        assert (await alice.mine("userRateLimit"))["nRequestsUsed"] == 10**6 + 3
