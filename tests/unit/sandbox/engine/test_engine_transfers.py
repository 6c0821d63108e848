"""Withdrawals and transfers: what they move from where to where, what the ledgers say of it, what is refused."""

import pytest

from hyperliquid_perpetual.sandbox.engine.account_commands import (
    ClassTransfer,
    CreateSubAccount,
    OpenAccount,
    SendAsset,
    SetMode,
    TransferToSubAccount,
    Withdraw,
)
from hyperliquid_perpetual.sandbox.engine.commands import Deposit
from hyperliquid_perpetual.sandbox.engine.events import CashMoved, LedgerUpdated
from hyperliquid_perpetual.sandbox.engine.records import LedgerDetails, LedgerUpdate
from hyperliquid_perpetual.sandbox.engine.units import HOUR
from tests.unit.sandbox.engine.cash import lines, moves
from tests.unit.sandbox.engine.venue import ALICE, BOB, DAVE, NOON, TSLA, Venue, money, oid_of, px

NOTHING = "Transfer amount must be more than zero."
UNIFIED = "Action disabled when unified account is active"
NO_MARGIN = "Insufficient balance for withdrawal"
NO_TOKENS = "Insufficient balance for token transfer"
SAME = "Nothing would move: source and destination are the same."
USDC = "USDC"


def sub_account(venue: Venue, amount: int = 0) -> str:
    """Alice's, with some of her money on the first dex."""
    created = venue.reply(CreateSubAccount(ALICE, "sub")).created
    assert created is not None
    if amount:
        assert venue.reply(TransferToSubAccount(ALICE, created, True, money(amount))).error is None
    return created


# ---------------------------------------------------------------------- withdrawals


def test_withdrawal_leaves_the_first_dex_and_a_dollar_of_it_is_the_fee() -> None:
    venue = Venue(deposits=100)
    assert venue.reply(Withdraw(ALICE, money(40), nonce=7)).error is None
    assert moves(venue.events) == [(ALICE, "", USDC, -money(40))]
    details = LedgerDetails(nonce=7, fee=money(1))
    assert lines(venue.events) == [(ALICE, "withdraw", money(39), "", details)]
    assert venue.house(ALICE).raw_usd == money(60)
    assert venue.exchange.deposited[""] == money(260), "of three accounts with 100 each"


def test_withdrawal_of_a_unified_account_leaves_its_spot_wallet() -> None:
    venue = Venue(deposits=0)
    venue.apply(OpenAccount(DAVE, "unifiedAccount"))
    venue.deposit(DAVE, 50)
    assert venue.reply(Withdraw(DAVE, money(50))).error is None
    assert moves(venue.events) == [(DAVE, "spot", USDC, -money(50))]
    assert lines(venue.events) == [(DAVE, "withdraw", money(49), "", LedgerDetails(nonce=0, fee=money(1)))]


def test_withdrawal_is_more_than_its_fee_and_at_most_what_is_there() -> None:
    venue = Venue(deposits=100)
    too_little = "Withdrawal amount must be more than the fee of $1."
    assert venue.reply(Withdraw(ALICE, money(1))).error == too_little
    assert venue.reply(Withdraw(ALICE, money("100.000001"))).error == NO_MARGIN
    assert venue.house(ALICE).raw_usd == money(100)
    assert venue.reply(Withdraw(ALICE, money("1.000001"))).error is None
    assert lines(venue.events)[0][2] == money("0.000001")
    assert venue.reply(Withdraw(ALICE, money("98.999999"))).error is None
    assert venue.house(ALICE).raw_usd == 0


# ---------------------------------------------------------------------- between spot and perps


@pytest.mark.parametrize(("to_perp", "source", "destination"), [(True, "spot", ""), (False, "", "spot")])
def test_class_transfer_moves_usdc_between_the_spot_wallet_and_the_first_dex(
    to_perp: bool, source: str, destination: str
) -> None:
    venue = Venue(deposits=100)
    venue.deposit(ALICE, 100, "spot")
    assert venue.reply(ClassTransfer(ALICE, money(30), to_perp, nonce=9)).error is None
    assert moves(venue.events) == [(ALICE, source, USDC, -money(30)), (ALICE, destination, USDC, money(30))]
    details = LedgerDetails(to_perp=to_perp, nonce=9)
    assert lines(venue.events) == [(ALICE, "accountClassTransfer", money(30), "", details)]


def test_class_transfer_of_a_sub_account_stands_in_its_own_ledger() -> None:
    venue = Venue(deposits=100)
    address = sub_account(venue, 50)
    assert venue.reply(ClassTransfer(ALICE, money(20), False, address)).error is None
    assert moves(venue.events) == [(address, "", USDC, -money(20)), (address, "spot", USDC, money(20))]
    assert [line[:2] for line in lines(venue.events)] == [(address, "accountClassTransfer")]
    assert venue.reply(ClassTransfer(ALICE, money(31), False, address)).error == NO_MARGIN
    assert venue.reply(ClassTransfer(ALICE, money(21), True, address)).error == NO_TOKENS
    stranger = f"Sub-account {BOB} is not registered to this account."
    assert venue.reply(ClassTransfer(ALICE, money(1), False, BOB)).error == stranger


