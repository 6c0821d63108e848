"""Runs in the official SDK's own environment: the flows of the SDK's example scripts, one function for each, as JSON.

Each makes the calls of the example of its name in the example's order, with prices of the market it finds. Nothing here
knows that the other side is a sandbox.
"""

import json
import sys
import time

import eth_account
from hyperliquid.exchange import Exchange
from hyperliquid.info import Info
from hyperliquid.utils.signing import (
    USD_SEND_SIGN_TYPES,
    get_timestamp_ms,
    recover_agent_or_user_from_l1_action,
    recover_user_from_user_signed_action,
    sign_l1_action,
    sign_multi_sig_l1_action_payload,
    sign_multi_sig_user_signed_action_payload,
    sign_usd_transfer_action,
)
from hyperliquid.utils.types import Cloid

URL, KEY, FRIENDS_KEY, VAULT = sys.argv[1:5]
GTC = {"limit": {"tif": "Gtc"}}
TOKEN = "USDC:0x6d1e7cde53ba9467b783cb7c530ce054"

wallet, friends_wallet = eth_account.Account.from_key(KEY), eth_account.Account.from_key(FRIENDS_KEY)
user, friend = wallet.address, friends_wallet.address
info = Info(URL, skip_ws=True, perp_dexs=["", "xyz"])
exchange = Exchange(wallet, URL, perp_dexs=["", "xyz"])


def tick(px):
    return float(f"{px:.5g}")


def mid(coin="ETH"):
    return float(info.all_mids("xyz" if coin.startswith("xyz:") else "")[coin])


def low(coin="ETH"):
    """A price at which a bid rests."""
    return tick(mid(coin) * 0.7)


def placed(result):
    return result["response"]["data"]["statuses"][0]["resting"]["oid"]


def rest_and_cancel(trader, coin="ETH", sz=0.2):
    order = trader.order(coin, True, sz, low(coin), GTC)
    return {"order": order, "cancel": trader.cancel(coin, placed(order))}


# ---------------------------------------------------------------------------- orders


def basic_order():
    state = info.user_state(user)
    order = exchange.order("ETH", True, 0.2, low(), GTC)
    status = info.query_order_by_oid(user, placed(order))
    return {"state": state, "order": order, "status": status, "cancel": exchange.cancel("ETH", placed(order))}


def basic_order_with_cloid():
    cloid = Cloid.from_str("0x00000000000000000000000000000001")
    order = exchange.order("ETH", True, 0.2, low(), GTC, cloid=cloid)
    status = info.query_order_by_cloid(user, cloid)
    other = info.query_order_by_cloid(user, Cloid.from_int(2))
    return {"order": order, "status": status, "other": other, "cancel": exchange.cancel_by_cloid("ETH", cloid)}


def basic_order_modify():
    cloid = Cloid.from_str("0x00000000000000000000000000000003")
    order = exchange.order("ETH", True, 0.2, low(), GTC, cloid=cloid)
    status = info.query_order_by_oid(user, placed(order))
    by_oid = exchange.modify_order(placed(order), "ETH", True, 0.1, low() + 5, GTC, cloid=cloid)
    by_cloid = exchange.modify_order(cloid, "ETH", True, 0.1, low() + 5, GTC)
    return {"order": order, "status": status, "by_oid": by_oid, "by_cloid": by_cloid}


def cancel_open_orders():
    before = info.open_orders(user)
    canceled = [exchange.cancel(order["coin"], order["oid"]) for order in before]
    return {"before": before, "canceled": canceled, "after": info.open_orders(user)}


def basic_market_order():
    opened = exchange.market_open("ETH", False, 2, None, 0.01)
    return {"opened": opened, "closed": exchange.market_close("ETH")}


