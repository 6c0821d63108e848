"""The table of markets from raw replies: asset ids above all, because a wrong one trades another market."""

import copy
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hyperliquid_perpetual.venue.margin import MarginTable, MarginTier
from hyperliquid_perpetual.venue.markets import (
    EMPTY_TABLE,
    MarketTable,
    asset_id_of,
    parse_market_table,
    parse_token_names,
)


def perp(name: str, /, **fields: Any) -> dict[str, Any]:
    return {"name": name, "szDecimals": 2, "maxLeverage": 10, **fields}


def meta(*names: str, **fields: Any) -> dict[str, Any]:
    return {"universe": [perp(name) for name in names], "marginTables": [], "collateralToken": 0, **fields}


def ids(table: MarketTable) -> dict[str, int]:
    return {market.coin: market.asset_id for market in table}


def test_asset_ids_of_the_reference() -> None:
    assert asset_id_of(0, 0) == 0
    assert asset_id_of(0, 187) == 187
    assert asset_id_of(1, 0) == 110_000
    assert asset_id_of(8, 12) == 180_012


@pytest.mark.parametrize("missing", [None, {}, {"name": None}, {"name": ""}, {"name": 7}, "ccc", [], 5], ids=repr)
def test_a_dex_entry_that_cannot_be_used_keeps_its_place_in_the_count(missing: Any) -> None:
    """D53: with [core, aaa, null, ccc] the markets of ccc got the ids of another dex, and their orders went there."""
    table = parse_market_table(
        [None, {"name": "aaa"}, missing, {"name": "ccc"}], [meta("BTC"), meta("aaa:X"), meta("bbb:Y"), meta("ccc:Z")]
    )
    assert ids(table) == {"BTC": 0, "aaa:X": 110_000, "ccc:Z": 130_000}
    assert table.dexs == ("", "aaa", "", "ccc")
    assert any("2" in problem for problem in table.problems)


@pytest.mark.parametrize(
    "empty",
    [meta(), {}, None, [], [None, None], "down", {"universe": None}, {"universe": {}}],
    ids=repr,
)
def test_an_empty_or_malformed_dex_does_not_shift_the_ones_behind_it(empty: Any) -> None:
    """D53: with [core, aaa, bbb (empty), ccc], ccc:Z got 120000 in place of 130000."""
    table = parse_market_table(
        [None, {"name": "aaa"}, {"name": "bbb"}, {"name": "ccc"}], [meta("BTC"), meta("aaa:X"), empty, meta("ccc:Z")]
    )
    assert ids(table) == {"BTC": 0, "aaa:X": 110_000, "ccc:Z": 130_000}


def test_delisted_markets_count_but_cannot_be_traded() -> None:
    raw = meta("BTC", "LOOM", "ETH")
    raw["universe"][1]["isDelisted"] = True
    table = parse_market_table(None, [raw])
    assert ids(table) == {"BTC": 0, "LOOM": 1, "ETH": 2}
    assert set(table.by_trading_pair) == {"BTC-USD", "ETH-USD"}
    assert [market.coin for market in table.delisted] == ["LOOM"]
    assert table.by_asset_id[1].is_delisted


@pytest.mark.parametrize(
    "broken",
    [
        None,
        5,
        "ETH",
        [],
        {},
        perp(""),
        perp("ETH", name=None),
        perp("ETH", szDecimals="4"),
        perp("ETH", szDecimals=True),
        perp("ETH", szDecimals=7),
        perp("ETH", szDecimals=-1),
        perp("ETH", maxLeverage=0),
        perp("ETH", maxLeverage=None),
        perp("ETH", maxLeverage=float("inf")),
        perp("ETH", marginTableId=[]),
        perp("xyz:ETH"),
    ],
    ids=repr,
)
def test_a_malformed_market_costs_only_itself(broken: Any) -> None:
    """D53: the entries behind it keep their places in the count."""
    raw = meta("BTC", "-", "SOL")
    raw["universe"][1] = broken
    table = parse_market_table(None, [raw])
    assert ids(table) == {"BTC": 0, "SOL": 2}
    assert len(table.problems) == 1
    assert "market 1" in table.problems[0]


@pytest.mark.parametrize("coin", ["BTC", "aaa:X", ":X", "bbb:"])
def test_a_dex_cannot_take_a_name_that_is_not_its_own(coin: str) -> None:
    """Whoever deploys a dex chooses its names: one that says BTC must not draw the orders for BTC."""
    table = parse_market_table(
        [None, {"name": "aaa"}, {"name": "bbb"}], [meta("BTC"), meta("aaa:X"), meta(coin, "bbb:Y")]
    )
    assert ids(table) == {"BTC": 0, "aaa:X": 110_000, "bbb:Y": 120_001}
    assert len(table.problems) == 1


