"""Referrals as the venue words them, in the shape that clients of the venue read (`referral`, section 2.3)."""

from collections.abc import Mapping
from typing import Any

from hyperliquid_perpetual.sandbox.engine.exchange import Exchange
from hyperliquid_perpetual.sandbox.engine.referral_state import ReferralState
from hyperliquid_perpetual.sandbox.engine.referrals import CODE_VOLUME, referral_of
from hyperliquid_perpetual.sandbox.wire import money_text

USDC = "USDC"

Json = dict[str, Any]


def referral(exchange: Exchange, user: str, tokens: Mapping[str, int]) -> Json:
    """`referral` of a lowercase address; `tokens` are the tokens' indexes by name.

    Figures at the top are those of USDC, `tokenToState` has the others. There is no history of rewards.
    """
    account = exchange.account(user)
    volume = 0 if account is None else account.volume
    state = referral_of(exchange.accounts, user)
    referred_by = None
    if state.referrer is not None:
        referred_by = {"referrer": state.referrer, "code": state.used_code}
    others = dict.fromkeys(name for name in (*state.unclaimed, *state.claimed) if name != USDC and name in tokens)
    return {
        "referredBy": referred_by,
        "cumVlm": money_text(volume),
        **_rewards(state, USDC),
        "referrerState": _referrer_state(exchange, state, volume),
        "rewardHistory": [],
        "tokenToState": [[tokens[name], {"cumVlm": "0.0", **_rewards(state, name)}] for name in others],
    }


def _rewards(state: ReferralState, token: str) -> Json:
    return {
        "unclaimedRewards": money_text(state.unclaimed.get(token, 0)),
        "claimedRewards": money_text(state.claimed.get(token, 0)),
        "builderRewards": "0.0",
    }


def _referrer_state(exchange: Exchange, state: ReferralState, volume: int) -> Json:
    if state.code is not None:
        referred = [_referred(exchange, address, state) for address in state.referred]
        data = {"code": state.code, "nReferrals": len(referred), "referralStates": referred}
        return {"stage": "ready", "data": data}
    missing = max(0, CODE_VOLUME - volume)
    if missing:
        return {"stage": "needToTrade", "data": {"required": money_text(missing)}}
    return {"stage": "needToCreateCode"}


def _referred(exchange: Exchange, address: str, state: ReferralState) -> Json:
    account = exchange.account(address)
    entry = state.referred[address]
    return {
        "cumVlm": money_text(0 if account is None else account.volume),
        "cumRewardedFeesSinceReferred": money_text(entry.fees),
        "cumFeesRewardedToReferrer": money_text(entry.rewarded),
        "timeJoined": entry.joined,
        "user": address,
        "tokenToState": [],
    }