def basic_tpsl():
    found = {}
    for is_buy in (True, False):
        far, near = (1.01, 0.8) if is_buy else (0.99, 1.2)
        px, trigger_px, worst = (tick(mid() * part) for part in (far, near, near * (0.95 if is_buy else 1.05)))

        def trigger(px, tpsl):
            return {"trigger": {"triggerPx": px, "isMarket": True, "tpsl": tpsl}}

        profit_px = tick(mid() * (1.2 if is_buy else 0.8))
        entry = exchange.order("ETH", is_buy, 0.02, px, GTC)
        stop = exchange.order("ETH", not is_buy, 0.02, worst, trigger(trigger_px, "sl"), reduce_only=True)
        take = exchange.order(
            "ETH",
            not is_buy,
            0.02,
            tick(profit_px * (0.95 if is_buy else 1.05)),
            trigger(profit_px, "tp"),
            reduce_only=True,
        )
        leg = {"coin": "ETH", "is_buy": not is_buy, "sz": 0.02, "reduce_only": True}
        grouped = exchange.bulk_orders(
            [
                {**leg, "is_buy": is_buy, "limit_px": px, "order_type": GTC, "reduce_only": False},
                {
                    **leg,
                    "limit_px": tick(profit_px * (0.95 if is_buy else 1.05)),
                    "order_type": trigger(profit_px, "tp"),
                },
                {**leg, "limit_px": worst, "order_type": trigger(trigger_px, "sl")},
            ],
            grouping="normalTpsl",
        )
        armed = info.frontend_open_orders(user)
        found["buy" if is_buy else "sell"] = {
            "entry": entry, "stop": stop, "take": take, "grouped": grouped, "armed": armed,
            "close": exchange.market_close("ETH"), "after": info.frontend_open_orders(user),
        }  # fmt: skip
    return found


def rounding():
    decimals = {asset["name"]: asset["szDecimals"] for asset in info.meta()["universe"]}
    sz, px = 12.345678, mid("DYDX") * 0.91234567
    unrounded = exchange.order("DYDX", True, round(sz * 10, 4), round(px, 8), GTC)
    px, sz = round(float(f"{px:.5g}"), 6 - decimals["DYDX"]), round(sz * 10, decimals["DYDX"])
    order = exchange.order("DYDX", True, sz, px, GTC)
    return {"unrounded": unrounded, "order": order, "cancel": exchange.cancel("DYDX", placed(order))}


def basic_order_with_builder_deployed_dex():
    order = exchange.order("xyz:TSLA", True, 1, low("xyz:TSLA"), GTC)
    return {
        "state": info.user_state(user, "xyz"),
        "meta": info.meta(dex="xyz"),
        "order": order,
        "status": info.query_order_by_oid(user, placed(order)),
        "cancel": exchange.cancel("xyz:TSLA", placed(order)),
    }


def basic_leverage_adjustment():
    cross = exchange.update_leverage(21, "ETH")
    isolated = exchange.update_leverage(20, "ETH", is_cross=False)
    opened = exchange.market_open("ETH", True, 0.1)
    margin = exchange.update_isolated_margin(1, "ETH")
    state = info.user_state(user)
    exchange.market_close("ETH")
    return {"cross": cross, "isolated": isolated, "opened": opened, "margin": margin, "state": state}


def basic_schedule_cancel():
    order = exchange.order("ETH", True, 0.2, low(), GTC)
    status = info.query_order_by_oid(user, placed(order))
    scheduled = exchange.schedule_cancel(get_timestamp_ms() + 5_500)
    end = time.monotonic() + 30
    while info.open_orders(user) and time.monotonic() < end:
        time.sleep(0.1)
    return {
        "status": status,
        "scheduled": scheduled,
        "open": info.open_orders(user),
        "end": info.query_order_by_oid(user, placed(order)),
    }


def priority_fees():
    bid = exchange.gossip_priority_bid(0, "8.8.8.8", 1)
    order = {
        "coin": "ETH",
        "is_buy": True,
        "sz": 0.2,
        "limit_px": low(),
        "order_type": {"limit": {"tif": "Ioc"}},
        "reduce_only": False,
    }
    return {"gossipPriorityBid": bid, "order": exchange.bulk_orders([order], grouping={"p": 12345})}


# ---------------------------------------------------------------------------- who signs


