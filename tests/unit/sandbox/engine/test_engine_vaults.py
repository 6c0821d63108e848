"""Vaults to the last unit: shares, profits, commissions, what the ledgers say, and every refusal."""

from hyperliquid_perpetual.sandbox.engine.account_commands import (
    CreateSubAccount,
    CreateVault,
    DistributeVault,
    ModifyVault,
    OpenAccount,
    SendAsset,
    TransferToVault,
)
from hyperliquid_perpetual.sandbox.engine.events import CashMoved
from hyperliquid_perpetual.sandbox.engine.family import derived_address
from hyperliquid_perpetual.sandbox.engine.records import LedgerDetails
from hyperliquid_perpetual.sandbox.engine.units import DAY, HOUR
from hyperliquid_perpetual.sandbox.engine.vault_state import Stake, Vault
from hyperliquid_perpetual.sandbox.engine.vaults import vault_value
from tests.unit.sandbox.engine.cash import lines, moves
from tests.unit.sandbox.engine.venue import ALICE, BOB, CAROL, DAVE, NOON, Number, Venue, money, px

USDC = "USDC"
MICRO = 10**6
NO_MARGIN = "Insufficient balance for withdrawal"


def founded(amount: Number = 1_000, **followers: Number) -> tuple[Venue, str]:
    """A vault that Alice leads, and what Bob and Carol have put into it."""
    venue = Venue(deposits=10_000)
    address = venue.reply(CreateVault(ALICE, "pool", money(amount), "what it does")).created
    assert address is not None
    for name, part in followers.items():
        assert put(venue, address, money(part), {"bob": BOB, "carol": CAROL}[name]) is None
    return venue, address


def put(venue: Venue, vault: str, units: int, account: str) -> str | None:
    return venue.reply(TransferToVault(account, vault, True, units)).error


def take(venue: Venue, vault: str, units: int, account: str) -> str | None:
    return venue.reply(TransferToVault(account, vault, False, units)).error


def state_of(venue: Venue, vault: str) -> Vault:
    state = venue.account(vault).vault
    assert state is not None
    return state


def unlock(venue: Venue) -> None:
    """Let the day pass for which deposits are locked."""
    venue.tick(venue.now + DAY)


# ---------------------------------------------------------------------- founding


def test_vault_is_founded_with_money_of_its_leader() -> None:
    venue, address = founded(100)
    assert moves(venue.events) == [(ALICE, "", USDC, -money(100)), (address, "", USDC, money(100))]
    line = ("vaultCreate", money(100), "", LedgerDetails(vault=address))
    assert lines(venue.events) == [(ALICE, *line), (address, *line)]
    account = venue.account(address)
    assert (account.kind, account.master, account.name) == ("vault", ALICE, "pool")
    stake = Stake(shares=money(100), basis=money(100), entered=NOON, locked_until=NOON)
    assert account.vault == Vault(ALICE, "pool", "what it does", {ALICE: stake})


def test_vaults_of_a_leader_are_numbered_and_neither_sub_accounts_nor_vaults_of_others_count() -> None:
    venue = Venue(deposits=10_000)
    venue.reply(CreateSubAccount(ALICE, "sub"))
    created = [
        venue.reply(CreateVault(leader, name, money(100))).created
        for leader, name in ((BOB, "of another"), (ALICE, "first"), (ALICE, "second"))
    ]
    assert created == [
        derived_address("vault", leader, number) for leader, number in ((BOB, 0), (ALICE, 0), (ALICE, 1))
    ]
    assert len(set(created)) == 3
    assert {(str(address)[:2], len(str(address))) for address in created} == {("0x", 42)}


def test_founding_is_refused_to_family_without_a_name_and_with_too_little() -> None:
    venue, address = founded()
    sub = venue.reply(CreateSubAccount(BOB, "sub")).created
    assert sub is not None
    for leader, name, amount, error in (
        (address, "x", money(100), "Only an account of its own can lead a vault."),
        (sub, "x", money(100), "Only an account of its own can lead a vault."),
        (BOB, "", money(100), "A vault needs a name."),
        (BOB, "x", money(100) - 1, "A vault is founded with at least $100."),
        (BOB, "x", money(10_000) + 1, NO_MARGIN),
    ):
        reply = venue.reply(CreateVault(leader, name, amount))
        assert (reply.error, reply.created) == (error, None)
    assert moves(venue.events) == []
    assert venue.reply(CreateVault(BOB, "x", money(10_000))).error is None


# ---------------------------------------------------------------------- deposits


