"""What an account can do beside trading, asked for by the official SDK: each action is signed by it, unmodified."""

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
KEYS = ("0x" + "42" * 32, "0x" + "43" * 32)
OK = {"status": "ok", "response": {"type": "default"}}

pytestmark = pytest.mark.skipif(
    not SDK_PYTHON.exists(), reason=f"the official SDK's environment is missing ({SDK_PYTHON}); run `make env`"
)


@pytest.fixture(scope="module")
def seen() -> Iterator[dict[str, Any]]:
    """One run of the SDK on a book in which nobody moves."""
    with Sandbox.in_thread(seed=3, market="still") as thread:
        done = subprocess.run(
            [SDK_PYTHON, Path(__file__).with_name("official_sdk_account_session.py"), thread.url, *KEYS],
            capture_output=True,
            text=True,
            timeout=100,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        yield json.loads(done.stdout)


def balances(state: dict[str, Any]) -> dict[str, Decimal]:
    """Totals by token."""
    return {row["coin"]: Decimal(row["total"]) for row in state["balances"]}


@pytest.mark.parametrize(
    "name",
    [
        "sub_account_transfer",
        "sub_class_transfer",
        "class_transfer",
        "sub_account_spot_transfer",
        "spot_transfer",
        "usd_transfer",
        "send_asset",
        "vault_transfer",
        "isolated_margin",
        "approve_builder",
        "set_referrer",
        "use_big_blocks",
        "gossip_priority_bid",
        "agent_set",
        "user_set",
        "dex_abstraction",
    ],
)
def test_action_of_the_sdk_is_done(seen: dict[str, Any], name: str) -> None:
    assert seen[name] == OK


def test_sub_account_is_traded_by_its_masters_key(seen: dict[str, Any]) -> None:
    address = seen["create_sub_account"]["response"]["data"]
    assert seen["create_sub_account"]["response"]["type"] == "createSubAccount"
    oid = seen["sub_order"]["response"]["data"]["statuses"][0]["resting"]["oid"]
    assert [order["oid"] for order in seen["sub_orders"]] == [oid]
    assert seen["own_orders"] == []
    (listed,) = seen["sub_accounts"]
    assert (listed["name"], listed["subAccountUser"], listed["master"]) == ("second", address, seen["user"])
    assert seen["sub_role"] == {"role": "subAccount", "data": {"master": seen["user"]}}
    assert balances(seen["sub_spot"]) == {"USDC": Decimal("12.5")}


def test_money_is_where_it_was_sent(seen: dict[str, Any]) -> None:
    assert balances(seen["spot"]) == {"USDC": Decimal(50) - 4 - Decimal("3.25")}
    assert balances(seen["friend_spot"]) == {"USDC": Decimal("3.25")}
    assert seen["xyz"]["withdrawable"] == "100011.0"


def test_vault_takes_deposits_and_is_traded_by_its_leader_alone(seen: dict[str, Any]) -> None:
    (equity,) = seen["vault_equities"]
    assert Decimal(equity["equity"]) == 100
    assert "resting" in seen["vault_order"]["response"]["data"]["statuses"][0]
    assert seen["follower_order"]["status"] == "err"


def test_isolated_margin_and_builder_fee(seen: dict[str, Any]) -> None:
    margins = [
        Decimal(entry["position"]["marginUsed"])
        for state in ("before", "after")
        for entry in seen[state]["assetPositions"]
    ]
    assert margins[1] - margins[0] == 20
    assert seen["unapproved"] == {"status": "err", "response": "Builder fee has not been approved."}
    assert "filled" in seen["approved"]["response"]["data"]["statuses"][0]
    newest = seen["fills"][0]
    notional = Decimal(newest["px"]) * Decimal(newest["sz"])
    assert abs(Decimal(newest["builderFee"]) - notional / 10_000) < Decimal("0.000001")


def test_code_is_used_once_and_a_low_bid_is_refused(seen: dict[str, Any]) -> None:
    assert seen["set_referrer_again"] == {"status": "err", "response": "Referrer is already set."}
    assert seen["fees"]["activeReferralDiscount"] == "0.04"
    assert seen["low_bid"] == {"status": "err", "response": "Insufficient gas at current auction price."}


def test_account_modes_are_set_and_read(seen: dict[str, Any]) -> None:
    assert (seen["abstraction"], seen["unified"], seen["portfolio"]) == ("default", "unifiedAccount", "portfolioMargin")
    unified = {"status": "err", "response": "Action disabled when unified account is active"}
    assert seen["class_transfer_unified"] == unified
    assert seen["friend_dex_abstraction"] is True
    assert seen["spot_unified"]["portfolioMarginEnabled"] is True
    assert balances(seen["spot_unified"])["USDC"] > 190_000
