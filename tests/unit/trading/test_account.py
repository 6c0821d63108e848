"""Balances and positions out of the venue's statements, in each account mode, nothing counted twice."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec

from hyperliquid_perpetual.trading.account import AccountState, Balance, hummingbot_token
from hyperliquid_perpetual.venue.markets import parse_market_table
from hyperliquid_perpetual.venue.messages import ClearinghouseState, SpotClearinghouseState

RECORDED = Path(__file__).parents[2] / "fixtures" / "recorded"

TABLE = parse_market_table(
    [None, {"name": "km"}],
    [
        {"universe": [{"name": "BTC", "szDecimals": 5, "maxLeverage": 40}], "collateralToken": 0},
        {"universe": [{"name": "km:US500", "szDecimals": 2, "maxLeverage": 20}], "collateralToken": 360},
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


def test_standard_account_shows_isolated_equity_too() -> None:
    """D62: the total is that of all margin, not of cross margin alone."""
    account = AccountState()
    account.mode = "default"
    account.update_dex("", state("150.0", "90.0"))
    assert account.balances(TABLE) == {"USD": Balance(Decimal("150.0"), Decimal("90.0"))}


def test_each_dex_counts_in_its_own_collateral() -> None:
    account = AccountState()
    account.mode = "default"
    account.update_dex("", state("150.0", "90.0"))
    account.update_dex("km", state("40.0", "30.0"))
    assert account.balances(TABLE) == {
        "USD": Balance(Decimal("150.0"), Decimal("90.0")),
        "USDH": Balance(Decimal("40.0"), Decimal("30.0")),
    }


def test_margin_on_a_dex_that_is_not_traded_does_not_count() -> None:
    account = AccountState()
    account.mode = "default"
    account.update_dex("", state("150.0", "90.0"))
    account.update_dex("km", state("40.0", "30.0"))
    assert list(account.balances(TABLE, [""])) == ["USD"]


def test_unified_account_counts_the_spot_wallet_and_not_the_dexs() -> None:
    account = AccountState()
    account.mode = "unifiedAccount"
    account.update_dex("", state("150.0", "90.0"))
    account.update_spot(spot(("USDC", "200.5", "20.5"), ("USDH", "5", "0"), ("PURR", "0.0", "0.0")))
    assert account.balances(TABLE) == {
        "USD": Balance(Decimal("200.5"), Decimal("180.0")),
        "USDH": Balance(Decimal(5), Decimal(5)),
    }


def test_unified_account_without_anything_is_still_a_known_account() -> None:
    """D61: an account without USDC becomes ready, with a balance of zero."""
    account = AccountState()
    account.mode = "portfolioMargin"
    account.update_dex("", state("0.0", "0.0"))
    account.update_spot(spot())
    assert account.is_known
    assert account.balances(TABLE) == {"USD": Balance(Decimal(0), Decimal(0))}


def test_older_statement_does_not_undo_a_newer_one() -> None:
    account = AccountState()
    account.mode = "default"
    assert account.update_dex("", state("150.0", "90.0", time=2))
    assert not account.update_dex("", state("1.0", "1.0", time=1))
    assert account.balances(TABLE)["USD"].total == Decimal("150.0")


def test_recorded_account_is_read() -> None:
    raw = json.loads((RECORDED / "info_clearinghouseState.json").read_text())
    account = AccountState()
    account.mode = "default"
    account.update_dex("", msgspec.convert(raw, ClearinghouseState, strict=False))
    positions = list(account.positions())
    assert {p.coin: p.szi for p in positions} == {
        item["position"]["coin"]: Decimal(item["position"]["szi"]) for item in raw["assetPositions"]
    }


def test_only_usdc_is_shown_as_usd() -> None:
    assert [hummingbot_token(token) for token in ("USDC", "USDH", "USDT0")] == ["USD", "USDH", "USDT0"]
