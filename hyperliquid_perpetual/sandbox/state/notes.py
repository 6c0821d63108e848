"""What happens outside the engine and has to be remembered with a block, beside the engine's commands."""

from msgspec import Struct

from hyperliquid_perpetual.sandbox.engine.commands import Command
from hyperliquid_perpetual.sandbox.market_set import Listing


class _Note(Struct, frozen=True, tag=True):
    pass


class Admitted(_Note, frozen=True):
    """A signed request was let in: its nonce is spent, and `items` are counted for `account`.

    `slow_until` is when its next one may come (Unix ms) if it was beyond its budget.
    """

    signer: str
    nonce: int
    account: str
    items: int
    slow_until: int | None = None


class Charged(_Note, frozen=True):
    """`account` pays for requests that were not let in."""

    account: str
    items: int


class Known(_Note, frozen=True):
    """The register knows an address."""

    address: str


class Named(_Note, frozen=True):
    """Somebody has named an account: strangers are refused from now on."""


class Listed(_Note, frozen=True):
    """The market set has a listing more. The engine's command comes before it."""

    listing: Listing


class Delisted(_Note, frozen=True):
    """The market set has a listing that is delisted."""

    coin: str


class DexAdded(_Note, frozen=True):
    """The market set has a dex more."""

    name: str
    collateral: str


class MetadataBroken(_Note, frozen=True):
    """The metadata of a coin or dex cannot be read, or can again."""

    name: str
    broken: bool


class Halted(_Note, frozen=True):
    """Blocks have stopped, or go on."""

    halted: bool


Note = Admitted | Charged | Known | Named | Listed | Delisted | DexAdded | MetadataBroken | Halted
Entry = Command | Note


class Block(Struct, frozen=True, array_like=True):
    """One line of a journal: everything that was done at one block time, in order.

    `events` and `progress` (`Exchange.progress` afterwards) are what came of it: they show at a replay that the engine
    still does the same.
    """

    number: int
    time: int
    entries: tuple[Entry, ...]
    events: int
    progress: tuple[int, int]
