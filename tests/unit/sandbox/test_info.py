"""Info requests over a real socket: shapes of the reference and of recorded replies, values that can be recomputed."""

import json
from decimal import ROUND_DOWN, Decimal
from pathlib import Path
from typing import Any

import pytest

from hyperliquid_perpetual.sandbox import Sandbox
from tests.unit.sandbox.client import Client, order, orders, wallet

RECORDED = Path(__file__).parents[2] / "fixtures" / "recorded"
CLOID = "0x1234567890abcdef1234567890abcdef"
HOUR = 3_600_000


def recorded(name: str) -> Any:
    return json.loads((RECORDED / name).read_text())


async def test_meta_lists_markets_in_the_order_of_their_ids(alice: Client) -> None:
    meta = await alice.info("meta")
    assert [entry["name"] for entry in meta["universe"]][:4] == ["BTC", "ETH", "ATOM", "MATIC"]
    for entry, old in zip(meta["universe"][:2], recorded("info_meta.json")["universe"][:2], strict=True):
        assert (entry["name"], entry["szDecimals"]) == (old["name"], old["szDecimals"])
    by_name = {entry["name"]: entry for entry in meta["universe"]}
    assert by_name["MATIC"]["isDelisted"] is True
    assert (by_name["STX"]["onlyIsolated"], by_name["STX"]["marginMode"]) == (True, "strictIsolated")
    assert by_name["GMX"]["marginMode"] == "noCross"
    assert "isDelisted" not in by_name["BTC"]
    assert meta["collateralToken"] == 0
    tables = dict(meta["marginTables"])
    assert tables[by_name["BTC"]["marginTableId"]]["marginTiers"] == [
        {"lowerBound": "0.0", "maxLeverage": 40},
        {"lowerBound": "150000000.0", "maxLeverage": 20},
    ]


async def test_every_dex_has_its_place_even_if_it_lists_nothing(alice: Client) -> None:
    dexs = await alice.info("perpDexs")
    assert [None if entry is None else entry["name"] for entry in dexs] == [None, "xyz", "vntl", "km"]
    metas = await alice.info("allPerpMetas")
    assert [len(meta["universe"]) for meta in metas] == [10, 2, 0, 1]
    assert [meta["collateralToken"] for meta in metas] == [0, 0, 360, 360]
    spot = await alice.info("spotMeta")
    names = {token["index"]: token["name"] for token in spot["tokens"]}
    assert (names[0], names[360]) == ("USDC", "USDH")
    assert await alice.info("meta", dex="xyz") == metas[1]
    assert await alice.info("meta", dex="vntl") == metas[2]
    assert (await alice.info("metaAndAssetCtxs", dex="vntl"))[1] == []
    assert await alice.info("spotMetaAndAssetCtxs") == [spot, []]


async def test_contexts_have_the_recorded_keys_and_nulls_without_a_book(alice: Client) -> None:
    meta, contexts = await alice.info("metaAndAssetCtxs")
    assert len(contexts) == len(meta["universe"])
    recorded_contexts = recorded("ws_allDexsAssetCtxs.json")["data"]["ctxs"][0][1]
    for context in contexts:
        assert set(context) == set(recorded_contexts[0])
    delisted = contexts[3]
    assert (delisted["midPx"], delisted["premium"], delisted["impactPxs"]) == (None, None, None)
    assert contexts[0]["oraclePx"] == "86420.0"


async def test_open_interest_and_daily_volume_follow_trades(alice: Client) -> None:
    (status,) = await alice.place(order(0, True, "87000", "0.05", "Ioc"))
    price = Decimal(status["filled"]["avgPx"])
    context = (await alice.info("metaAndAssetCtxs"))[1][0]
    assert context["openInterest"] == context["dayBaseVlm"] == "0.05"
    assert Decimal(context["dayNtlVlm"]) == price * Decimal("0.05")
    assert context["prevDayPx"] == f"{price}"


async def test_all_mids_are_the_middles_of_the_books(exchange: Sandbox, alice: Client) -> None:
    mids = await alice.info("allMids")
    assert Decimal(mids["BTC"]) == exchange.book("BTC").mid
    assert "MATIC" not in mids
    assert set(await alice.info("allMids", dex="km")) == {"km:US500"}


async def test_book_is_at_most_twenty_levels_and_sorted(exchange: Sandbox, alice: Client) -> None:
    await alice.place(*[order(0, True, f"{80000 - 10 * n}", "0.001") for n in range(20)])
    book = await alice.info("l2Book", coin="BTC")
    assert set(book) == {"coin", "time", "levels"}
    bids, asks = book["levels"]
    assert len(bids) == 20
    assert [Decimal(level["px"]) for level in bids] == sorted((Decimal(level["px"]) for level in bids), reverse=True)
    assert Decimal(bids[0]["px"]) < Decimal(asks[0]["px"])
    assert set(bids[0]) == {"px", "sz", "n"}