def test_deposits_buy_shares_at_the_value_of_the_vault() -> None:
    venue, address = founded(1_000)
    venue.deposit(address, 1_000)  # a share is worth two
    assert put(venue, address, money(500), BOB) is None
    assert moves(venue.events) == [(BOB, "", USDC, -money(500)), (address, "", USDC, money(500))]
    line = ("vaultDeposit", money(500), "", LedgerDetails(vault=address))
    assert lines(venue.events) == [(BOB, *line), (address, *line)]
    stakes = state_of(venue, address).stakes
    assert stakes[BOB] == Stake(money(250), money(500), NOON, NOON + DAY)
    venue.tick(NOON + HOUR)
    assert put(venue, address, money(300), BOB) is None
    assert stakes[BOB] == Stake(money(400), money(800), NOON, NOON + HOUR + DAY), "the lock begins anew"
    assert put(venue, address, money(200), ALICE) is None
    assert stakes[ALICE] == Stake(money(1_100), money(1_200), NOON, NOON), "a leader is not locked"


def test_money_on_every_dex_counts_for_the_value_of_a_vault() -> None:
    venue, address = founded(1_000)
    venue.deposit(address, 600, "xyz")
    assert vault_value(venue.account(address), venue.exchange.markets) == money(1_600)
    assert put(venue, address, money(800), BOB) is None
    assert state_of(venue, address).stakes[BOB].shares == money(500)


