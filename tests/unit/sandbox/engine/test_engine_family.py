"""Sub-accounts and vaults: made, named, paid into and out of."""

from decimal import Decimal

import pytest

from hyperliquid_perpetual.sandbox.engine.account_commands import (
    CreateSubAccount,
    CreateVault,
    RenameSubAccount,
    TransferToSubAccount,
    TransferToVault,
)
from hyperliquid_perpetual.sandbox.engine.commands import Deposit
from hyperliquid_perpetual.sandbox.engine.events import CashMoved, LedgerUpdated
from hyperliquid_perpetual.sandbox.engine.family import derived_address
from hyperliquid_perpetual.sandbox.engine.records import LedgerDetails
from hyperliquid_perpetual.sandbox.engine.vaults import vault_value
from tests.unit.sandbox.engine.cash import lines, moves
from tests.unit.sandbox.engine.venue import ALICE, BOB, CAROL, Number, Venue, money

DAY = 86_400_000


def sub_account(venue: Venue, name: str = "sub", master: str = ALICE) -> str:
    created = venue.reply(CreateSubAccount(master, name)).created
    assert created is not None
    return created


def vault(venue: Venue, amount: Number = 1_000, leader: str = ALICE) -> str:
    created = venue.reply(CreateVault(leader, "pool", money(amount))).created
    assert created is not None
    return created


def transfer(
    venue: Venue, address: str, amount: Number, is_deposit: bool = True, token: str | None = None
) -> str | None:
    return venue.reply(TransferToSubAccount(ALICE, address, is_deposit, money(amount), token)).error


def into_vault(venue: Venue, address: str, amount: Number, account: str, is_deposit: bool = True) -> str | None:
    return venue.reply(TransferToVault(account, address, is_deposit, money(amount))).error


def test_sub_account_is_an_account_with_a_master() -> None:
    venue = Venue()
    first, second = sub_account(venue), sub_account(venue, "other")
    assert first != second
    made = venue.account(first)
    assert (made.kind, made.master, made.name) == ("subAccount", ALICE, "sub")
    assert list(venue.account(ALICE).sub_accounts) == [first, second]
    assert "Insufficient margin" in str(venue.buy(first, "ETH", 4_000, 1)), "it exists, but it has nothing"


def test_money_goes_to_a_sub_account_and_back_and_it_trades_with_its_own() -> None:
    venue = Venue(deposits=10_000)
    address = sub_account(venue)
    assert transfer(venue, address, "1000.5") is None
    assert [(event.account, event.amount) for event in venue.events if isinstance(event, CashMoved)] == [
        (ALICE, -money("1000.5")),
        (address, money("1000.5")),
    ]
    assert venue.house(address).raw_usd == money("1000.5")
    venue.sell(BOB, "ETH", 4_000, 1)
    venue.buy(address, "ETH", 4_000, 1)  # 20x: 200 of margin, a tenth of the notional is 400
    assert transfer(venue, address, 601, is_deposit=False) == "Insufficient balance for withdrawal"
    assert transfer(venue, address, 590, is_deposit=False) is None
    assert venue.szi(ALICE, "ETH") == 0
    assert venue.szi(address, "ETH") == 1


def test_master_and_sub_account_trade_with_each_other() -> None:
    venue = Venue(deposits=10_000)
    address = sub_account(venue)
    transfer(venue, address, 5_000)
    venue.sell(ALICE, "ETH", 4_000, 1)
    venue.buy(address, "ETH", 4_000, 1)
    assert venue.szi(address, "ETH") == 1


def test_tokens_go_between_spot_wallets() -> None:
    venue = Venue()
    address = sub_account(venue)
    venue.apply(Deposit(ALICE, money(7), "spot", "HYPE"))
    assert transfer(venue, address, 8, token="HYPE") == "Insufficient balance for token transfer"
    assert transfer(venue, address, 3, token="HYPE") is None
    assert venue.account(address).spot == {"HYPE": money(3)}
    assert venue.account(ALICE).spot == {"HYPE": money(4)}


def test_transfer_to_a_sub_account_stands_in_both_ledgers() -> None:
    venue = Venue(deposits=10_000)
    address = sub_account(venue)
    venue.apply(Deposit(ALICE, money(7), "spot", "HYPE"))
    for token, place, moved, kind in (
        (None, "", "USDC", "subAccountTransfer"),
        ("HYPE", "spot", "HYPE", "spotTransfer"),
    ):
        for is_deposit, source, destination in ((True, ALICE, address), (False, address, ALICE)):
            assert transfer(venue, address, 3, is_deposit, token) is None
            assert moves(venue.events) == [(source, place, moved, -money(3)), (destination, place, moved, money(3))]
            details = LedgerDetails(user=source, destination=destination, token=token)
            line = (kind, money(3), "", details)
            assert lines(venue.events) == [(source, *line), (destination, *line)]
    assert transfer(venue, address, 0) == "Transfer amount must be more than zero."


