"""The demo's view of an account on a real sandbox, over its sockets."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from decimal import Decimal
from typing import Any

import aiohttp
import msgspec
import pytest

from hyperliquid_perpetual.demo.books import Fill, compare
from hyperliquid_perpetual.demo.exchange import Exchange
from hyperliquid_perpetual.sandbox import DEMO_ADDRESS, DEMO_PRIVATE_KEY, Sandbox
from hyperliquid_perpetual.venue import actions
from hyperliquid_perpetual.venue.signing import Signer

CLOIDS = ("0x48424f54000000000000000000000001", "0x48424f54000000000000000000000002")


async def until(condition: Callable[[], object], what: str) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        await asyncio.sleep(0.02)


def limit(*, is_buy: bool, price: Decimal, size: str, cloid: str) -> actions.OrderRequest:
    return actions.OrderRequest(0, is_buy, price, Decimal(size), reduce_only=False, cloid=cloid)


async def place(sandbox: Sandbox, *orders: actions.OrderRequest) -> None:
    action, nonce = actions.order(orders), time.time_ns() // 1_000_000
    signature = Signer(DEMO_PRIVATE_KEY).sign_action(action, nonce, is_mainnet=False)
    request: dict[str, Any] = {"action": action, "nonce": nonce, "signature": signature, "vaultAddress": None}
    body, headers = msgspec.json.encode(request), {"Content-Type": "application/json"}
    async with (
        aiohttp.ClientSession(headers=headers) as session,
        session.post(f"{sandbox.url}/exchange", data=body) as response,
    ):
        reply = await response.json()
    assert reply["status"] == "ok", reply


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with Sandbox(market="still", seed=1) as running:
        yield running


@pytest.fixture
async def exchange(sandbox: Sandbox) -> AsyncIterator[Exchange]:
    async with Exchange(sandbox.url, DEMO_ADDRESS, ("BTC",)) as opened:
        yield opened


async def test_what_happens_to_the_account_is_seen_live_and_stands_in_the_ledger(
    sandbox: Sandbox, exchange: Exchange
) -> None:
    assert await exchange.answers()
    exchange.watch()
    await until(lambda: exchange.view.mid("BTC"), "prices")
    mid = sandbox.book("BTC").mid
    assert exchange.view.mid("BTC") == mid
    assert mid is not None

    bid, ask = (mid * Decimal("0.999")).quantize(Decimal(1)), (mid * Decimal("1.001")).quantize(Decimal(1))
    await place(
        sandbox,
        limit(is_buy=True, price=bid, size="0.01", cloid=CLOIDS[0]),
        limit(is_buy=False, price=ask, size="0.02", cloid=CLOIDS[1]),
    )
    await until(lambda: exchange.view.open_orders == 2, "both orders")
    sandbox.fill(DEMO_ADDRESS, CLOIDS[0])
    sandbox.fill(DEMO_ADDRESS, CLOIDS[1], "0.005")
    await until(lambda: exchange.view.positions.get("BTC") == Decimal("0.005"), "the position")
    await until(lambda: len(exchange.view.fills) == 2, "both fills")

    ledger = await exchange.ledger()
    assert ledger.positions == {"BTC": Decimal("0.005")}
    assert ledger.open_orders == 1
    assert [(fill.cloid, fill.side, fill.price, fill.size) for fill in ledger.fills] == [
        (CLOIDS[0], "B", bid, Decimal("0.01")),
        (CLOIDS[1], "A", ask, Decimal("0.005")),
    ]
    streamed = [Fill.from_venue(row) for row in exchange.view.fills.values()]
    result = compare(streamed, ledger.fills, ledger.positions)
    assert (result.fill_differences, result.position_difference, result.fee_difference) == ((), 0, 0)
    assert exchange.view.fees == sum(fill.fee for fill in ledger.fills) > 0


async def test_a_lost_connection_is_taken_up_again_without_counting_twice(sandbox: Sandbox, exchange: Exchange) -> None:
    exchange.watch()
    await until(lambda: exchange.view.mid("BTC"), "prices")
    mid = exchange.view.mid("BTC")
    assert mid is not None
    bid = (mid * Decimal("0.999")).quantize(Decimal(1))
    await place(sandbox, limit(is_buy=True, price=bid, size="0.01", cloid=CLOIDS[0]))
    sandbox.fill(DEMO_ADDRESS, CLOIDS[0], "0.004")
    await until(lambda: len(exchange.view.fills) == 1, "the first fill")

    sandbox.drop_websockets()
    sandbox.fill(DEMO_ADDRESS, CLOIDS[0])

    await until(lambda: len(exchange.view.fills) == 2, "the fill that happened meanwhile")
    await until(lambda: exchange.view.positions.get("BTC") == Decimal("0.01"), "the position")


async def test_an_account_nobody_used_has_an_empty_ledger(exchange: Exchange) -> None:
    ledger = await exchange.ledger()

    assert (ledger.fills, ledger.positions, ledger.open_orders) == ((), {}, 0)


async def test_an_exchange_that_is_not_there_does_not_answer() -> None:
    async with Exchange("http://127.0.0.1:9", DEMO_ADDRESS, ()) as exchange:
        assert not await exchange.answers()
        with pytest.raises(aiohttp.ClientError):
            await exchange.ledger()
