"""Every switch for what the venue's reference leaves open changes what goes over the wire, and nothing else does."""

import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from decimal import Decimal
from typing import Any

import aiohttp
import pytest

from hyperliquid_perpetual.sandbox import Sandbox
from hyperliquid_perpetual.sandbox.engine.quirks import VenueQuirks
from tests.unit.sandbox.client import Client, order, signed_request, wallet
from tests.unit.sandbox.socket_client import Socket, connect

CLOID = "0x" + "5a" * 16


@pytest.fixture
async def stage() -> AsyncIterator[Any]:
    """Makes an exchange with quirks, and alice and bob on it."""
    async with AsyncExitStack() as stack:

        async def make(**quirks: str) -> tuple[Sandbox, Client, Client]:
            exchange = await stack.enter_async_context(
                Sandbox(seed=1, market="still", clock="virtual", quirks=quirks, coins=["ETH"])
            )
            clients = [await stack.enter_async_context(Client(exchange, wallet(number))) for number in (11, 12)]
            for client in clients:
                exchange.fund(client.address)
            return exchange, clients[0], clients[1]

        yield make


# ---------------------------------------------------------------------- choosing


async def test_switches_are_chosen_at_start_while_running_and_from_another_process(exchange: Sandbox) -> None:
    assert Sandbox(quirks={"greeting": "sent"}).quirks.greeting == "sent"
    exchange.set_quirk("fast_book", "refused")
    async with aiohttp.ClientSession() as http:
        async with http.get(exchange.url + "/sandbox/quirks") as response:
            switches = await response.json()
        assert switches["fast_book"] == {"value": "refused", "values": ["served", "refused", "dropped", "ignored"]}
        assert switches.keys() == {choice.name for choice in VenueQuirks().choices}
        async with http.post(exchange.url + "/sandbox/quirks", json={"fast_book": "ignored"}) as response:
            assert (await response.json())["fast_book"]["value"] == "ignored"
    assert exchange.quirks.fast_book == "ignored"


@pytest.mark.parametrize(
    ("chosen", "valid"),
    [({"fast_bok": "served"}, "partial_gtc_reply"), ({"fast_book": "on"}, "served, refused, dropped, ignored")],
)
async def test_switch_that_there_is_not_is_refused_with_those_that_there_are(
    exchange: Sandbox, chosen: dict[str, str], valid: str
) -> None:
    (name, value) = next(iter(chosen.items()))
    with pytest.raises(ValueError, match=valid):
        Sandbox(quirks=chosen)
    with pytest.raises(ValueError, match=valid):
        exchange.set_quirk(name, value)
    async with (
        aiohttp.ClientSession() as http,
        http.post(exchange.url + "/sandbox/quirks", json={"greeting": "sent", **chosen}) as response,
    ):
        assert response.status == 400
        assert valid in await response.text()
    assert exchange.quirks == VenueQuirks(), "one bad switch, and none is moved"


def test_every_switch_starts_with_its_first_value() -> None:
    for choice in VenueQuirks().choices:
        assert choice.value == choice.values[0]
        assert len(set(choice.values)) > 1


# ---------------------------------------------------------------------- orders


async def test_gtc_that_matched_in_part(stage: Any) -> None:
    for value in ("resting", "filled"):
        exchange, alice, bob = await stage(partial_gtc_reply=value)
        await bob.place(order(0, False, "86420", "0.01"))
        (status,) = await alice.place(order(0, True, "86420", "0.03"))
        assert list(status) == [value]
        assert exchange.account(alice.address).position("BTC") == Decimal("0.01")
        (left,) = exchange.open_orders(alice.address)
        assert left.remaining == Decimal("0.02")


async def test_small_close_of_the_whole_position(stage: Any) -> None:
    for value, dust in (("allowed", 0), ("refused", Decimal("0.00012"))):
        exchange, alice, bob = await stage(small_reduce_only_close=value)
        await bob.place(order(0, False, "86420", "0.00012"), order(0, True, "80000", "0.01"))
        await alice.place(order(0, True, "86420", "0.00012"))
        (status,) = await alice.place(order(0, False, "80000", "0.00012", "Ioc", reduce_only=True))
        assert exchange.account(alice.address).position("BTC") == dust
        assert ("filled" in status) == (value == "allowed")


