"""What streams say and when: markets and accounts (reference, sections 8.2, 8.3 and 3.13)."""

from decimal import Decimal
from typing import Any

import pytest

from hyperliquid_perpetual.sandbox import Sandbox
from hyperliquid_perpetual.sandbox.market_streams import Cadence
from tests.unit.sandbox.client import Client, order, orders, signed_request, wallet
from tests.unit.sandbox.socket_client import Socket, connect

CLOID = "0x1234567890abcdef1234567890abcdef"
HOUR = 3600


def of(channel: str, frames: list[Any]) -> list[Any]:
    return [frame["data"] for frame in frames if frame["channel"] == channel]


# ---------------------------------------------------------------------- markets


async def test_books_come_at_once_and_then_in_the_venues_rhythm(exchange: Sandbox) -> None:
    async with connect(exchange) as slow, connect(exchange) as fast:
        await slow.subscribe("l2Book", coin="BTC")
        await fast.subscribe("l2Book", coin="BTC", fast=True)
        first = await slow.data("l2Book")
        assert set(first) == {"coin", "time", "levels"}
        quick = await fast.data("l2Book")
        assert quick["fast"] is True
        assert [len(side) for side in quick["levels"]] == [5, 5]
        assert quick["levels"][0] == first["levels"][0][:5]
        await exchange.clock.advance(10.8)
        assert len(of("l2Book", await slow.drained())) == 2
        assert len(of("l2Book", await fast.drained())) == 20


async def test_aggregated_book_stream_carries_the_spread(exchange: Sandbox) -> None:
    async with connect(exchange) as socket:
        await socket.subscribe("l2Book", coin="BTC", nSigFigs=3)
        assert Decimal((await socket.data("l2Book"))["spread"]) == 100


async def test_best_prices_come_with_the_block_that_changes_them_and_only_then(
    exchange: Sandbox, alice: Client
) -> None:
    async with connect(exchange) as socket:
        await socket.subscribe("bbo", coin="BTC")
        bid, ask = (await socket.data("bbo"))["bbo"]
        assert Decimal(bid["px"]) == exchange.book("BTC").bids[0].price
        await alice.place(order(0, True, "80000", "0.01"))
        assert of("bbo", await socket.drained()) == []
        better = f"{Decimal(bid['px']) + 1:f}".removesuffix(".0")
        (status,) = await alice.place(order(0, True, better, "0.01"))
        (frame,) = of("bbo", await socket.drained())
        assert frame["bbo"] == [{"px": f"{better}.0", "sz": "0.01", "n": 1}, ask]
        assert frame["time"] == exchange.clock.now()
        await alice.act({"type": "cancel", "cancels": [{"a": 0, "o": status["resting"]["oid"]}]})
        (frame,) = of("bbo", await socket.drained())
        assert frame["bbo"] == [bid, ask]


async def test_empty_side_of_the_best_prices_is_null() -> None:
    async with Sandbox(market="empty", clock="virtual") as exchange, connect(exchange) as socket:
        await socket.subscribe("bbo", coin="BTC")
        assert (await socket.data("bbo"))["bbo"] == [None, None]


async def test_trades_of_a_block_come_together_and_new_listeners_get_the_latest(
    exchange: Sandbox, alice: Client
) -> None:
    asks = exchange.book("BTC", 3).asks
    size = asks[0].size + asks[1].size
    async with connect(exchange) as socket:
        await socket.subscribe("trades", coin="BTC")
        await alice.place(order(0, True, f"{asks[1].price}", f"{size.normalize():f}", "Ioc"))
        (trades,) = of("trades", await socket.drained())
        assert [trade["px"] for trade in trades] == [f"{asks[0].price}.0", f"{asks[1].price}.0"]
        assert {trade["side"] for trade in trades} == {"B"}
        async with connect(exchange) as late:
            await late.subscribe("trades", coin="BTC")
            assert await late.data("trades") == trades


