"""TWAP orders as a client sees them: replies, history, slice fills, streams."""

from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any

import pytest

from hyperliquid_perpetual.sandbox import Sandbox
from hyperliquid_perpetual.venue import actions
from tests.unit.sandbox.client import Client, Json, wallet
from tests.unit.sandbox.socket_client import connect

ZERO_HASH = "0x" + "0" * 64


def twap(size: str = "0.11", minutes: int = 5, *, is_buy: bool = True, asset: int = 0, **more: Any) -> Json:
    """A twapOrder in canonical key order."""
    found: Json = {
        "type": "twapOrder",
        "twap": {
            "a": asset,
            "b": is_buy,
            "s": size,
            "r": more.pop("reduce_only", False),
            "m": minutes,
            "t": more.pop("randomize", False),
        },
    }
    return {**found, **more}


def twap_cancel(twap_id: int, asset: int = 0) -> Json:
    return {"type": "twapCancel", "a": asset, "t": twap_id}


async def start(client: Client, **facts: Any) -> int:
    reply = await client.act(twap(**facts))
    assert reply["response"]["type"] == "twapOrder"
    twap_id: int = reply["response"]["data"]["status"]["running"]["twapId"]
    return twap_id


def refused(reply: Json) -> str:
    assert reply["status"] == "ok"
    text: str = reply["response"]["data"]["status"]["error"]
    return text


async def test_order_is_sliced_while_the_clock_goes_on(exchange: Sandbox, alice: Client) -> None:
    twap_id = await start(alice)
    assert exchange.account(alice.address).position("BTC") == Decimal("0.01")
    await exchange.clock.advance(61)
    assert exchange.account(alice.address).position("BTC") == Decimal("0.03")
    (row,) = await alice.mine("twapHistory")
    assert (row["twapId"], row["status"]) == (twap_id, {"status": "activated"})
    (running,) = exchange.twaps(alice.address)
    assert (running.twap_id, running.status, running.executed) == (twap_id, "activated", Decimal("0.03"))
    await exchange.clock.advance(5 * 60)
    done, begun = await alice.mine("twapHistory")
    assert done["status"] == {"status": "finished"}
    assert done["time"] - begun["time"] == 5 * 60
    (ended,) = exchange.twaps(alice.address)
    assert (ended.status, ended.executed, ended.size) == ("finished", Decimal("0.11"), Decimal("0.11"))
    state = done["state"]
    assert state.keys() == {
        "coin",
        "user",
        "side",
        "sz",
        "executedSz",
        "executedNtl",
        "minutes",
        "reduceOnly",
        "randomize",
        "timestamp",
        "trigger",
        "stopPx",
    }
    assert (state["coin"], state["side"], state["sz"], state["executedSz"]) == ("BTC", "B", "0.11", "0.11")
    assert state["timestamp"] // 1000 == begun["time"]
    fills = exchange.fills(alice.address)
    assert Decimal(state["executedNtl"]) == sum(fill.price * fill.size for fill in fills)


async def test_slice_fills_by_themselves_and_among_all(exchange: Sandbox, alice: Client) -> None:
    twap_id = await start(alice)
    await exchange.clock.advance(31)
    newest, oldest = await alice.mine("userTwapSliceFills")
    assert newest["twapId"] == oldest["twapId"] == newest["fill"]["twapId"] == twap_id
    assert newest["fill"]["time"] - oldest["fill"]["time"] == 30_000
    assert newest["fill"]["hash"] == ZERO_HASH
    assert "cloid" not in newest["fill"]
    assert [row["fill"] for row in (newest, oldest)] == await alice.mine("userFills")
    by_time = await alice.mine("userTwapSliceFillsByTime", startTime=newest["fill"]["time"])
    assert by_time == [newest]
    (order, _) = await alice.mine("historicalOrders")
    assert (order["order"]["orderType"], order["status"]) == ("Twap Slice", "filled")


async def test_slice_fills_may_be_told_only_apart(exchange: Sandbox, alice: Client) -> None:
    exchange.set_quirk("twap_fills", "apart")
    await start(alice)
    assert len(await alice.mine("userTwapSliceFills")) == 1
    assert await alice.mine("userFills") == []
    assert await alice.mine("userFillsByTime", startTime=0) == []


async def test_order_is_canceled_once(exchange: Sandbox, alice: Client) -> None:
    twap_id = await start(alice)
    reply = await alice.act(twap_cancel(twap_id))
    assert reply == {"status": "ok", "response": {"type": "twapCancel", "data": {"status": "success"}}}
    never = "TWAP was never placed, already canceled, or filled."
    assert refused(await alice.act(twap_cancel(twap_id))) == never
    assert (await alice.mine("twapHistory"))[0]["status"] == {"status": "terminated"}
    await exchange.clock.advance(120)
    assert exchange.account(alice.address).position("BTC") == Decimal("0.01")


@pytest.mark.parametrize(
    ("facts", "text"),
    [
        ({"minutes": 1}, "Invalid TWAP duration: 1 min(s)"),
        ({"size": "0.013", "minutes": 120}, "TWAP order value too small. Min is $1200, which is $10 per minute."),
        ({"size": "0"}, "Order has zero size."),
        ({"size": "0.000001"}, "Order has invalid size."),
        ({"reduce_only": True}, "Reduce only order would increase position."),
        ({"asset": 3, "size": "10000"}, "Trading is halted."),
        ({"asset": 999}, "Order has invalid asset 999."),
        ({"details": {"t": {"p": "84000.0000001", "a": True}, "s": None}}, "Order has invalid price."),
    ],
)
async def test_refusal_stands_in_the_one_status(alice: Client, facts: Json, text: str) -> None:
    assert refused(await alice.act(twap(**facts))) == text
    assert await alice.mine("twapHistory") == []