@pytest.mark.parametrize(("value", "is_kept"), [("cancels_old", False), ("keeps_old", True)])
async def test_refused_replacement_and_the_old_order(stage: Any, value: str, is_kept: bool) -> None:
    exchange, alice, bob = await stage(refused_modify=value)
    await bob.place(order(0, False, "86420", "0.01"))
    (status,) = await alice.place(order(0, True, "80000", "0.03", "Alo", cloid=CLOID))
    oid = status["resting"]["oid"]
    too_much = order(0, True, "80000", "10000", "Alo", cloid=CLOID)
    crossing = order(0, True, "86500", "0.01", "Alo", cloid=CLOID)
    for replacement in (crossing, too_much):
        reply = await alice.act({"type": "batchModify", "modifies": [{"oid": oid, "order": replacement}]})
        assert "error" in reply["response"]["data"]["statuses"][0]
        assert bool(exchange.open_orders(alice.address)) == is_kept
        if not is_kept:
            return
    await alice.act({"type": "batchModify", "modifies": [{"oid": oid, "order": order(0, True, "79000", "0.04")}]})
    (now,) = exchange.open_orders(alice.address)
    assert (now.price, now.remaining) == (Decimal(79000), Decimal("0.04"))
    await alice.act({"type": "cancel", "cancels": [{"a": 0, "o": now.oid}]})
    state = exchange.engine.accounts[alice.address].clearinghouses[""].positions[0]
    assert (state.resting_buys, state.resting_sells) == (0, 0)


async def test_cloid_of_an_open_order_used_again(stage: Any) -> None:
    exchange, alice, _ = await stage()
    await alice.place(order(0, True, "80000", "0.01", cloid=CLOID))
    (status,) = await alice.place(order(0, True, "80001", "0.01", cloid=CLOID))
    assert "error" in status
    exchange.set_quirk("live_cloid", "accepted")
    (status,) = await alice.place(order(0, True, "80001", "0.01", cloid=CLOID))
    cancel = {"type": "cancelByCloid", "cancels": [{"asset": 0, "cloid": CLOID}]}
    found = await alice.mine("orderStatus", oid=CLOID)
    assert found["order"]["order"]["oid"] == status["resting"]["oid"]
    for _ in range(2):
        assert (await alice.act(cancel))["response"]["data"]["statuses"] == ["success"]
    assert not exchange.open_orders(alice.address)


async def test_status_of_a_cloid_that_was_used_again(stage: Any) -> None:
    exchange, alice, _ = await stage()
    oids = []
    for px in ("80000", "80001"):
        (status,) = await alice.place(order(0, True, px, "0.01", cloid=CLOID))
        oids.append(status["resting"]["oid"])
        if px == "80000":
            await alice.act({"type": "cancelByCloid", "cancels": [{"asset": 0, "cloid": CLOID}]})
    for value, oid in zip(("oldest", "newest"), oids, strict=True):
        exchange.set_quirk("reused_cloid_status", value)
        assert (await alice.mine("orderStatus", oid=CLOID))["order"]["order"]["oid"] == oid
    exchange.set_quirk("ended_orders", "forgotten")
    assert (await alice.mine("orderStatus", oid=oids[0])) == {"status": "unknownOid"}
    assert (await alice.mine("orderStatus", oid=oids[1]))["order"]["status"] == "open"


@pytest.mark.parametrize(("value", "is_taken"), [("allowed", True), ("refused", False)])
async def test_stop_loss_of_a_position_without_a_size(stage: Any, value: str, is_taken: bool) -> None:
    _, alice, bob = await stage(zero_tpsl_size=value)
    await bob.place(order(0, False, "86420", "0.01"))
    await alice.place(order(0, True, "86420", "0.01"))
    trigger = {"trigger": {"isMarket": True, "triggerPx": "80000", "tpsl": "sl"}}
    stop = {"a": 0, "b": False, "p": "75000", "s": "0", "r": True, "t": trigger}
    reply = await alice.act({"type": "order", "orders": [stop], "grouping": "positionTpsl"})
    (status,) = reply["response"]["data"]["statuses"]
    assert status == ("waitingForTrigger" if is_taken else {"error": "Order has zero size."})