def test_class_transfer_goes_by_the_mode_of_the_sub_account_and_not_of_its_master() -> None:
    venue = Venue(deposits=100)
    address = sub_account(venue, 50)
    assert venue.reply(SetMode(ALICE, None, "unifiedAccount")).error is None
    assert venue.reply(ClassTransfer(ALICE, money(1), False)).error == UNIFIED
    assert venue.reply(ClassTransfer(ALICE, money(1), False, address)).error is None
    assert venue.reply(SetMode(ALICE, address, "unifiedAccount")).error is None
    assert venue.reply(ClassTransfer(ALICE, money(1), False, address)).error == UNIFIED


def test_least_amount_there_is_can_be_transferred_and_nothing_cannot() -> None:
    venue = Venue(deposits=100)
    address = sub_account(venue)
    for amount, error in ((-1, NOTHING), (0, NOTHING), (1, None)):
        assert venue.reply(ClassTransfer(ALICE, amount, False)).error == error
        assert venue.reply(SendAsset(ALICE, BOB, "", "", USDC, amount)).error == error
        assert venue.reply(TransferToSubAccount(ALICE, address, True, amount)).error == error
    assert venue.house(ALICE).raw_usd == money(100) - 3


# ---------------------------------------------------------------------- to others


def test_what_is_sent_to_another_stands_in_both_ledgers() -> None:
    venue = Venue(deposits=100)
    venue.tick(NOON + 1_000)
    assert venue.reply(SendAsset(ALICE, BOB, "xyz", "spot", USDC, money(30), nonce=5)).error is None
    assert moves(venue.events) == [(ALICE, "xyz", USDC, -money(30)), (BOB, "spot", USDC, money(30))]
    details = LedgerDetails(user=ALICE, destination=BOB, token=USDC, source_dex="xyz", destination_dex="spot", nonce=5)
    line = (money(30), "xyz", details)
    assert lines(venue.events) == [(ALICE, "send", *line), (BOB, "send", *line)]
    told = [event for event in venue.events if isinstance(event, LedgerUpdated)]
    moved = [event for event in venue.events if isinstance(event, CashMoved)]
    assert {event.time for event in (*told, *moved)} == {NOON + 1_000}
    (digest,) = {event.update.hash for event in told}
    assert (digest[:2], len(digest)) == ("0x", 66)
    for who in (ALICE, BOB):
        assert venue.account(who).ledger[-1] == LedgerUpdate(NOON + 1_000, digest, "send", *line)
    assert venue.exchange.deposited == {"": money(300), "xyz": money(270)}
    assert venue.exchange.treasury.deposited_spot == {USDC: money(30)}


def test_what_is_sent_to_oneself_stands_once_in_the_ledger() -> None:
    venue = Venue(deposits=100)
    assert venue.reply(SendAsset(ALICE, ALICE, "", "xyz", USDC, money(30))).error is None
    assert moves(venue.events) == [(ALICE, "", USDC, -money(30)), (ALICE, "xyz", USDC, money(30))]
    details = LedgerDetails(user=ALICE, destination=ALICE, token=USDC, source_dex="", destination_dex="xyz", nonce=0)
    assert lines(venue.events) == [(ALICE, "send", money(30), "", details)]


def test_spot_token_is_sent_under_the_kind_that_was_asked_for() -> None:
    venue = Venue(deposits=0)
    venue.apply(Deposit(ALICE, money(5), "spot", "HYPE"))
    command = SendAsset(ALICE, BOB, "spot", "spot", "HYPE", money(2), kind="spotTransfer")
    assert venue.reply(command).error is None
    assert moves(venue.events) == [(ALICE, "spot", "HYPE", -money(2)), (BOB, "spot", "HYPE", money(2))]
    assert [line[:4] for line in lines(venue.events)] == [
        (ALICE, "spotTransfer", money(2), "spot"),
        (BOB, "spotTransfer", money(2), "spot"),
    ]
    assert venue.reply(SendAsset(ALICE, BOB, "spot", "spot", "HYPE", money("3.000001"))).error == NO_TOKENS
    assert venue.exchange.treasury.deposited_spot == {"HYPE": money(5)}
    assert venue.reply(SendAsset(ALICE, BOB, "spot", "spot", "PURR", 1)).error == NO_TOKENS, "she never had any"


