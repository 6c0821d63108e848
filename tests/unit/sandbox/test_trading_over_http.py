"""Actions and what they answer: the three places of errors, and the statuses aligned with the items asked for."""

from decimal import ROUND_DOWN, Decimal
from typing import Any

import pytest

from hyperliquid_perpetual.sandbox import Sandbox
from tests.unit.sandbox.client import Client, Json, order, orders

CLOID = "0x1234567890abcdef1234567890abcdef"
OTHER = "0x000000000000000000000000000000ff"
NEVER_PLACED = "Order was never placed, already canceled, or filled."
OK = {"status": "ok", "response": {"type": "default"}}


def cancel(asset: int, oid: int) -> Json:
    return {"type": "cancel", "cancels": [{"a": asset, "o": oid}]}


async def rest(client: Client, **changes: Any) -> int:
    item = {**order(0, True, "80000", "0.01"), **changes}
    (status,) = await client.place(item)
    oid: int = status["resting"]["oid"]
    return oid


async def test_order_rests_and_is_cancelled(exchange: Sandbox, alice: Client) -> None:
    oid = await rest(alice)
    assert oid > 2**32
    (snapshot,) = exchange.open_orders(alice.address)
    assert (snapshot.oid, snapshot.price, snapshot.size, snapshot.is_buy) == (oid, 80_000, Decimal("0.01"), True)
    reply = await alice.act(cancel(0, oid))
    assert reply == {"status": "ok", "response": {"type": "cancel", "data": {"statuses": ["success"]}}}
    (status,) = (await alice.act(cancel(0, oid)))["response"]["data"]["statuses"]
    assert status == {"error": f"{NEVER_PLACED} asset=0"}


async def test_cloid_comes_back_in_the_reply_and_cancels(alice: Client) -> None:
    (status,) = await alice.place(order(0, True, "80000", "0.01", cloid=CLOID))
    assert status["resting"]["cloid"] == CLOID
    action = {"type": "cancelByCloid", "cancels": [{"asset": 0, "cloid": CLOID}, {"asset": 0, "cloid": OTHER}]}
    reply = await alice.act(action)
    assert reply["response"]["type"] == "cancel"
    assert reply["response"]["data"]["statuses"] == ["success", {"error": f"{NEVER_PLACED} asset=0"}]


async def test_crossing_order_is_filled_with_its_average_price(exchange: Sandbox, alice: Client) -> None:
    asks = exchange.book("BTC", 2).asks
    size = asks[0].size + asks[1].size
    (status,) = await alice.place(order(0, True, f"{asks[1].price:f}", f"{size.normalize():f}", "Ioc", cloid=CLOID))
    filled = status["filled"]
    exact = (asks[0].price * asks[0].size + asks[1].price * asks[1].size) / size
    assert Decimal(filled["totalSz"]) == size
    assert Decimal(filled["avgPx"]) == exact.quantize(Decimal("0.000001"))
    assert filled["cloid"] == CLOID
    assert exchange.account(alice.address).position("BTC") == size


async def test_market_order_by_the_name_of_the_frontend_is_shown_as_one(exchange: Sandbox, alice: Client) -> None:
    (status,) = await alice.place(order(0, True, "90000", "0.01", "FrontendMarket"))
    found = await alice.mine("orderStatus", oid=status["filled"]["oid"])
    assert found["order"]["order"]["orderType"] == "Market"
    assert found["order"]["order"]["tif"] == "FrontendMarket"
    assert found["order"]["status"] == "filled"


