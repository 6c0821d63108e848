"""Rules for a machine of `exchange_machine`: what accounts ask for besides orders."""

from fractions import Fraction

from hypothesis import strategies as st
from hypothesis.stateful import rule

from hyperliquid_perpetual.sandbox.engine.account_commands import (
    ApproveBuilder,
    BidForGossip,
    ClaimRewards,
    ClassTransfer,
    CreateSubAccount,
    CreateVault,
    DistributeVault,
    GrantReferralCode,
    ModifyVault,
    OpenAccount,
    RegisterReferrer,
    RenameSubAccount,
    ReserveRequestWeight,
    SendAsset,
    SetBigBlocks,
    SetMode,
    SetReferrer,
    SetStake,
    TopUpIsolatedMargin,
    TransferToSubAccount,
    TransferToVault,
    UpdateIsolatedMargin,
    Withdraw,
)
from hyperliquid_perpetual.sandbox.engine.commands import (
    ApproveAgent,
    Deposit,
    Noop,
    ScheduleCancel,
    UpdateLeverage,
)
from hyperliquid_perpetual.sandbox.engine.pools import AccountMode
from tests.unit.sandbox.engine.exchange_machine import (
    SUB_ACCOUNT,
    VAULT,
    ExchangeMachine,
    accounts,
    amounts,
    assets,
    modes,
    places,
)
from tests.unit.sandbox.engine.venue import ALICE, BOB, CAROL, DAVE, money

CODES = ["", "FIRST", "CAROL"]
AGENTS = [f"0x{number:040x}" for number in range(1, 4)]