async def test_error_of_a_batch_and_of_an_action(stage: Any) -> None:
    exchange, alice, _ = await stage()
    bad = {"type": "order", "orders": [order(0, True, "1", "1"), order(0, True, "80000", "1")], "grouping": "na"}
    text = "Order price cannot be more than 80% away from the reference price"
    assert (await alice.act(bad))["response"]["data"]["statuses"] == [{"error": text}]
    exchange.set_quirk("pre_validation_reply", "top_level")
    assert await alice.act(bad) == {"status": "err", "response": text}
    exchange.set_quirk("error_prefix", "present")
    assert await alice.act(bad) == {"status": "err", "response": f"L1 error: {text}"}
    cancel = {"type": "cancel", "cancels": [{"a": 0, "o": 1}]}
    gone = "Order was never placed, already canceled, or filled."
    assert (await alice.act(cancel))["response"]["data"]["statuses"] == [{"error": f"{gone} asset=0"}]
    exchange.set_quirk("asset_suffix", "absent")
    assert (await alice.act(cancel))["response"]["data"]["statuses"] == [{"error": gone}]


# ---------------------------------------------------------------------- requests


async def test_rows_of_fills_and_fundings_in_either_order(stage: Any) -> None:
    exchange, alice, bob = await stage()
    for _ in range(3):
        await bob.place(order(0, False, "86420", "0.01"))
        await alice.place(order(0, True, "86420", "0.01"))
        await exchange.clock.advance(3_600)
    for switch, kind in (("fills_order", "userFillsByTime"), ("fundings_order", "userFunding")):
        times = [row["time"] for row in await alice.mine(kind, startTime=0)]
        assert len(set(times)) == 3
        assert times == sorted(times)
        exchange.set_quirk(switch, "newest_first")
        assert [row["time"] for row in await alice.mine(kind, startTime=0)] == sorted(times, reverse=True)


@pytest.mark.other_shapes
async def test_metadata_in_either_shape(stage: Any) -> None:
    exchange, alice, _ = await stage()
    plain = await alice.info("allPerpMetas")
    exchange.set_quirk("all_perp_metas", "pairs")
    pairs = await alice.info("allPerpMetas")
    assert [pair[0] for pair in pairs] == plain
    assert [len(pair[1]) for pair in pairs] == [len(meta["universe"]) for meta in plain]
    listed = {number for number, _ in (await alice.info("meta"))["marginTables"]}
    assert min(listed) > 50
    exchange.set_quirk("small_margin_tables", "listed")
    meta = await alice.info("meta")
    assert {entry["marginTableId"] for entry in meta["universe"]} == {number for number, _ in meta["marginTables"]}
    assert dict(meta["marginTables"])[3]["marginTiers"] == [{"lowerBound": "0.0", "maxLeverage": 3}]


@pytest.mark.parametrize(
    ("value", "rate", "discount", "paid"),
    [
        ("none", "0.00045", "0.0", "0.00045"),
        ("in_rates", "0.000432", "0.04", "0.000432"),
        ("apart", "0.00045", "0.04", "0.000432"),
    ],
)
async def test_referral_discount(stage: Any, value: str, rate: str, discount: str, paid: str) -> None:
    exchange, alice, bob = await stage(referral_discount=value)
    fees = await alice.mine("userFees")
    assert (fees["userCrossRate"], fees["activeReferralDiscount"]) == (rate, discount)
    await bob.place(order(0, False, "80000", "0.01"))
    await alice.place(order(0, True, "80000", "0.01"))
    assert exchange.fills(alice.address)[0].fee == Decimal(paid) * 800


@pytest.mark.parametrize(("value", "body"), [("null", "null"), ("empty", "")])
@pytest.mark.other_shapes
async def test_body_of_a_refusal_by_weight(value: str, body: str) -> None:
    async with (
        Sandbox(market="empty", clock="virtual", limit_weights=True, weight_per_minute=1) as exchange,
        Client(exchange, wallet(11)) as alice,
        connect(exchange) as socket,
    ):
        exchange.set_quirk("rate_limit_body", value)
        await alice.info("meta")
        assert await alice.post("/info", {"type": "meta"}) == (429, body)
        ask = {"method": "post", "id": 1, "request": {"type": "info", "payload": {"type": "meta"}}}
        await socket.send(ask)
        assert (await socket.data("post"))["response"]["type"] == "info"
        exchange.set_quirk("post_weight", "charged")
        await socket.send(ask)
        refused = (await socket.data("post"))["response"]
        assert refused["type"] == "error"
        assert refused["payload"].startswith("429 Too Many Requests")