def test_of_two_markets_with_one_name_the_first_keeps_it() -> None:
    table = parse_market_table(None, [meta("BTC", "ETH", "BTC")])
    assert ids(table) == {"BTC": 0, "ETH": 1}
    assert 2 not in table.by_asset_id
    assert any("twice" in problem for problem in table.problems)


def test_coins_with_lower_case_letters_are_found_as_the_venue_writes_them() -> None:
    """D28: names were upper-cased on one side only, so no fill of kPEPE ever matched its order."""
    table = parse_market_table([None, {"name": "xyz"}], [meta("kPEPE", "PEPE"), meta("xyz:TSLA")])
    assert table.by_coin["kPEPE"].trading_pair == "kPEPE-USD"
    assert table.by_trading_pair["kPEPE-USD"].asset_id == 0
    assert table.by_trading_pair["xyz:TSLA-USD"].coin == "xyz:TSLA"
    assert "KPEPE" not in table.by_coin
    assert list(table.by_trading_pair) == ["kPEPE-USD", "PEPE-USD", "xyz:TSLA-USD"]


def test_a_pair_in_the_wrong_case_is_the_only_market_it_can_mean() -> None:
    """Hummingbot's `order_book`, `ticker` and `rate` write what the user types in capitals."""
    table = parse_market_table([None, {"name": "xyz"}], [meta("kPEPE", "PEPE"), meta("xyz:TSLA")])
    assert table.by_trading_pair["KPEPE-USD"].coin == "kPEPE"
    assert table.by_trading_pair["XYZ:TSLA-USD"].coin == "xyz:TSLA"
    assert table.by_trading_pair["pepe-usd"].coin == "PEPE"
    assert "BTC-USD" not in table.by_trading_pair


def test_a_pair_that_two_markets_differ_from_in_case_alone_means_neither() -> None:
    table = parse_market_table([None, {"name": "abc"}, {"name": "ABC"}], [meta("X"), meta("abc:T"), meta("ABC:T")])
    assert table.by_trading_pair["abc:T-USD"].asset_id == 110_000
    assert table.by_trading_pair["ABC:T-USD"].asset_id == 120_000
    assert "Abc:T-USD" not in table.by_trading_pair
    assert table.spelled(["Abc:T-USD"]) is table


def test_a_market_goes_by_the_name_that_the_configuration_has_for_it() -> None:
    """`hbot create` writes KPEPE-USD: the strategy knows no other name, and neither may positions nor rules."""
    table = parse_market_table([None, {"name": "xyz"}], [meta("BTC", "kPEPE"), meta("xyz:TSLA")])
    spelled = table.spelled(["KPEPE-USD", "XYZ:TSLA-USD", "BTC-USD", "NOPE-USD"])
    assert list(spelled.by_trading_pair) == ["BTC-USD", "KPEPE-USD", "XYZ:TSLA-USD"]
    assert spelled.by_coin["kPEPE"].trading_pair == "KPEPE-USD"
    assert spelled.by_coin["kPEPE"].coin == "kPEPE"
    assert spelled.by_asset_id[1].trading_pair == "KPEPE-USD"
    assert spelled.by_trading_pair["kPEPE-USD"].asset_id == 1
    assert table.spelled(["kPEPE-USD"]) is table


def test_names_that_no_trading_pair_can_have_cost_only_themselves() -> None:
    """Testnet lists whatever people come up with; Hummingbot splits pairs at their only hyphen."""
    table = parse_market_table(None, [meta("BTC", "A-B", "C D", "E\tF", "ETH")])
    assert list(table.by_trading_pair) == ["BTC-USD", "ETH-USD"]
    assert table.by_coin["ETH"].asset_id == 4
    assert len(table.problems) == 3


def test_a_delisted_market_is_found_and_not_tradable() -> None:
    gone = meta("BTC", "MATIC")
    gone["universe"][1]["isDelisted"] = True
    table = parse_market_table(None, [gone])
    assert table.find("MATIC-USD") is table.by_coin["MATIC"]
    assert table.find("matic-usd") is table.by_coin["MATIC"]
    assert "MATIC-USD" not in table.by_trading_pair
    assert table.find("POL-USD") is None