async def test_statuses_stay_aligned_when_some_orders_are_bad(exchange: Sandbox, alice: Client) -> None:
    statuses = await alice.place(
        order(0, True, "80000", "0.01"),
        order(0, True, "80000", "0.0001"),
        order(0, True, "90000", "0.01", "Alo"),
        order(0, True, "80000.5", "0.01"),
        order(0, False, "90000", "0.01", reduce_only=True),
        order(3, True, "0.3", "100"),
        order(0, True, "79000", "0.01"),
    )
    best = exchange.book("BTC", 1)
    assert [status.get("error") for status in statuses] == [
        None,
        "Order must have minimum value of $10. asset=0",
        "Post only order would have immediately matched, bbo was "
        f"{best.bids[0].price:.0f}@{best.asks[0].price:.0f}. asset=0",
        "Price must be divisible by tick size. asset=0",
        "Reduce only order would increase position. asset=0",
        "Trading is halted. asset=3",
        None,
    ]


@pytest.mark.parametrize(
    ("bad", "text"),
    [
        (order(0, True, "0", "0.01"), "Order has invalid price."),
        (order(0, True, "80000.0000001", "0.01"), "Order has invalid price."),
        (order(0, True, "80000", "0"), "Order has zero size."),
        (order(0, True, "80000", "0.000001"), "Order has invalid size."),
        (order(0, True, "80000", "-0.01"), "Order has invalid size."),
        (order(999, True, "80000", "0.01"), "Order has invalid asset 999."),
        (order(0, True, "1000", "1"), "Order price cannot be more than 80% away from the reference price"),
    ],
)
async def test_one_order_that_cannot_be_looked_at_refuses_the_batch(
    exchange: Sandbox, alice: Client, bad: Json, text: str
) -> None:
    good = order(0, True, "80000", "0.01")
    reply = await alice.act(orders(good, bad, good))
    assert reply == {"status": "ok", "response": {"type": "order", "data": {"statuses": [{"error": text}]}}}
    assert exchange.open_orders(alice.address) == ()


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"builder": {"b": "0x" + "AB" * 20, "f": 10}}, "Builder fee has not been approved."),
        (
            {"grouping": {"p": 5}},
            "Priority fees are for orders that are all Ioc, or all post-only and not reduce-only.",
        ),
    ],
)
async def test_what_orders_may_not_carry_here(alice: Client, change: Json, text: str) -> None:
    action = {**orders(order(0, True, "80000", "0.01")), **change}
    if "builder" in change:
        action["builder"]["b"] = action["builder"]["b"].lower()
    assert await alice.act(action) == {"status": "err", "response": text}


async def test_modify_gives_a_new_oid_and_says_nothing_of_it(exchange: Sandbox, alice: Client) -> None:
    oid = await rest(alice)
    action = {"type": "modify", "oid": oid, "order": order(0, True, "79000", "0.02", cloid=CLOID)}
    assert await alice.act(action) == OK
    (snapshot,) = exchange.open_orders(alice.address)
    assert snapshot.oid != oid
    assert (snapshot.price, snapshot.size, snapshot.cloid) == (79_000, Decimal("0.02"), CLOID)
    assert (await alice.mine("orderStatus", oid=oid))["order"]["status"] == "canceled"
    reply = await alice.act({**action, "oid": oid})
    assert reply == {"status": "err", "response": "Cannot modify canceled or filled order"}


async def test_batch_modify_answers_like_orders(exchange: Sandbox, alice: Client) -> None:
    first, second = await rest(alice), await rest(alice, c=CLOID)
    action = {
        "type": "batchModify",
        "modifies": [
            {"oid": first, "order": order(0, True, "79000", "0.01")},
            {"oid": CLOID, "order": order(0, True, "78000", "0.01", cloid=CLOID)},
            {"oid": second, "order": order(0, True, "77000", "0.01")},
        ],
    }
    reply = await alice.act(action)
    assert reply["response"]["type"] == "order"
    statuses = reply["response"]["data"]["statuses"]
    assert statuses[0]["resting"]["oid"] != first
    assert statuses[1]["resting"]["cloid"] == CLOID
    assert statuses[2] == {"error": "Cannot modify canceled or filled order"}