@pytest.mark.parametrize("figures", [2, 3, 4, 5])
async def test_aggregated_book_keeps_all_the_size(exchange: Sandbox, alice: Client, figures: int) -> None:
    book = await alice.info("l2Book", coin="BTC", nSigFigs=figures)
    whole = exchange.book("BTC")
    step = Decimal(10) ** (5 - figures)
    for levels, side in zip(book["levels"], (whole.bids, whole.asks), strict=True):
        assert sum(Decimal(level["sz"]) for level in levels) == sum(level.size for level in side)
        assert sum(level["n"] for level in levels) == sum(level.orders for level in side)
        assert all(Decimal(level["px"]) % step == 0 for level in levels)
    best = [Decimal(levels[0]["px"]) for levels in book["levels"]]
    assert best[0] <= whole.bids[0].price
    assert best[1] >= whole.asks[0].price
    assert Decimal(book["spread"]) == best[1] - best[0]


async def test_book_with_a_mantissa(alice: Client) -> None:
    book = await alice.info("l2Book", coin="BTC", nSigFigs=5, mantissa=5)
    assert all(Decimal(level["px"]) % 5 == 0 for side in book["levels"] for level in side)


@pytest.mark.parametrize(
    "request_body",
    [
        {"type": "l2Book", "coin": "BTC", "nSigFigs": 6},
        {"type": "l2Book", "coin": "BTC", "nSigFigs": 4, "mantissa": 2},
        {"type": "l2Book", "coin": "BTC", "nSigFigs": 5, "mantissa": 3},
        {"type": "metaAndAssetCtxs", "dex": "nothing"},
        {"type": "meta", "dex": "nothing"},
        {"type": "allMids", "dex": "XYZ"},
        {"type": "fundingHistory", "coin": "btc", "startTime": 0},
        {"type": "recentTrades", "coin": "nothing"},
        {"type": "candleSnapshot", "req": {"coin": "nothing", "interval": "1m", "startTime": 0}},
        {"type": "clearinghouseState", "user": "0x" + "12" * 20, "dex": "nothing"},
        {"type": "marginTable", "id": 99},
        {"type": "perpDexStatus", "dex": "nothing"},
        {"type": "perpsAtOpenInterestCap", "dex": "nothing"},
    ],
)
async def test_requests_that_break_the_venue_are_500_null(alice: Client, request_body: dict[str, Any]) -> None:
    assert await alice.post("/info", request_body) == (500, "null")


async def test_book_of_an_unknown_coin_is_null_and_of_a_delisted_one_empty(exchange: Sandbox, alice: Client) -> None:
    assert await alice.info("l2Book", coin="nothing") is None
    assert await alice.info("l2Book", coin="btc") is None
    empty = await alice.info("l2Book", coin="MATIC")
    assert empty["levels"] == [[], []]


async def test_small_market_requests(exchange: Sandbox, alice: Client) -> None:
    assert await alice.info("perpsAtOpenInterestCap") == []
    assert (await alice.info("exchangeStatus"))["specialStatuses"] is None
    assert (await alice.info("maxMarketOrderNtls"))[0] == [25, "30000000.0"]
    assert await alice.info("marginTable", id=20) == {
        "description": "",
        "marginTiers": [{"lowerBound": "0.0", "maxLeverage": 20}],
    }
    assert (await alice.info("marginTable", id=56))["description"] == "tiered 40x"
    assert Decimal((await alice.info("perpDexStatus", dex="km"))["totalNetDeposit"]) > 0
    predicted = dict(await alice.info("predictedFundings"))
    ours = dict(predicted["BTC"])["HlPerp"]
    assert ours["nextFundingTime"] % HOUR == 0
    assert ours["fundingIntervalHours"] == 1


# ---------------------------------------------------------------------- accounts


