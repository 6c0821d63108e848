"""PyPI's `ccxt`, unmodified and in an environment of its own, trades on the sandbox by its unified methods.

It runs as a program (`ccxt_session.py`) in `.venv-ccxt`, made by `make strangers`; `HYPERLIQUID_CCXT_PYTHON` names
another interpreter. What ccxt sends, and how it reads the answers, was written by people who trade on the venue.
"""

import json
import os
import subprocess
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from eth_account import Account

from hyperliquid_perpetual.sandbox import Sandbox
from hyperliquid_perpetual.sandbox.inspection import AccountSnapshot
from tests.conformance import claims

ROOT = Path(__file__).parents[2]
CCXT_PYTHON = Path(os.environ.get("HYPERLIQUID_CCXT_PYTHON", ROOT / ".venv-ccxt" / "bin" / "python"))
KEY = "0x" + "42" * 32
ADDRESS = Account.from_key(KEY).address
#: ccxt approves this builder and names it in every order, if it is not told otherwise; on the venue it has money.
BUILDER = "0x6530512a6c89c7cfcebc3ba7fcd9ada5f30827a6"
BTC, ETH, SOL, TSLA = "BTC/USDC:USDC", "ETH/USDC:USDC", "SOL/USDC:USDC", "XYZ-TSLA/USDC:USDC"

pytestmark = [
    pytest.mark.timeout(240),
    pytest.mark.skipif(
        not CCXT_PYTHON.exists(), reason=f"ccxt's environment is missing ({CCXT_PYTHON}); run `make strangers`"
    ),
]

#: What the exchange refuses, as ccxt understands it: (its error class, words of the text).
REFUSALS = {
    "canceled_again": ("OrderNotFound", "Order was never placed, already canceled, or filled. asset=0"),
    "post_only_crosses": ("InvalidOrder", "Post only order would have immediately matched, bbo was "),
    "ioc_misses": ("InvalidOrder", "Order could not immediately match against any resting orders. asset=1"),
    "too_small": ("InvalidOrder", "Order must have minimum value of $10. asset=0"),
    "too_dear": ("InsufficientFunds", "Insufficient margin to place order. asset=0"),
    "reduce_only_refused": ("InvalidOrder", "Reduce only order would increase position. asset=5"),
    "switch": ("ExchangeError", "Cannot set scheduled cancel time until enough volume traded."),
}
#: Steps that ask for an action which the sandbox may not do.
UNSERVED = {"reserved_weight": "reserveRequestWeight", "created_vault": "createVault"}


class Session:
    """What ccxt made of every step, and the account on the exchange afterwards."""

    def __init__(self, seen: dict[str, Any], account: AccountSnapshot) -> None:
        self.seen = seen
        self.account = account

    def __getitem__(self, step: str) -> Any:
        return self.seen[step]