async def test_actions_of_the_connectors_builder_are_signed_as_the_venue_reads_them(alice: Client) -> None:
    action = actions.twap_order(0, True, Decimal("0.11"), False, 30, True)
    reply = await alice.act(action)
    twap_id = reply["response"]["data"]["status"]["running"]["twapId"]
    assert (await alice.act(actions.twap_cancel(0, twap_id)))["response"]["data"]["status"] == "success"


async def test_twap_without_trigger_or_stop_says_null_so_that_a_client_may_rely_on_the_keys(
    exchange: Sandbox, alice: Client
) -> None:
    async with connect(exchange) as socket:
        await socket.subscribe("twapStates", user=alice.address)
        assert (await socket.data("twapStates"))["states"] == []
        await start(alice)
        ((_, state),) = (await socket.data("twapStates"))["states"]
        assert (state["trigger"], state["stopPx"]) == (None, None)


async def test_trigger_and_stop_prices_are_taken_and_told(exchange: Sandbox, alice: Client) -> None:
    details = {"t": {"p": "60000", "a": False}, "s": "99000"}
    async with connect(exchange) as socket:
        await socket.subscribe("twapStates", user=alice.address)
        assert (await socket.data("twapStates"))["states"] == []
        twap_id = await start(alice, details=details)
        ((number, state),) = (await socket.data("twapStates"))["states"]
        assert number == twap_id
        assert (state["trigger"], state["stopPx"]) == ({"px": "60000.0", "above": False}, "99000.0")
    assert exchange.account(alice.address).position("BTC") == 0
    assert await alice.mine("twapHistory") == []
    assert [(order.twap_id, order.status) for order in exchange.twaps(alice.address)] == [(twap_id, "waiting")]


async def test_streams_follow_an_order_from_start_to_end(exchange: Sandbox, alice: Client) -> None:
    user = alice.address
    async with connect(exchange) as socket:
        await socket.subscribe("userEvents", user=user)
        await socket.subscribe("userTwapHistory", user=user)
        assert await socket.data("userTwapHistory") == {"user": user, "isSnapshot": True, "history": []}
        await socket.subscribe("userTwapSliceFills", user=user)
        assert await socket.data("userTwapSliceFills") == {"user": user, "isSnapshot": True, "twapSliceFills": []}
        await socket.subscribe("twapStates", user=user)
        assert await socket.data("twapStates") == {"dex": "", "user": user, "states": []}

        twap_id = await start(alice)
        frames = await socket.drained()
        events = [frame["data"] for frame in frames if frame["channel"] == "user"]
        (fill,) = next(event["fills"] for event in events if "fills" in event)
        assert {"twapSliceFills": [{"fill": fill, "twapId": twap_id}]} in events
        (history,) = next(event["twapHistory"] for event in events if "twapHistory" in event)
        assert history["status"] == {"status": "activated"}
        told = {frame["channel"]: frame["data"] for frame in frames}
        assert told["userTwapHistory"] == {"user": user, "history": [history]}
        assert told["userTwapSliceFills"] == {"user": user, "twapSliceFills": [{"fill": fill, "twapId": twap_id}]}
        ((number, state),) = told["twapStates"]["states"]
        assert (number, state["executedSz"]) == (twap_id, "0.01")

        await exchange.clock.advance(31)
        states = (await socket.data("twapStates"))["states"]
        assert states[0][1]["executedSz"] == "0.02"
        await alice.act(twap_cancel(twap_id))
        assert (await socket.data("userTwapHistory"))["history"][0]["status"] == {"status": "terminated"}
        assert (await socket.data("twapStates"))["states"] == []


async def test_snapshots_hold_what_happened_before(exchange: Sandbox, alice: Client) -> None:
    twap_id = await start(alice)
    async with connect(exchange) as socket:
        await socket.subscribe("userTwapHistory", user=alice.address)
        (row,) = (await socket.data("userTwapHistory"))["history"]
        assert row["twapId"] == twap_id
        await socket.subscribe("userTwapSliceFills", user=alice.address)
        assert len((await socket.data("userTwapSliceFills"))["twapSliceFills"]) == 1
        await socket.subscribe("twapStates", user=alice.address, dex="xyz")
        assert (await socket.data("twapStates"))["states"] == []


@pytest.fixture
async def lively() -> AsyncIterator[tuple[Sandbox, Client]]:
    """An exchange in real time with traders on it."""
    async with Sandbox(seed=3, market="calm", coins=["BTC"]) as sandbox, Client(sandbox, wallet(21)) as client:
        sandbox.fund(client.address)
        yield sandbox, client


async def test_order_starts_on_an_exchange_in_real_time(lively: tuple[Sandbox, Client]) -> None:
    exchange, client = lively
    twap_id = await start(client, size="0.05")
    assert exchange.account(client.address).position("BTC") > 0
    assert (await client.act(twap_cancel(twap_id)))["response"]["data"]["status"] == "success"