async def test_contexts_mids_and_candles_at_their_intervals(exchange: Sandbox) -> None:
    async with connect(exchange) as socket:
        await socket.subscribe("activeAssetCtx", coin="xyz:TSLA")
        await socket.subscribe("allMids")
        await socket.subscribe("allMids", dex="xyz")
        await socket.subscribe("candle", coin="BTC", interval="1h")
        await socket.subscribe("assetCtxs", dex="km")
        await socket.subscribe("allDexsAssetCtxs")
        await socket.drained()
        await exchange.clock.advance(15)
        frames = await socket.drained()
    contexts = of("activeAssetCtx", frames)
    assert len(contexts) == 15
    assert set(contexts[0]) == {"coin", "ctx"}
    assert contexts[0]["ctx"]["oraclePx"] == "417.32"
    mids = of("allMids", frames)
    assert len(mids) == 6
    assert ["dex" in frame for frame in mids].count(True) == 3
    assert len(of("candle", frames)) == 15
    assert of("candle", frames)[0]["i"] == "1h"
    assert of("assetCtxs", frames)[0]["dex"] == "km"
    ((everything,)) = of("allDexsAssetCtxs", frames)
    assert [dex for dex, _ in everything["ctxs"]] == ["", "xyz", "vntl", "km"]
    assert [len(entries) for _, entries in everything["ctxs"]] == [10, 2, 0, 1]


async def test_cadence_can_be_chosen() -> None:
    async with (
        Sandbox(market="empty", clock="virtual", cadence=Cadence(book_ms=100)) as exchange,
        connect(exchange) as socket,
    ):
        await socket.subscribe("l2Book", coin="BTC")
        await exchange.clock.advance(1)
        assert len(of("l2Book", await socket.drained())) == 11


# ---------------------------------------------------------------------- accounts


async def follow(socket: Socket, user: str, *kinds: str) -> None:
    for kind in kinds:
        await socket.subscribe(kind, user=user)
    await socket.drained()


async def test_order_updates_tell_every_status_in_order(exchange: Sandbox, alice: Client) -> None:
    async with connect(exchange) as socket:
        await socket.subscribe("orderUpdates", user=alice.address)
        assert await socket.drained() == []  # no snapshot
        await alice.place(
            order(0, True, "80000", "0.01", cloid=CLOID),
            order(0, True, "80000", "0.01", "Ioc"),
            order(0, True, "79000", "0.02", reduce_only=True),
        )
        await alice.act({"type": "cancelByCloid", "cancels": [{"asset": 0, "cloid": CLOID}]})
        updates = [update for frame in of("orderUpdates", await socket.drained()) for update in frame]
    assert [update["status"] for update in updates] == [
        "open",
        "iocCancelRejected",
        "reduceOnlyRejected",
        "canceled",
    ]
    assert updates[0]["order"]["cloid"] == CLOID
    assert "cloid" not in updates[1]["order"]
    assert updates[2]["order"]["reduceOnly"] is True
    assert set(updates[0]) == {"order", "status", "statusTimestamp"}


async def test_fill_comes_on_both_fill_streams_with_the_same_words(exchange: Sandbox, alice: Client) -> None:
    async with connect(exchange) as socket:
        await follow(socket, alice.address, "userFills", "userEvents", "user", "orderUpdates")
        (status,) = await alice.place(order(0, True, "80000", "0.01", cloid=CLOID))
        await socket.drained()
        exchange.fill(alice.address, status["resting"]["oid"], "0.004")
        frames = await socket.drained()
        (update,) = of("userFills", frames)
        assert "isSnapshot" not in update
        assert update["user"] == alice.address
        (fill,) = update["fills"]
        assert of("user", frames) == [{"fills": [fill]}] * 2
        assert (fill["px"], fill["sz"], fill["crossed"], fill["cloid"]) == ("80000.0", "0.004", False, CLOID)
        assert await alice.mine("userFills") == [fill]
        assert of("orderUpdates", frames) == []  # a partial fill of a resting order is told by the fill alone
        exchange.fill(alice.address, CLOID)
        (done,) = of("orderUpdates", await socket.drained())
        assert (done[0]["status"], done[0]["order"]["sz"]) == ("filled", "0.0")