async def test_leverage_is_set_and_read_back(alice: Client) -> None:
    action = {"type": "updateLeverage", "asset": 0, "isCross": True, "leverage": 7}
    assert await alice.act(action) == OK
    assert (await alice.mine("activeAssetData", coin="BTC"))["leverage"] == {"type": "cross", "value": 7}
    assert await alice.act({**action, "isCross": False, "leverage": 5}) == OK
    assert (await alice.mine("activeAssetData", coin="BTC"))["leverage"]["type"] == "isolated"
    refused = await alice.act({**action, "leverage": 41})
    assert refused == {"status": "err", "response": "Invalid leverage value"}
    refused = await alice.act({**action, "asset": 8, "leverage": 3})
    assert refused == {"status": "err", "response": "Cross margin is not allowed for this asset."}


async def test_dead_mans_switch_needs_volume_and_then_cancels_everything() -> None:
    async with Sandbox(seed=1, market="still", clock="virtual", scheduled_cancel_volume=0) as exchange:
        from tests.unit.sandbox.client import wallet

        async with Client(exchange, wallet(3)) as client:
            oid = await rest(client)
            time = exchange.clock.now() + 6_000
            assert await client.act({"type": "scheduleCancel", "time": time}) == OK
            await exchange.clock.advance(5)
            assert len(exchange.open_orders(client.address)) == 1
            await exchange.clock.advance(2)
            found = exchange.order(client.address, oid)
            assert found is not None
            assert (found.status, found.status_time) == ("scheduledCancel", time)


async def test_small_account_cannot_use_the_dead_mans_switch(exchange: Sandbox, alice: Client) -> None:
    reply = await alice.act({"type": "scheduleCancel", "time": exchange.clock.now() + 60_000})
    assert reply["response"] == (
        "Cannot set scheduled cancel time until enough volume traded. Required: $1000000. Traded: $0."
    )


async def test_order_beyond_the_margin_is_rejected_and_kept_in_the_history(alice: Client) -> None:
    (status,) = await alice.place(order(0, True, "80000", "40"))
    assert status == {"error": "Insufficient margin to place order. asset=0"}
    (entry,) = await alice.mine("historicalOrders")
    assert entry["status"] == "perpMarginRejected"
    assert entry["order"]["sz"] == entry["order"]["origSz"] == "40.0"


async def test_hip3_markets_trade_under_their_own_asset_ids(exchange: Sandbox, alice: Client) -> None:
    price = exchange.book("xyz:TSLA").asks[0].price
    (status,) = await alice.place(order(110_001, True, f"{price:f}", "0.5", "Ioc"))
    assert status["filled"]["totalSz"] == "0.5"
    (fill,) = exchange.fills(alice.address)
    # Twice the user's taker rate at deployer scale 1, a tenth of it in growth mode: 0.009 %.
    assert fill.fee == (price * Decimal("0.5") * Decimal("0.00009")).quantize(Decimal("0.000001"), ROUND_DOWN)
    (status,) = await alice.place(order(130_000, True, "6500", "0.01"))
    assert "resting" in status
    (status,) = await alice.place(order(120_000, True, "1", "10"))
    assert status == {"error": "Order has invalid asset 120000."}


async def test_tight_fee_of_a_maker_and_a_taker_meet_in_the_ledger(
    exchange: Sandbox, alice: Client, bob: Client
) -> None:
    price = exchange.book("BTC", 1).bids[0].price + 1
    await alice.place(order(0, True, f"{price:f}", "0.01", "Alo"))
    (status,) = await bob.place(order(0, False, f"{price:f}", "0.01", "Ioc"))
    assert status["filled"]["avgPx"] == f"{price:f}.0"
    (maker,), (taker,) = exchange.fills(alice.address), exchange.fills(bob.address)
    assert maker.tid == taker.tid
    assert (maker.crossed, taker.crossed) == (False, True)
    notional = price * Decimal("0.01")
    assert maker.fee == (notional * Decimal("0.00015")).quantize(Decimal("0.000001"), ROUND_DOWN)
    assert taker.fee == (notional * Decimal("0.00045")).quantize(Decimal("0.000001"), ROUND_DOWN)
