"""Markets that end or begin while the exchange runs, as clients see it."""

from decimal import Decimal
from typing import Any

import aiohttp
import pytest

from hyperliquid_perpetual.sandbox import Sandbox
from tests.unit.sandbox.client import Client, order
from tests.unit.sandbox.socket_client import connect


async def test_delisted_market_cancels_settles_and_takes_no_more_orders(
    exchange: Sandbox, alice: Client, bob: Client
) -> None:
    await bob.place(order(1, False, "2700", "1", "Ioc"))
    (bought,) = await alice.place(order(1, True, "2900", "1", "Ioc"))
    pnl = 2900 - Decimal(bought["filled"]["avgPx"])
    (resting,) = await alice.place(order(1, True, "2000", "0.5"))
    state = exchange.engine.market("ETH")
    assert state is not None
    mark = Decimal(state.mark_px) / 10**6
    before = {client: exchange.account(client.address).account_value for client in (alice, bob)}
    async with connect(exchange) as socket:
        await socket.subscribe("orderUpdates", user=alice.address)
        await socket.subscribe("userFills", user=alice.address)
        await socket.data("userFills")
        await socket.subscribe("l2Book", coin="ETH")
        exchange.listings.delist("ETH", "2900")
        (fill,) = (await socket.data("userFills"))["fills"]
        assert (fill["dir"], fill["px"], fill["sz"], fill["fee"]) == ("Settlement", "2900.0", "1.0", "0.0")
        assert Decimal(fill["closedPnl"]) == pnl
        (update,) = await socket.data("orderUpdates")
        assert (update["order"]["oid"], update["status"]) == (resting["resting"]["oid"], "delistedCanceled")
    for client in (alice, bob):
        account = exchange.account(client.address)
        assert account.positions == account.open_orders == ()
    assert exchange.account(alice.address).account_value - before[alice] == 2900 - mark
    assert exchange.account(bob.address).account_value - before[bob] == mark - 2900
    (status,) = await alice.place(order(1, True, "2800", "1"))
    assert status == {"error": "Trading is halted. asset=1"}
    meta = await alice.info("meta")
    assert [entry["name"] for entry in meta["universe"] if entry.get("isDelisted")] == ["ETH", "MATIC"]
    assert await alice.info("l2Book", coin="ETH") == {"coin": "ETH", "time": exchange.clock.now(), "levels": [[], []]}
    assert "ETH" not in await alice.info("allMids")
    context = (await alice.info("metaAndAssetCtxs"))[1][1]
    assert (context["midPx"], context["openInterest"], context["funding"]) == (None, "0.0", "0.0")
    with pytest.raises(ValueError, match="not listed"):
        exchange.listings.delist("ETH")
    await exchange.clock.advance(30)
    assert exchange.book("ETH").bids == ()


async def test_market_that_is_listed_stands_behind_the_others_and_can_be_traded(
    exchange: Sandbox, alice: Client
) -> None:
    before = await alice.info("meta", dex="xyz")
    exchange.listings.list_market("xyz:GOLD", "3975.5", sz_decimals=3, max_leverage=15)
    after = await alice.info("meta", dex="xyz")
    assert after["universe"][:-1] == before["universe"]
    assert after["universe"][-1]["name"] == "xyz:GOLD"
    (status,) = await alice.place(order(110_002, True, "4100", "0.01", "Ioc"))
    assert status["filled"]["totalSz"] == "0.01"
    assert exchange.account(alice.address).position("xyz:GOLD") == Decimal("0.01")
    assert exchange.fills(alice.address)[0].fee > 0
    await exchange.clock.advance(3_700)
    assert len(await alice.info("fundingHistory", coin="xyz:GOLD", startTime=0)) == 1
    async with connect(exchange) as socket:
        await socket.subscribe("bbo", coin="xyz:GOLD")
        assert None not in (await socket.data("bbo"))["bbo"]


async def test_dex_that_is_added_has_the_next_index(exchange: Sandbox, alice: Client) -> None:
    exchange.listings.add_dex("flx", "USDH")
    exchange.listings.list_market("flx:OIL", "61.25")
    dexs = await alice.info("perpDexs")
    assert [dex and dex["name"] for dex in dexs] == [None, "xyz", "vntl", "km", "flx"]
    metas = await alice.info("allPerpMetas")
    assert metas[4]["universe"][0]["name"] == "flx:OIL"
    assert metas[4]["collateralToken"] == 360
    exchange.fund(alice.address, 1_000, "flx")
    (status,) = await alice.place(order(140_000, True, "70", "1", "Ioc"))
    assert "filled" in status
    async with connect(exchange) as socket:
        await socket.subscribe("allDexsClearinghouseState", user=alice.address)
        states = dict((await socket.data("allDexsClearinghouseState"))["clearinghouseStates"])
        assert states["flx"]["assetPositions"][0]["position"]["coin"] == "flx:OIL"
        await socket.subscribe("allMids", dex="flx")


@pytest.mark.other_shapes
async def test_metadata_that_cannot_be_read_on_demand(exchange: Sandbox, alice: Client) -> None:
    exchange.listings.break_metadata("ETH")
    exchange.listings.break_metadata("km")
    universe = (await alice.info("meta"))["universe"]
    assert universe[1] == {"name": "ETH", "szDecimals": "many"}
    assert universe[0]["name"] == "BTC"
    assert (await alice.info("meta", dex="km"))["universe"] == "not a list"
    exchange.listings.break_metadata("ETH", False)
    assert (await alice.info("meta"))["universe"][1]["szDecimals"] == 4


@pytest.mark.parametrize(
    ("path", "body", "says"),
    [
        ("list", {"coin": "BTC", "price": "1"}, "free name"),
        ("list", {"coin": "nodex:A", "price": "1"}, "no dex"),
        ("list", {"coin": "NEW", "price": "-1"}, "price"),
        ("list", {"coin": "NEW", "price": "1", "szDecimals": 9}, "size decimals"),
        ("delist", {"coin": "MATIC"}, "not listed"),
        ("delist", {"coin": "BTC", "price": "0"}, "positive"),
        ("add_dex", {"name": "xyz"}, "free name"),
        ("add_dex", {"name": "new", "collateral": "GOLD"}, "no token"),
        ("break_metadata", {"name": "nothing"}, "no coin and no dex"),
    ],
)
async def test_what_makes_no_sense_is_refused_and_changes_nothing(
    exchange: Sandbox, path: str, body: dict[str, Any], says: str
) -> None:
    before = exchange.market_set.dexes
    async with aiohttp.ClientSession() as http:
        async with http.post(f"{exchange.url}/sandbox/{path}", json=body) as response:
            assert response.status == 400
            assert says in (await response.json())["error"]
        assert exchange.market_set.dexes == before


async def test_listings_change_from_another_process(exchange: Sandbox) -> None:
    async with aiohttp.ClientSession() as http:
        for path, body in (
            ("add_dex", {"name": "flx"}),
            ("list", {"coin": "flx:OIL", "price": "61.25", "szDecimals": 1}),
            ("delist", {"coin": "flx:OIL"}),
        ):
            async with http.post(f"{exchange.url}/sandbox/{path}", json=body) as response:
                assert response.status == 200, await response.text()
    state = exchange.engine.market("flx:OIL")
    assert state is not None
    assert (state.market.asset, state.market.is_delisted) == (140_000, True)