def test_refusals_about_sub_accounts_name_the_address_or_the_name() -> None:
    venue = Venue()
    address, long = sub_account(venue), "x" * 16
    stranger = f"Sub-account {BOB} is not registered to this account."
    assert venue.reply(RenameSubAccount(ALICE, BOB, "mine")).error == stranger
    assert transfer(venue, BOB, 1) == stranger
    assert venue.reply(RenameSubAccount(ALICE, address, long)).error is None
    taken = f"There is a sub-account of the name {long} already."
    assert venue.reply(CreateSubAccount(ALICE, long)).error == taken
    for name in ("", "x" * 17):
        assert venue.reply(CreateSubAccount(ALICE, name)).error == "Sub-account name must have 1 to 16 characters."
    reply = venue.reply(CreateSubAccount(address, "below"))
    assert (reply.error, reply.created) == ("Only an account of its own can have sub-accounts.", None)
    assert venue.reply(CreateSubAccount(BOB, long)).created == derived_address("sub-account", BOB, 0)


@pytest.mark.parametrize(("name", "error"), [("", "1 to 16"), ("a" * 17, "1 to 16"), ("sub", "already")])
def test_sub_account_names(name: str, error: str) -> None:
    venue = Venue()
    address = sub_account(venue)
    other = sub_account(venue, "other")
    assert error in str(venue.reply(CreateSubAccount(ALICE, name)).error)
    assert error in str(venue.reply(RenameSubAccount(ALICE, other, name)).error)
    assert venue.reply(RenameSubAccount(ALICE, address, "new")).error is None
    assert venue.account(address).name == "new"


def test_nobody_touches_the_sub_account_of_another() -> None:
    venue = Venue()
    address = sub_account(venue, master=BOB)
    for command in (
        TransferToSubAccount(ALICE, address, True, money(1)),
        TransferToSubAccount(ALICE, address, False, money(1)),
        RenameSubAccount(ALICE, address, "mine"),
    ):
        assert "is not registered" in str(venue.reply(command).error)
    assert "Only an account of its own" in str(venue.reply(CreateSubAccount(address, "x")).error)
    assert "Only an account of its own" in str(venue.reply(CreateVault(address, "x", money(100))).error)


# ---------------------------------------------------------------------- vaults


def test_followers_share_what_the_leader_wins_less_commission() -> None:
    venue = Venue(deposits=10_000)
    address = vault(venue)
    assert into_vault(venue, address, 3_000, BOB) is None
    pool = venue.account(address).vault
    assert pool is not None
    venue.sell(CAROL, "ETH", 4_000, 1)
    venue.buy(address, "ETH", 4_000, 1)
    venue.buy(CAROL, "ETH", 4_100, 1)
    venue.sell(address, "ETH", 4_100, 1)
    value = vault_value(venue.account(address), venue.exchange.markets)
    won = value - money(4_000)
    assert money(90) < won < money(100)
    assert pool.equity(BOB, value) == money(3_000) + won * 3 // 4
    assert "locked until" in str(into_vault(venue, address, 1, BOB, is_deposit=False))
    venue.tick(venue.now + DAY)
    before, leaders = venue.house(BOB).raw_usd, venue.house(ALICE).raw_usd
    equity = Decimal(pool.equity(BOB, value)) / 10**12
    assert into_vault(venue, address, equity, BOB, is_deposit=False) is None
    commission = venue.house(ALICE).raw_usd - leaders
    assert abs(commission - won * 3 // 4 // 10) <= 10**6
    assert venue.house(BOB).raw_usd == before + money(equity) - commission
    assert list(pool.stakes) == [ALICE]
    kinds = [event.update.kind for event in venue.events if isinstance(event, LedgerUpdated)]
    assert kinds == ["vaultWithdraw", "vaultWithdraw", "vaultLeaderCommission"]


def test_late_depositor_has_no_part_in_earlier_wins() -> None:
    venue = Venue(deposits=10_000)
    address = vault(venue)
    venue.apply(Deposit(address, money(1_000)))  # the vault doubles
    into_vault(venue, address, 2_000, BOB)
    pool = venue.account(address).vault
    assert pool is not None
    value = vault_value(venue.account(address), venue.exchange.markets)
    assert pool.equity(BOB, value) == money(2_000) == pool.equity(ALICE, value)


def test_leader_keeps_a_twentieth_while_others_are_in() -> None:
    venue = Venue(deposits=10_000)
    address = vault(venue)
    into_vault(venue, address, 1_000, BOB)
    assert "at least 5%" in str(into_vault(venue, address, 950, ALICE, is_deposit=False))
    assert into_vault(venue, address, 940, ALICE, is_deposit=False) is None


def test_money_that_margins_positions_cannot_be_withdrawn() -> None:
    venue = Venue(deposits=10_000)
    address = vault(venue)
    venue.sell(CAROL, "ETH", 4_000, 1)
    venue.buy(address, "ETH", 4_000, 1)
    assert into_vault(venue, address, 700, ALICE, is_deposit=False) == "Insufficient balance for withdrawal"
    assert into_vault(venue, address, 500, ALICE, is_deposit=False) is None


@pytest.mark.parametrize(
    ("amount", "is_deposit", "error"),
    [
        (0, True, "more than zero"),
        (20_000, True, "Insufficient balance for withdrawal"),
        (1, False, "Insufficient equity"),
    ],
)
def test_impossible_vault_transfers(amount: int, is_deposit: bool, error: str) -> None:
    venue = Venue(deposits=10_000)
    address = vault(venue)
    assert error in str(into_vault(venue, address, amount, BOB, is_deposit))
    assert into_vault(venue, BOB, 10, ALICE) == f"Vault not registered: {BOB}"
    assert venue.reply(CreateVault(ALICE, "small", money(99))).error == "A vault is founded with at least $100."
    assert "Insufficient balance" in str(venue.reply(CreateVault(ALICE, "big", money(9_001))).error)
