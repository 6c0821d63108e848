"""The official SDK, unmodified, goes through the flows of its own example scripts, one by one, on the sandbox.

`official_sdk_examples_session.py` has a function for each example that speaks to the API, and
`official_sdk_maker_session.py` is the one that makes a market. What the sandbox does not do is in `claims`.
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
from hyperliquid_perpetual.sandbox.engine.units import usd
from hyperliquid_perpetual.sandbox.inspection import AccountSnapshot
from hyperliquid_perpetual.sandbox.thread import SandboxThread
from tests.conformance import claims

ROOT = Path(__file__).parents[2]
SDK_PYTHON = Path(os.environ.get("HYPERLIQUID_SDK_PYTHON", ROOT / ".venv-sdk" / "bin" / "python"))
KEY, FRIENDS_KEY = "0x" + "42" * 32, "0x" + "43" * 32
OK = {"status": "ok", "response": {"type": "default"}}

pytestmark = [
    pytest.mark.timeout(240),
    pytest.mark.skipif(
        not SDK_PYTHON.exists(), reason=f"the official SDK's environment is missing ({SDK_PYTHON}); run `make env`"
    ),
]

#: Flows that ask for something which the venue does for accounts of another kind, by the names of `claims`.
OF_OTHER_ACCOUNTS = (
    "basic_set_referrer",
    "basic_staking",
    "basic_convert_to_multi_sig_user",
    "basic_evm_use_big_blocks",
    "c_signer",
    "c_validator",
    "multi_sig_order",
    "multi_sig_usd_send",
    "perp_deploy",
    "spot_deploy",
)


class Flows:
    """What the SDK was answered in every flow, and the exchange afterwards."""

    def __init__(self, told: dict[str, Any], exchange: SandboxThread) -> None:
        self.told = told
        self.exchange = exchange
        self.account: AccountSnapshot = exchange.run(lambda sandbox: sandbox.account(told["user"]))

    def __getitem__(self, name: str) -> dict[str, Any]:
        found: dict[str, Any] = self.told["flows"][name]
        return found


def run_session(name: str, *arguments: str) -> dict[str, Any]:
    """The JSON that a session in the SDK's environment prints."""
    done = subprocess.run(
        [SDK_PYTHON, Path(__file__).with_name(name), *arguments],
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    told: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return told


@pytest.fixture(scope="module")
def flows() -> Iterator[Flows]:
    """All flows one after the other by one account, that may use the dead man's switch after a little volume."""
    with Sandbox.in_thread(seed=3, market="calm", scheduled_cancel_volume=usd(1_000)) as thread:
        vault = thread.run(lambda sandbox: sandbox.create_vault(Account.from_key(FRIENDS_KEY).address))
        told = run_session("official_sdk_examples_session.py", thread.url, KEY, FRIENDS_KEY, vault)
        yield Flows(told, thread)


@pytest.fixture(scope="module")
def maker() -> Iterator[tuple[dict[str, Any], AccountSnapshot]]:
    """A market maker among takers, for some seconds."""
    with Sandbox.in_thread(seed=5, market="wild", coins=["ETH"]) as thread:
        told = run_session("official_sdk_maker_session.py", thread.url, KEY, "5")
        yield told, thread.run(lambda sandbox: sandbox.account(told["user"]))


def statuses(reply: Any) -> list[Any]:
    """The statuses of a reply that was accepted."""
    assert reply["status"] == "ok", reply
    found: list[Any] = reply["response"]["data"]["statuses"]
    return found


# ---------------------------------------------------------------------- orders


@pytest.mark.parametrize("name", ["basic_order", "basic_order_with_cloid"])
def test_order_rests_is_found_and_is_canceled(flows: Flows, name: str) -> None:
    flow = flows[name]
    (order,) = statuses(flow["order"])
    assert flow["status"]["order"]["order"]["oid"] == order["resting"]["oid"]
    assert flow["status"]["order"]["status"] == "open"
    assert statuses(flow["cancel"]) == ["success"]


def test_cloid_that_nobody_used_is_unknown(flows: Flows) -> None:
    flow = flows["basic_order_with_cloid"]
    assert flow["other"] == {"status": "unknownOid"}
    assert flow["order"]["response"]["data"]["statuses"][0]["resting"]["cloid"] == f"0x{1:032x}"


def test_order_is_modified_by_oid_keeping_its_cloid_then_by_cloid_losing_it(flows: Flows) -> None:
    flow = flows["basic_order_modify"]
    (first,), (second,), (third,) = (statuses(flow[step]) for step in ("order", "by_oid", "by_cloid"))
    assert second["resting"]["cloid"] == first["resting"]["cloid"]
    assert "cloid" not in third["resting"]
    assert first["resting"]["oid"] < second["resting"]["oid"] < third["resting"]["oid"]


def test_all_open_orders_are_canceled(flows: Flows) -> None:
    flow = flows["cancel_open_orders"]
    (left,) = flow["before"]
    assert left["oid"] == statuses(flows["basic_order_modify"]["by_cloid"])[0]["resting"]["oid"]
    assert [statuses(reply) for reply in flow["canceled"]] == [["success"]]
    assert flow["after"] == []


def test_market_order_is_filled_and_its_position_closed(flows: Flows) -> None:
    (opened,), (closed,) = (statuses(flows["basic_market_order"][step]) for step in ("opened", "closed"))
    assert opened["filled"]["totalSz"] == closed["filled"]["totalSz"] == "2.0"


@pytest.mark.parametrize("side", ["buy", "sell"])
def test_stop_and_take_profit_are_armed_alone_and_in_a_group_and_go_with_the_position(flows: Flows, side: str) -> None:
    flow = flows["basic_tpsl"][side]
    assert statuses(flow["entry"])[0].keys() == {"filled"}
    assert statuses(flow["stop"]) == statuses(flow["take"]) == ["waitingForTrigger"]
    parent, *children = statuses(flow["grouped"])
    assert parent.keys() == {"filled"}
    assert children == ["waitingForTrigger", "waitingForTrigger"]
    assert sorted(order["orderType"] for order in flow["armed"]) == ["Stop Market"] * 2 + ["Take Profit Market"] * 2
    assert statuses(flow["close"])[0]["filled"]["totalSz"] == "0.04"
    assert flow["after"] == []


def test_numbers_with_too_many_digits_are_refused_and_rounded_ones_accepted(flows: Flows) -> None:
    assert statuses(flows["rounding"]["unrounded"]) == [{"error": "Order has invalid size."}]
    assert statuses(flows["rounding"]["order"])[0].keys() == {"resting"}


def test_market_of_another_dex_is_traded_by_its_full_name(flows: Flows) -> None:
    flow = flows["basic_order_with_builder_deployed_dex"]
    assert flow["status"]["order"]["order"]["coin"] == "xyz:TSLA"
    assert [asset["name"] for asset in flow["meta"]["universe"]] == ["xyz:XYZ100", "xyz:TSLA"]
    assert statuses(flow["cancel"]) == ["success"]


def test_leverage_becomes_isolated_and_margin_is_added(flows: Flows) -> None:
    flow = flows["basic_leverage_adjustment"]
    assert flow["cross"] == flow["isolated"] == flow["margin"] == OK
    (row,) = flow["state"]["assetPositions"]
    position = row["position"]
    assert (position["leverage"]["type"], position["leverage"]["value"]) == ("isolated", 20)
    margin = Decimal(position["positionValue"]) / 20 + 1
    assert abs(Decimal(position["marginUsed"]) - margin) < Decimal("0.5")


def test_dead_mans_switch_cancels_what_is_open(flows: Flows) -> None:
    flow = flows["basic_schedule_cancel"]
    assert flow["status"]["order"]["status"] == "open"
    assert flow["scheduled"] == OK
    assert flow["open"] == []
    assert flow["end"]["order"]["status"] == "scheduledCancel"


# ---------------------------------------------------------------------- who signs, and money


@pytest.mark.parametrize("name", ["unnamed", "persist"])
def test_agent_orders_and_cancels_in_the_accounts_name(flows: Flows, name: str) -> None:
    flow = flows["basic_agent"][name]
    assert flow["approved"] == OK
    (order,) = statuses(flow["order"])
    assert flows.exchange.run(lambda sandbox: sandbox.order(flows.told["user"], order["resting"]["oid"])) is not None
    assert statuses(flow["cancel"]) == ["success"]


def test_sdk_recovers_the_signer_that_the_exchange_saw(flows: Flows) -> None:
    assert set(flows["basic_recover_user"].values()) == {flows.told["user"]}


def test_builder_is_approved_and_paid(flows: Flows) -> None:
    flow = flows["basic_builder_fee"]
    assert flow["approved"] == OK
    (order,) = statuses(flow["order"])
    paid = [fill for fill in flows.account.fills if fill.oid == order["filled"]["oid"]]
    # A tenth of a basis point of the notional.
    tenth = sum(fill.size * fill.price for fill in paid) / 100_000
    assert abs(sum(fill.builder_fee for fill in paid) - tenth) < Decimal("0.000002")


def test_sub_account_is_made_and_funded(flows: Flows) -> None:
    flow = flows["basic_sub_account"]
    assert flow["created"]["response"] == {"type": "createSubAccount", "data": flow["sub"]}
    assert flow["transfer"] == flow["spot_transfer"] == OK
    assert flow["state"]["withdrawable"] == "1.0"
    assert [(row["coin"], row["total"]) for row in flow["spot_state"]["balances"]] == [("USDC", "1.23")]


def test_leader_trades_for_the_vault_and_a_follower_pays_in(flows: Flows) -> None:
    assert statuses(flows["basic_vault"]["cancel"]) == ["success"]
    assert flows["basic_vault_transfer"]["transfer"] == OK
    (equity,) = flows["basic_vault_transfer"]["equities"]
    assert equity["equity"] == "5.0"


@pytest.mark.parametrize(
    "name",
    [
        "basic_transfer",
        "basic_withdraw",
        "basic_spot_to_perp",
        "basic_spot_transfer",
        "basic_send_asset",
        "basic_spot_to_builder_deployed_perp_dex",
    ],
)
def test_money_moves(flows: Flows, name: str) -> None:
    assert flows[name]
    assert all(reply == OK for reply in flows[name].values())


def test_account_modes_change_and_are_read_back(flows: Flows) -> None:
    flow = flows["user_abstraction"]
    assert (flow["before"], flow["by_agent"], flow["by_user"], flow["after"]) == ("default", OK, OK, "unifiedAccount")
    flow = flows["dex_abstraction"]
    assert (flow["by_agent"], flow["enabled"], flow["by_user"], flow["after"]) == (OK, True, OK, False)


# ---------------------------------------------------------------------- what the sandbox does not do


@pytest.mark.parametrize("name", OF_OTHER_ACCOUNTS)
def test_what_is_for_other_accounts_is_refused_by_name_or_done(flows: Flows, name: str) -> None:
    assert flows[name]
    for kind, reply in flows[name].items():
        text = json.dumps(reply)
        if kind in claims.ACTIONS:
            assert "The sandbox does not do the action " in text, kind
        elif kind in claims.INFO:
            assert "The sandbox does not do the info request " in text, kind
        else:
            assert "The sandbox does not do " not in text, kind


def test_priority_fees_are_refused_by_name_or_asked_for(flows: Flows) -> None:
    flow = flows["priority_fees"]
    refused = "The sandbox does not do the action gossipPriorityBid."
    assert (flow["gossipPriorityBid"]["response"] == refused) == ("gossipPriorityBid" in claims.ACTIONS)
    assert (flow["order"]["response"] == "The sandbox does not do priority fees.") == claims.PRIORITY_FEES


# ---------------------------------------------------------------------- the market maker


def test_every_stream_that_the_sdk_knows_brings_frames(maker: tuple[dict[str, Any], AccountSnapshot]) -> None:
    told, _ = maker
    quiet = {"userFundings"}  # its snapshot is empty, and the hour does not end here
    streamed = set(told["kinds"]) - claims.SUBSCRIPTIONS
    assert set(told["frames"]) == streamed
    for name in streamed - quiet:
        assert any(_has_content(message) for message in told["frames"][name]), name


def test_makers_fills_are_those_of_the_exchange(maker: tuple[dict[str, Any], AccountSnapshot]) -> None:
    told, account = maker
    fills = told["maker"]["fills"]
    assert len(fills) >= 2
    assert {(fill["tid"], fill["oid"], fill["px"], fill["sz"], fill["fee"]) for fill in fills} == {
        (fill["tid"], fill["oid"], fill["px"], fill["sz"], fill["fee"]) for fill in told["fills"]
    }
    ledger = {(fill.tid, fill.oid): fill for fill in account.fills}
    assert ledger.keys() == {(fill["tid"], fill["oid"]) for fill in fills}
    for fill in fills:
        booked = ledger[fill["tid"], fill["oid"]]
        assert (booked.price, booked.size) == (Decimal(fill["px"]), Decimal(fill["sz"]))
        assert booked.fee == Decimal(fill["fee"])
    made = [fill for fill in fills if fill["oid"] in set(told["maker"]["placed"])]
    assert made
    assert not any(fill["crossed"] for fill in made), "post-only orders never take"


def test_makers_position_is_the_exchanges_and_nothing_stays_open(
    maker: tuple[dict[str, Any], AccountSnapshot],
) -> None:
    told, account = maker
    assert Decimal(str(round(told["maker"]["position"], 6))) == account.position("ETH")
    assert told["open_orders"] == []
    assert account.open_orders == ()
    assert all(error.startswith("Post only order would have immediately matched") for error in told["maker"]["errors"])


def _has_content(message: dict[str, Any]) -> bool:
    data = message["data"]
    if isinstance(data, list):
        return bool(data)
    return any(value for key, value in data.items() if key not in ("user", "isSnapshot", "coin", "dex"))
