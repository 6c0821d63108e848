"""Referral codes, and what they earn."""

import pytest

from hyperliquid_perpetual.sandbox.engine.account_commands import (
    ApproveBuilder,
    ClaimRewards,
    CreateSubAccount,
    GrantReferralCode,
    RegisterReferrer,
    SetReferrer,
)
from hyperliquid_perpetual.sandbox.engine.commands import BuilderFee
from hyperliquid_perpetual.sandbox.engine.events import ReferralSet, RewardEarned
from hyperliquid_perpetual.sandbox.engine.fees import VenueFees
from hyperliquid_perpetual.sandbox.engine.quirks import VenueQuirks
from hyperliquid_perpetual.sandbox.engine.records import LedgerDetails
from hyperliquid_perpetual.sandbox.engine.referral_state import ReferralState, Referred
from hyperliquid_perpetual.sandbox.engine.referrals import referral_of
from tests.unit.sandbox.engine.cash import lines, moves
from tests.unit.sandbox.engine.venue import ALICE, BOB, CAROL, DAVE, ETH, NOON, Venue, make_market, money


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
    assert exchange.reply(ClaimRewards(CAROL)).error == "No rewards to claim", "that is less than a dollar"
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


def test_code_is_one_to_twenty_characters_of_an_account_of_its_own_with_ten_thousand_dollars() -> None:
    exchange = venue()
    trade(exchange, BOB, "2.5")  # 10,000 exactly
    for code in ("", "x" * 21):
        error = exchange.reply(RegisterReferrer(BOB, code)).error
        assert error == "Referral code must have 1 to 20 characters."
    assert exchange.reply(RegisterReferrer(BOB, "x" * 20)).error is None
    assert exchange.reply(RegisterReferrer(ALICE, "y")).error is None
    assert exchange.exchange.referrals.codes == {"x" * 20: BOB, "y": ALICE}
    sub = exchange.reply(CreateSubAccount(CAROL, "sub")).created
    assert sub is not None
    exchange.account(sub).volume = money(10_000)
    error = "Only an account of its own can have a referral code."
    assert exchange.reply(RegisterReferrer(sub, "SUB")).error == error


def test_account_can_have_a_code_and_be_referred_in_either_order() -> None:
    exchange = venue()
    exchange.apply(GrantReferralCode(ALICE, "ALICE"))
    exchange.apply(GrantReferralCode(BOB, "BOB"))
    exchange.tick(NOON + 1_000)
    assert exchange.reply(SetReferrer(BOB, "ALICE")).error is None
    assert exchange.reply(SetReferrer(CAROL, "ALICE")).error is None
    exchange.apply(GrantReferralCode(CAROL, "CAROL"))
    accounts = exchange.exchange.accounts
    joined = Referred(joined=NOON + 1_000)
    assert referral_of(accounts, ALICE) == ReferralState("ALICE", referred={BOB: joined, CAROL: joined})
    assert referral_of(accounts, BOB) == ReferralState("BOB", ALICE, "ALICE")
    assert referral_of(accounts, CAROL) == ReferralState("CAROL", ALICE, "ALICE")


def test_whoever_has_nothing_to_do_with_referrals_has_an_empty_state() -> None:
    exchange = venue()
    assert referral_of(exchange.exchange.accounts, BOB) == ReferralState()
    assert referral_of(exchange.exchange.accounts, DAVE) == ReferralState()
    assert exchange.account(BOB).referral is None, "to look does not make one"


def test_rewards_of_one_token_add_up_and_one_that_is_small_waits() -> None:
    usdh = make_market("km:US500", 130_000, 6_000, sz_decimals=3, max_leverage=20, dex="km", collateral="USDH")
    quirks = VenueQuirks()
    exchange = Venue(ETH, usdh, fees=VenueFees(quirks), quirks=quirks, deposits=10**7)
    exchange.apply(GrantReferralCode(CAROL, "CAROL"))
    exchange.reply(SetReferrer(BOB, "CAROL"))
    for _ in range(2):
        trade(exchange, BOB, "10")
        trade(exchange, BOB, "10")
        exchange.sell(ALICE, "km:US500", 6_000, "0.1")
        exchange.buy(BOB, "km:US500", 6_000, "0.1")
        assert exchange.reply(ClaimRewards(CAROL)).error is None
        # 0.0432 % of 80,000 are 34.56; a tenth is paid
        assert moves(exchange.events) == [(CAROL, "spot", "USDC", money("3.456"))]
        line = (CAROL, "rewardsClaim", money("3.456"), "spot", LedgerDetails(token="USDC"))
        assert lines(exchange.events) == [line]
    state = referral_of(exchange.exchange.accounts, CAROL)
    assert state.claimed == {"USDC": money("6.912")} == exchange.exchange.referrals.paid_out
    # twice 0.0432 % of 600 are 0.5184
    assert state.unclaimed == {"USDH": money("0.05184")}
    fees, rewards = money("69.12") + money("0.5184"), money("6.912") + money("0.05184")
    assert state.referred == {BOB: Referred(NOON, fees, rewards)}


