"""What an acceptance run is to do, with whose keys, and when it may not begin.

Keys come by environment variables alone: what is an argument can be read by every user of the machine.
"""

import os
from dataclasses import dataclass, field
from decimal import Decimal

from hyperliquid_perpetual.venue.networks import Network
from hyperliquid_perpetual.venue.prices import MIN_NOTIONAL
from hyperliquid_perpetual.venue.signing import SecretText

ADDRESS_VARIABLE = "HYPERLIQUID_ACCEPTANCE_ADDRESS"
KEY_VARIABLE = "HYPERLIQUID_ACCEPTANCE_SECRET_KEY"
VAULT_VARIABLE = "HYPERLIQUID_ACCEPTANCE_VAULT"

DEFAULT_MAX_NOTIONAL = Decimal(25)


class Refused(ValueError):
    """The run may not begin; the message says what would be valid."""


@dataclass(frozen=True, slots=True)
class Keys:
    """Whom orders are for, and who signs them."""

    address: str
    """Of the account, not of an API wallet; empty for the sandbox's ready-made one."""
    secret_key: SecretText = field(repr=False)
    vault: str | None = None
    """A vault or sub-account of the account, to trade for."""


@dataclass(frozen=True, slots=True)
class Plan:
    """One run."""

    network: Network
    keys: Keys
    pair: str = "BTC-USD"
    max_notional: Decimal = DEFAULT_MAX_NOTIONAL
    """The most that all orders and the position of the run may be worth at any time, in USD."""
    book_seconds: float = 12.0
    """How long the rhythm of the book is measured."""
    step_seconds: float = 60.0
    """How long a step may take beside that."""
    is_beside_others: bool = False
    """Whether the account may have a position or open orders on the pair already; they are left alone."""


def take_keys(network: Network) -> Keys:
    """The keys out of the environment, which afterwards does not have the secret one any more.

    :raises Refused: when they are missing where they are needed.
    """
    secret_key = SecretText(os.environ.pop(KEY_VARIABLE, "")).stripped()
    address = os.environ.get(ADDRESS_VARIABLE, "").strip()
    vault = os.environ.get(VAULT_VARIABLE, "").strip() or None
    if network is not Network.SANDBOX and not (secret_key and address):
        missing = " and ".join(
            variable for variable, value in ((ADDRESS_VARIABLE, address), (KEY_VARIABLE, secret_key)) if not value
        )
        raise Refused(
            f"the environment lacks {missing}: {ADDRESS_VARIABLE} is the address of the account (not of an API wallet),"
            f" {KEY_VARIABLE} the private key of one of its API wallets, {VAULT_VARIABLE} (if wanted) a vault or"
            " sub-account to trade for"
        )
    return Keys(address, secret_key, vault)


def checked_notional(network: Network, given: str | None, is_real_money_meant: bool) -> Decimal:
    """The cap on what is at stake, in USD.

    :raises Refused: when it is no amount that the run can do with, or real money is not meant expressly.
    """
    if network is Network.MAINNET and not is_real_money_meant:
        raise Refused(
            "mainnet is real money, and this run trades: say --yes-real-money, and the most it may have at stake with"
            f" --max-notional (USD, {DEFAULT_MAX_NOTIONAL} is enough). `--network testnet` costs nothing"
        )
    if given is None:
        if network is Network.MAINNET:
            raise Refused(
                "on mainnet the most that may be at stake has to be said: --max-notional, in USD"
                f" ({DEFAULT_MAX_NOTIONAL} is enough for a pair whose smallest order is near {MIN_NOTIONAL} USD)"
            )
        return DEFAULT_MAX_NOTIONAL
    try:
        amount = Decimal(given)
    except ArithmeticError:
        amount = Decimal("NaN")
    if not amount.is_finite() or amount < MIN_NOTIONAL:
        raise Refused(
            f"--max-notional {given}: give an amount in USD above {MIN_NOTIONAL}, the venue's smallest order;"
            f" for example {DEFAULT_MAX_NOTIONAL}"
        )
    return amount
