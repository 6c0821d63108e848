"""Runs in the official SDK's own environment: trigger orders, TP/SL groups and a TWAP, printed as JSON.

Nothing here knows that the other side is a sandbox. The SDK has no method for TWAP orders: their actions are
written out here, and signed and sent by it.
"""

import json
import sys

import eth_account
from hyperliquid.exchange import Exchange
from hyperliquid.info import Info
from hyperliquid.utils.signing import get_timestamp_ms, sign_l1_action
from hyperliquid.utils.types import Cloid

URL, KEY = sys.argv[1], sys.argv[2]


def trigger(px, tpsl, is_market=True):
    return {"trigger": {"triggerPx": px, "isMarket": is_market, "tpsl": tpsl}}


def request(is_buy, sz, px, order_type, reduce_only=True):
    return {
        "coin": "BTC",
        "is_buy": is_buy,
        "sz": sz,
        "limit_px": px,
        "order_type": order_type,
        "reduce_only": reduce_only,
    }


def main():
    seen = {}
    wallet = eth_account.Account.from_key(KEY)
    info = Info(URL, skip_ws=True)
    exchange = Exchange(wallet, URL)
    user = wallet.address

    def act(action):
        nonce = get_timestamp_ms()
        return exchange._post_action(action, sign_l1_action(wallet, action, None, nonce, None, False), nonce)

    mid = float(info.all_mids()["BTC"])
    below, above = round(mid * 0.9), round(mid * 1.1)

    seen["open"] = exchange.market_open("BTC", True, 0.02)
    seen["stop"] = exchange.order(
        "BTC", False, 0.02, round(mid * 0.8), trigger(below, "sl"), reduce_only=True, cloid=Cloid.from_int(1)
    )
    seen["take_limit"] = exchange.order("BTC", False, 0.02, above, trigger(above, "tp", False), reduce_only=True)
    seen["opens"] = exchange.order("BTC", False, 0.02, round(mid * 0.8), trigger(below, "sl"))
    seen["orders"] = info.frontend_open_orders(user)
    seen["status"] = info.query_order_by_cloid(user, Cloid.from_int(1))
    seen["moved"] = exchange.modify_order(
        Cloid.from_int(1), "BTC", False, 0.02, round(mid * 0.8), trigger(below - 100, "sl"), True, Cloid.from_int(2)
    )
    seen["cancel"] = exchange.cancel_by_cloid("BTC", Cloid.from_int(2))

    bracket = [
        request(True, 0.01, round(mid * 0.95), {"limit": {"tif": "Gtc"}}, reduce_only=False),
        request(False, 0.01, round(mid), trigger(above, "tp")),
        request(False, 0.01, round(mid * 0.8), trigger(below, "sl")),
    ]
    seen["bracket"] = exchange.bulk_orders(bracket, grouping="normalTpsl")
    seen["bracket_orders"] = info.frontend_open_orders(user)
    parent = seen["bracket"]["response"]["data"]["statuses"][0]["resting"]["oid"]
    seen["cancel_parent"] = exchange.cancel("BTC", parent)
    seen["after_parent"] = info.frontend_open_orders(user)

    twap = {"a": 0, "b": False, "s": "0.01", "r": True, "m": 5, "t": False}
    seen["twap"] = act({"type": "twapOrder", "twap": twap, "details": {"t": None, "s": None}})
    twap_id = seen["twap"]["response"]["data"]["status"]["running"]["twapId"]
    seen["slices"] = info.user_twap_slice_fills(user)
    seen["twap_cancel"] = act({"type": "twapCancel", "a": 0, "t": twap_id})
    seen["twap_refused"] = act({"type": "twapOrder", "twap": {**twap, "m": 1}})

    seen["position_stop"] = exchange.bulk_orders(
        [request(False, 0, round(mid * 0.8), trigger(below, "sl"))], grouping="positionTpsl"
    )
    seen["below"] = below
    seen["user"] = user.lower()
    json.dump(seen, sys.stdout)


main()