class AccountRules(ExchangeMachine):
    """Money, rights and settings."""

    @rule(account=accounts, amount=st.integers(1, 10**15), dex=places.filter(lambda place: place != "nowhere"))
    def deposit(self, account: str, amount: int, dex: str) -> None:
        self.run(Deposit(account, amount, dex))

    @rule(account=accounts, builder=st.sampled_from([CAROL, DAVE]), fee=st.sampled_from([0, 25, 100, 100, 1001]))
    def approve_builder(self, account: str, builder: str, fee: int) -> None:
        self.ask(ApproveBuilder(account, builder, fee))

    @rule(account=accounts, asset=assets, leverage=st.integers(0, 51), is_cross=st.booleans())
    def set_leverage(self, account: str, asset: int, leverage: int, is_cross: bool) -> None:
        self.ask(UpdateLeverage(account, asset, is_cross, leverage))

    @rule(is_deposit=st.booleans(), amount=amounts)
    def transfer_to_sub_account(self, is_deposit: bool, amount: int) -> None:
        self.ask(TransferToSubAccount(ALICE, SUB_ACCOUNT, is_deposit, amount))

    @rule(account=accounts, mode=modes, by_agent=st.booleans())
    def set_mode(self, account: str, mode: AccountMode, by_agent: bool) -> None:
        self.ask(SetMode(account, None, mode, by_agent))

    @rule(account=accounts, amount=amounts, to_perp=st.booleans())
    def transfer_between_classes(self, account: str, amount: int, to_perp: bool) -> None:
        self.ask(ClassTransfer(account, amount, to_perp))

    @rule(account=accounts, to=accounts, amount=amounts, source=places, destination=places)
    def send(self, account: str, to: str, amount: int, source: str, destination: str) -> None:
        """Nobody can send away what margins his positions."""
        reply = self.ask(SendAsset(account, to, source, destination, "USDC", amount))
        if reply.error is not None:
            return
        sender = self.exchange.accounts[account]
        for houses, cash in self.margined_together(sender):
            if source in (house.dex for house in houses) or sender.mode not in ("default", "disabled"):
                equity, used = cash, Fraction(0)
                for house in houses:
                    equity += Fraction(house.raw_usd, 10**12)
                    for asset, position in house.positions.items():
                        if position.is_cross:
                            mark = Fraction(self.exchange.markets[asset].mark_px, 10**6)
                            size = Fraction(position.szi, 10**position.market.sz_decimals)
                            equity += size * mark
                            used += abs(size) * mark / 10
                assert equity >= used or (sender.mode == "dexAbstraction" and source == "spot")

    @rule(account=accounts, is_deposit=st.booleans(), amount=amounts)
    def transfer_to_vault(self, account: str, is_deposit: bool, amount: int) -> None:
        if account not in (SUB_ACCOUNT, VAULT):
            self.ask(TransferToVault(account, VAULT, is_deposit, amount))

    @rule(account=accounts, asset=assets, amount=st.integers(-(10**14), 10**14))
    def move_isolated_margin(self, account: str, asset: int, amount: int) -> None:
        self.ask(UpdateIsolatedMargin(account, asset, amount))

    @rule(account=accounts, asset=assets, leverage=st.integers(0, 5 * 10**6))
    def top_up_isolated_margin(self, account: str, asset: int, leverage: int) -> None:
        self.ask(TopUpIsolatedMargin(account, asset, leverage))

    @rule(account=accounts, ahead=st.sampled_from([None, 4_000, 60_000, 3_600_000]))
    def schedule_cancel(self, account: str, ahead: int | None) -> None:
        self.ask(ScheduleCancel(account, None if ahead is None else self.now + ahead))

    @rule(account=accounts, amount=amounts)
    def withdraw(self, account: str, amount: int) -> None:
        self.ask(Withdraw(account, amount))

    @rule(account=accounts, name=st.sampled_from(["", "sub", "other"]))
    def found_sub_account(self, account: str, name: str) -> None:
        created = self.ask(CreateSubAccount(account, name)).created
        if created is not None:
            self.ledger.rates.masters[created] = account

    @rule(name=st.sampled_from(["", "sub", "third"]), is_mine=st.booleans())
    def rename_sub_account(self, name: str, is_mine: bool) -> None:
        self.ask(RenameSubAccount(ALICE if is_mine else BOB, SUB_ACCOUNT, name))

    @rule(is_deposit=st.booleans(), amount=amounts)
    def transfer_tokens_to_sub_account(self, is_deposit: bool, amount: int) -> None:
        self.ask(TransferToSubAccount(ALICE, SUB_ACCOUNT, is_deposit, amount, "USDC"))

    @rule(account=accounts, agent=st.sampled_from(AGENTS), name=st.sampled_from(["", "bot"]))
    def approve_agent(self, account: str, agent: str, name: str) -> None:
        if self.ask(ApproveAgent(account, agent, name)).error is None:
            assert self.exchange.master_of(agent, self.now) == account

    @rule(account=accounts)
    def do_nothing(self, account: str) -> None:
        before = len(self.ledger.notes)
        self.ask(Noop(account))
        assert len(self.ledger.notes) == before

    @rule(account=accounts, mode=modes)
    def put_into_mode(self, account: str, mode: AccountMode) -> None:
        """From outside; what an account could not do itself is not done to it either."""
        known = self.exchange.accounts.get(account)
        if known is None or (known.kind != "vault" and not known.open_orders and not any(self.positions_of(account))):
            self.run(OpenAccount(account, mode))

    def positions_of(self, account: str) -> list[int]:
        return [position.szi for owner, position in self.held() if owner == account]

    # ------------------------------------------------------------------ vaults

    @rule(account=st.sampled_from([BOB, ALICE]), allow=st.sampled_from([None, True, True, False]))
    def modify_vault(self, account: str, allow: bool | None) -> None:
        reply = self.ask(ModifyVault(account, VAULT, allow, None))
        assert account == BOB or reply.error is not None

    @rule(account=accounts)
    def found_vault(self, account: str) -> None:
        self.ask(CreateVault(account, "another", money(100)))

    @rule(account=st.sampled_from([BOB, BOB, ALICE]), amount=st.sampled_from([1, 10**13 + 7, 10**14, 10**15, 0]))
    def distribute(self, account: str, amount: int) -> None:
        """The depositors have together what the vault has not any more."""
        vault = self.exchange.accounts[VAULT]
        owners = list(vault.vault.stakes) if vault.vault is not None else []
        before = self.usdc_of([*owners, BOB])
        value = self.usdc_of([VAULT])
        reply = self.ask(DistributeVault(account, VAULT, amount))
        gone = value - self.usdc_of([VAULT])
        assert self.usdc_of([*owners, BOB]) - before == gone
        if reply.error is None:
            assert gone == amount or not amount

    def usdc_of(self, owners: list[str]) -> int:
        found = [self.exchange.accounts[owner] for owner in dict.fromkeys(owners)]
        return sum(
            account.spot.get("USDC", 0) + sum(house.raw_usd for house in account.clearinghouses.values())
            for account in found
        )

    # ------------------------------------------------------------------ what the exchange offers

    @rule(account=accounts, code=st.sampled_from(CODES), is_granted=st.booleans())
    def have_a_code(self, account: str, code: str, is_granted: bool) -> None:
        known = self.exchange.accounts.get(account)
        if not is_granted:
            self.ask(RegisterReferrer(account, code))
        elif known is not None and self.exchange.referrals.code_error(known, code) is None:
            self.run(GrantReferralCode(account, code))
            assert self.exchange.referrals.codes[code] == account

    @rule(account=accounts, code=st.sampled_from(CODES))
    def use_a_code(self, account: str, code: str) -> None:
        owner = self.exchange.referrals.codes.get(code)
        if self.ask(SetReferrer(account, code)).error is None:
            assert owner not in (None, account)

    @rule(account=st.sampled_from([ALICE, ALICE, CAROL]))
    def claim_rewards(self, account: str) -> None:
        due = self.ledger.earned.get((account, "USDC"), Fraction(0))
        if self.ask(ClaimRewards(account)).error is None:
            assert due > 1

    @rule(account=accounts, to=st.sampled_from([None, ALICE, DAVE]), requests=st.sampled_from([0, 1, 1_000, 10**6]))
    def reserve_requests(self, account: str, to: str | None, requests: int) -> None:
        receiver = self.exchange.accounts.get(to or account)
        before = 0 if receiver is None else receiver.reserved_requests
        cost = Fraction(requests, 2_000)
        paid = self.paid_in.get("USDC", Fraction(0))
        done = self.ask(ReserveRequestWeight(account, requests, to)).error is None
        assert paid - self.paid_in.get("USDC", Fraction(0)) == (cost if done else 0)
        if receiver is not None:
            assert receiver.reserved_requests - before == (requests if done else 0)

    @rule(account=accounts, uses=st.booleans())
    def set_big_blocks(self, account: str, uses: bool) -> None:
        if self.ask(SetBigBlocks(account, uses)).error is None:
            assert self.exchange.accounts[account].uses_big_blocks is uses

    @rule(account=accounts, slot=st.integers(0, 2), most=st.sampled_from([10**10, 10**12, 10**13]), pays=st.booleans())
    def bid(self, account: str, slot: int, most: int, pays: bool) -> None:
        if pays:
            self.run(Deposit(account, most, "spot", "HYPE"))
        hype = self.paid_in.get("HYPE", Fraction(0))
        done = self.ask(BidForGossip(account, slot, "1.2.3.4", most)).error is None
        price = hype - self.paid_in.get("HYPE", Fraction(0))
        assert (Fraction(1, 10) <= price <= Fraction(most, 10**12)) if done else not price

    @rule(account=st.sampled_from([ALICE, BOB, CAROL]), hype=st.sampled_from([0, 10, 11, 101, 10**6]))
    def stake(self, account: str, hype: int) -> None:
        self.run(SetStake(account, money(hype), money(5)))
        payer = self.ledger.rates.payer(account)
        self.ledger.rates.stakes[payer] = Fraction(hype)
        self.ledger.undelegated[payer] = Fraction(5)