async def test_account_that_has_done_nothing(alice: Client) -> None:
    state = await alice.mine("clearinghouseState")
    assert state["assetPositions"] == []
    assert state["marginSummary"] == {
        "accountValue": "100000.0",
        "totalNtlPos": "0.0",
        "totalRawUsd": "100000.0",
        "totalMarginUsed": "0.0",
    }
    assert (await alice.mine("clearinghouseState", dex="vntl"))["withdrawable"] == "0.0"
    assert (await alice.mine("clearinghouseState", dex="km"))["withdrawable"] == "100000.0"
    assert await alice.mine("spotClearinghouseState") == {"balances": []}
    for kind in ("openOrders", "frontendOpenOrders", "historicalOrders", "userFills", "extraAgents", "twapHistory"):
        assert await alice.mine(kind) == []
    for kind in ("subAccounts", "subAccounts2"):
        assert await alice.mine(kind) is None
    assert await alice.mine("userAbstraction") == "default"
    assert await alice.mine("userDexAbstraction") is False
    assert await alice.mine("maxBuilderFee", builder="0x" + "12" * 20) == 0
    assert await alice.mine("approvedBuilders") == []
    assert await alice.mine("userVaultEquities") == []
    assert await alice.mine("userTwapSliceFills") == []
    assert await alice.info("vaultDetails", vaultAddress="0x" + "12" * 20) is None
    assert await alice.mine("userRole") == {"role": "user"}


async def test_position_is_reported_with_figures_that_add_up(exchange: Sandbox, alice: Client) -> None:
    await alice.act({"type": "updateLeverage", "asset": 1, "isCross": True, "leverage": 5})
    (status,) = await alice.place(order(1, False, "2800", "2", "Ioc"))
    entry = Decimal(status["filled"]["avgPx"])
    state = await alice.mine("clearinghouseState")
    ((position,)) = [item["position"] for item in state["assetPositions"]]
    assert set(recorded("info_clearinghouseState.json")["assetPositions"][0]["position"]) <= {*position, "maxTradeSzs"}
    mark = Decimal((await alice.info("metaAndAssetCtxs"))[1][1]["markPx"])
    assert position["coin"] == "ETH"
    assert position["szi"] == "-2.0"
    assert Decimal(position["entryPx"]) == entry
    assert Decimal(position["positionValue"]) == 2 * mark
    assert Decimal(position["unrealizedPnl"]) == 2 * (entry - mark)
    assert position["leverage"] == {"type": "cross", "value": 5}
    assert Decimal(position["marginUsed"]) == (2 * mark / 5).quantize(Decimal("0.000001"))
    summary = state["marginSummary"]
    raw = Decimal(summary["totalRawUsd"])
    assert Decimal(summary["accountValue"]) == raw - 2 * mark
    fee = sum(fill.fee for fill in exchange.fills(alice.address))
    assert raw == 100_000 + 2 * entry - fee
    assert Decimal(position["liquidationPx"]) > mark


async def test_isolated_position_names_its_raw_usd(alice: Client) -> None:
    await alice.place(order(8, True, "0.33", "1000", "Ioc"))
    state = await alice.mine("clearinghouseState")
    ((position,)) = [item["position"] for item in state["assetPositions"]]
    assert position["leverage"]["type"] == "isolated"
    value, margin = Decimal(position["positionValue"]), Decimal(position["marginUsed"])
    assert Decimal(position["leverage"]["rawUsd"]) == margin - value
    assert state["crossMarginSummary"]["totalNtlPos"] == "0.0"
    assert Decimal(state["marginSummary"]["totalNtlPos"]) == value


async def test_what_could_be_traded_shrinks_with_what_is_held(alice: Client) -> None:
    before = await alice.mine("activeAssetData", coin="BTC")
    assert set(before) == {"user", "coin", "leverage", "maxTradeSzs", "availableToTrade", "markPx"}
    await alice.place(order(0, True, "87000", "0.1", "Ioc"))
    after = await alice.mine("activeAssetData", coin="BTC")
    assert Decimal(after["maxTradeSzs"][0]) < Decimal(before["maxTradeSzs"][0])
    assert Decimal(after["maxTradeSzs"][1]) > Decimal(after["maxTradeSzs"][0])
    stx = await alice.mine("activeAssetData", coin="STX")
    assert stx["leverage"] == {"type": "isolated", "value": 3, "rawUsd": "0.0"}
    assert (await alice.post("/info", {"type": "activeAssetData", "user": alice.address, "coin": "?"}))[0] == 500


# ---------------------------------------------------------------------- orders


async def test_open_orders_have_cloid_and_reduce_only_only_when_set(alice: Client) -> None:
    await alice.place(order(0, True, "80000", "0.01"), order(0, True, "79000", "0.01", cloid=CLOID))
    await alice.place(order(1, True, "3000", "1", "Ioc"))
    await alice.place(order(1, False, "3000", "1", reduce_only=True))
    reducing, with_cloid, plain = await alice.mine("openOrders")
    assert set(plain) == {"coin", "side", "limitPx", "sz", "oid", "timestamp", "origSz"}
    assert set(recorded("info_openOrders.json")[0]) <= set(plain)
    assert with_cloid["cloid"] == CLOID
    assert reducing["reduceOnly"] is True
    assert reducing["side"] == "A"
    frontend = await alice.mine("frontendOpenOrders")
    assert [entry["oid"] for entry in frontend] == [reducing["oid"], with_cloid["oid"], plain["oid"]]
    assert frontend[2]["cloid"] is None
    assert frontend[2]["tif"] == "Gtc"
    assert frontend[2]["children"] == []
    assert await alice.mine("openOrders", dex="xyz") == []


