"""Balances and positions out of the venue's statements, in each account mode, nothing counted twice."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest

from hyperliquid_perpetual.trading.account import AccountState, Balance
from hyperliquid_perpetual.venue.markets import parse_market_table
from hyperliquid_perpetual.venue.messages import ClearinghouseState, SpotClearinghouseState
from hyperliquid_perpetual.venue.states import SPOT, STATE

RECORDED = Path(__file__).parents[2] / "fixtures" / "recorded"

TABLE = parse_market_table(
    [None, {"name": "km"}, {"name": "xyz"}],
    [
        {"universe": [{"name": "BTC", "szDecimals": 5, "maxLeverage": 40}], "collateralToken": 0},
        {"universe": [{"name": "km:US500", "szDecimals": 2, "maxLeverage": 20}], "collateralToken": 360},
        {"universe": [{"name": "xyz:TSLA", "szDecimals": 2, "maxLeverage": 10}], "collateralToken": 0},
    ],
    {360: "USDH"},
)


def state(value: str, withdrawable: str, time: int = 1, positions: list[Any] | None = None) -> ClearinghouseState:
    summary = {"accountValue": value}
    return msgspec.convert(
        {
            "marginSummary": summary,
            "crossMarginSummary": {"accountValue": "100.0"},
            "withdrawable": withdrawable,
            "assetPositions": positions or [],
            "time": time,
        },
        ClearinghouseState,
        strict=False,
    )


def spot(*rows: tuple[str, str, str]) -> SpotClearinghouseState:
    return msgspec.convert(
        {"balances": [{"coin": coin, "total": total, "hold": hold} for coin, total, hold in rows]},
        SpotClearinghouseState,
    )


def balance(total: str, available: str) -> Balance:
    return Balance(Decimal(total), Decimal(available))


def account_in(mode: str) -> AccountState:
    account = AccountState()
    account.mode = mode
    return account


@pytest.mark.parametrize("mode", ["default", "disabled"])
def test_standard_account_shows_isolated_equity_too(mode: str) -> None:
    """D62: the total is that of all margin, not of cross margin alone."""
    account = account_in(mode)
    account.update_dex("", state("150.0", "90.0"))
    account.update_spot(spot(("USDC", "1000", "0")))
    assert account.balances(TABLE) == {"USDC": balance("150.0", "90.0")}
    assert account.margin("", "USDC") == balance("150.0", "90.0")


def test_each_dex_counts_in_its_own_collateral() -> None:
    account = account_in("default")
    account.update_dex("", state("150.0", "90.0"))
    account.update_dex("km", state("40.0", "30.0"))
    account.update_dex("xyz", state("7.0", "6.0"))
    assert account.balances(TABLE) == {"USDC": balance("157.0", "96.0"), "USDH": balance("40.0", "30.0")}
    assert account.margin("xyz", "USDC") == balance("7.0", "6.0"), "the first dex's money cannot back orders here"
    assert account.pool("xyz", "USDC") != account.pool("", "USDC")


def test_margin_on_a_dex_that_is_not_traded_does_not_count() -> None:
    account = account_in("default")
    account.update_dex("", state("150.0", "90.0"))
    account.update_dex("km", state("40.0", "30.0"))
    assert account.balances(TABLE, [""]) == {"USDC": balance("150.0", "90.0")}


def test_collateral_of_a_traded_dex_is_listed_even_if_there_is_none() -> None:
    account = account_in("default")
    account.update_dex("", state("150.0", "90.0"))
    assert account.balances(TABLE, ["km"]) == {"USDH": balance("0", "0")}


@pytest.mark.parametrize("mode", ["unifiedAccount", "portfolioMargin"])
def test_unified_account_counts_the_collateral_in_the_spot_wallet_once(mode: str) -> None:
    """Neither the dexs' account values nor tokens that are no collateral (HB#8165) are margin."""
    account = account_in(mode)
    for dex in ("", "km", "xyz"):
        account.update_dex(dex, state("150.0", "90.0"))
    account.update_spot(spot(("USDC", "200.5", "20.5"), ("USDH", "5", "0"), ("PURR", "77.0", "0.0")))
    assert account.balances(TABLE) == {"USDC": balance("200.5", "180.0"), "USDH": balance("5", "5")}
    assert account.margin("xyz", "USDC") == account.margin("", "USDC") == balance("200.5", "180.0")
    assert account.pool("xyz", "USDC") == account.pool("", "USDC") != account.pool("km", "USDH")


def test_unified_account_without_anything_is_still_a_known_account() -> None:
    """D61: an account without USDC becomes ready, with a balance of zero."""
    account = account_in("portfolioMargin")
    account.update_dex("", state("0.0", "0.0"))
    account.update_spot(spot())
    assert account.is_known
    assert account.balances(TABLE) == {"USDC": balance("0", "0")}


