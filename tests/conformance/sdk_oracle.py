"""Builds and signs with the official SDK what the cases say. Run by the SDK's own Python: it imports nothing of ours.

Cases come as a JSON list on standard input, answers leave as one on standard output. Wherever the SDK's ``Exchange``
has a method, that method is called whole and what it would have posted is caught; nothing is sent anywhere. For the
three actions it lacks (single modify, TWAP order and cancel) its own wire functions are used inside the frame that the
venue's reference gives, section 3.
"""

import json
import sys
from importlib.metadata import version
from typing import Any

import eth_account
import msgpack
from hyperliquid import exchange as exchange_module
from hyperliquid.exchange import Exchange
from hyperliquid.utils.constants import MAINNET_API_URL, TESTNET_API_URL
from hyperliquid.utils.signing import (
    action_hash,
    float_to_wire,
    order_request_to_order_wire,
    recover_agent_or_user_from_l1_action,
    sign_l1_action,
)
from hyperliquid.utils.types import Cloid

EMPTY_META = {"universe": []}
EMPTY_SPOT_META = {"universe": [], "tokens": []}


class CatchingExchange(Exchange):
    """The SDK's client with the last step, posting, replaced by keeping."""

    def __init__(self, case: dict[str, Any]) -> None:
        super().__init__(
            eth_account.Account.from_key(case["key"]),
            MAINNET_API_URL if case["is_mainnet"] else TESTNET_API_URL,
            meta=EMPTY_META,
            spot_meta=EMPTY_SPOT_META,
            vault_address=case["vault"],
        )
        self.set_expires_after(case["expires_after"])
        # Coins are named by their asset ids here.
        self.info.name_to_asset = int
        self.caught: tuple[Any, Any, int] | None = None

    def _post_action(self, action: Any, signature: Any, nonce: int) -> Any:
        self.caught = (action, signature, nonce)
        return {"status": "ok"}


def answer(case: dict[str, Any]) -> dict[str, Any]:
    exchange_module.get_timestamp_ms = lambda: case["nonce"]
    client = CatchingExchange(case)
    wish = case["wish"]
    kind = wish["kind"]
    if kind == "order":
        builder = wish["builder"] and {"b": wish["builder"]["address"], "f": wish["builder"]["fee"]}
        client.bulk_orders([request(order) for order in wish["orders"]], builder, wish["grouping"])
    elif kind == "cancel":
        client.bulk_cancel([{"coin": str(item["asset"]), "oid": item["oid"]} for item in wish["cancels"]])
    elif kind == "cancelByCloid":
        client.bulk_cancel_by_cloid(
            [{"coin": str(item["asset"]), "cloid": Cloid.from_str(item["cloid"])} for item in wish["cancels"]]
        )
    elif kind == "batchModify":
        client.bulk_modify_orders_new(
            [{"oid": order_name(item["oid"]), "order": request(item["order"])} for item in wish["modifies"]]
        )
    elif kind == "scheduleCancel":
        client.schedule_cancel(wish["time"])
    elif kind == "updateLeverage":
        client.update_leverage(wish["leverage"], str(wish["asset"]), wish["is_cross"])
    elif kind == "updateIsolatedMargin":
        client.update_isolated_margin(float(wish["usd"]), str(wish["asset"]))
    elif kind == "noop":
        client.noop(case["nonce"])
    else:
        sign(client, case, framed(wish))
    assert client.caught is not None
    action, signature, nonce = client.caught
    assert nonce == case["nonce"]
    return {
        # As text: the order of the keys is part of the answer.
        "action": json.dumps(action),
        "packed": msgpack.packb(action).hex(),
        "hash": action_hash(action, case["vault"], nonce, case["expires_after"]).hex(),
        **signature,
        "recovered_from_ours": recover_agent_or_user_from_l1_action(
            json.loads(case["our_action"]),
            case["our_signature"],
            case["vault"],
            nonce,
            case["expires_after"],
            case["is_mainnet"],
        ),
    }


def framed(wish: dict[str, Any]) -> dict[str, Any]:
    """The actions that the SDK has no method for."""
    if wish["kind"] == "modify":
        order = order_request_to_order_wire(request(wish["order"]), wish["order"]["asset"])
        return {"type": "modify", "oid": wish["oid"], "order": order}
    if wish["kind"] == "twapOrder":
        return {
            "type": "twapOrder",
            "twap": {
                "a": wish["asset"],
                "b": wish["is_buy"],
                "s": float_to_wire(float(wish["size"])),
                "r": wish["reduce_only"],
                "m": wish["minutes"],
                "t": wish["randomize"],
            },
        }
    if wish["kind"] == "twapCancel":
        return {"type": "twapCancel", "a": wish["asset"], "t": wish["twap_id"]}
    raise ValueError(f"no such kind: {wish['kind']}")


def sign(client: CatchingExchange, case: dict[str, Any], action: dict[str, Any]) -> None:
    signature = sign_l1_action(
        client.wallet, action, client.vault_address, case["nonce"], client.expires_after, case["is_mainnet"]
    )
    client._post_action(action, signature, case["nonce"])


def request(order: dict[str, Any]) -> dict[str, Any]:
    """An order as users of the SDK write it, with floats."""
    trigger = order["trigger"]
    if trigger is None:
        order_type: dict[str, Any] = {"limit": {"tif": order["tif"]}}
    else:
        order_type = {
            "trigger": {
                # Not the canonical order: the SDK has to bring it about itself.
                "tpsl": trigger["tpsl"],
                "triggerPx": float(trigger["price"]),
                "isMarket": trigger["is_market"],
            }
        }
    return {
        "coin": str(order["asset"]),
        "is_buy": order["is_buy"],
        "sz": float(order["size"]),
        "limit_px": float(order["price"]),
        "order_type": order_type,
        "reduce_only": order["reduce_only"],
        "cloid": order["cloid"] and Cloid.from_str(order["cloid"]),
    }


def order_name(oid: int | str) -> int | Cloid:
    return Cloid.from_str(oid) if isinstance(oid, str) else oid


if __name__ == "__main__":
    json.dump(
        {
            "sdk": version("hyperliquid-python-sdk"),
            "msgpack": ".".join(map(str, msgpack.version)),
            "answers": [answer(case) for case in json.load(sys.stdin)],
        },
        sys.stdout,
    )