def test_an_unknown_pair_brings_the_names_it_may_have_been_meant_for() -> None:
    table = parse_market_table(
        [None, {"name": "xyz"}, {"name": "flx"}],
        [meta("BTC", "kPEPE", "ETH"), meta("xyz:TSLA"), meta("flx:TSLA", "flx:GOLD")],
    )
    assert set(table.near("TSLA-USD")) == {"xyz:TSLA-USD", "flx:TSLA-USD"}
    assert table.near("PEPE-USD")[0] == "kPEPE-USD"
    assert table.near("BTC-USDC")[0] == "BTC-USD"
    assert table.near("QQQQQQQ-EUR") == []


def test_all_perp_metas_are_read_with_and_without_contexts_beside_them() -> None:
    dexs = [None, {"name": "xyz"}]
    plain = [meta("BTC", "ETH"), meta("xyz:TSLA")]
    pairs = [[plain[0], [{"markPx": "1"}, {"markPx": "2"}]], [plain[1], []]]
    assert parse_market_table(dexs, plain) == parse_market_table(dexs, pairs)
    assert ids(parse_market_table(dexs, plain)) == {"BTC": 0, "ETH": 1, "xyz:TSLA": 110_000}


def test_recorded_dexs_with_their_own_collateral(recorded: Callable[[str], Any]) -> None:
    names = parse_token_names(recorded("info_spotMeta_nonUsdcCollateral.json"))
    assert names == {0: "USDC", 360: "USDH", 235: "USDE"}

    table = parse_market_table(
        [None, {"name": "km"}, {"name": "hyna"}], recorded("info_allPerpMetas_nonUsdcCollateral.json"), names
    )

    assert not table.problems
    assert {m.coin: (m.asset_id, m.collateral_token, m.is_hip3) for m in table} == {
        "BTC": (0, "USDC", False),
        "km:US500": (110_000, "USDH", True),
        "hyna:BTC": (120_000, "USDE", True),
    }
    assert table.by_coin["km:US500"].fee_multiplier == Decimal("0.2"), "deployer scale 1 in growth mode"
    assert table.by_coin["BTC"].fee_multiplier == 1


def test_recordings_from_before_dexs_and_margin_tables(recorded: Callable[[str], Any]) -> None:
    table = parse_market_table(None, [recorded("info_meta.json")])
    assert not table.problems
    btc, kpepe = table.by_coin["BTC"], table.by_coin["kPEPE"]
    assert (btc.asset_id, btc.sz_decimals, btc.max_leverage, btc.collateral_token) == (0, 5, 50, "USDC")
    assert kpepe.sz_decimals == 0
    assert btc.margin_table == MarginTable((MarginTier(Decimal(0), 50),))
    assert not parse_market_table(None, [recorded("info_meta_nautilus.json")]).problems


@pytest.mark.parametrize("sz_decimals", range(7))
def test_every_precision_that_the_venue_has(sz_decimals: int) -> None:
    raw = meta()
    raw["universe"] = [perp("BTC", szDecimals=sz_decimals)]
    market = parse_market_table(None, [raw]).by_coin["BTC"]
    assert market.sz_decimals == sz_decimals
    assert market.collateral_token == "USDC", "token 0, with or without a list of names"


def test_collateral_that_is_not_named_is_told_by_its_number() -> None:
    table = parse_market_table(None, [meta("BTC", collateralToken=77)], {0: "USDC"})
    assert table.by_coin["BTC"].collateral_token == "TOKEN77"


@pytest.mark.parametrize("token", ["0", [], {}, 1.5, True])
def test_a_dex_whose_money_cannot_be_read_is_left_out_alone(token: Any) -> None:
    table = parse_market_table(
        [None, {"name": "aaa"}, {"name": "bbb"}],
        [meta("BTC"), meta("aaa:X", collateralToken=token), meta("bbb:Y")],
    )
    assert ids(table) == {"BTC": 0, "bbb:Y": 120_000}
    assert any("collateral" in problem for problem in table.problems)


@pytest.mark.parametrize(
    ("fields", "only_isolated", "strict"),
    [
        ({}, False, False),
        ({"onlyIsolated": None}, False, False),
        ({"onlyIsolated": True}, True, False),
        ({"marginMode": "noCross"}, True, False),
        ({"marginMode": "strictIsolated"}, True, True),
        ({"marginMode": "strictIsolated", "onlyIsolated": True}, True, True),
        ({"marginMode": "somethingNew"}, False, False),
    ],
)
def test_margin_modes(fields: dict[str, Any], only_isolated: bool, strict: bool) -> None:
    raw = meta()
    raw["universe"] = [perp("BTC", **fields)]
    market = parse_market_table(None, [raw]).by_coin["BTC"]
    assert (market.only_isolated, market.strict_isolated) == (only_isolated, strict)


