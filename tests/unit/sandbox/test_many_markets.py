"""Up to 200 markets: plausible, distinct, always the same, and alive on a running sandbox."""

import pytest

from hyperliquid_perpetual.sandbox import Sandbox
from hyperliquid_perpetual.sandbox.clock import VirtualClock
from hyperliquid_perpetual.sandbox.many_markets import many_markets
from tests.unit.sandbox.client import Client, wallet

COUNTS = [1, 7, 8, 50, 200]


@pytest.mark.parametrize("count", COUNTS)
def test_there_are_as_many_markets_as_asked_for_each_with_its_own_name_and_number(count: int) -> None:
    markets = many_markets(count).markets
    assert (
        len(markets) == len({market.coin for market in markets}) == len({market.asset for market in markets}) == count
    )


@pytest.mark.parametrize("count", COUNTS)
def test_more_markets_leave_the_others_as_they_are(count: int) -> None:
    few, all_ = many_markets(count), many_markets(200)
    for coin, listing in few.by_coin.items():
        assert all_.by_coin[coin] == listing
        assert all_.characters[coin] == few.characters[coin]


@pytest.mark.parametrize("count", [0, -1, 201])
def test_another_number_of_markets_is_refused(count: int) -> None:
    with pytest.raises(ValueError, match=f"there can be 1 to 200 markets, got {count}"):
        many_markets(count)


def test_prices_span_the_scale_and_are_prices_an_order_could_have() -> None:
    markets = many_markets(200).markets
    assert all(market.is_valid_px(market.oracle_px) and market.oracle_px % market.px_step == 0 for market in markets)
    assert min(market.oracle_px for market in markets) == 10
    assert max(market.oracle_px for market in markets) == 100_000 * 10**6
    assert {market.sz_decimals for market in markets} == {0, 1, 2, 3, 4, 5}


def test_margin_tables_and_leverage_go_together() -> None:
    for market in many_markets(200).markets:
        assert 3 <= market.max_leverage <= 40
        if market.margin_table is not None:
            assert market.margin_table.tiers[0].max_leverage == market.max_leverage
    assert {market.margin_mode for market in many_markets(200).markets} == {"any", "strictIsolated"}


def test_some_are_on_hip3_dexes_with_other_collateral() -> None:
    markets = many_markets(200).markets
    dexes = {market.dex for market in markets}
    assert dexes == {"", "xyz", "vntl", "km"}
    assert {market.collateral for market in markets if market.dex == "km"} == {"USDH"}
    assert sum(bool(market.dex) for market in markets) == 25


def test_activity_falls_with_rank_and_quiet_markets_are_wide_and_thin() -> None:
    characters = many_markets(200).characters
    assert characters["BTC"].activity == 1
    assert characters["BTC"].activity > characters["SOL"].activity > characters["DUST"].activity > 0
    ordered = sorted(characters.values(), key=lambda each: -each.activity)
    assert sum(each.activity for each in ordered[:20]) > 0.9 * sum(each.activity for each in ordered[20:])
    assert ordered[-1].spread > 5 * ordered[0].spread
    assert ordered[-1].depth < ordered[0].depth / 5


async def test_all_200_markets_have_living_books_and_every_dex_tells_of_its_own() -> None:
    market_set = many_markets(200)
    async with Sandbox(seed=1, market_set=market_set, clock=VirtualClock(1_800_000_000_000)) as exchange:
        await exchange.clock.advance(6)
        for state in exchange.engine.markets.values():
            assert state.doubled_mid is not None, state.market.coin
        assert sum(bool(state.trades) for state in exchange.engine.markets.values()) > 60
        async with Client(exchange, wallet(7)) as client:
            told = 0
            for dex in market_set.dexes:
                meta, contexts = await client.info("metaAndAssetCtxs", dex=dex.name)
                assert len(meta["universe"]) == len(contexts) == len(dex.listings)
                told += len(contexts)
            assert told == 200
            mids = await client.info("allMids")
            assert {"BTC", "DUST", "WHOLE"} <= mids.keys()
