"""Overviews of an account, labels of markets, merged fills: requests and streams that pages ask for."""

import base64
import zlib
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from hyperliquid_perpetual.sandbox import Sandbox
from tests.unit.sandbox.client import Client, order, wallet
from tests.unit.sandbox.socket_client import connect

HOUR = 3_600
DAY = 24 * HOUR
PERIODS = ["day", "week", "month", "allTime", "perpDay", "perpWeek", "perpMonth", "perpAllTime"]


def period(portfolio: Any, name: str) -> Any:
    return dict(portfolio)[name]


def unpacked(text: str) -> Any:
    """Raw deflate has no header: a window of -15 bits says so."""
    return msgspec.json.decode(zlib.decompress(base64.b64decode(text), wbits=-15))


def live_through(exchange: Sandbox, hours: int) -> None:
    """Have a sample every hour, without all that happens every second in between."""
    for _ in range(hours):
        exchange.engine.now += HOUR * 1000
        exchange._equity.sample()


# ---------------------------------------------------------------------- portfolio


async def test_portfolio_of_somebody_unknown_has_every_period_and_nothing_in_it(exchange: Sandbox) -> None:
    async with Client(exchange, wallet(11)) as client:
        found = await client.info("portfolio", user="0x" + "99" * 20)
    # The account opens because newcomers are welcome: what it got is all there is to tell.
    assert [name for name, _ in found] == PERIODS
    assert all(value["pnlHistory"][-1][1] == "0.0" and value["vlm"] == "0.0" for _, value in found)


async def test_portfolio_tells_profit_without_deposits_and_volume(
    exchange: Sandbox, alice: Client, bob: Client
) -> None:
    start = exchange.clock.now()
    await bob.place(order(1, False, "2817.5", "2"))
    await alice.place(order(1, True, "2817.5", "2"))
    exchange.fund(alice.address, 5_000)
    exchange.fund(alice.address, 700, dex="spot")
    found = await alice.mine("portfolio")
    day, perps = period(found, "day"), period(found, "perpDay")
    account = exchange.account(alice.address)
    worth = sum(Decimal(value) for value in await worths(exchange, alice))
    assert Decimal(day["accountValueHistory"][-1][1]) == worth + 700
    assert Decimal(perps["accountValueHistory"][-1][1]) == worth
    # Profit is what it is worth more than what was put in.
    put_in = exchange.deposit * len([dex for dex in exchange.market_set.dexes if dex.listings]) + 5_000
    assert Decimal(day["pnlHistory"][-1][1]) == Decimal(perps["pnlHistory"][-1][1]) == worth - put_in
    assert worth != put_in, "the taker fee has been paid"
    assert Decimal(day["vlm"]) == sum(fill.price * fill.size for fill in account.fills)
    assert day["accountValueHistory"][0][0] >= start


async def worths(exchange: Sandbox, client: Client) -> list[str]:
    """The account value on every dex, as another request tells it."""
    found = []
    for dex in exchange.market_set.dex_names:
        state = await client.mine("clearinghouseState", dex=dex)
        found.append(state["marginSummary"]["accountValue"])
    return found


async def test_profit_of_a_day_begins_with_the_day_and_that_of_all_time_with_the_account(
    exchange: Sandbox, alice: Client, bob: Client
) -> None:
    await bob.place(order(1, False, "2817.5", "2"))
    await alice.place(order(1, True, "2817.5", "2"))
    lost = Decimal(period(await alice.mine("portfolio"), "allTime")["pnlHistory"][-1][1])
    live_through(exchange, 30)
    before = Decimal(period(await alice.mine("portfolio"), "allTime")["pnlHistory"][-1][1])
    day = period(await alice.mine("portfolio"), "day")
    assert day["pnlHistory"][0][1] == "0.0"
    assert day["vlm"] == "0.0"
    assert Decimal(period(await alice.mine("portfolio"), "week")["vlm"]) == 2 * Decimal("2817.5")
    assert lost < 0
    assert before != 0


async def test_history_of_a_year_stays_small(exchange: Sandbox, alice: Client) -> None:
    live_through(exchange, 365 * 24)
    samples = exchange._equity._samples[alice.address]
    kept = [len(samples.all_time), *(len(window) for window in samples.windows.values())]
    assert max(kept) <= 201
    first, last = samples.all_time[0], samples.all_time[-1]
    assert last.time - first.time > 360 * DAY * 1000
    assert samples.windows["day"][-1].time - samples.windows["day"][0].time <= 25 * HOUR * 1000


# ---------------------------------------------------------------------- other overviews