def test_margin_tables_are_taken_by_id_and_sorted() -> None:
    tiers = [{"lowerBound": "3000000.0", "maxLeverage": 5}, {"lowerBound": "0.0", "maxLeverage": 10}]
    raw = {
        "universe": [perp("A", marginTableId=51), perp("B", marginTableId=10), perp("C", marginTableId=52)],
        "marginTables": [[51, {"description": "tiered 10x", "marginTiers": tiers}]],
    }
    table = parse_market_table(None, [raw])
    tiered = MarginTable((MarginTier(Decimal(0), 10), MarginTier(Decimal(3_000_000), 5)))
    single = MarginTable((MarginTier(Decimal(0), 10),))
    assert [market.margin_table for market in table] == [tiered, single, single]


@pytest.mark.parametrize("leverage", [1, 2, 50])
def test_every_leverage_from_one_on(leverage: int) -> None:
    tiers = [{"lowerBound": "0.0", "maxLeverage": leverage}]
    raw = {
        "universe": [perp("A", maxLeverage=leverage), perp("B", marginTableId=51)],
        "marginTables": [[51, {"marginTiers": tiers}]],
    }
    table = parse_market_table(None, [raw])
    assert table.problems == ()
    assert table.by_coin["A"].max_leverage == leverage
    assert table.by_coin["B"].margin_table == MarginTable((MarginTier(Decimal(0), leverage),))


TIER = {"lowerBound": "0.0", "maxLeverage": 3}


@pytest.mark.parametrize(
    "broken",
    [
        None,
        5,
        "ab",
        [],
        [51],
        [51, None],
        [51, {}],
        [51, {"marginTiers": []}],
        [51, {"marginTiers": [{}]}],
        [51, {"marginTiers": [{**TIER, "lowerBound": "NaN"}]}],
        [51, {"marginTiers": [{**TIER, "maxLeverage": 0}]}],
        [51, {"marginTiers": [{**TIER, "maxLeverage": float("inf")}]}],
        [[51], {"marginTiers": [TIER]}],
        ["51", {"marginTiers": [TIER]}],
    ],
    ids=repr,
)
def test_a_malformed_margin_table_costs_only_itself(broken: Any) -> None:
    good = [52, {"marginTiers": [TIER]}]
    raw = {
        "universe": [perp("A", marginTableId=51), perp("B", marginTableId=52)],
        "marginTables": [broken, good],
    }
    table = parse_market_table(None, [raw])
    assert table.by_coin["A"].margin_table == MarginTable((MarginTier(Decimal(0), 10),)), "the market's own leverage"
    assert table.by_coin["B"].margin_table == MarginTable((MarginTier(Decimal(0), 3),))


@pytest.mark.parametrize(
    ("fields", "multiplier"),
    [
        ({}, "2"),
        ({"deployerFeeScale": None}, "2"),
        ({"deployerFeeScale": "0.5"}, "1.5"),
        ({"deployerFeeScale": "1.0", "growthMode": "enabled"}, "0.2"),
        ({"growthMode": "disabled"}, "2"),
    ],
)
def test_fees_of_deployed_markets(fields: dict[str, Any], multiplier: str) -> None:
    raw = meta()
    raw["universe"] = [perp("xyz:A", **fields)]
    core = meta()
    core["universe"] = [perp("A", **fields)]
    table = parse_market_table([None, {"name": "xyz"}], [core, raw])
    assert table.by_coin["xyz:A"].fee_multiplier == Decimal(multiplier)
    assert table.by_coin["A"].fee_multiplier == 1, "the first dex has no deployer"


def test_a_dex_without_metadata_is_a_problem_of_its_own() -> None:
    table = parse_market_table([None, {"name": "aaa"}, {"name": "bbb"}], [meta("BTC"), meta("aaa:X")])
    assert ids(table) == {"BTC": 0, "aaa:X": 110_000}
    assert table.problems == ("dex 'bbb' (index 2) has no metadata",)


@pytest.mark.parametrize("perp_dexs", [None, []])
def test_without_a_list_of_dexs_there_is_the_first_one(perp_dexs: list[Any] | None) -> None:
    table = parse_market_table(perp_dexs, [meta("BTC"), meta("aaa:X")])
    assert ids(table) == {"BTC": 0}
    assert table.dexs == ("",)


