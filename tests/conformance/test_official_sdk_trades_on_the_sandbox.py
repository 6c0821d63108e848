"""The official Python SDK, unmodified and in an environment of its own, trades on the sandbox and reads back.

The SDK needs `msgpack`, which collides with Hummingbot's `msgpack-python`: it runs as a program
(`official_sdk_session.py`) in `.venv-sdk`, made by `make env`; `HYPERLIQUID_SDK_PYTHON` names another interpreter.
"""

import json
import os
import subprocess
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from hyperliquid_perpetual.sandbox import Sandbox

ROOT = Path(__file__).parents[2]
SDK_PYTHON = Path(os.environ.get("HYPERLIQUID_SDK_PYTHON", ROOT / ".venv-sdk" / "bin" / "python"))
KEY = "0x" + "42" * 32
NEVER_PLACED = "Order was never placed, already canceled, or filled."

pytestmark = pytest.mark.skipif(
    not SDK_PYTHON.exists(), reason=f"the official SDK's environment is missing ({SDK_PYTHON}); run `make env`"
)


class Session:
    """What the SDK saw, and what the exchange says."""

    def __init__(self, seen: dict[str, Any], exchange: Any) -> None:
        self.seen = seen
        self.exchange = exchange

    def statuses(self, name: str) -> list[Any]:
        """The statuses of a reply that was accepted."""
        reply = self.seen[name]
        assert reply["status"] == "ok", reply
        found: list[Any] = reply["response"]["data"]["statuses"]
        return found

    def error(self, name: str) -> str:
        """The top-level error of a reply that was refused."""
        reply = self.seen[name]
        assert reply["status"] == "err", reply
        text: str = reply["response"]
        return text


