"""Runs in the official SDK's own environment: trades on the exchange at the URL given, and prints what it saw as JSON.

Nothing here knows that the other side is a sandbox. The SDK is used as its examples use it, unmodified.
"""

import json
import sys
import threading
import time

import eth_account
from hyperliquid.exchange import Exchange
from hyperliquid.info import Info
from hyperliquid.utils.types import Cloid

URL, KEY = sys.argv[1], sys.argv[2]
GTC, ALO, IOC = ({"limit": {"tif": tif}} for tif in ("Gtc", "Alo", "Ioc"))


def wait_for(condition, seconds=10):
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True


def main():
    seen = {}
    wallet = eth_account.Account.from_key(KEY)
    info = Info(URL, perp_dexs=["", "xyz", "km"])
    exchange = Exchange(wallet, URL, perp_dexs=["", "xyz", "km"])
    user = wallet.address
    frames = {}
    lock = threading.Lock()

    def listen(subscription):
        name = subscription["type"]

        def on_message(message):
            with lock:
                frames.setdefault(name, []).append(message)

        info.subscribe(subscription, on_message)

    # An order is the very first thing this account does: nobody has asked about it before.
    mid = float(info.all_mids()["BTC"])
    seen["first_order"] = exchange.order("BTC", True, 0.001, round(mid * 0.97), GTC)

    listen({"type": "allMids"})
    for kind in ("l2Book", "trades", "bbo", "activeAssetCtx"):
        listen({"type": kind, "coin": "BTC"})
    listen({"type": "candle", "coin": "BTC", "interval": "1m"})
    for kind in ("userEvents", "userFills", "orderUpdates", "userFundings", "userNonFundingLedgerUpdates"):
        listen({"type": kind, "user": user})
    listen({"type": "activeAssetData", "user": user, "coin": "BTC"})
    wait_for(lambda: {"l2Book", "bbo", "userFills", "userNonFundingLedgerUpdates"} <= set(frames))

    # Resting, looked up by oid, cancelled.
    oid = seen["first_order"]["response"]["data"]["statuses"][0]["resting"]["oid"]
    seen["open_orders"] = info.open_orders(user)
    seen["status_open"] = info.query_order_by_oid(user, oid)
    seen["cancel"] = exchange.cancel("BTC", oid)
    seen["cancel_again"] = exchange.cancel("BTC", oid)
    seen["status_canceled"] = info.query_order_by_oid(user, oid)

    # By cloid: placed post-only, modified, cancelled.
    cloid, other = Cloid.from_int(7), Cloid.from_int(8)
    seen["cloid_order"] = exchange.order(
        "ETH", False, 0.05, round(float(info.all_mids()["ETH"]) * 1.03, 1), ALO, cloid=cloid
    )
    seen["modify"] = exchange.modify_order(
        cloid, "ETH", False, 0.06, round(float(info.all_mids()["ETH"]) * 1.04, 1), GTC, cloid=other
    )
    seen["status_by_cloid"] = info.query_order_by_cloid(user, other)
    seen["cancel_by_cloid"] = exchange.cancel_by_cloid("ETH", other)

    # Several at once, one of them bad.
    orders = [
        {"coin": "SOL", "is_buy": True, "sz": sz, "limit_px": px, "order_type": GTC, "reduce_only": False}
        for sz, px in ((1.0, 120.0), (0.01, 120.0), (1.0, 121.0))
    ]
    seen["bulk_orders"] = exchange.bulk_orders(orders)
    placed = [
        status["resting"]["oid"]
        for status in seen["bulk_orders"]["response"]["data"]["statuses"]
        if "resting" in status
    ]
    seen["bulk_modify"] = exchange.bulk_modify_orders_new(
        [{"oid": placed[0], "order": {**orders[0], "limit_px": 119.5}}]
    )
    placed[0] = seen["bulk_modify"]["response"]["data"]["statuses"][0]["resting"]["oid"]
    seen["bulk_cancel"] = exchange.bulk_cancel([{"coin": "SOL", "oid": entry} for entry in placed])

    # Market orders: open, read back, close.
    seen["update_leverage"] = exchange.update_leverage(7, "BTC")
    seen["market_open"] = exchange.market_open("BTC", True, 0.01)
    seen["state_open"] = info.user_state(user)
    seen["market_close"] = exchange.market_close("BTC")
    seen["state_closed"] = info.user_state(user)
    seen["fills"] = info.user_fills(user)
    seen["fills_by_time"] = info.user_fills_by_time(user, 0)

    # A HIP-3 market on another dex, and one on another collateral.
    seen["hip3"] = exchange.market_open("xyz:TSLA", True, 0.5)
    seen["hip3_close"] = exchange.market_close("xyz:TSLA")
    seen["usdh"] = exchange.order("km:US500", True, 0.01, 6500.0, GTC)
    seen["usdh_orders"] = info.open_orders(user, dex="km")
    seen["isolated_only"] = exchange.update_leverage(2, "STX", is_cross=True)

    # Dead man's switch, and an action that has expired.
    seen["schedule_cancel"] = exchange.schedule_cancel(int(time.time() * 1000) + 10_000)
    exchange.set_expires_after(int(time.time() * 1000) - 60_000)
    seen["expired"] = exchange.order("BTC", True, 0.001, round(mid * 0.97), GTC)
    exchange.set_expires_after(int(time.time() * 1000) + 60_000)
    seen["not_expired"] = exchange.order("BTC", True, 0.001, round(mid * 0.97), ALO)
    exchange.set_expires_after(None)
    nonce = int(time.time() * 1000) + 5
    seen["noop"], seen["noop_again"] = exchange.noop(nonce), exchange.noop(nonce)

    # An agent that trades for the account, and one that nobody has approved.
    seen["approve_agent"], agent_key = exchange.approve_agent("bot")
    agent = Exchange(eth_account.Account.from_key(agent_key), URL, account_address=user)
    seen["agent_order"] = agent.order("BTC", True, 0.001, round(mid * 0.96), GTC)
    seen["unnamed_agent"], _ = exchange.approve_agent()
    stranger = Exchange(eth_account.Account.create(), URL, account_address=user)
    seen["stranger_order"] = stranger.order("BTC", True, 0.001, round(mid * 0.96), GTC)
    seen["extra_agents"] = info.extra_agents(user)
    seen["agent_role"] = info.user_role(agent.wallet.address)
    seen["role"] = info.user_role(user)

    for name, ask in {
        "rate_limit": lambda: info.user_rate_limit(user),
        "fees": lambda: info.user_fees(user),
        "frontend_orders": lambda: info.frontend_open_orders(user),
        "historical_orders": lambda: info.historical_orders(user),
        "ledger": lambda: info.user_non_funding_ledger_updates(user, 0),
        "funding": lambda: info.user_funding_history(user, 0),
        "spot_state": lambda: info.spot_user_state(user),
        "abstraction": lambda: info.query_user_abstraction_state(user),
        "sub_accounts": lambda: info.query_sub_accounts(user),
        "meta_and_contexts": info.meta_and_asset_ctxs,
        "perp_dexs": info.perp_dexs,
        "book": lambda: info.l2_snapshot("BTC"),
        "candles": lambda: info.candles_snapshot("BTC", "1m", 0, int(time.time() * 1000)),
        "funding_history": lambda: info.funding_history("BTC", 0),
    }.items():
        seen[name] = ask()

    seen["all_frames_came"] = wait_for(
        lambda: (
            {"orderUpdates", "userEvents", "trades", "candle", "activeAssetCtx"} <= set(frames)
            and any(message["data"].get("fills") for message in frames.get("userEvents", []))
        )
    )
    info.disconnect_websocket()
    with lock:
        seen["frames"] = {name: messages[:50] for name, messages in frames.items()}
    seen["user"] = user.lower()
    json.dump(seen, sys.stdout)


main()