async def test_fills_snapshot_repeats_what_was_and_says_so(exchange: Sandbox, alice: Client) -> None:
    await alice.place(order(0, True, "87000", "0.01", "Ioc"), order(0, False, "86000", "0.01", "Ioc"))
    async with connect(exchange) as socket:
        await socket.subscribe("userFills", user=alice.address)
        snapshot = await socket.data("userFills")
        assert snapshot["isSnapshot"] is True
        assert snapshot["fills"] == await alice.mine("userFills")


async def test_states_are_pushed_with_the_block_that_changes_them(exchange: Sandbox, alice: Client) -> None:
    kinds = ("clearinghouseState", "allDexsClearinghouseState", "openOrders", "spotState")
    async with connect(exchange) as socket:
        await follow(socket, alice.address, *kinds)
        await socket.subscribe("activeAssetData", user=alice.address, coin="BTC")
        await socket.drained()
        await alice.place(order(0, True, "80000", "0.01", cloid=CLOID))
        frames = await socket.drained()
        (open_orders,) = of("openOrders", frames)
        assert (open_orders["dex"], open_orders["user"]) == ("", alice.address)
        assert open_orders["orders"][0]["cloid"] == CLOID
        assert len(of("activeAssetData", frames)) == 1
        exchange.fill(alice.address, CLOID)
        frames = await socket.drained()
        (state,) = of("clearinghouseState", frames)
        assert set(state) == {"dex", "user", "clearinghouseState"}
        assert state["clearinghouseState"]["assetPositions"][0]["position"]["szi"] == "0.01"
        (states,) = of("allDexsClearinghouseState", frames)
        assert [dex for dex, _ in states["clearinghouseStates"]] == ["", "xyz", "vntl", "km"]
        assert states["clearinghouseStates"][0][1] == state["clearinghouseState"]
        assert of("openOrders", frames)[-1]["orders"] == []
        await exchange.clock.advance(5)
        frames = await socket.drained()
        assert len(of("clearinghouseState", frames)) == 1
        assert len(of("spotState", frames)) == 1


async def test_leverage_setting_is_pushed(exchange: Sandbox, alice: Client) -> None:
    async with connect(exchange) as socket:
        await socket.subscribe("activeAssetData", user=alice.address, coin="BTC")
        await socket.drained()
        await alice.act({"type": "updateLeverage", "asset": 0, "isCross": True, "leverage": 3})
        assert of("activeAssetData", await socket.drained())[-1]["leverage"] == {"type": "cross", "value": 3}


async def test_asset_data_of_a_coin_comes_with_its_own_blocks_with_money_and_every_few_seconds(
    exchange: Sandbox, alice: Client
) -> None:
    async with connect(exchange) as socket:
        await socket.subscribe("activeAssetData", user=alice.address, coin="BTC")
        await socket.subscribe("activeAssetData", user=alice.address, coin="ETH")
        await socket.drained()
        await alice.place(order(0, True, "80000", "0.01"))
        assert [data["coin"] for data in of("activeAssetData", await socket.drained())] == ["BTC"]
        exchange.fund(alice.address, 77)
        assert {data["coin"] for data in of("activeAssetData", await socket.drained())} == {"BTC", "ETH"}
        await exchange.clock.advance(5)
        assert {data["coin"] for data in of("activeAssetData", await socket.drained())} == {"BTC", "ETH"}


async def test_funding_comes_on_its_streams(exchange: Sandbox, alice: Client) -> None:
    await alice.place(order(0, True, "87000", "0.1", "Ioc"))
    async with connect(exchange) as socket:
        await socket.subscribe("userFundings", user=alice.address)
        assert (await socket.data("userFundings")) == {"user": alice.address, "isSnapshot": True, "fundings": []}
        await socket.subscribe("userEvents", user=alice.address)
        await exchange.clock.advance(HOUR)
        frames = await socket.drained()
        (update,) = of("userFundings", frames)
        (payment,) = update["fundings"]
        assert {"funding": payment} in of("user", frames)
        assert (payment["coin"], payment["szi"]) == ("BTC", "0.1")
        assert Decimal(payment["usdc"]) < 0 < Decimal(payment["fundingRate"])


