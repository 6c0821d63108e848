"""Accounts that a test or an operator makes in one line: sub-accounts, vaults, money in any place."""

from decimal import Decimal

from hyperliquid_perpetual.sandbox.chain import Chain
from hyperliquid_perpetual.sandbox.engine.account_commands import CreateSubAccount, CreateVault
from hyperliquid_perpetual.sandbox.engine.commands import Command, Deposit
from hyperliquid_perpetual.sandbox.engine.events import Replied
from hyperliquid_perpetual.sandbox.engine.exchange import Exchange
from hyperliquid_perpetual.sandbox.engine.markets import to_money
from hyperliquid_perpetual.sandbox.register import Register
from hyperliquid_perpetual.sandbox.signed_requests import is_address

VAULT_DEPOSIT = Decimal(1_000)


class AccountInterventions:
    """The part of `Sandbox` that makes and funds accounts. It is `Sandbox` that makes the attributes."""

    engine: Exchange
    chain: Chain
    register: Register

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