# ---------------------------------------------------------------------- streams


async def _subscribe(socket: Socket, kind: str, **fields: Any) -> None:
    await socket.send({"method": "subscribe", "subscription": {"type": kind, **fields}})


@pytest.mark.other_shapes
async def test_fast_books(stage: Any) -> None:
    exchange, _, _ = await stage(fast_book="refused")
    async with connect(exchange) as socket:
        await _subscribe(socket, "l2Book", coin="BTC", fast=True)
        assert (await socket.data("error")).startswith("Invalid subscription {")
        exchange.set_quirk("fast_book", "ignored")
        await _subscribe(socket, "l2Book", coin="BTC", fast=True)
        echo = (await socket.data("subscriptionResponse"))["subscription"]
        assert echo == {"type": "l2Book", "coin": "BTC", "nSigFigs": None, "mantissa": None}
        assert "fast" not in await socket.data("l2Book")
        exchange.set_quirk("fast_book", "dropped")
        await _subscribe(socket, "l2Book", coin="ETH", fast=True)
        assert await socket.closed() == 1006


async def test_streams_of_an_account_that_are_not_there(stage: Any) -> None:
    exchange, alice, _ = await stage(all_dexs_state="refused", spot_state="refused", user_events_name="user")
    async with connect(exchange) as socket:
        for kind in ("allDexsClearinghouseState", "spotState", "userEvents"):
            await _subscribe(socket, kind, user=alice.address)
            text = await socket.data("error")
            assert text.startswith("Error parsing JSON into valid websocket request: ")
            assert json.loads(text.partition(": ")[2])["subscription"]["type"] == kind
        await socket.subscribe("user", user=alice.address)
        exchange.set_quirk("user_events_name", "userEvents")
        await socket.subscribe("userEvents", user=alice.address)


@pytest.mark.other_shapes
async def test_later_frames_order_of_frames_and_repeated_open(stage: Any) -> None:
    exchange, alice, bob = await stage()
    async with connect(exchange) as socket:
        await socket.subscribe("orderUpdates", user=alice.address)
        await socket.subscribe("userFills", user=alice.address)
        assert (await socket.data("userFills"))["isSnapshot"] is True
        await alice.place(order(0, True, "80000", "0.03"))
        await bob.place(order(0, False, "80000", "0.01"))
        frames = await socket.drained()
        assert [frame["channel"] for frame in frames] == ["orderUpdates", "userFills"]
        assert "isSnapshot" not in frames[1]["data"]
        exchange.set_quirk("later_snapshot_flag", "false")
        exchange.set_quirk("open_after_fill", "told")
        exchange.set_quirk("stream_order", "orders_first")
        await bob.place(order(0, False, "80000", "0.01"))
        updates, fills = await socket.drained()
        assert [(row["status"], row["order"]["sz"]) for row in updates["data"]] == [("open", "0.01")]
        assert fills["data"]["isSnapshot"] is False


async def test_old_trades_are_sent_or_not(stage: Any) -> None:
    exchange, alice, bob = await stage()
    await bob.place(order(0, False, "80000", "0.01"))
    await alice.place(order(0, True, "80000", "0.01"))
    async with connect(exchange) as socket:
        await socket.subscribe("trades", coin="BTC")
        assert len(await socket.data("trades")) == 1
        exchange.set_quirk("trades_replay", "none")
        await socket.send({"method": "unsubscribe", "subscription": {"type": "trades", "coin": "BTC"}})
        await socket.subscribe("trades", coin="BTC")
        assert "trades" not in [frame["channel"] for frame in await socket.drained()]


@pytest.mark.parametrize("value", ["reply_first", "stream_first"])
async def test_reply_and_stream_apart(stage: Any, value: str) -> None:
    exchange, alice, _ = await stage(reply_order=value)
    async with connect(exchange) as socket:
        await socket.subscribe("orderUpdates", user=alice.address)
        action = {"type": "order", "orders": [order(0, True, "80000", "0.03")], "grouping": "na"}
        request = {"type": "action", "payload": signed_request(alice.signer, action)}
        await socket.send({"method": "post", "id": 1, "request": request})
        channels = [(await socket.next(lambda frame: True))["channel"] for _ in range(2)]
        expected = ["post", "orderUpdates"]
        assert channels == (expected if value == "reply_first" else expected[::-1])
