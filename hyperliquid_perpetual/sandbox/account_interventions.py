"""Accounts that a test or an operator makes in one line: modes, money in any place, sub-accounts, vaults, agents."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import get_args

from hyperliquid_perpetual.sandbox.action_base import is_address
from hyperliquid_perpetual.sandbox.chain import Chain
from hyperliquid_perpetual.sandbox.engine.account_commands import (
    CreateSubAccount,
    CreateVault,
    GrantReferralCode,
    OpenAccount,
    SetStake,
)
from hyperliquid_perpetual.sandbox.engine.commands import ApproveAgent, Command, Deposit
from hyperliquid_perpetual.sandbox.engine.events import Replied
from hyperliquid_perpetual.sandbox.engine.exchange import Exchange
from hyperliquid_perpetual.sandbox.engine.markets import to_money
from hyperliquid_perpetual.sandbox.engine.pools import SPOT, STANDARD_MODES, AccountMode
from hyperliquid_perpetual.sandbox.market_set import MarketSet
from hyperliquid_perpetual.sandbox.register import Register

VAULT_DEPOSIT = Decimal(1_000)

Amounts = Mapping[str, Decimal | int | str]


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountSetup:
    """How an account starts: its mode, and what it has, on dexs by their names and in the spot wallet by token.

    With neither `dexs` nor `spot` it has what every new account has; with empty ones it has nothing at all, and the
    venue does not know it. In the modes that keep collateral in the spot wallet, money for a dex is there as well.
    """

    mode: AccountMode = "default"
    dexs: Amounts | None = None
    spot: Amounts | None = None


class AccountInterventions:
    """The part of `Sandbox` that makes and funds accounts. It is `Sandbox` that makes the attributes."""

    engine: Exchange
    chain: Chain
    register: Register
    market_set: MarketSet
    deposit: Decimal

    def open_account(
        self, address: str, mode: AccountMode = "default", dexs: Amounts | None = None, spot: Amounts | None = None
    ) -> str:
        """Open an account in a mode, with exactly this money (see `AccountSetup`); returns the lowercase address.

        On an account that is open already it sets the mode and adds the money.

        :raises ValueError: for what is no address, no dex or no positive amount; nothing is done then.
        """
        user = address_of(address)
        if mode not in get_args(AccountMode):
            raise ValueError(f"an account mode is one of {', '.join(get_args(AccountMode))}, got {mode!r}")
        deposits = self._opening_deposits(user, mode) if dexs is None and spot is None else []
        for dex, amount in (dexs or {}).items():
            if self.engine.treasury.collateral(dex) is None:
                raise ValueError(f"there is no dex {dex!r} to deposit to")
            deposits.append(Deposit(user, money_of(Decimal(amount), f"the amount on dex {dex!r}"), dex))
        for token, amount in (spot or {}).items():
            deposits.append(Deposit(user, money_of(Decimal(amount), f"the amount of {token}"), SPOT, token))
        self.register.adopt(user)
        self.chain.apply_now(OpenAccount(user, mode))
        for command in deposits:
            self.chain.apply_now(command)
        return user

    def _opening_deposits(self, user: str, mode: AccountMode) -> list[Deposit]:
        """What a new account gets: the collateral of every dex that lists something, each pool once."""
        amount = money_of(self.deposit, "the deposit", at_least_zero=True)
        deposits: dict[str, Deposit] = {}
        for dex in self.market_set.dexes:
            if dex.listings and amount:
                pool = dex.name if mode in STANDARD_MODES else dex.collateral
                deposits.setdefault(pool, Deposit(user, amount, dex.name))
        return list(deposits.values())

    def fund(
        self,
        address: str,
        amount: Decimal | int | None = None,
        dex: str = "",
        token: str = "USDC",  # noqa: S107
    ) -> None:
        """Open an account if it is not open, or with an amount, credit it on one dex on top of what it has.

        With `dex="spot"` the amount goes into the spot wallet, as so much of `token`.

        :raises ValueError: for what is no address, no positive amount, or no dex.
        """
        user = address_of(address)
        self.register.claim(user)
        if amount is not None:
            self.chain.apply_now(Deposit(user, money_of(Decimal(amount), "the amount"), dex, token))

    def create_sub_account(
        self, master: str, name: str = "sub", amount: Decimal | int | None = None, dex: str = ""
    ) -> str:
        """Make a sub-account of an account, if wanted with money of its own, and return its address.

        :raises ValueError: when the master may not have one of this name.
        """
        user = address_of(master)
        self.register.claim(user)
        address = self._create(CreateSubAccount(user, name))
        if amount is not None:
            self.chain.apply_now(Deposit(address, money_of(Decimal(amount), "the amount"), dex))
        return address

    def create_vault(
        self, leader: str, name: str = "vault", amount: Decimal | int = VAULT_DEPOSIT, description: str = ""
    ) -> str:
        """Found a vault with the leader's money of the first dex, and return its address.

        :raises ValueError: when the leader cannot pay for it.
        """
        user = address_of(leader)
        self.register.claim(user)
        return self._create(CreateVault(user, name, money_of(Decimal(amount), "the amount"), description))

    def approve_agent(self, master: str, agent: str, name: str = "", valid_until: int | None = None) -> None:
        """Let an agent's address sign for an account until a time (Unix ms), by default for as long as is possible.

        :raises ValueError: with the text that the account itself would get.
        """
        user, address = address_of(master), address_of(agent)
        self.register.claim(user)
        reply = self.chain.apply_now(ApproveAgent(user, address, name, valid_until))[0]
        assert isinstance(reply, Replied)
        if reply.error is not None:
            raise ValueError(reply.error)

    def register_referrer(self, address: str, code: str) -> None:
        """Give an account a referral code, whatever it has traded: others can use it by `setReferrer` then.

        :raises ValueError: when the code is taken, or the account has one.
        """
        user = address_of(address)
        self.register.claim(user)
        self.chain.apply_now(GrantReferralCode(user, code))

    def stake(self, address: str, delegated: Decimal | int, undelegated: Decimal | int = 0) -> None:
        """Set what an account has staked, in HYPE: what is delegated makes fees lower, the rest pays for priority.

        :raises ValueError: for what is no amount.
        """
        user = address_of(address)
        self.register.claim(user)
        amounts = [money_of(Decimal(amount), "a stake", at_least_zero=True) for amount in (delegated, undelegated)]
        self.chain.apply_now(SetStake(user, *amounts))

    def _create(self, command: Command) -> str:
        reply = self.chain.apply_now(command)[0]
        assert isinstance(reply, Replied)
        if reply.error is not None or reply.created is None:
            raise ValueError(reply.error)
        return reply.created


def address_of(text: str) -> str:
    """A lowercase address; ValueError for what is none."""
    if not is_address(text):
        raise ValueError(f"an address is 0x and 40 hex digits, got {text!r}")
    return text.lower()


def money_of(amount: Decimal, what: str, at_least_zero: bool = False) -> int:
    """An amount of collateral as money; ValueError, naming `what`, for what is none."""
    value = to_money(amount) if amount.is_finite() else None
    if value is None or value < 0 or (value == 0 and not at_least_zero):
        raise ValueError(f"{what} is a {'' if at_least_zero else 'positive '}amount of collateral, got {amount}")
    return value
