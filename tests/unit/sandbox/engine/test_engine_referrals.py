"""Referral codes, and what they earn."""

import pytest

from hyperliquid_perpetual.sandbox.engine.account_commands import (
    ClaimRewards,
    GrantReferralCode,
    RegisterReferrer,
    SetReferrer,
)
from hyperliquid_perpetual.sandbox.engine.events import ReferralSet, RewardEarned
from hyperliquid_perpetual.sandbox.engine.fees import VenueFees
from hyperliquid_perpetual.sandbox.engine.quirks import VenueQuirks
from tests.unit.sandbox.engine.venue import ALICE, BOB, CAROL, DAVE, Venue, money


def venue() -> Venue:
    quirks = VenueQuirks()
    return Venue(fees=VenueFees(quirks), quirks=quirks, deposits=10**7)


def trade(exchange: Venue, taker: str, size: str = "1") -> None:
    exchange.sell(ALICE, "ETH", 4_000, size)
    exchange.buy(taker, "ETH", 4_000, size)


def test_code_needs_ten_thousand_dollars_of_volume() -> None:
    exchange = venue()
    error = "Cannot generate referral code until enough volume traded"
    assert exchange.reply(RegisterReferrer(BOB, "BOB")).error == error
    trade(exchange, BOB, "2.4999")
    assert exchange.reply(RegisterReferrer(BOB, "BOB")).error == error
    trade(exchange, BOB, "0.01")
    assert exchange.reply(RegisterReferrer(BOB, "BOB")).error is None
    assert exchange.exchange.referrals.codes == {"BOB": BOB}
    assert exchange.reply(RegisterReferrer(BOB, "BOB2")).error == "This account has the referral code BOB already."
    assert exchange.reply(RegisterReferrer(ALICE, "BOB")).error == "Referral code BOB is taken."
    assert exchange.reply(RegisterReferrer(ALICE, "")).error == "Referral code must have 1 to 20 characters."


def test_code_can_be_given_without_volume_but_not_twice() -> None:
    exchange = venue()
    exchange.apply(GrantReferralCode(CAROL, "CAROL"))
    for account, code in ((CAROL, "OTHER"), (BOB, "CAROL"), (BOB, "x" * 21), (DAVE, "DAVE")):
        with pytest.raises(ValueError, match="eferral code"):
            exchange.apply(GrantReferralCode(account, code))


def test_code_is_used_once_and_not_by_its_owner() -> None:
    exchange = venue()
    exchange.apply(GrantReferralCode(CAROL, "CAROL"))
    exchange.apply(GrantReferralCode(ALICE, "ALICE"))
    assert exchange.reply(SetReferrer(BOB, "NOBODY")).error == "There is no referral code NOBODY."
    assert exchange.reply(SetReferrer(CAROL, "CAROL")).error == "Cannot self-refer."
    assert exchange.reply(SetReferrer(BOB, "CAROL")).error is None
    assert exchange.events[1:] == [ReferralSet(exchange.now, BOB, CAROL, "CAROL")]
    assert exchange.reply(SetReferrer(BOB, "ALICE")).error == "Referrer is already set."


def test_referrer_earns_a_tenth_of_what_was_paid_and_claims_it_into_spot() -> None:
    exchange = venue()
    exchange.apply(GrantReferralCode(CAROL, "CAROL"))
    exchange.reply(SetReferrer(BOB, "CAROL"))
    trade(exchange, BOB, "1")
    fee = money("1.728")  # 4,000 x 0.045 % less 4 %
    assert exchange.account(BOB).fills[-1].fee == fee
    assert RewardEarned(exchange.now, CAROL, BOB, "USDC", fee // 10) in exchange.events
    state = exchange.account(CAROL).referral
    assert state is not None
    assert state.unclaimed == {"USDC": fee // 10}
    assert exchange.reply(ClaimRewards(CAROL)).error == "No rewards to claim", "a dollar is not more than a dollar"
    trade(exchange, BOB, "5")
    assert exchange.reply(ClaimRewards(CAROL)).error is None
    earned = money("1.0368")
    assert exchange.account(CAROL).spot == {"USDC": earned}
    assert exchange.exchange.referrals.paid_out == {"USDC": earned}
    assert (state.unclaimed, state.claimed) == ({}, {"USDC": earned})
    assert state.referred[BOB].fees == 6 * fee
    assert [update.kind for update in exchange.account(CAROL).ledger][-1] == "rewardsClaim"
    assert exchange.reply(ClaimRewards(CAROL)).error == "No rewards to claim"
    assert exchange.reply(ClaimRewards(BOB)).error == "No rewards to claim"


def test_maker_fees_earn_as_well_and_rewards_end_with_a_thousand_million() -> None:
    exchange = venue()
    exchange.apply(GrantReferralCode(CAROL, "CAROL"))
    exchange.reply(SetReferrer(ALICE, "CAROL"))
    trade(exchange, BOB)
    (earned,) = [event for event in exchange.events if isinstance(event, RewardEarned)]
    assert (earned.referred, earned.amount) == (ALICE, money("0.0576"))
    exchange.account(ALICE).volume = money(10**9)
    trade(exchange, BOB)
    assert not [event for event in exchange.events if isinstance(event, RewardEarned)]