def test_portfolio_margin_shows_what_can_be_borrowed_against_other_tokens() -> None:
    account = account_in("portfolioMargin")
    account.update_dex("", state("0.0", "0.0"))
    rows = [
        {"coin": "USDC", "token": 0, "total": "10.0", "hold": "2.0"},
        {"coin": "HYPE", "token": 150, "total": "3.0", "hold": "1.0", "ltv": "0.5"},
        {"coin": "PURR", "token": 1, "total": "3.0", "hold": "0.0"},
    ]
    wallet, malformed = SPOT.decode(
        msgspec.json.encode({"balances": rows, "tokenToAvailableAfterMaintenance": [[0, "57.5"]]})
    )
    account.update_spot(wallet)
    assert not malformed
    assert account.balances(TABLE, [""]) == {"USDC": balance("10.0", "57.5")}
    assert account.other_collateral(["USDC"]) == {"HYPE": balance("3.0", "2.0")}


def test_margin_is_unknown_until_its_own_dex_or_wallet_was_stated() -> None:
    """What was not stated yet must not be told as nothing."""
    account = account_in("default")
    account.update_dex("", state("150.0", "90.0"))
    assert (account.is_margin_known(""), account.is_margin_known("km")) == (True, False)
    account.mode = "unifiedAccount"
    assert not account.is_margin_known("")
    account.update_spot(spot())
    assert account.is_margin_known("km")


def test_dex_abstraction_counts_usdc_on_the_dexs_and_other_collateral_in_the_wallet() -> None:
    account = account_in("dexAbstraction")
    account.update_dex("", state("100.0", "80.0"))
    account.update_dex("km", state("4.0", "3.0"))
    account.update_dex("xyz", state("9.0", "1.0"))
    account.update_spot(spot(("USDC", "1000", "0"), ("USDH", "50", "10")))
    assert account.balances(TABLE) == {"USDC": balance("109.0", "81.0"), "USDH": balance("54.0", "43.0")}
    assert account.margin("xyz", "USDC") == balance("109.0", "81.0"), "USDC waits on the first dex until it is needed"
    assert account.balances(TABLE, ["xyz"]) == {"USDC": balance("109.0", "81.0")}
    assert account.margin("km", "USDH") == balance("54.0", "43.0")


def test_older_statement_does_not_undo_a_newer_one() -> None:
    account = AccountState()
    account.mode = "default"
    assert account.update_dex("", state("150.0", "90.0", time=2))
    assert not account.update_dex("", state("1.0", "1.0", time=1))
    assert account.balances(TABLE)["USDC"].total == Decimal("150.0")


def test_recorded_account_is_read() -> None:
    raw = json.loads((RECORDED / "info_clearinghouseState.json").read_text())
    account = AccountState()
    account.mode = "default"
    account.update_dex("", msgspec.convert(raw, ClearinghouseState, strict=False))
    positions = list(account.positions())
    assert {p.coin: p.szi for p in positions} == {
        item["position"]["coin"]: Decimal(item["position"]["szi"]) for item in raw["assetPositions"]
    }


def position(coin: str, szi: object = "1.0", **fields: object) -> dict[str, Any]:
    return {"position": {"coin": coin, "szi": szi, "leverage": {"type": "cross", "value": 5}, **fields}}


def decoded(positions: list[Any], time: int) -> ClearinghouseState:
    summary = {"accountValue": "1.0"}
    raw = {"marginSummary": summary, "crossMarginSummary": summary, "withdrawable": "1.0", "time": time}
    return STATE.decode(msgspec.json.encode({**raw, "assetPositions": positions}))[0]


def test_position_that_cannot_be_read_keeps_what_was_known_and_costs_only_itself() -> None:
    """D66: what cannot be read is no closed position."""
    account = account_in("default")
    account.update_dex("", decoded([position("BTC", "1.0"), position("ETH", "2.0"), position("SOL", "3.0")], time=1))
    account.update_dex("", decoded([position("BTC", "1.5"), position("ETH", szi={"no": "number"})], time=2))
    assert {data.coin: data.szi for data in account.positions()} == {"BTC": Decimal("1.5"), "ETH": Decimal("2.0")}
    account.update_dex("", decoded([position("BTC", "1.5"), "nothing at all"], time=3))
    assert {data.coin for data in account.positions()} == {"BTC", "ETH"}, "it may have been ETH's"
    account.update_dex("", decoded([position("BTC", "1.5")], time=4))
    assert {data.coin for data in account.positions()} == {"BTC"}


@pytest.mark.parametrize("field", ["entryPx", "liquidationPx", "unrealizedPnl", "marginUsed", "positionValue"])
def test_what_only_informs_about_a_position_costs_itself_when_it_cannot_be_read(field: str) -> None:
    account = account_in("default")
    account.update_dex("", decoded([position("BTC", "-1.5", **{field: "many"}), position("ETH")], time=1))
    assert {data.coin: data.szi for data in account.positions()} == {"BTC": Decimal("-1.5"), "ETH": Decimal("1.0")}


def test_entry_price_may_be_missing() -> None:
    """D66."""
    account = account_in("default")
    account.update_dex("", decoded([position("BTC", entryPx=None, liquidationPx=None)], time=1))
    found = account.position("BTC")
    assert found is not None
    assert found.entryPx is None