async def test_deposit_comes_on_the_ledger_stream(exchange: Sandbox, alice: Client) -> None:
    async with connect(exchange) as socket:
        await socket.subscribe("userNonFundingLedgerUpdates", user=alice.address)
        snapshot = await socket.data("userNonFundingLedgerUpdates")
        assert len(snapshot["nonFundingLedgerUpdates"]) == 3
        exchange.fund(alice.address, 7)
        update = await socket.data("userNonFundingLedgerUpdates")
        assert update["nonFundingLedgerUpdates"][0]["delta"] == {"type": "deposit", "usdc": "7.0"}
        assert "isSnapshot" not in update


async def test_order_history_stream_has_the_whole_orders(exchange: Sandbox, alice: Client) -> None:
    async with connect(exchange) as socket:
        await socket.subscribe("userHistoricalOrders", user=alice.address)
        assert (await socket.data("userHistoricalOrders"))["orderHistory"] == []
        await alice.place(order(0, True, "80000", "0.01"))
        update = await socket.data("userHistoricalOrders")
        assert update["orderHistory"] == await alice.mine("historicalOrders")


async def test_cancel_that_nobody_asked_for_is_told_as_such(exchange: Sandbox, alice: Client) -> None:
    async with connect(exchange) as socket:
        await follow(socket, alice.address, "userEvents")
        price = exchange.book("BTC", 1).asks[0].price - 1
        (status,) = await alice.place(order(0, False, f"{price}", "0.01"))
        await alice.place(order(0, True, f"{price}", "0.01", "Ioc"))  # runs into its own order
        events = of("user", await socket.drained())
        assert {"nonUserCancel": [{"coin": "BTC", "oid": status["resting"]["oid"]}]} in events


async def test_accounts_do_not_hear_of_each_other(exchange: Sandbox, alice: Client, bob: Client) -> None:
    async with connect(exchange) as socket:
        await follow(socket, bob.address, "orderUpdates", "userFills", "userEvents", "openOrders")
        await alice.place(order(0, True, "80000", "0.01"), order(0, True, "87000", "0.01", "Ioc"))
        assert await socket.drained() == []


async def test_unsubscribed_stream_is_silent(exchange: Sandbox, alice: Client) -> None:
    async with connect(exchange) as socket:
        await follow(socket, alice.address, "orderUpdates")
        subscription = {"type": "orderUpdates", "user": alice.address}
        await socket.send({"method": "unsubscribe", "subscription": subscription})
        await socket.drained()
        await alice.place(order(0, True, "80000", "0.01"))
        assert await socket.drained() == []


async def test_notification_can_be_subscribed_to(exchange: Sandbox) -> None:
    async with connect(exchange) as socket:
        await socket.subscribe("notification", user=wallet(5).address)
        assert await socket.drained() == []


@pytest.mark.parametrize("kind", ["http", "ws"])
async def test_frames_of_a_block_do_not_wait_for_the_reply(kind: str) -> None:
    """Fills and updates are sent with the block, whether or not the client that caused them ever gets its answer."""
    async with (
        Sandbox(seed=1, market="still", clock="virtual") as exchange,
        Client(exchange, wallet(3)) as client,
        connect(exchange) as socket,
        connect(exchange) as posting,
    ):
        await follow(socket, client.address, "orderUpdates")
        exchange.faults.drop_reply(hang=True)
        body = signed_request(client.signer, orders(order(0, True, "80000", "0.01")))
        if kind == "ws":
            await posting.send({"method": "post", "id": 1, "request": {"type": "action", "payload": body}})
        else:
            import asyncio

            pending = asyncio.create_task(client.post("/exchange", body))
        assert (await socket.data("orderUpdates"))[0]["status"] == "open"
        if kind == "http":
            assert not pending.done()
            pending.cancel()