@pytest.fixture(scope="module")
def session() -> Iterator[Session]:
    """One run of the SDK against a calm market, shared by the tests of its parts."""
    with Sandbox.in_thread(seed=3, market="calm") as thread:
        done = subprocess.run(
            [SDK_PYTHON, Path(__file__).with_name("official_sdk_session.py"), thread.url, KEY],
            capture_output=True,
            text=True,
            timeout=100,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        yield Session(json.loads(done.stdout), thread)


def test_first_request_of_an_account_may_be_an_order(session: Session) -> None:
    (status,) = session.statuses("first_order")
    assert status["resting"]["oid"] > 2**32
    (found,) = session.seen["open_orders"]
    assert (found["oid"], found["coin"], found["side"]) == (status["resting"]["oid"], "BTC", "B")


def test_order_is_looked_up_and_cancelled_by_oid(session: Session) -> None:
    assert session.seen["status_open"]["order"]["status"] == "open"
    assert session.statuses("cancel") == ["success"]
    assert session.statuses("cancel_again") == [{"error": f"{NEVER_PLACED} asset=0"}]
    assert session.seen["status_canceled"]["order"]["status"] == "canceled"


def test_order_is_modified_and_cancelled_by_cloid(session: Session) -> None:
    (placed,) = session.statuses("cloid_order")
    (modified,) = session.statuses("modify")
    assert placed["resting"]["cloid"] == f"0x{7:032x}"
    assert modified["resting"]["cloid"] == f"0x{8:032x}"
    assert modified["resting"]["oid"] != placed["resting"]["oid"]
    order = session.seen["status_by_cloid"]["order"]["order"]
    assert (order["oid"], order["sz"]) == (modified["resting"]["oid"], "0.06")
    assert session.statuses("cancel_by_cloid") == ["success"]


def test_bulk_requests_keep_their_order_around_a_bad_one(session: Session) -> None:
    first, bad, third = session.statuses("bulk_orders")
    assert bad == {"error": "Order must have minimum value of $10. asset=5"}
    assert first["resting"]["oid"] < third["resting"]["oid"]
    assert session.statuses("bulk_modify")[0]["resting"]["oid"] > third["resting"]["oid"]
    assert session.statuses("bulk_cancel") == ["success", "success"]


def test_market_orders_open_and_close_a_position(session: Session) -> None:
    opened, closed = session.statuses("market_open")[0]["filled"], session.statuses("market_close")[0]["filled"]
    assert opened["totalSz"] == closed["totalSz"] == "0.01"
    (position,) = [entry["position"] for entry in session.seen["state_open"]["assetPositions"]]
    assert (position["coin"], position["szi"], position["leverage"]) == (
        "BTC",
        "0.01",
        {"type": "cross", "value": 7},
    )
    assert Decimal(position["entryPx"]) == Decimal(opened["avgPx"])
    assert session.seen["state_closed"]["assetPositions"] == []


def test_balance_is_deposit_plus_profit_less_fees(session: Session) -> None:
    fills = session.seen["fills"]
    profit = sum(Decimal(fill["closedPnl"]) - Decimal(fill["fee"]) for fill in fills)
    assert Decimal(session.seen["state_closed"]["withdrawable"]) == 100_000 + profit
    assert session.seen["fills_by_time"] == fills[::-1]
    assert {fill["oid"] for fill in fills} == {
        session.statuses("market_open")[0]["filled"]["oid"],
        session.statuses("market_close")[0]["filled"]["oid"],
    }


def test_markets_of_other_dexes_and_collaterals_are_traded(session: Session) -> None:
    assert session.statuses("hip3")[0]["filled"]["totalSz"] == "0.5"
    assert session.statuses("hip3_close")[0]["filled"]["totalSz"] == "0.5"
    (resting,) = session.statuses("usdh")
    assert session.seen["usdh_orders"][0]["oid"] == resting["resting"]["oid"]
    assert session.error("isolated_only") == "Cross margin is not allowed for this asset."


def test_dead_mans_switch_is_refused_to_a_small_account(session: Session) -> None:
    assert session.error("schedule_cancel").startswith(
        "Cannot set scheduled cancel time until enough volume traded. Required: $1000000. Traded: $"
    )


def test_expiry_and_nonces_are_kept_to(session: Session) -> None:
    assert "expired" in session.error("expired")
    assert "resting" in session.statuses("not_expired")[0]
    assert session.seen["noop"]["status"] == "ok"
    assert session.error("noop_again").startswith("Invalid nonce: duplicate nonce ")


def test_agents_trade_when_they_are_approved(session: Session) -> None:
    assert session.seen["approve_agent"] == {"status": "ok", "response": {"type": "default"}}
    (resting,) = session.statuses("agent_order")
    assert resting["resting"]["oid"] in {entry["oid"] for entry in session.seen["frontend_orders"]}
    (agent,) = session.seen["extra_agents"]
    assert agent["name"] == "bot"
    assert session.seen["unnamed_agent"]["status"] == "ok"
    assert session.seen["agent_role"] == {"role": "agent", "data": {"user": session.seen["user"]}}
    assert session.seen["role"] == {"role": "user"}
    refused = session.error("stranger_order")
    assert refused.startswith("User or API Wallet 0x")
    assert refused.endswith(" does not exist.")


def test_everything_is_streamed(session: Session) -> None:
    assert session.seen["all_frames_came"]
    frames = session.seen["frames"]
    updates = [update for frame in frames["orderUpdates"] for update in frame["data"]]
    first = session.statuses("first_order")[0]["resting"]["oid"]
    assert [update["status"] for update in updates if update["order"]["oid"] == first] == ["canceled"]
    streamed = {
        (fill["tid"], fill["oid"])
        for frame in frames["userFills"]
        if not frame["data"].get("isSnapshot")
        for fill in frame["data"]["fills"]
    }
    assert {(fill["tid"], fill["oid"]) for fill in session.seen["fills"]} <= streamed
    assert {frame["data"]["coin"] for frame in frames["bbo"]} == {"BTC"}


def test_exchange_and_sdk_agree_on_what_is_open_in_the_end(session: Session) -> None:
    ours = session.exchange.run(lambda exchange: exchange.open_orders(session.seen["user"]))
    theirs = session.seen["frontend_orders"]
    assert {entry.oid for entry in ours if ":" not in entry.coin} == {entry["oid"] for entry in theirs}
    assert session.seen["rate_limit"]["nRequestsUsed"] >= 20


def test_reads_of_the_sdk_have_the_shapes_it_documents(session: Session) -> None:
    seen = session.seen
    meta, contexts = seen["meta_and_contexts"]
    assert len(meta["universe"]) == len(contexts)
    assert seen["perp_dexs"][0] is None
    assert len(seen["book"]["levels"]) == 2
    assert seen["candles"][-1]["s"] == "BTC"
    assert seen["fees"]["userCrossRate"] == "0.00045"
    assert seen["spot_state"] == {"balances": []}
    assert (seen["abstraction"], seen["sub_accounts"], seen["funding"]) == ("default", None, [])
    assert {entry["delta"]["type"] for entry in seen["ledger"]} == {"deposit"}
    assert {entry["status"] for entry in seen["historical_orders"]} >= {"open", "filled", "canceled"}
