"""Trigger orders and TP/SL groups as a client sees them: replies, rows, statuses, streams."""

from decimal import Decimal
from typing import Any

import pytest

from hyperliquid_perpetual.sandbox import Sandbox
from tests.unit.sandbox.client import Client, Json, order, orders, trigger
from tests.unit.sandbox.socket_client import connect

CLOID = "0x1234567890abcdef1234567890abcdef"
OTHER = "0x000000000000000000000000000000ff"


async def go_long(exchange: Sandbox, client: Client, size: str = "0.01") -> None:
    (status,) = await client.place(order(0, True, "90000", size, "Ioc"))
    assert status["filled"]["totalSz"] == size


async def rows_of(client: Client) -> dict[int, Json]:
    return {row["oid"]: row for row in await client.mine("frontendOpenOrders")}


async def test_armed_orders_as_the_venue_lists_them(exchange: Sandbox, alice: Client) -> None:
    await go_long(exchange, alice)
    statuses = await alice.place(
        trigger(0, False, "70000", "0.01", "75000", "sl", cloid=CLOID),
        trigger(0, False, "99000", "0.01", "99001", "tp", is_market=False),
    )
    assert statuses == ["waitingForTrigger", "waitingForTrigger"]
    take, stop = await alice.mine("frontendOpenOrders")
    assert stop == {
        "coin": "BTC",
        "side": "A",
        "limitPx": "70000.0",
        "sz": "0.01",
        "oid": stop["oid"],
        "timestamp": exchange.clock.now(),
        "triggerCondition": "Price below 75000",
        "isTrigger": True,
        "triggerPx": "75000.0",
        "children": [],
        "isPositionTpsl": False,
        "reduceOnly": True,
        "orderType": "Stop Market",
        "origSz": "0.01",
        "tif": None,
        "cloid": CLOID,
    }
    assert (take["triggerCondition"], take["orderType"]) == ("Price above 99001", "Take Profit Limit")
    plain = (await alice.mine("openOrders"))[1]
    assert plain.keys() == {"coin", "side", "limitPx", "sz", "oid", "timestamp", "origSz", "cloid", "reduceOnly"}
    found = await alice.mine("orderStatus", oid=CLOID)
    assert found["order"] == {"order": stop, "status": "open", "statusTimestamp": stop["timestamp"]}
    (snapshot, _) = exchange.open_orders(alice.address)
    assert (snapshot.order_type, snapshot.trigger_price, snapshot.tif) == ("Stop Market", Decimal(75_000), None)


async def test_stop_goes_from_open_over_triggered_to_filled_in_every_view(exchange: Sandbox, alice: Client) -> None:
    await go_long(exchange, alice)
    async with connect(exchange) as socket:
        await socket.subscribe("orderUpdates", user=alice.address)
        await socket.subscribe("openOrders", user=alice.address)
        await socket.data("openOrders")
        stop = trigger(0, False, "60000", "0.01", "80000", "sl", cloid=CLOID)
        assert await alice.place(stop) == ["waitingForTrigger"]
        (update,) = await socket.data("orderUpdates")
        oid = update["order"]["oid"]
        assert (update["status"], update["order"]["cloid"]) == ("open", CLOID)
        (row,) = (await socket.data("openOrders"))["orders"]
        assert (row["oid"], row["orderType"], row["isTrigger"]) == (oid, "Stop Market", True)
        await exchange.clock.advance(4)  # the mark's average of book and oracle begins with the first mark
        exchange.set_price("BTC", 79_000)
        updates = [entry for entry in await socket.data("orderUpdates") if entry["order"]["oid"] == oid]
        assert [entry["status"] for entry in updates] == ["triggered", "filled"]
        assert (await socket.data("openOrders"))["orders"] == []
    found = (await alice.mine("orderStatus", oid=oid))["order"]
    assert (found["status"], found["order"]["sz"], found["order"]["orderType"]) == ("filled", "0.0", "Stop Market")
    assert exchange.account(alice.address).position("BTC") == 0
    fill = exchange.fills(alice.address)[-1]
    assert (fill.oid, fill.cloid, fill.crossed) == (oid, CLOID, True)


@pytest.mark.parametrize(
    ("item", "text"),
    [
        (trigger(0, False, "70000", "0.01", "75000", "sl", reduce_only=False), "Trigger order is not reduce only."),
        (trigger(0, False, "70000", "0.01", "75000.0000001", "sl"), "Order has invalid price."),
        (trigger(0, False, "70000", "0", "75000", "sl"), "Order has zero size."),
    ],
)
async def test_trigger_that_cannot_be_looked_at_refuses_the_batch(alice: Client, item: Json, text: str) -> None:
    reply = await alice.act(orders(order(0, True, "80000", "0.01"), item))
    assert reply == {"status": "ok", "response": {"type": "order", "data": {"statuses": [{"error": text}]}}}
    assert await alice.mine("openOrders") == []


async def test_refused_triggers_stand_beside_good_ones(exchange: Sandbox, alice: Client) -> None:
    await go_long(exchange, alice)
    statuses = await alice.place(
        trigger(0, False, "70000", "0.01", "99000", "sl"),
        trigger(0, False, "70000", "0.01", "75000.5", "sl"),
        trigger(0, True, "99000", "0.01", "98000", "sl"),
        trigger(0, False, "70000", "0.01", "75000", "sl"),
    )
    assert statuses == [
        {"error": "Invalid TP/SL price. asset=0"},
        {"error": "Price must be divisible by tick size. asset=0"},
        {"error": "Reduce only order would increase position. asset=0"},
        "waitingForTrigger",
    ]
    assert [entry["status"] for entry in (await alice.mine("historicalOrders"))[:4]] == [
        "open",
        "reduceOnlyRejected",
        "tickRejected",
        "badTriggerPxRejected",
    ]


async def test_armed_order_is_modified_and_canceled_by_cloid(exchange: Sandbox, alice: Client) -> None:
    await go_long(exchange, alice)
    await alice.place(trigger(0, False, "70000", "0.01", "75000", "sl", cloid=CLOID))
    changed = trigger(0, False, "70000", "0.01", "74000", "sl", cloid=OTHER)
    reply = await alice.act({"type": "batchModify", "modifies": [{"oid": CLOID, "order": changed}]})
    assert reply["response"]["data"]["statuses"] == ["waitingForTrigger"]
    (row,) = await alice.mine("frontendOpenOrders")
    assert (row["triggerPx"], row["cloid"]) == ("74000.0", OTHER)
    cancel: Any = {"type": "cancelByCloid", "cancels": [{"asset": 0, "cloid": OTHER}]}
    assert (await alice.act(cancel))["response"]["data"]["statuses"] == ["success"]
    assert await alice.mine("frontendOpenOrders") == []


async def test_order_that_waits_for_a_trigger_cannot_be_forced_to_fill(exchange: Sandbox, alice: Client) -> None:
    await go_long(exchange, alice)
    await alice.place(trigger(0, False, "70000", "0.01", "75000", "sl", cloid=CLOID))
    with pytest.raises(ValueError, match="waits for a trigger"):
        exchange.fill(alice.address, CLOID)
