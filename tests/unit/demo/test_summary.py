"""The verdict on a run, its file, its report and its table."""

import json
from dataclasses import replace
from decimal import Decimal
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from hyperliquid_perpetual.demo.display import Display
from hyperliquid_perpetual.demo.exchange import AccountView, DexState
from hyperliquid_perpetual.demo.summary import Summary, report

GOOD = Summary(
    hummingbot="20260922",
    strategy="perpetual_market_making",
    ready_seconds=12.3,
    orders_created=40,
    orders_cancelled=20,
    fills_bot=25,
    fills_exchange=25,
    fill_differences=0,
    position_difference=Decimal("0.00000"),
    fee_difference=Decimal("0E-6"),
    orders_left_open=0,
    errors_logged=0,
)


def test_the_file_has_the_promised_keys_and_plain_numbers(tmp_path: Path) -> None:
    file = GOOD.write(tmp_path / "build" / "demo")

    assert file == tmp_path / "build" / "demo" / "summary.json"
    assert json.loads(file.read_text()) == {
        "hummingbot": "20260922",
        "strategy": "perpetual_market_making",
        "ready_seconds": 12.3,
        "orders_created": 40,
        "orders_cancelled": 20,
        "fills_bot": 25,
        "fills_exchange": 25,
        "fill_differences": 0,
        "position_difference": "0",
        "fee_difference": "0",
        "orders_left_open": 0,
        "errors_logged": 0,
    }
    assert [entry.name for entry in file.parent.iterdir()] == ["summary.json"]


def test_a_run_without_difference_or_error_is_good(tmp_path: Path) -> None:
    assert GOOD.complaints() == []
    assert report(GOOD, [], [], tmp_path, "report.html").splitlines()[-1].startswith("OK")


@pytest.mark.parametrize(
    "change",
    [
        {"fills_bot": 0, "fills_exchange": 0},
        {"fill_differences": 1},
        {"position_difference": Decimal("0.00001")},
        {"fee_difference": Decimal("-0.000001")},
        {"orders_left_open": 1},
        {"errors_logged": 1},
    ],
)
def test_anything_else_is_not(change: dict[str, Any], tmp_path: Path) -> None:
    bad = replace(GOOD, **change)

    assert len(bad.complaints()) == 1
    assert report(bad, [], [], tmp_path, "report.html").splitlines()[-1] == f"FAILED: {bad.complaints()[0]}"


def test_the_report_shows_the_first_differences_and_how_many_more(tmp_path: Path) -> None:
    text = report(
        replace(GOOD, fill_differences=12), [f"difference {n}" for n in range(12)], [], tmp_path, "report.html"
    )

    assert "difference 9" in text
    assert "difference 10" not in text
    assert "... and 2 more" in text


@pytest.fixture
def view() -> AccountView:
    filled = AccountView(orders={"": 4}, states={"": DexState({"BTC": Decimal("-0.002")}, Decimal("0.5"))})
    filled.bids["BTC"], filled.asks["BTC"] = Decimal("84143"), Decimal("84144")
    filled.fills[(1, "BTC", 2, 3)] = {"fee": "0.0252", "closedPnl": "0.0"}
    return filled


def shown(view: AccountView, coins: tuple[str, ...], **console: Any) -> str:
    output = StringIO()
    display = Display(Console(file=output, width=160, **console))
    with display.trading():
        for elapsed in (0.0, 1.0, 6.0):
            display.show(view, coins, elapsed, 60)
    return output.getvalue()


def test_a_terminal_gets_a_table(view: AccountView) -> None:
    text = shown(view, ("BTC", "ETH"), force_terminal=True)

    assert all(word in text for word in ("market", "84143.5", "-0.002", "0.0252", "+0.4748", "6 / 60 s", "ETH"))


def test_anything_else_gets_a_line_every_few_seconds(view: AccountView) -> None:
    lines = shown(view, ("BTC",)).splitlines()

    assert len(lines) == 2
    assert "mid 84143.5 spread 1 position -0.002; open orders 4, fills 1, fees 0.0252, PnL +0.4748" in lines[0]


def test_a_step_says_how_long_it_took() -> None:
    output = StringIO()
    with Display(Console(file=output)).step("Doing it"):
        pass

    assert output.getvalue().splitlines() == ["Doing it ...", "Doing it: done in 0.0 s"]