def test_master_sends_from_its_sub_account() -> None:
    venue = Venue(deposits=100)
    address = sub_account(venue, 50)
    command = SendAsset(ALICE, ALICE, "", "spot", USDC, money(20), from_sub_account=address)
    assert venue.reply(command).error is None
    assert moves(venue.events) == [(address, "", USDC, -money(20)), (ALICE, "spot", USDC, money(20))]
    assert [(line[0], line[4] and line[4].user) for line in lines(venue.events)] == [
        (address, address),
        (ALICE, address),
    ]
    stranger = f"Sub-account {BOB} is not registered to this account."
    assert venue.reply(SendAsset(ALICE, ALICE, "", "", USDC, money(1), from_sub_account=BOB)).error == stranger


def test_agent_sends_to_the_sub_accounts_of_its_account() -> None:
    venue = Venue(deposits=100)
    address = sub_account(venue)
    assert venue.reply(SendAsset(ALICE, address, "", "", USDC, money(5), by_agent=True)).error is None
    assert venue.house(address).raw_usd == money(5)


def test_place_that_cash_comes_from_has_to_exist_and_to_keep_the_token() -> None:
    venue = Venue(deposits=100)
    assert venue.reply(SendAsset(ALICE, BOB, "nowhere", "", USDC, money(1))).error == "There is no dex 'nowhere'."
    error = "The collateral of dex '' is USDC, not HYPE."
    assert venue.reply(SendAsset(ALICE, BOB, "", "spot", "HYPE", money(1))).error == error


def test_first_dex_keeps_usdc_even_without_a_market() -> None:
    venue = Venue(TSLA, deposits=100)
    assert venue.reply(SendAsset(ALICE, ALICE, "xyz", "", USDC, money(40))).error is None
    assert venue.house(ALICE).raw_usd == money(140)


def test_nothing_moves_from_a_place_to_itself() -> None:
    venue = Venue(deposits=100)
    venue.deposit(ALICE, 100, "spot")
    for place in ("spot", "", "xyz"):
        assert venue.reply(SendAsset(ALICE, ALICE, place, place, USDC, money(1))).error == SAME
    assert venue.reply(SendAsset(ALICE, BOB, "xyz", "xyz", USDC, money(1))).error is None


def test_dexs_are_one_place_under_dex_abstraction_and_the_spot_wallet_is_another() -> None:
    venue = Venue(deposits=0)
    venue.apply(OpenAccount(DAVE, "dexAbstraction"))
    venue.deposit(DAVE, 100)
    assert venue.reply(SendAsset(DAVE, DAVE, "", "xyz", USDC, money(1))).error == SAME
    assert venue.reply(SendAsset(DAVE, DAVE, "xyz", "spot", USDC, money(40))).error is None
    assert moves(venue.events) == [(DAVE, "", USDC, -money(40)), (DAVE, "spot", USDC, money(40))]
    assert lines(venue.events)[0][2:4] == (money(40), "xyz"), "the ledger has the place that was named"


def test_unified_sub_account_has_no_places_to_send_between() -> None:
    venue = Venue(deposits=100)
    address = sub_account(venue, 50)
    assert venue.reply(SetMode(ALICE, address, "unifiedAccount")).error is None
    inside = SendAsset(ALICE, address, "", "spot", USDC, money(1), from_sub_account=address)
    assert venue.reply(inside).error == UNIFIED
    assert venue.reply(SendAsset(ALICE, address, "", "", USDC, money(1))).error is None
    assert moves(venue.events) == [(ALICE, "", USDC, -money(1)), (address, "spot", USDC, money(1))]


# ---------------------------------------------------------------------- accounts


def test_account_exists_from_the_least_amount_that_it_is_sent() -> None:
    venue = Venue(deposits=100)
    assert not venue.exchange.accounts.get(DAVE)
    assert venue.reply(SendAsset(ALICE, DAVE, "", "", USDC, 1)).error is None
    assert venue.leverage(DAVE, "ETH", 5) is None


def test_accounts_keep_as_much_as_the_exchange_is_told_to_keep() -> None:
    venue = Venue(deposits=0, fill_limit=2, ledger_limit=3, history_limit=4)
    for amount in (100_000, 1, 2, 3):
        for who in (ALICE, BOB):
            venue.deposit(who, amount)
    assert [line.amount for line in venue.account(ALICE).ledger] == [money(1), money(2), money(3)]
    placed = []
    for price in (4_000, 4_001, 4_002, 4_003, 4_004):
        venue.sell(BOB, "ETH", price, 1)
        placed.append(oid_of(venue.buy(ALICE, "ETH", price, 1)))
    account = venue.account(ALICE)
    assert [fill.px for fill in account.fills] == [px(4_003), px(4_004)]
    assert [record.oid for record in account.history.newest_first()] == placed[:0:-1]
    venue.tick(NOON + 5 * HOUR)
    assert [payment.time for payment in account.fundings] == [NOON + hours * HOUR for hours in (3, 4, 5)]