async def test_order_is_found_by_oid_and_cloid_and_says_its_state(exchange: Sandbox, alice: Client) -> None:
    (status,) = await alice.place(order(0, True, "80000", "0.01", cloid=CLOID))
    oid = status["resting"]["oid"]
    found = await alice.mine("orderStatus", oid=oid)
    assert found["status"] == "order"
    assert found["order"]["status"] == "open"
    assert found["order"]["order"]["sz"] == "0.01"
    assert await alice.mine("orderStatus", oid=CLOID) == found
    assert await alice.mine("orderStatus", oid=CLOID.upper().replace("X", "x")) == found
    exchange.fill(alice.address, oid, "0.004")
    assert (await alice.mine("orderStatus", oid=oid))["order"]["order"]["sz"] == "0.006"
    exchange.fill(alice.address, CLOID)
    done = await alice.mine("orderStatus", oid=oid)
    assert (done["order"]["status"], done["order"]["order"]["sz"]) == ("filled", "0.0")
    assert await alice.mine("orderStatus", oid=1) == {"status": "unknownOid"}
    assert await alice.mine("orderStatus", oid="0x" + "0" * 31 + "1") == {"status": "unknownOid"}


async def test_rejected_orders_are_in_the_history_under_their_oid(alice: Client) -> None:
    await alice.place(order(0, True, "80000", "0.01", "Ioc"), order(0, True, "80000", "0.01"))
    live, rejected = await alice.mine("historicalOrders")
    assert (live["status"], rejected["status"]) == ("open", "iocCancelRejected")
    assert (await alice.mine("orderStatus", oid=rejected["order"]["oid"]))["order"] == rejected


# ---------------------------------------------------------------------- fills, funding, ledger


async def test_fills_come_newest_first_and_by_time_oldest_first(exchange: Sandbox, alice: Client) -> None:
    for n in range(3):
        await alice.place(order(0, True, "87000", "0.001", "Ioc", cloid=f"0x{n + 1:032x}"))
        await exchange.clock.advance(1)
    newest = await alice.mine("userFills")
    times = [fill["time"] for fill in newest]
    assert times == sorted(times, reverse=True)
    oldest = await alice.mine("userFillsByTime", startTime=0)
    assert oldest == newest[::-1]
    assert await alice.mine("userFillsByTime", startTime=times[1], endTime=times[1]) == [newest[1]]
    assert await alice.mine("userFillsByTime", startTime=0, reversed=True) == newest
    assert await alice.mine("userFillsByTime", startTime=times[0] + 1) == []
    keys = set(recorded("ws_user_nautilusTest2.json")["data"]["fills"][0]) - {"builderFee"}
    assert set(newest[0]) == keys
    assert newest[0]["dir"] == "Open Long"
    assert newest[0]["startPosition"] == "0.002"
    assert newest[2]["cloid"] == f"0x{1:032x}"


async def test_funding_is_paid_on_the_hour_and_listed(exchange: Sandbox, alice: Client) -> None:
    await alice.place(order(0, True, "87000", "0.1", "Ioc"))
    await exchange.clock.advance(2 * 3600)
    payments = await alice.mine("userFunding", startTime=0)
    history = await alice.info("fundingHistory", coin="BTC", startTime=0)
    assert len(payments) == len(history) == 2
    for payment, rate in zip(payments, history, strict=True):
        assert payment["time"] == rate["time"]
        assert payment["time"] % HOUR == 0
        delta = payment["delta"]
        assert set(delta) == set(recorded("info_userFunding.json")[0]["delta"])
        exact = -Decimal(delta["szi"]) * Decimal("86420") * Decimal(delta["fundingRate"])
        assert abs(Decimal(delta["usdc"]) - exact) <= Decimal("0.0000005")
        assert delta["fundingRate"] == rate["fundingRate"]
    position = (await alice.mine("clearinghouseState"))["assetPositions"][0]["position"]
    paid = -sum(Decimal(payment["delta"]["usdc"]) for payment in payments)
    assert Decimal(position["cumFunding"]["allTime"]) == paid
    assert await alice.info("fundingHistory", coin="BTC", startTime=history[1]["time"]) == history[1:]
    assert await alice.mine("userFunding", startTime=0, endTime=payments[0]["time"]) == payments[:1]


