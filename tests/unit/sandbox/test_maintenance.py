"""What clients see of an upgrade of the venue, and of capped open interest."""

import asyncio

import aiohttp
import pytest

from hyperliquid_perpetual.sandbox import Sandbox
from tests.unit.sandbox.client import Client, order


async def test_only_post_only_orders_right_after_an_upgrade(exchange: Sandbox, alice: Client) -> None:
    exchange.maintenance.post_only()
    assert (await alice.info("exchangeStatus"))["specialStatuses"] is not None
    text = "Only post-only orders allowed immediately after network upgrade asset=0"
    for tif in ("Gtc", "Ioc", "FrontendMarket"):
        assert await alice.place(order(0, True, "80000", "0.01", tif)) == [{"error": text}]
    (status,) = await alice.place(order(0, True, "80000", "0.01", "Alo"))
    assert "resting" in status
    exchange.maintenance.post_only(False)
    assert (await alice.info("exchangeStatus"))["specialStatuses"] is None
    (status,) = await alice.place(order(0, True, "80000", "0.01"))
    assert "resting" in status


async def test_capped_market_lets_positions_shrink_and_not_grow(exchange: Sandbox, alice: Client) -> None:
    await alice.place(order(0, True, "87000", "0.02", "Ioc"))
    exchange.maintenance.cap_open_interest(["BTC", "xyz:TSLA"])
    assert await alice.info("perpsAtOpenInterestCap") == ["BTC"]
    assert await alice.info("perpsAtOpenInterestCap", dex="xyz") == ["xyz:TSLA"]
    text = "Order would increase open interest while open interest is capped asset=0"
    for is_buy, px, sz in ((True, "80000", "0.01"), (False, "90000", "0.05")):
        assert await alice.place(order(0, is_buy, px, sz)) == [{"error": text}]
    history = await alice.mine("historicalOrders")
    assert {entry["status"] for entry in history[:2]} == {
        "positionIncreaseAtOpenInterestCapRejected",
        "positionFlipAtOpenInterestCapRejected",
    }
    (status,) = await alice.place(order(0, False, "80000", "0.02", "Ioc"))
    assert status["filled"]["totalSz"] == "0.02"
    (status,) = await alice.place(order(1, True, "2000", "0.1"))
    assert "resting" in status, "other markets are not concerned"
    with pytest.raises(ValueError, match="not listed"):
        exchange.maintenance.cap_open_interest(["NOPE"])


async def test_halted_chain_answers_when_it_goes_on(exchange: Sandbox, alice: Client) -> None:
    await alice.place(order(0, True, "80000", "0.01"))
    before = (await alice.info("l2Book", coin="BTC"))["time"]
    exchange.maintenance.halt()
    waiting = asyncio.create_task(alice.place(order(0, True, "80001", "0.01")))
    await exchange.clock.advance(10)
    assert not waiting.done()
    assert (await alice.info("l2Book", coin="BTC"))["time"] == before
    assert len(exchange.open_orders(alice.address)) == 1
    exchange.maintenance.halt(False)
    (status,) = await waiting
    assert "resting" in status
    assert (await alice.info("l2Book", coin="BTC"))["time"] > before


async def test_maintenance_from_another_process(exchange: Sandbox) -> None:
    wanted = {"halted": True, "postOnly": True, "capped": ["ETH"]}
    async with aiohttp.ClientSession() as http:
        async with http.post(exchange.url + "/sandbox/maintenance", json=wanted) as response:
            assert await response.json() == wanted
        async with http.post(exchange.url + "/sandbox/maintenance", json={"capped": ["NOPE"]}) as response:
            assert response.status == 400
        async with http.post(exchange.url + "/sandbox/maintenance", json={"halted": False}) as response:
            assert await response.json() == {**wanted, "halted": False}