def test_dexs_of_coins_are_named_once_and_unknown_coins_skipped() -> None:
    table = parse_market_table([None, {"name": "aaa"}], [meta("BTC", "ETH"), meta("aaa:X", "aaa:Y")])
    assert table.dexs_of(["aaa:Y", "BTC", "nothing", "aaa:X", "ETH"]) == ["aaa", ""]


def test_a_table_before_the_first_refresh_has_no_market() -> None:
    assert list(EMPTY_TABLE) == []
    assert EMPTY_TABLE.dexs_of(["BTC"]) == []
    assert EMPTY_TABLE.delisted == []


@pytest.mark.parametrize(
    "raw", [None, [], "x", {}, {"tokens": None}, {"tokens": [None, 5, {}, {"index": "0", "name": "A"}, {"index": 1}]}]
)
def test_token_names_that_cannot_be_read_are_skipped(raw: Any) -> None:
    assert parse_token_names(raw) == {}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=20,
)
FIELDS = st.sampled_from(
    ["name", "szDecimals", "maxLeverage", "marginTableId", "marginMode", "isDelisted", "deployerFeeScale", "growthMode"]
)


@given(dexs=st.none() | st.lists(JSON, max_size=4), metas=st.lists(JSON, max_size=4))
def test_no_reply_whatever_raises(dexs: list[Any] | None, metas: list[Any]) -> None:
    table = parse_market_table(dexs, metas)
    assert set(table.by_asset_id) == {market.asset_id for market in table}


@given(where=st.integers(0, 2), field=FIELDS, value=JSON)
def test_no_field_of_a_market_touches_another_market(where: int, field: str, value: Any) -> None:
    """D53: whatever one entry says, the other markets keep name, id and all."""
    raw = meta("BTC", "ETH", "SOL", marginTables=[[51, {"marginTiers": [TIER]}]])
    untouched = parse_market_table(None, [copy.deepcopy(raw)])
    raw["universe"][where][field] = value
    table = parse_market_table(None, [raw])
    for index, coin in enumerate(["BTC", "ETH", "SOL"]):
        if index == where or (field == "name" and value == coin):
            continue
        assert table.by_coin[coin] == untouched.by_coin[coin]


@given(field=st.sampled_from(["universe", "marginTables", "collateralToken"]), value=JSON)
def test_no_field_of_a_dex_touches_another_dex(field: str, value: Any) -> None:
    metas = [meta("BTC"), meta("aaa:X"), meta("bbb:Y")]
    untouched = parse_market_table([None, {"name": "aaa"}, {"name": "bbb"}], copy.deepcopy(metas))
    metas[1][field] = value
    table = parse_market_table([None, {"name": "aaa"}, {"name": "bbb"}], metas)
    assert table.by_coin["BTC"] == untouched.by_coin["BTC"]
    assert table.by_coin["bbb:Y"] == untouched.by_coin["bbb:Y"]


@given(JSON)
def test_no_spot_meta_raises(raw: Any) -> None:
    assert isinstance(parse_token_names(raw), dict)


def test_what_could_not_be_read_this_time_stays_as_it_was() -> None:
    """Markets never leave the venue's lists (section 7): one that is missing was malformed."""
    dexs = [None, {"name": "xyz"}]
    before = parse_market_table(dexs, [meta("BTC", "ETH"), meta("xyz:TSLA")])
    broken = parse_market_table(dexs, [{"universe": [meta("BTC")["universe"][0], None]}, "no meta"])
    assert list(broken.by_coin) == ["BTC"]
    assert broken.keeping(before).by_coin == before.by_coin
    assert broken.keeping(before).by_asset_id == before.by_asset_id
    assert before.keeping(broken) is before


def test_a_market_that_has_the_asset_id_of_a_lost_one_is_believed() -> None:
    """A network that was started anew: orders of the old name would go to the new market."""
    before, after = parse_market_table(None, [meta("BTC", "ETH")]), parse_market_table(None, [meta("BTC", "SOL")])
    assert list(after.keeping(before).by_coin) == ["BTC", "SOL"]


@pytest.mark.parametrize("scale", [-1, "-1", "1e999999999", "NaN", [1]])
def test_fee_scale_of_a_deployer_that_cannot_be_costs_only_its_market(scale: Any) -> None:
    odd = meta("xyz:TSLA", "xyz:GOLD")
    odd["universe"][0]["deployerFeeScale"] = scale
    table = parse_market_table([None, {"name": "xyz"}], [meta("BTC"), odd])
    assert list(table.by_coin) == ["BTC", "xyz:GOLD"]
    assert len(table.problems) == 1
