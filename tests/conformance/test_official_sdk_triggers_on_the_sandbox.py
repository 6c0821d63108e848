"""Trigger orders, TP/SL groups and a TWAP, asked for by the official SDK, unmodified; and what becomes of them."""

import json
import os
import subprocess
import time
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from hyperliquid_perpetual.sandbox import Sandbox

ROOT = Path(__file__).parents[2]
SDK_PYTHON = Path(os.environ.get("HYPERLIQUID_SDK_PYTHON", ROOT / ".venv-sdk" / "bin" / "python"))
KEY = "0x" + "42" * 32

pytestmark = pytest.mark.skipif(
    not SDK_PYTHON.exists(), reason=f"the official SDK's environment is missing ({SDK_PYTHON}); run `make env`"
)


@pytest.fixture(scope="module")
def run() -> Iterator[tuple[dict[str, Any], Any]]:
    """What the SDK saw on a book in which nobody moves, and the exchange afterwards."""
    with Sandbox.in_thread(seed=3, market="still") as thread:
        done = subprocess.run(
            [SDK_PYTHON, Path(__file__).with_name("official_sdk_trigger_session.py"), thread.url, KEY],
            capture_output=True,
            text=True,
            timeout=100,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        yield json.loads(done.stdout), thread


@pytest.fixture
def seen(run: tuple[dict[str, Any], Any]) -> dict[str, Any]:
    return run[0]


def statuses(reply: Any) -> list[Any]:
    assert reply["status"] == "ok", reply
    found: list[Any] = reply["response"]["data"]["statuses"]
    return found


def test_triggers_are_armed_listed_and_found(seen: dict[str, Any]) -> None:
    assert statuses(seen["stop"]) == statuses(seen["take_limit"]) == ["waitingForTrigger"]
    take, stop = seen["orders"]
    assert (take["orderType"], stop["orderType"]) == ("Take Profit Limit", "Stop Market")
    assert stop["triggerCondition"] == f"Price below {seen['below']}"
    assert Decimal(stop["triggerPx"]) == seen["below"]
    assert seen["status"]["order"]["order"] == stop
    assert seen["status"]["order"]["status"] == "open"


def test_trigger_that_could_open_is_refused(seen: dict[str, Any]) -> None:
    assert statuses(seen["opens"]) == [{"error": "Trigger order is not reduce only."}]


def test_armed_order_is_modified_and_canceled(seen: dict[str, Any]) -> None:
    assert statuses(seen["moved"]) == ["waitingForTrigger"]
    assert statuses(seen["cancel"]) == ["success"]


def test_bracket_waits_nested_and_goes_with_its_parent(seen: dict[str, Any]) -> None:
    assert statuses(seen["bracket"])[1:] == ["waitingForFill", "waitingForFill"]
    (parent,) = [row for row in seen["bracket_orders"] if row["children"]]
    rows = {row["oid"] for row in seen["bracket_orders"]}
    assert {child["oid"] for child in parent["children"]} < rows
    assert statuses(seen["cancel_parent"]) == ["success"]
    assert [row["orderType"] for row in seen["after_parent"]] == ["Take Profit Limit"]


def test_twap_runs_and_stops(seen: dict[str, Any]) -> None:
    twap_id = seen["twap"]["response"]["data"]["status"]["running"]["twapId"]
    (row,) = seen["slices"]
    assert (row["twapId"], row["fill"]["twapId"], row["fill"]["dir"]) == (twap_id, twap_id, "Close Long")
    assert seen["twap_cancel"]["response"] == {"type": "twapCancel", "data": {"status": "success"}}
    assert seen["twap_refused"]["response"]["data"]["status"] == {"error": "Invalid TWAP duration: 1 min(s)"}


def test_stop_of_the_position_closes_all_of_it_in_the_end(run: tuple[dict[str, Any], Any]) -> None:
    seen, thread = run
    assert statuses(seen["position_stop"]) == ["waitingForTrigger"]

    def held() -> Decimal:
        position: Decimal = thread.run(lambda exchange: exchange.account(seen["user"]).position("BTC"))
        return position

    assert held() > 0
    thread.run(lambda exchange: exchange.set_price("BTC", seen["below"] - 500))
    end = time.monotonic() + 60
    while held():
        assert time.monotonic() < end, "the mark follows the world within seconds"
        time.sleep(0.1)
    assert thread.run(lambda exchange: exchange.open_orders(seen["user"])) == ()