@pytest.fixture(scope="module")
def session() -> Iterator[Session]:
    """One day of ccxt in a calm market."""
    with Sandbox.in_thread(seed=3, market="calm") as thread:
        thread.run(lambda sandbox: sandbox.fund(BUILDER, 1_000))
        done = subprocess.run(
            [CCXT_PYTHON, Path(__file__).with_name("ccxt_session.py"), thread.url, KEY, ADDRESS],
            capture_output=True,
            text=True,
            timeout=200,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        yield Session(json.loads(done.stdout), thread.run(lambda sandbox: sandbox.account(ADDRESS)))


def test_pinned_release_is_the_one_that_runs(session: Session) -> None:
    (pinned,) = [line for line in (ROOT / "requirements" / "ccxt.in").read_text().splitlines() if "==" in line]
    assert pinned == f"ccxt=={session['version']}"


def test_only_what_was_provoked_is_refused(session: Session) -> None:
    refused = {step: value for step, value in session.seen.items() if isinstance(value, dict) and "error" in value}
    not_done = {step for step, action in UNSERVED.items() if action in claims.ACTIONS}
    assert refused.keys() == REFUSALS.keys() | not_done
    for step, (kind, text) in REFUSALS.items():
        assert refused[step]["error"] == kind, step
        assert text in refused[step]["text"], step
    for step in not_done:
        assert f"The sandbox does not do the action {UNSERVED[step]}." in refused[step]["text"]


def test_markets_of_every_dex_are_loaded_with_their_rules(session: Session) -> None:
    markets = session["markets"]
    assert {BTC, ETH, SOL, "KPEPE/USDC:USDC", TSLA, "KM-US500/USDH:USDH"} <= markets.keys()
    assert (markets[BTC]["id"], markets[BTC]["precision"]["amount"]) == ("0", 1e-05)
    assert markets[TSLA]["id"] == "110001"
    assert markets["KM-US500/USDH:USDH"]["settle"] == "USDH"
    assert not markets["MATIC/USDC:USDC"]["active"]
    assert {"USDC", "USDH"} <= set(session["currencies"])


def test_market_data_is_read(session: Session) -> None:
    assert session["status"]["status"] == "ok"
    book = session["order_book"]
    assert book["bids"][0][0] < book["asks"][0][0]
    assert book["bids"][0][0] * 0.99 < session["ticker"]["last"] < book["asks"][0][0] * 1.01
    assert session["tickers"][TSLA] > 0
    times = [row[0] for row in session["candles"]]
    assert times == sorted(times)
    assert len(times) > 1000
    assert session["funding_rate"]["fundingRate"] != 0
    assert BTC in session["funding_rates"]
    assert session["open_interest"]["openInterestAmount"] > 0


def test_orders_are_placed_found_edited_and_canceled(session: Session) -> None:
    found = session["limit_found"]
    assert (found["id"], found["status"], found["side"], found["amount"]) == (
        session["limit"]["id"],
        "open",
        "buy",
        0.001,
    )
    (edited,) = session["open_orders"]
    assert edited["id"] == session["edited"]["id"] != session["limit"]["id"]
    assert edited["amount"] == 0.002
    assert session["canceled"]["status"] == "success"
    assert session["by_cloid"]["clientOrderId"] == "0x" + "c1" * 16
    assert (session["by_cloid"]["postOnly"], session["canceled_by_cloid"]["status"]) == (True, "success")
    assert len({order["id"] for order in session["batch"]}) == 3
    assert [order["status"] for order in session["batch_canceled"]] == ["success", "success"]


def test_market_orders_fill_and_are_in_the_accounts_trades(session: Session) -> None:
    orders = {session[step]["id"] for step in ("ioc", "market", "hip3", "isolated_buy", "close", "ws_filled")}
    assert {trade["order"] for trade in session["my_trades"]} >= orders
    assert {trade["id"] for trade in session["my_trades"]} == {str(fill.tid) for fill in session.account.fills}
    assert {trade["symbol"] for trade in session["my_trades"]} == {BTC, ETH, SOL, TSLA}
    assert len(session["my_trades_of_eth"]) == 1
    assert {order["id"] for order in session["closed_orders"]} >= orders
    assert {order["id"] for order in session["canceled_orders"]} >= {order["id"] for order in session["batch"]}


def test_triggers_alone_and_attached_are_armed(session: Session) -> None:
    armed = [order for order in session["triggers"] if order["triggerPrice"]]
    assert len(armed) == 5
    assert all(order["reduceOnly"] and order["side"] == "sell" for order in armed)
    assert [order["type"] for order in armed].count("market") == 2
    # ccxt names stop losses and take profits by what the exchange calls them.
    assert [order["stopLossPrice"] is not None for order in armed].count(True) == 3
    assert [order["takeProfitPrice"] is not None for order in armed].count(True) == 2


def test_twap_is_started_and_stopped(session: Session) -> None:
    assert (session["twap"]["status"], session["twap_canceled"]["status"]) == ("running", "success")


def test_positions_margin_and_leverage_are_as_asked(session: Session) -> None:
    (bought, *_) = [position for position in session["positions"] if position["symbol"] == BTC]
    assert (bought["side"], bought["marginMode"], bought["contracts"]) == ("long", "cross", 0.0191)
    isolated = session["isolated_position"]
    assert (isolated["marginMode"], isolated["leverage"]) == ("isolated", 5.0)
    assert isolated["initialMargin"] == pytest.approx(5 * isolated["entryPrice"] / 5 + 20, rel=0.01)
    assert session["leverage"]["status"] == "ok"
    assert session.account.position("BTC") == Decimal("0.001")
    assert session.account.position("SOL") == 5


def test_money_moves_and_the_ledger_says_so(session: Session) -> None:
    assert session["spot_balance"]["USDC"]["total"] == 20
    total = session["balance"]["USDC"]
    assert total["total"] == pytest.approx(total["free"] + total["used"])
    kinds = [row["info"]["delta"]["type"] for row in session["ledger"]]
    assert set(kinds) >= {"deposit", "accountClassTransfer", "withdraw", "subAccountTransfer"}
    assert len(session["deposits"]) == kinds.count("deposit")
    (withdrawal,) = session["withdrawals"]
    assert (withdrawal["amount"], withdrawal["fee"]["cost"]) == (2, 1)
    assert session["to_sub_account"]["status"] == "ok"


def test_fees_are_the_exchanges_and_the_builder_that_ccxt_names_gets_its_own(session: Session) -> None:
    assert (session["trading_fee"]["taker"], session["trading_fee"]["maker"]) == (0.00045, 0.00015)
    assert all(fill.builder_fee > 0 for fill in session.account.fills if fill.twap_id is None)


def test_every_stream_is_watched(session: Session) -> None:
    assert session["watched_book"]["bids"][0][0] < session["watched_book"]["asks"][0][0]
    assert session["watched_trades"][0]["symbol"] == BTC
    assert session["watched_ticker"]["last"] > 0
    assert {BTC, ETH} <= session["watched_tickers"].keys()
    assert len(session["watched_candles"][0]) == 6
    assert {position["symbol"] for position in session["watched_positions"]} == {ETH, SOL}
    assert session["watched_balance"]["USDC"]["total"] > 0
    assert session["watched_earlier_trades"]


def test_orders_go_over_the_socket_and_their_events_come_back(session: Session) -> None:
    order = session["ws_order"]["id"]
    assert order in {entry["id"] for entry in session["watched_orders"]}
    assert session["ws_edited"]["id"] != order
    assert session["ws_canceled"]["status"] == "success"
    assert {trade["order"] for trade in session["watched_my_trades"]} == {session["ws_filled"]["id"]}
