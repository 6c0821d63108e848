"""A liquidation as the liquidated and the others see it on the wire."""

from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any

import pytest

from hyperliquid_perpetual.sandbox import Sandbox
from tests.unit.sandbox.client import Client, order, wallet
from tests.unit.sandbox.socket_client import connect


@pytest.fixture
async def exchange() -> AsyncIterator[Sandbox]:
    """Nobody but the test trades, and every account has a thousand dollars."""
    async with Sandbox(seed=1, market="empty", clock="virtual", deposit=1_000) as sandbox:
        yield sandbox


async def long_eth(alice: Client, bob: Client) -> None:
    """ALICE is long 5 ETH at 2817.5, BOB short."""
    await bob.place(order(1, False, "2817.5", "5"))
    await alice.place(order(1, True, "2817.5", "5"))


@pytest.mark.other_shapes
async def test_liquidation_into_the_book_is_told_on_every_stream(exchange: Sandbox, alice: Client, bob: Client) -> None:
    await long_eth(alice, bob)
    async with Client(exchange, wallet(13)) as carol, connect(exchange) as socket, connect(exchange) as hers:
        exchange.fund(carol.address, 100_000)
        await carol.place(order(1, True, "2660", "8"))
        await alice.place(order(1, True, "2000", "0.01"))
        for kind in ("userFills", "userEvents", "orderUpdates", "userNonFundingLedgerUpdates"):
            await socket.subscribe(kind, user=alice.address)
        await hers.subscribe("userFills", user=carol.address)
        await hers.data("userFills")
        await socket.drained()
        exchange.set_price("ETH", "2670")
        frames = await socket.drained()
        (fill,) = (await hers.data("userFills"))["fills"]
    by_channel: dict[str, list[Any]] = {}
    for frame in frames:
        by_channel.setdefault(frame["channel"], []).append(frame["data"])
    (sold,) = by_channel["userFills"][0]["fills"]
    assert sold["dir"] == "Liquidated Cross Long"
    assert sold["liquidation"] == {"liquidatedUser": alice.address, "markPx": "2670.0", "method": "market"}
    assert fill["liquidation"] == sold["liquidation"]
    (liquidated,) = [event["liquidation"] for event in by_channel["user"] if "liquidation" in event]
    assert liquidated["liquidated_user"] == alice.address
    assert Decimal(liquidated["liquidated_ntl_pos"]) == 5 * 2670
    (canceled,) = [event["nonUserCancel"] for event in by_channel["user"] if "nonUserCancel" in event]
    assert len(canceled) == 1
    statuses = [row["status"] for rows in by_channel["orderUpdates"] for row in rows]
    assert statuses == ["liquidatedCanceled", "filled"]
    (row,) = by_channel["userNonFundingLedgerUpdates"][0]["nonFundingLedgerUpdates"]
    assert row["delta"]["type"] == "liquidation"
    assert row["delta"]["leverageType"] == "Cross"
    assert row["delta"]["liquidatedPositions"] == [{"coin": "ETH", "szi": "5.0"}]
    history = await alice.mine("historicalOrders")
    assert [(entry["order"]["tif"], entry["order"]["orderType"]) for entry in history[:1]] == [
        ("LiquidationMarket", "Market")
    ]
    exchange.set_quirk("liquidation_mark_px", "number")
    newest, *_ = await alice.mine("userFills")
    assert newest["liquidation"]["markPx"] == 2670


async def test_position_that_nobody_buys_goes_to_the_exchanges_own_account(
    exchange: Sandbox, alice: Client, bob: Client
) -> None:
    await long_eth(alice, bob)
    exchange.set_price("ETH", "2650")
    account = exchange.account(alice.address)
    assert (account.positions, account.account_value) == ((), 0)
    assert exchange.account(exchange.engine.liquidator).position("ETH") == 5
    assert exchange.engine.liquidator not in exchange.clients
    newest, *_ = await alice.mine("userFills")
    assert newest["liquidation"]["method"] == "backstop"
    assert await alice.info("recentTrades", coin="ETH") == (await alice.info("recentTrades", coin="ETH"))[:1]


async def test_price_gap_deleverages_the_winner(exchange: Sandbox, alice: Client, bob: Client) -> None:
    await long_eth(alice, bob)
    exchange.set_price("ETH", "2000")
    assert exchange.account(alice.address).positions == exchange.account(bob.address).positions == ()
    newest, *_ = await bob.mine("userFills")
    assert (newest["dir"], newest["px"]) == ("Auto-Deleveraging", "2817.5")