async def test_answers_that_are_the_same_for_everybody(alice: Client) -> None:
    assert await alice.mine("legalCheck") == {"acceptedTerms": True, "userAllowed": True, "restrictions": "n"}
    assert await alice.mine("isVip") is False
    assert await alice.mine("userToMultiSigSigners") is None
    assert await alice.mine("delegations") == await alice.mine("delegatorHistory") == []
    assert await alice.mine("delegatorRewards") == []
    assert (await alice.mine("delegatorSummary"))["nPendingWithdrawals"] == 0
    assert await alice.info("perpCategories") == await alice.info("perpConciseAnnotations") == []
    assert await alice.info("perpAnnotation", coin="BTC") is None


async def test_limits_of_a_dex_are_those_it_is_listed_with(alice: Client) -> None:
    listed = next(dex for dex in await alice.info("perpDexs") if dex is not None and dex["name"] == "xyz")
    limits = await alice.info("perpDexLimits", dex="xyz")
    assert limits["coinToOiCap"] == listed["assetToStreamingOiCap"]
    assert Decimal(limits["totalOiCap"]) == sum(Decimal(cap) for _, cap in limits["coinToOiCap"])
    assert limits["totalOiCap"].endswith(".0")
    assert await alice.info("perpDexLimits", dex="nowhere") is None
    assert await alice.info("perpDexLimits", dex="") is None


async def test_web_data_2_says_what_single_requests_say(exchange: Sandbox, alice: Client) -> None:
    await alice.place(order(1, True, "2000", "0.5"))
    exchange.approve_agent(alice.address, "0x" + "34" * 20)
    vault = exchange.create_vault(alice.address, "mine", 500)
    found = await alice.mine("webData2")
    meta, contexts = await alice.info("metaAndAssetCtxs")
    assert (found["meta"], found["assetCtxs"]) == (meta, contexts)
    assert found["openOrders"] == await alice.mine("frontendOpenOrders")
    assert found["clearinghouseState"] == await alice.mine("clearinghouseState")
    assert found["spotState"] == await alice.mine("spotClearinghouseState")
    assert found["leadingVaults"] == await alice.mine("leadingVaults") == [{"address": vault, "name": "mine"}]
    assert (found["totalVaultEquity"], found["agentAddress"]) == ("500.0", "0x" + "34" * 20)
    assert found["isVault"] is False
    dexes = len([dex for dex in exchange.market_set.dexes if dex.listings])
    assert Decimal(found["cumLedger"]) == exchange.deposit * dexes - 500


async def test_referral_of_somebody_who_has_referred_nobody(alice: Client, bob: Client) -> None:
    found = await alice.mine("referral")
    assert (found["referredBy"], found["rewardHistory"]) == (None, [])
    assert found["referrerState"] == {"stage": "needToTrade", "data": {"required": "10000.0"}}
    await bob.place(order(1, False, "2817.5", "4"))
    await alice.place(order(1, True, "2817.5", "4"))
    found = await alice.mine("referral")
    assert (found["cumVlm"], found["referrerState"]) == ("11270.0", {"stage": "needToCreateCode"})


# ---------------------------------------------------------------------- merged fills


async def sweep(alice: Client, bob: Client) -> None:
    """ALICE takes three of BOB's orders at once, at two prices, and one of hers is taken twice by BOB."""
    await bob.place(*(order(1, False, px, "1") for px in ("2817.5", "2817.6", "2817.6")))
    await alice.place(order(1, True, "2817.6", "3"))
    await alice.place(order(1, True, "2817.4", "2"))
    await bob.place(order(1, False, "2817.4", "1", "Ioc"))
    await bob.place(order(1, False, "2817.4", "1", "Ioc"))


async def test_partial_fills_of_a_crossing_order_are_one_and_those_of_a_resting_one_are_not(
    alice: Client, bob: Client
) -> None:
    await sweep(alice, bob)
    single = await alice.mine("userFills")
    merged = await alice.mine("userFills", aggregateByTime=True)
    assert (len(single), len(merged)) == (5, 3)
    assert merged[:2] == single[:2]
    parts, whole = single[2:], merged[2]
    assert whole["sz"] == "3.0"
    notional = sum(Decimal(fill["px"]) * Decimal(fill["sz"]) for fill in parts)
    assert abs(Decimal(whole["px"]) - notional / 3) < Decimal("0.000001")
    assert Decimal(whole["fee"]) == sum(Decimal(fill["fee"]) for fill in parts)
    assert whole["startPosition"] == "0.0"
    by_time = {"startTime": 0, "aggregateByTime": True}
    assert await alice.mine("userFillsByTime", **by_time) == merged[::-1]
    assert await alice.mine("userFillsByTime", **by_time, reversed=True) == merged


