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


# ---------------------------------------------------------------------- groups


def bracket(px: str = "80000", size: str = "0.01", tif: str = "Gtc") -> list[Json]:
    """A bid with a take profit and a stop."""
    return [
        order(0, True, px, size, tif),
        trigger(0, False, "89000", size, "90000", "tp"),
        trigger(0, False, "60000", size, "70000", "sl", cloid=CLOID),
    ]


async def test_children_of_a_resting_parent_are_nested_and_rows_of_their_own(alice: Client) -> None:
    statuses = await alice.place(*bracket(), grouping="normalTpsl")
    assert statuses[0].keys() == {"resting"}
    assert statuses[1:] == ["waitingForFill", "waitingForFill"]
    rows = await rows_of(alice)
    assert len(rows) == 3
    parent = rows[statuses[0]["resting"]["oid"]]
    assert [child["orderType"] for child in parent["children"]] == ["Take Profit Market", "Stop Market"]
    for child in parent["children"]:
        assert rows[child["oid"]] == child
        assert (child["children"], child["isPositionTpsl"], child["reduceOnly"]) == ([], False, True)
    assert len(await alice.mine("openOrders")) == 3


async def test_waiting_child_is_known_by_cloid_and_canceled_by_oid(alice: Client) -> None:
    await alice.place(*bracket(), grouping="normalTpsl")
    found = (await alice.mine("orderStatus", oid=CLOID))["order"]
    assert found["status"] == "open"
    cancel = {"type": "cancel", "cancels": [{"a": 0, "o": found["order"]["oid"]}]}
    assert (await alice.act(cancel))["response"]["data"]["statuses"] == ["success"]
    assert len(await rows_of(alice)) == 2


async def test_bracket_from_the_fill_of_its_parent_to_the_end_of_its_sibling(exchange: Sandbox, alice: Client) -> None:
    statuses = await alice.place(*bracket("95000", tif="FrontendMarket"), grouping="normalTpsl")
    assert statuses[0].keys() == {"filled"}
    assert statuses[1:] == ["waitingForTrigger", "waitingForTrigger"]
    take, stop = sorted(await rows_of(alice))
    await exchange.clock.advance(4)
    async with connect(exchange) as socket:
        await socket.subscribe("orderUpdates", user=alice.address)
        await socket.subscribe("userEvents", user=alice.address)
        exchange.set_price("BTC", 69_000)
        updates = await socket.data("orderUpdates")
        told = [(entry["order"]["oid"], entry["status"]) for entry in updates]
        assert told == [(stop, "triggered"), (take, "siblingFilledCanceled"), (stop, "filled")]
    assert await rows_of(alice) == {}
    assert (await alice.mine("orderStatus", oid=take))["order"]["status"] == "siblingFilledCanceled"
    assert exchange.account(alice.address).position("BTC") == 0


async def test_canceled_sibling_is_told_as_a_cancel_that_nobody_asked_for(exchange: Sandbox, alice: Client) -> None:
    await alice.place(*bracket("95000", tif="FrontendMarket"), grouping="normalTpsl")
    (take, _) = sorted(await rows_of(alice))
    await exchange.clock.advance(4)
    async with connect(exchange) as socket:
        await socket.subscribe("userEvents", user=alice.address)
        exchange.set_price("BTC", 69_000)
        frame = await socket.next(lambda frame: frame["channel"] == "user" and "nonUserCancel" in frame["data"])
        assert frame["data"]["nonUserCancel"] == [{"coin": "BTC", "oid": take}]


async def test_open_orders_stream_shows_children_move_out_of_their_parent(exchange: Sandbox, alice: Client) -> None:
    async with connect(exchange) as socket:
        await socket.subscribe("openOrders", user=alice.address)
        await socket.data("openOrders")
        await alice.place(*bracket(), grouping="normalTpsl")
        listed = (await socket.data("openOrders"))["orders"]
        assert sorted(len(row["children"]) for row in listed) == [0, 0, 2]
        parent = next(row for row in listed if row["children"])
        exchange.fill(alice.address, parent["oid"])
        listed = (await socket.data("openOrders"))["orders"]
        assert sorted(row["orderType"] for row in listed) == ["Stop Market", "Take Profit Market"]


async def test_tpsl_of_a_position_as_the_venue_lists_it(exchange: Sandbox, alice: Client) -> None:
    await go_long(exchange, alice)
    stop = trigger(0, False, "60000", "0", "70000", "sl")
    take = trigger(0, False, "89000", "0", "90000", "tp")
    assert await alice.place(take, stop, grouping="positionTpsl") == ["waitingForTrigger", "waitingForTrigger"]
    for row in await alice.mine("frontendOpenOrders"):
        assert (row["sz"], row["origSz"], row["isPositionTpsl"], row["tif"]) == ("0.0", "0.0", True, None)
    await go_long(exchange, alice, "0.02")
    await exchange.clock.advance(4)
    exchange.set_price("BTC", 69_000)
    assert exchange.account(alice.address).position("BTC") == 0
    newest = {row["status"]: row["order"] for row in reversed(await alice.mine("historicalOrders"))}
    assert newest["siblingFilledCanceled"]["orderType"] == "Take Profit Market"
    assert (newest["filled"]["orderType"], newest["filled"]["origSz"]) == ("Stop Market", "0.03")


async def test_refused_parent_refuses_its_children(alice: Client) -> None:
    statuses = await alice.place(*bracket("80000", "40"), grouping="normalTpsl")
    assert statuses == [{"error": "Insufficient margin to place order. asset=0"}] * 3


async def test_group_that_is_none_has_one_error(alice: Client) -> None:
    parent, take, _ = bracket()
    reply = await alice.act(orders(parent, {**take, "b": True}, grouping="normalTpsl"))
    assert reply["response"]["data"]["statuses"] == [{"error": "Trigger order has unexpected side."}]