def basic_agent():
    found = {}
    for name in (None, "persist"):
        approved, key = exchange.approve_agent(name)
        agent = Exchange(eth_account.Account.from_key(key), URL, account_address=user)
        found[name or "unnamed"] = {"approved": approved, **rest_and_cancel(agent)}
    return found


def basic_recover_user():
    action, nonce = {"type": "cancel", "cancels": [{"a": 87, "o": 28800768235}]}, get_timestamp_ms()
    signature = sign_l1_action(wallet, action, None, nonce, None, False)
    send = {"destination": friend, "amount": "1", "time": nonce}
    signed = sign_usd_transfer_action(wallet, send, False)
    return {
        "l1": recover_agent_or_user_from_l1_action(action, signature, None, nonce, None, False).lower(),
        "user_signed": recover_user_from_user_signed_action(
            {**send, "hyperliquidChain": "Testnet", "signatureChainId": "0x66eee"},
            signed,
            USD_SEND_SIGN_TYPES,
            "HyperliquidTransaction:UsdSend",
            False,
        ).lower(),
    }


def basic_builder_fee():
    approved = exchange.approve_builder_fee(friend, "0.001%")
    order = exchange.market_open("ETH", True, 0.05, None, 0.01, builder={"b": friend, "f": 1})
    return {"approved": approved, "order": order, "closed": exchange.market_close("ETH")}


def basic_sub_account():
    created = exchange.create_sub_account("example123")
    (sub,) = [entry["subAccountUser"] for entry in info.query_sub_accounts(user) if entry["name"] == "example123"]
    exchange.usd_class_transfer(10, False)
    return {
        "created": created,
        "sub": sub,
        "transfer": exchange.sub_account_transfer(sub, True, 1_000_000),
        "spot_transfer": exchange.sub_account_spot_transfer(sub, True, TOKEN, 1.23),
        "state": info.user_state(sub),
        "spot_state": info.spot_user_state(sub),
    }


def basic_vault():
    return rest_and_cancel(Exchange(friends_wallet, URL, vault_address=VAULT), sz=0.01)


# ---------------------------------------------------------------------------- money


def basic_vault_transfer():
    return {"transfer": exchange.vault_usd_transfer(VAULT, True, 5_000_000), "equities": info.user_vault_equities(user)}


def basic_transfer():
    return {"transfer": exchange.usd_transfer(1, friend)}


def basic_withdraw():
    return {"withdraw": exchange.withdraw_from_bridge(2, user)}


def basic_spot_to_perp():
    return {"to_spot": exchange.usd_class_transfer(1.23, False), "to_perp": exchange.usd_class_transfer(1.23, True)}


def basic_spot_transfer():
    exchange.usd_class_transfer(20, False)
    return {"transfer": exchange.spot_transfer(1, friend, TOKEN)}


def basic_send_asset():
    return {"sent": exchange.send_asset(friend, "", "xyz", TOKEN, 1.23)}


def basic_spot_to_builder_deployed_perp_dex():
    there, back = ("spot", "xyz"), ("xyz", "spot")
    return {
        "there": exchange.send_asset(user, *there, TOKEN, 1.23),
        "back": exchange.send_asset(user, *back, TOKEN, 1.23),
    }


# ---------------------------------------------------------------------------- modes


def dex_abstraction():
    account = eth_account.Account.create()
    info.user_state(account.address)
    trader = Exchange(account, URL)
    by_agent = trader.agent_enable_dex_abstraction()
    enabled = info.query_user_dex_abstraction_state(account.address)
    by_user = trader.user_dex_abstraction(account.address, False)
    return {
        "by_agent": by_agent,
        "enabled": enabled,
        "by_user": by_user,
        "after": info.query_user_dex_abstraction_state(account.address),
    }


def user_abstraction():
    account = eth_account.Account.create()
    info.user_state(account.address)
    trader = Exchange(account, URL)
    before = info.query_user_abstraction_state(account.address)
    by_agent = trader.agent_set_abstraction("u")
    by_user = trader.user_set_abstraction(account.address, "unifiedAccount")
    return {
        "before": before,
        "by_agent": by_agent,
        "by_user": by_user,
        "after": info.query_user_abstraction_state(account.address),
    }