async def test_merged_fills_are_streamed_to_who_asks_for_them(exchange: Sandbox, alice: Client, bob: Client) -> None:
    async with connect(exchange) as socket, connect(exchange) as plain:
        echo = await socket.subscribe("userFills", user=alice.address, aggregateByTime=True)
        assert echo["aggregateByTime"] is True
        await plain.subscribe("userFills", user=alice.address)
        for each in (socket, plain):
            assert (await each.data("userFills"))["isSnapshot"] is True
        await sweep(alice, bob)
        frame = await socket.data("userFills")
        assert [fill["sz"] for fill in frame["fills"]] == ["3.0"]
        assert len((await plain.data("userFills"))["fills"]) == 3
        await socket.subscribe("userFills", user=bob.address, aggregateByTime=True)
        snapshot = await socket.next(lambda f: f["channel"] == "userFills" and "isSnapshot" in f["data"])
        assert snapshot["data"]["fills"] == await bob.mine("userFills", aggregateByTime=True)


# ---------------------------------------------------------------------- streams


async def test_fast_contexts_come_whole_at_first_and_then_only_what_has_changed(
    exchange: Sandbox, alice: Client
) -> None:
    async with connect(exchange) as socket:
        await socket.subscribe("fastAssetCtxs")
        whole = unpacked(await socket.data("fastAssetCtxs"))
        mids = await alice.info("allMids")
        assert {coin: value["midPx"] for coin, value in whole.items() if coin in mids} == mids
        assert "xyz:TSLA" in whole
        assert "MATIC" not in whole, "it is delisted"
        await exchange.clock.advance(1)
        await socket.drained()
        exchange.set_price("ETH", "2830")
        await exchange.clock.advance(3)
        frames = [frame for frame in await socket.drained() if frame["channel"] == "fastAssetCtxs"]
        changes = [unpacked(frame["data"]) for frame in frames]
        assert all(set(change) == {"ETH"} for change in changes), "nothing else has moved"
        told = [item for change in changes for item in change["ETH"].items()]
        assert sorted(told) == [("markPx", "2830.0"), ("midPx", "2830.0")], "each change once"


async def test_spot_and_outcome_streams_of_an_exchange_that_has_neither(exchange: Sandbox) -> None:
    async with connect(exchange) as socket:
        await socket.subscribe("spotAssetCtxs")
        assert await socket.data("spotAssetCtxs") == []
        await socket.subscribe("outcomeMetaUpdates")
        await exchange.clock.advance(10)
        assert [frame["channel"] for frame in await socket.drained()] == []


@pytest.mark.parametrize("kind", ["webData2", "webData3"])
async def test_overviews_are_sent_at_once_and_every_few_seconds(exchange: Sandbox, alice: Client, kind: str) -> None:
    async with connect(exchange) as socket:
        await socket.subscribe(kind, user=alice.address.upper().replace("0X", "0x"))
        first = await socket.data(kind)
        await exchange.clock.advance(5)
        second = await socket.data(kind)
    state_1, state_2 = (data.get("userState", data) for data in (first, second))
    assert state_1["user"] == alice.address
    assert state_2["serverTime"] - state_1["serverTime"] in (4_000, 5_000), "as of the last tick of the exchange"


async def test_web_data_3_has_a_state_per_dex_and_optional_keys_where_they_say_something(
    exchange: Sandbox, alice: Client
) -> None:
    async with connect(exchange) as socket:
        await socket.subscribe("webData3", user=alice.address)
        plain = await socket.data("webData3")
        assert plain["perpDexStates"] == [{"totalVaultEquity": "0.0"}] * len(exchange.market_set.dexes)
        assert "abstraction" not in plain["userState"]
        vault = exchange.create_vault(alice.address, "mine", 500)
        exchange.open_account(alice.address, "dexAbstraction", dexs={})
        await exchange.clock.advance(5)
        data = await socket.data("webData3")
    assert data["perpDexStates"][0] == {
        "totalVaultEquity": "500.0",
        "leadingVaults": [{"address": vault, "name": "mine"}],
    }
    assert (data["userState"]["abstraction"], data["userState"]["dexAbstractionEnabled"]) == ("dexAbstraction", True)


async def test_liquidated_account_is_notified() -> None:
    async with (
        Sandbox(seed=1, market="empty", clock="virtual", deposit=1_000) as exchange,
        Client(exchange, wallet(11)) as alice,
        Client(exchange, wallet(12)) as bob,
        connect(exchange) as socket,
    ):
        for client in (alice, bob):
            exchange.fund(client.address)
        await bob.place(order(1, False, "2817.5", "5"))
        await alice.place(order(1, True, "2817.5", "5"))
        for client in (alice, bob):
            await socket.subscribe("notification", user=client.address)
        exchange.set_price("ETH", "2600")
        frames = [frame for frame in await socket.drained() if frame["channel"] == "notification"]
    (notice,) = frames
    assert set(notice["data"]) == {"notification"}
    assert notice["data"]["notification"].startswith("Liquidated: 13000.0 USD")
