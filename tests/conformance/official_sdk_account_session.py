"""Runs in the official SDK's own environment: what an account can do beside trading, as JSON of what the SDK saw."""

import json
import sys

import eth_account
import requests
from hyperliquid.exchange import Exchange
from hyperliquid.info import Info

URL, KEY, FRIENDS_KEY = sys.argv[1:4]
IOC = {"limit": {"tif": "Ioc"}}
GTC = {"limit": {"tif": "Gtc"}}
USDC = "USDC:0x6d1e7cde53ba9467b783cb7c530ce054"


def main():
    seen = {}
    wallet, friend = eth_account.Account.from_key(KEY), eth_account.Account.from_key(FRIENDS_KEY)
    info = Info(URL, skip_ws=True, perp_dexs=["", "xyz"])
    exchange = Exchange(wallet, URL, perp_dexs=["", "xyz"])
    user = wallet.address
    seen["user"], seen["friend"] = user.lower(), friend.address.lower()
    info.user_state(user), info.user_state(friend.address)

    # A sub-account, traded with the master's key.
    seen["create_sub_account"] = exchange.create_sub_account("second")
    sub = seen["create_sub_account"]["response"]["data"]
    seen["sub_account_transfer"] = exchange.sub_account_transfer(sub, True, 1_000_000_000)
    for_sub = Exchange(wallet, URL, vault_address=sub, account_address=sub)
    seen["sub_order"] = for_sub.order("BTC", True, 0.001, 60_000, GTC)
    seen["sub_orders"], seen["own_orders"] = info.open_orders(sub), info.open_orders(user)
    seen["sub_accounts"] = info.query_sub_accounts(user)
    seen["sub_role"] = info.user_role(sub)
    seen["sub_class_transfer"] = for_sub.usd_class_transfer(12.5, False)
    seen["sub_spot"] = info.spot_user_state(sub)

    # Money between places and people.
    seen["class_transfer"] = exchange.usd_class_transfer(50, False)
    seen["sub_account_spot_transfer"] = exchange.sub_account_spot_transfer(sub, True, USDC, 4.0)
    seen["spot_transfer"] = exchange.spot_transfer(3.25, friend.address, USDC)
    seen["usd_transfer"] = exchange.usd_transfer(7, friend.address)
    seen["send_asset"] = exchange.send_asset(user, "", "xyz", USDC, 11)
    seen["friend_spot"] = info.spot_user_state(friend.address)
    seen["spot"] = info.spot_user_state(user)
    seen["xyz"] = info.user_state(user, "xyz")

    # A vault that somebody else leads.
    made = requests.post(f"{URL}/sandbox/vault", json={"leader": friend.address, "amount": 1_000}, timeout=10)
    vault = made.json()["address"]
    seen["vault_transfer"] = exchange.vault_usd_transfer(vault, True, 100_000_000)
    seen["vault_equities"] = info.user_vault_equities(user)
    leading = Exchange(friend, URL, vault_address=vault, account_address=vault)
    seen["vault_order"] = leading.order("BTC", True, 0.001, 60_000, GTC)
    stranger = Exchange(wallet, URL, vault_address=vault, account_address=vault)
    seen["follower_order"] = stranger.order("BTC", True, 0.001, 60_000, GTC)

    # Isolated margin and a builder.
    seen["isolated"] = exchange.update_leverage(5, "ETH", is_cross=False)
    seen["bought"] = exchange.market_open("ETH", True, 0.5)
    seen["before"] = info.user_state(user)
    seen["isolated_margin"] = exchange.update_isolated_margin(20, "ETH")
    seen["after"] = info.user_state(user)
    builder = {"b": friend.address, "f": 10}
    seen["unapproved"] = exchange.market_open("ETH", True, 0.1, builder=dict(builder))
    seen["approve_builder"] = exchange.approve_builder_fee(friend.address, "0.01%")
    seen["approved"] = exchange.market_open("ETH", True, 0.1, builder=dict(builder))
    seen["fills"] = info.user_fills(user)

    # What the exchange offers beside.
    requests.post(f"{URL}/sandbox/referral_code", json={"address": friend.address, "code": "FRIEND"}, timeout=10)
    seen["set_referrer"] = exchange.set_referrer("FRIEND")
    seen["set_referrer_again"] = exchange.set_referrer("FRIEND")
    seen["fees"] = info.user_fees(user)
    seen["use_big_blocks"] = exchange.use_big_blocks(True)
    hype = {"address": user, "amount": 2, "dex": "spot", "token": "HYPE"}
    requests.post(f"{URL}/sandbox/fund", json=hype, timeout=10)
    seen["gossip_priority_bid"] = exchange.gossip_priority_bid(0, "1.2.3.4", 200_000_000)
    seen["low_bid"] = exchange.gossip_priority_bid(1, "1.2.3.4", 1)

    # Account modes.
    seen["abstraction"] = info.query_user_abstraction_state(user)
    seen["agent_set"] = exchange.agent_set_abstraction("u")
    seen["unified"] = info.query_user_abstraction_state(user)
    seen["class_transfer_unified"] = exchange.usd_class_transfer(1, True)
    seen["user_set"] = exchange.user_set_abstraction(user, "portfolioMargin")
    seen["portfolio"] = info.query_user_abstraction_state(user)
    for_friend = Exchange(friend, URL)
    seen["dex_abstraction"] = for_friend.user_dex_abstraction(friend.address, True)
    seen["friend_dex_abstraction"] = info.query_user_dex_abstraction_state(friend.address)
    seen["spot_unified"] = info.spot_user_state(user)
    json.dump(seen, sys.stdout)


main()