def test_reward_is_a_tenth_in_whole_micro_dollars_and_none_of_almost_nothing_or_of_a_rebate() -> None:
    exchange = venue()
    exchange.apply(GrantReferralCode(CAROL, "CAROL"))
    exchange.reply(SetReferrer(BOB, "CAROL"))
    referrals, account = exchange.exchange.referrals, exchange.account(BOB)
    state = referral_of(exchange.exchange.accounts, CAROL)
    much, tenth = "10000000000.00001", "1000000000.000001"  # more than a float could tell apart
    for fee, reward in (("0.000009", "0"), ("-5", "0"), ("0", "0"), ("0.000019", "0.000001"), (much, tenth)):
        state.unclaimed.clear()
        referrals.reward(account, money(fee), "USDC")
        assert state.unclaimed == ({"USDC": money(reward)} if money(reward) else {})
    assert state.referred[BOB] == Referred(NOON, money(much) + money("0.000019"), money(tenth) + money("0.000001"))


def test_rewards_are_claimed_from_more_than_a_dollar() -> None:
    exchange = venue()
    exchange.apply(GrantReferralCode(CAROL, "CAROL"))
    exchange.reply(SetReferrer(BOB, "CAROL"))
    exchange.exchange.referrals.reward(exchange.account(BOB), money(10), "USDC")
    assert exchange.reply(ClaimRewards(CAROL)).error == "No rewards to claim", "a dollar is not more than a dollar"
    exchange.exchange.referrals.reward(exchange.account(BOB), money("0.00001"), "USDC")
    assert exchange.reply(ClaimRewards(CAROL)).error is None
    assert moves(exchange.events) == [(CAROL, "spot", "USDC", money("1.000001"))]


def test_rewards_end_with_the_trade_that_makes_a_thousand_million() -> None:
    exchange = venue()
    exchange.apply(GrantReferralCode(CAROL, "CAROL"))
    exchange.reply(SetReferrer(ALICE, "CAROL"))
    for before, earns in ((money(10**9 - 4_000) - 1, True), (money(10**9 - 4_000), False)):
        exchange.account(ALICE).volume = before
        trade(exchange, BOB)
        assert any(isinstance(event, RewardEarned) for event in exchange.events) is earns


@pytest.mark.parametrize("crossed", [True, False])
def test_what_a_builder_charges_earns_the_referrer_nothing(crossed: bool) -> None:
    exchange = venue()
    exchange.deposit(DAVE, 100)
    exchange.apply(GrantReferralCode(CAROL, "CAROL"))
    exchange.reply(SetReferrer(BOB, "CAROL"))
    assert exchange.reply(ApproveBuilder(BOB, DAVE, 50)).error is None
    orders = {"ours": (BOB, "buy", BuilderFee(DAVE, 50)), "theirs": (ALICE, "sell", None)}
    for whose in ("theirs", "ours") if crossed else ("ours", "theirs"):
        account, side, builder = orders[whose]
        exchange.place(account, exchange.intent(side, "ETH", 4_000, 1, builder=builder))
    fee = money("1.728" if crossed else "0.576")  # 4,000 x 0.045 % or 0.015 %, less 4 %
    (fill,) = [fill for fill in exchange.fills() if fill.account == BOB]
    assert (fill.fee, fill.builder_fee) == (fee + money(2), money(2))
    assert [event for event in exchange.events if isinstance(event, RewardEarned)] == [
        RewardEarned(exchange.now, CAROL, BOB, "USDC", fee // 10)
    ]
    assert referral_of(exchange.exchange.accounts, CAROL).referred[BOB].fees == fee