def test_open_profit_of_a_vault_counts_for_its_value() -> None:
    venue, address = founded(2_000, bob=2_000)
    venue.sell(CAROL, "ETH", 4_000, 2)
    venue.buy(address, "ETH", 4_000, 2)  # a fee of 3.6
    venue.oracle("ETH", "4101.8")
    assert venue.exchange.markets[venue.of("ETH").asset].mark_px == px("4101.8")
    value = money(4_200)  # 4,000 - 3.6 + 2 x 101.8
    assert take(venue, address, value // 2 + 1, ALICE) == "Insufficient equity in the vault."
    assert put(venue, address, value, CAROL) is None
    assert state_of(venue, address).stakes[CAROL].shares == money(4_000), "as many as there were"


def test_unified_accounts_pay_from_their_spot_wallets() -> None:
    venue = Venue(deposits=0)
    for who in (ALICE, BOB):
        venue.apply(OpenAccount(who, "unifiedAccount"))
        venue.deposit(who, 500)
    address = venue.reply(CreateVault(ALICE, "pool", money(500))).created
    assert address is not None
    assert moves(venue.events) == [(ALICE, "spot", USDC, -money(500)), (address, "", USDC, money(500))]
    assert put(venue, address, money(500), BOB) is None
    assert moves(venue.events) == [(BOB, "spot", USDC, -money(500)), (address, "", USDC, money(500))]
    assert venue.reply(DistributeVault(ALICE, address, money(100))).error is None
    assert moves(venue.events)[1::2] == [(BOB, "spot", USDC, money(50)), (ALICE, "spot", USDC, money(50))]


def test_least_amount_there_is_can_be_put_into_a_vault_and_nothing_cannot() -> None:
    venue, address = founded()
    for units, error in (
        (-1, "Transfer amount must be more than zero."),
        (0, "Transfer amount must be more than zero."),
        (1, None),
        (money(10_000), NO_MARGIN),
        (money(10_000) - 1, None),
    ):
        assert put(venue, address, units, BOB) == error
    assert take(venue, address, 0, ALICE) == "Transfer amount must be more than zero."
    assert state_of(venue, address).stakes[BOB].basis == money(10_000)


def test_only_a_vault_takes_deposits() -> None:
    venue, _ = founded()
    for address in (DAVE, BOB):
        for transfer in (put, take):
            assert transfer(venue, address, money(1), CAROL) == f"Vault not registered: {address}"


def test_vault_that_everybody_has_left_takes_no_deposits() -> None:
    venue, address = founded(1_000)
    assert take(venue, address, money(1_000), ALICE) is None
    assert state_of(venue, address).stakes == {}
    assert put(venue, address, money(10), BOB) == "The vault has nothing left."
    venue.apply(SendAsset(CAROL, address, "", "", USDC, money(50)))
    # nobody has a share, so none can be bought: what is paid in would be lost
    assert put(venue, address, money(10), BOB) == "The vault has nothing left."
    assert venue.reply(DistributeVault(ALICE, address, money(50))).error is None
    assert venue.house(ALICE).raw_usd == money(10_050)


# ---------------------------------------------------------------------- withdrawals


def test_withdrawals_pay_a_part_of_the_profit_less_a_tenth_for_the_leader() -> None:
    venue, address = founded(1_000, bob=3_000)
    venue.deposit(address, 400)  # 4,400 for 4,000 shares
    unlock(venue)
    assert take(venue, address, money(1_100), BOB) is None  # 1,000 shares, 100 of profit
    assert moves(venue.events) == [
        (address, "", USDC, -money(1_100)),
        (BOB, "", USDC, money(1_090)),
        (ALICE, "", USDC, money(10)),
    ]
    details = LedgerDetails(vault=address, user=BOB, requested=money(1_100), commission=money(10), basis=money(1_000))
    assert lines(venue.events) == [
        (BOB, "vaultWithdraw", money(1_090), "", details),
        (address, "vaultWithdraw", money(1_090), "", details),
        (ALICE, "vaultLeaderCommission", money(10), "", LedgerDetails(user=ALICE)),
    ]
    stakes = state_of(venue, address).stakes
    assert stakes[BOB] == Stake(money(2_000), money(2_000), NOON, NOON + DAY, money(100))
    assert take(venue, address, money(550), BOB) is None
    assert stakes[BOB] == Stake(money(1_500), money(1_500), NOON, NOON + DAY, money(150))


def test_leader_pays_no_commission() -> None:
    venue, address = founded(1_000, bob=1_000)
    venue.deposit(address, 200)
    assert take(venue, address, money(110), ALICE) is None
    assert moves(venue.events) == [(address, "", USDC, -money(110)), (ALICE, "", USDC, money(110))]
    details = LedgerDetails(vault=address, user=ALICE, requested=money(110), commission=0, basis=money(100))
    assert lines(venue.events) == [(who, "vaultWithdraw", money(110), "", details) for who in (ALICE, address)]
    assert state_of(venue, address).stakes[ALICE] == Stake(money(900), money(900), NOON, NOON, money(10))


def test_no_commission_is_paid_of_a_loss() -> None:
    venue, address = founded(1_000, bob=1_000)
    venue.apply(SendAsset(address, CAROL, "", "", USDC, money(200)))  # stands for what trading has lost
    unlock(venue)
    assert take(venue, address, money(900), BOB) is None
    assert moves(venue.events) == [(address, "", USDC, -money(900)), (BOB, "", USDC, money(900))]
    details = lines(venue.events)[0][4]
    assert details == LedgerDetails(vault=address, user=BOB, requested=money(900), commission=0, basis=money(1_000))
    assert list(state_of(venue, address).stakes) == [ALICE]


def test_withdrawal_costs_the_next_whole_share() -> None:
    venue, address = founded(1_000, bob=1_000)
    venue.deposit(address, 1_000)  # a share is worth one and a half
    unlock(venue)
    assert take(venue, address, money(100), BOB) is None
    shares = 66_666_666_666_667  # two thirds of 100 dollars in units of money, rounded up
    # profit 33.333333333333: a tenth of it in whole micro dollars is 3.333333
    assert moves(venue.events)[1:] == [(BOB, "", USDC, money("96.666667")), (ALICE, "", USDC, money("3.333333"))]
    left = money(1_000) - shares
    assert state_of(venue, address).stakes[BOB] == Stake(left, left, NOON, NOON + DAY, 33_333_333_333_333)


def test_commission_is_cut_to_whole_micro_dollars() -> None:
    venue, address = founded(1_000, bob=1_000)
    venue.deposit(address, "0.00003")
    unlock(venue)
    assert take(venue, address, money("1000.000015"), BOB) is None  # 15 of profit: 1.5 for the leader
    assert moves(venue.events)[1:] == [(BOB, "", USDC, money("1000.000014")), (ALICE, "", USDC, money("0.000001"))]


def test_leader_has_nothing_of_a_profit_too_small_for_a_micro_dollar() -> None:
    venue, address = founded(1_000, bob=1_000)
    venue.deposit(address, "0.000018")
    unlock(venue)
    assert take(venue, address, money("1000.000009"), BOB) is None
    assert moves(venue.events)[1:] == [(BOB, "", USDC, money("1000.000009"))]
    assert len(lines(venue.events)) == 2


def test_less_than_a_micro_dollar_is_not_left_behind() -> None:
    for rest, is_left in ((MICRO, True), (MICRO - 1, False)):
        venue, address = founded(1_000, bob=1_000)
        unlock(venue)
        assert take(venue, address, money(1_000) - rest, BOB) is None
        assert (BOB in state_of(venue, address).stakes) is is_left
        details = lines(venue.events)[0][4]
        assert details is not None
        assert details.basis == money(1_000) - (rest if is_left else 0)


def test_withdrawal_is_at_most_the_own_part_and_waits_for_the_lock() -> None:
    venue, address = founded(1_000, bob=1_000)
    assert take(venue, address, money(1), CAROL) == "Insufficient equity in the vault."
    assert take(venue, address, money(1_000) + 1, BOB) == "Insufficient equity in the vault."
    locked = f"Vault deposit is locked until {NOON + DAY}."
    assert take(venue, address, money(1_000), BOB) == locked
    venue.tick(NOON + DAY - 1)
    assert take(venue, address, money(1_000), BOB) == locked
    venue.tick(NOON + DAY)
    assert take(venue, address, money(1_000), BOB) is None


def test_leader_may_keep_exactly_a_twentieth_or_leave_as_the_last() -> None:
    venue, address = founded(1_000, bob=950)
    error = "The leader must keep at least 5% of the vault."
    assert take(venue, address, money(950) + 1, ALICE) == error
    assert take(venue, address, money(950), ALICE) is None
    assert take(venue, address, money(50), ALICE) == error
    unlock(venue)
    assert take(venue, address, money(950), BOB) is None
    assert take(venue, address, money(50), ALICE) is None
    assert venue.house(address).raw_usd == 0


def test_money_of_a_vault_on_another_dex_cannot_be_withdrawn() -> None:
    venue, address = founded(1_000)
    venue.deposit(address, 500, "xyz")
    assert take(venue, address, money(1_000) + 1, ALICE) == NO_MARGIN
    assert take(venue, address, money(1_000), ALICE) is None


def test_part_in_a_vault_that_owes_more_than_it_has_is_worth_nothing() -> None:
    pool = Vault(ALICE, "pool", stakes={ALICE: Stake(3, 3, NOON, NOON), BOB: Stake(1, 1, NOON, NOON)})
    assert [pool.equity(BOB, value) for value in (-8, 0, 1, 8)] == [0, 0, 0, 2]
    assert pool.equity(CAROL, 8) == 0
    assert Vault(ALICE, "pool", stakes={ALICE: Stake(1, 1, NOON, NOON)}).equity(ALICE, 0) == 0
    assert Vault(ALICE, "closed").equity(ALICE, 8) == 0


# ---------------------------------------------------------------------- distributions


def test_distribution_tells_everybody_what_was_paid() -> None:
    venue, address = founded(1_000, bob=2_000, carol=1_000)
    venue.deposit(address, 400)
    # A quarter of 4,400: parts of 550 for Bob and 275 for Carol, of which 500 and 250 are what they paid in for them;
    # a tenth of 50 and 25 is the leader's, who has the rest.
    assert venue.reply(DistributeVault(ALICE, address, money(1_100))).error is None
    paid = [(BOB, money(545)), (CAROL, money("272.5")), (ALICE, money("282.5"))]
    assert moves(venue.events) == [
        move for who, amount in paid for move in ((address, "", USDC, -amount), (who, "", USDC, amount))
    ]
    details = LedgerDetails(vault=address)
    told = [(side, "vaultDistribution", amount, "", details) for who, amount in paid for side in (who, address)]
    commission = (ALICE, "vaultLeaderCommission", money("7.5"), "", LedgerDetails(user=ALICE))
    assert lines(venue.events) == [*told, commission]
    assert state_of(venue, address).stakes == {
        ALICE: Stake(money(1_000), money(750), NOON, NOON),
        BOB: Stake(money(2_000), money(1_500), NOON, NOON + DAY, money(50)),
        CAROL: Stake(money(1_000), money(750), NOON, NOON + DAY, money(25)),
    }
    assert venue.reply(DistributeVault(ALICE, address, money(330))).error is None  # a tenth of what is left
    assert state_of(venue, address).stakes[BOB] == Stake(money(2_000), money(1_350), NOON, NOON + DAY, money(65))


def test_what_cannot_be_divided_into_micro_dollars_is_the_leaders() -> None:
    venue, address = founded(100, bob=100, carol=100)
    assert venue.reply(DistributeVault(ALICE, address, money(100))).error is None
    received = [event.amount for event in venue.events if isinstance(event, CashMoved) and event.account != address]
    assert received == [money("33.333333"), money("33.333333"), money("33.333334")]
    assert [line[1] for line in lines(venue.events)] == ["vaultDistribution"] * 6, "no profit, no commission"
    # the basis of a third of a hundred, which is more than what was paid of it
    assert state_of(venue, address).stakes[BOB].withdrawn_profit == 33_333_333_000_000 - 33_333_333_333_333


def test_smallest_distribution_is_paid_to_the_leader_alone() -> None:
    venue, address = founded(1_000, bob=1_000)
    assert venue.reply(DistributeVault(ALICE, address, MICRO)).error is None
    assert moves(venue.events) == [(address, "", USDC, -MICRO), (ALICE, "", USDC, MICRO)]
    assert [line[0] for line in lines(venue.events)] == [ALICE, address]


def test_closing_pays_everybody_out_and_profits_are_cut_by_the_commission() -> None:
    venue, address = founded(1_000, bob=3_000)
    venue.deposit(address, 400)
    assert venue.reply(DistributeVault(ALICE, address, 0)).error is None
    # Bob's part is 3,300, of which 300 is profit; the leader has the other 1,100 and a tenth of that
    assert moves(venue.events) == [
        (address, "", USDC, -money(3_270)),
        (BOB, "", USDC, money(3_270)),
        (address, "", USDC, -money(1_130)),
        (ALICE, "", USDC, money(1_130)),
    ]
    state = state_of(venue, address)
    assert (state.stakes, state.is_closed, state.allow_deposits) == ({}, True, False)
    assert venue.reply(ModifyVault(ALICE, address, True, None)).error == "The vault is closed."
    assert venue.reply(DistributeVault(ALICE, address, money(1))).error == "The vault is closed."


def test_parts_of_a_fortune_are_exact() -> None:
    venue, address = founded(100, bob=100)
    venue.deposit(address, "20000000000.00004")  # more than a float could tell apart
    assert venue.reply(DistributeVault(ALICE, address, 0)).error is None
    # Each part is 10,000,000,100.00002; a tenth of the profit, which is 100 less, is the leader's.
    assert moves(venue.events)[1::2] == [
        (BOB, "", USDC, money("9000000100.000018")),
        (ALICE, "", USDC, money("11000000100.000022")),
    ]


def test_vault_that_has_lost_everything_takes_nothing_and_is_closed_without_paying_anybody() -> None:
    venue, address = founded(1_000, bob=1_000)
    venue.apply(SendAsset(address, CAROL, "", "", USDC, money(2_000)))  # stands for what trading has lost
    assert put(venue, address, money(1), BOB) == "The vault has nothing left."
    assert venue.reply(DistributeVault(ALICE, address, 0)).error is None
    assert (moves(venue.events), lines(venue.events)) == ([], [])
    assert state_of(venue, address).is_closed


def test_vault_is_not_closed_with_an_order_or_with_money_elsewhere() -> None:
    venue, address = founded()
    venue.buy(address, "ETH", 3_900, "0.01")
    assert venue.reply(DistributeVault(ALICE, address, 0)).error == "The vault still has positions or orders."
    venue.cancel(address, "ETH", venue.open_oids(address)[0])
    venue.deposit(address, 1, "xyz")
    assert venue.reply(DistributeVault(ALICE, address, 0)).error == "The vault still has money on other dexs."
    venue.apply(SendAsset(address, ALICE, "xyz", "xyz", USDC, money(1)))
    assert venue.reply(DistributeVault(ALICE, address, 0)).error is None


def test_distribution_is_at_most_what_is_free() -> None:
    venue, address = founded(1_000)
    assert venue.reply(DistributeVault(ALICE, address, money(1_000) + 1)).error == NO_MARGIN
    assert venue.reply(DistributeVault(ALICE, address, money(1_000))).error is None
    assert state_of(venue, address).stakes[ALICE] == Stake(money(1_000), 0, NOON, NOON)
    assert state_of(venue, address).is_closed is False


def test_nobody_leads_an_account_that_is_no_vault() -> None:
    venue, address = founded()
    for leader, vault in ((BOB, address), (ALICE, BOB), (ALICE, DAVE)):
        for command in (ModifyVault(leader, vault, False, True), DistributeVault(leader, vault, money(1))):
            assert venue.reply(command).error == "Only leader can perform this vault action"
    state = state_of(venue, address)
    assert (state.allow_deposits, state.always_close_on_withdraw) == (True, False)
    assert venue.reply(ModifyVault(ALICE, address, False, True)).error is None
    assert (state.allow_deposits, state.always_close_on_withdraw) == (False, True)
    assert venue.reply(ModifyVault(ALICE, address, True, False)).error is None
    assert (state.allow_deposits, state.always_close_on_withdraw) == (True, False)