# ---------------------------------------------------------------------------- of another kind of account


def basic_set_referrer():
    return {"setReferrer": exchange.set_referrer("ASDFASDF"), "referral": ask(info.query_referral_state, user)}


def basic_staking():
    return {
        "tokenDelegate": exchange.token_delegate(friend, 100, False),
        "delegatorSummary": ask(info.user_staking_summary, user),
        "delegations": ask(info.user_staking_delegations, user),
        "delegatorRewards": ask(info.user_staking_rewards, user),
        "delegatorHistory": ask(info.delegator_history, user),
    }


def basic_convert_to_multi_sig_user():
    return {
        "convertToMultiSigUser": exchange.convert_to_multi_sig_user([friend], 1),
        "userToMultiSigSigners": ask(info.query_user_to_multi_sig_signers, user),
    }


def basic_evm_use_big_blocks():
    return {"evmUserModify": exchange.use_big_blocks(True)}


def c_signer():
    return {"cSignerAction": ask(exchange.c_signer_jail_self)}


def c_validator():
    return {"cValidatorAction": ask(exchange.c_validator_unregister)}


def multi_sig_order():
    nonce = get_timestamp_ms()
    action = {"type": "noop"}
    signature = sign_multi_sig_l1_action_payload(friends_wallet, action, False, None, nonce, None, user, wallet.address)
    return {"multiSig": exchange.multi_sig(user, action, [signature], nonce)}


def multi_sig_usd_send():
    nonce = get_timestamp_ms()
    action = {
        "type": "usdSend", "signatureChainId": "0x66eee", "hyperliquidChain": "Testnet",
        "destination": friend, "amount": "1.0", "time": nonce,
    }  # fmt: skip
    signature = sign_multi_sig_user_signed_action_payload(
        friends_wallet, action, False, USD_SEND_SIGN_TYPES, "HyperliquidTransaction:UsdSend", user, wallet.address
    )
    return {"multiSig": exchange.multi_sig(user, action, [signature], nonce)}


def perp_deploy():
    return {
        "perpDeploy": exchange.perp_deploy_set_oracle("xyz", {"xyz:TSLA": "400.0"}, [], {}),
        "perpDeployAuctionStatus": ask(info.query_perp_deploy_auction_status),
    }


def spot_deploy():
    return {
        "spotDeploy": exchange.spot_deploy_register_token("TEST0", 2, 8, 1_000_000, "Test token example"),
        "spotDeployState": ask(info.query_spot_deploy_auction_status, user),
    }


def ask(call, *parameters):
    """The answer to a request that may be refused, or the text of the refusal."""
    try:
        return call(*parameters)
    except Exception as error:
        return {"refused": str(error)}


FLOWS = (
    basic_order, basic_order_with_cloid, basic_order_modify, cancel_open_orders, basic_market_order, basic_tpsl,
    rounding, basic_order_with_builder_deployed_dex, basic_leverage_adjustment, basic_agent, basic_recover_user,
    basic_builder_fee, basic_sub_account, basic_vault, basic_vault_transfer, basic_transfer, basic_withdraw,
    basic_spot_to_perp, basic_spot_transfer, basic_send_asset, basic_spot_to_builder_deployed_perp_dex,
    dex_abstraction, user_abstraction, priority_fees, basic_set_referrer, basic_staking,
    basic_convert_to_multi_sig_user, basic_evm_use_big_blocks, c_signer, c_validator, multi_sig_order,
    multi_sig_usd_send, perp_deploy, spot_deploy, basic_schedule_cancel,
)  # fmt: skip


def main():
    info.user_state(user), info.user_state(friend)
    seen = {flow.__name__: flow() for flow in FLOWS}
    json.dump({"user": user.lower(), "friend": friend.lower(), "flows": seen}, sys.stdout)


main()