async def test_deposits_are_in_the_ledger(exchange: Sandbox, alice: Client) -> None:
    exchange.fund(alice.address, Decimal("12.5"))
    ledger = await alice.mine("userNonFundingLedgerUpdates", startTime=0)
    assert ledger[-1]["delta"] == {"type": "deposit", "usdc": "12.5"}
    assert set(ledger[-1]) == set(recorded("info_userNonFundingLedgerUpdates_2.json")[0])


async def test_trades_and_candles_follow_the_tape(exchange: Sandbox, alice: Client) -> None:
    await alice.place(order(0, True, "87000", "0.01", "Ioc"))
    await alice.place(order(0, False, "86000", "0.02", "Ioc"))
    sold, bought = await alice.info("recentTrades", coin="BTC")
    assert set(sold) == set(recorded("info_recentTrades_btc.json")[0])
    assert (sold["side"], bought["side"]) == ("A", "B")
    assert bought["users"][0] == alice.address
    assert sold["users"][1] == alice.address
    await exchange.clock.advance(180)
    now = exchange.clock.now()
    since = {"coin": "BTC", "interval": "1m", "startTime": sold["time"] - 2, "endTime": now}
    candles = await alice.info("candleSnapshot", req=since)
    assert len(candles) == 4
    first = candles[0]
    assert set(first) == set(recorded("info_candleSnapshot.json")[0])
    assert (first["o"], first["c"], first["v"], first["n"]) == (bought["px"], sold["px"], "0.03", 2)
    assert first["T"] == first["t"] + 59_999
    assert (candles[1]["o"], candles[1]["v"], candles[1]["n"]) == (sold["px"], "0.0", 0)
    latest = await alice.info("candleSnapshot", req={"coin": "BTC", "interval": "1m", "startTime": now})
    assert latest == candles[-1:]


async def test_rate_limit_counts_items_and_grows_with_volume(exchange: Sandbox, alice: Client) -> None:
    before = await alice.mine("userRateLimit")
    assert before == {"cumVlm": "0.0", "nRequestsUsed": 0, "nRequestsCap": 10_000, "nRequestsSurplus": 0}
    await alice.place(order(0, True, "87000", "0.05", "Ioc"), order(0, True, "80000", "0.01"))
    after = await alice.mine("userRateLimit")
    assert after["nRequestsUsed"] == 2
    assert after["nRequestsCap"] == 10_000 + int(Decimal(after["cumVlm"]))
    assert Decimal(after["cumVlm"]) > 4_000


async def test_fees_show_the_rates_that_fills_are_charged(exchange: Sandbox, alice: Client) -> None:
    (status,) = await alice.place(order(0, True, "87000", "0.05", "Ioc"))
    fees = await alice.mine("userFees")
    (fill,) = exchange.fills(alice.address)
    notional = Decimal(status["filled"]["avgPx"]) * Decimal("0.05")
    assert fill.fee == (notional * Decimal(fees["userCrossRate"])).quantize(Decimal("0.000001"), ROUND_DOWN)
    assert fees["userAddRate"] == "0.00015"
    today = fees["dailyUserVlm"][-1]
    assert (Decimal(today["userCross"]), today["userAdd"]) == (notional, "0.0")
    assert Decimal(today["exchange"]) == notional + 5_000_000_000, "with what is traded elsewhere"
    assert len(fees["feeSchedule"]["tiers"]["vip"]) == 6


async def test_addresses_are_taken_in_any_case(exchange: Sandbox, alice: Client) -> None:
    await alice.act(orders(order(0, True, "80000", "0.01")))
    assert len(await alice.info("openOrders", user=wallet(11).address)) == 1
    assert len(await alice.info("openOrders", user=alice.address.upper().replace("X", "x"))) == 1


async def test_ledgers_are_read_from_the_beginning_when_no_start_is_given(exchange: Sandbox, alice: Client) -> None:
    everything = await alice.mine("userNonFundingLedgerUpdates", startTime=0)
    assert {row["delta"]["type"] for row in everything} == {"deposit"}
    assert await alice.mine("userNonFundingLedgerUpdates") == everything
    assert await alice.mine("userNonFundingLedgerUpdates", startTime=None) == everything
    await alice.place(order(0, True, "90000", "0.01", "Ioc"))
    await exchange.clock.advance(3_601)
    (paid,) = await alice.mine("userFunding")
    assert paid["delta"]["coin"] == "BTC"
