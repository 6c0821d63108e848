"""The official Python SDK: signs orders."""

import importlib.metadata
import json

from eth_account import Account
from hyperliquid.utils.signing import order_request_to_order_wire, order_wires_to_order_action, sign_l1_action
from hyperliquid.utils.types import Cloid
from work import KEY, LIFETIME_MS, NONCE, orders
from worker import serve


def signing(count):
    """From what a user hands in to the body of the request, as ``Exchange.bulk_orders`` does it."""
    wallet = Account.from_key(KEY)
    wanted = orders(count)

    def run(times):
        for _ in range(times):
            wires = [
                order_request_to_order_wire(
                    {
                        "coin": order["coin"],
                        "is_buy": order["is_buy"],
                        "sz": float(order["size"]),
                        "limit_px": float(order["price"]),
                        "order_type": {"limit": {"tif": "Gtc"}},
                        "reduce_only": False,
                        "cloid": Cloid(order["cloid"]),
                    },
                    order["asset"],
                )
                for order in wanted
            ]
            action = order_wires_to_order_action(wires, None)
            expires = NONCE + LIFETIME_MS
            signature = sign_l1_action(wallet, action, None, NONCE, expires, True)
            json.dumps(
                {
                    "action": action,
                    "nonce": NONCE,
                    "signature": signature,
                    "vaultAddress": None,
                    "expiresAfter": expires,
                }
            )

    return run


serve(
    {"hyperliquid-python-sdk": importlib.metadata.version("hyperliquid-python-sdk")},
    {"sign 1": lambda: signing(1), "sign 20": lambda: signing(20)},
)
