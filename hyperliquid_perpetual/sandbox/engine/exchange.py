"""The exchange: one object that takes a time and a command and returns what happened."""

from collections.abc import Sequence

from .commands import Command
from .config import ExchangeConfig
from .events import Event
from .market_state import MarketState
from .records import OrderRecord
from .state import Account


class Exchange:
    """A perpetuals exchange without clock, entropy or I/O: the same commands give the same events.

    All state can be read between two commands (`accounts`, `markets`, and the methods below) and belongs to the engine:
    readers change nothing.
    """

    def __init__(self, config: ExchangeConfig) -> None:
        self.config = config
        self.now = 0
        """The time of the last command, Unix ms."""
        self.markets: dict[int, MarketState] = {}
        """By asset id, in the order of the configuration."""
        self.accounts: dict[str, Account] = {}
        """By lowercase address, in the order of their first deposit."""

    def apply(self, now: int, command: Command) -> list[Event]:
        """Do what `command` asks at `now` (Unix ms, never before the last one; else `ValueError`)."""
        raise NotImplementedError

    def apply_block(self, now: int, commands: Sequence[Command]) -> list[tuple[int, list[Event]]]:
        """Apply what arrived for one block, in the venue's order (reference, section 15).

        World commands first, then account commands without Gtc/Ioc orders, cancels, and commands with any Gtc/Ioc;
        within a class in the order given. Returns (index in `commands`, its events) in the order of execution.
        """
        raise NotImplementedError

    def market(self, coin: str) -> MarketState | None:
        """A market by its full coin name."""
        raise NotImplementedError

    def order(self, address: str, key: int | str) -> OrderRecord | None:
        """An order of an account by oid or cloid, open or finished; of a reused cloid the open or newest one."""
        raise NotImplementedError

    def open_orders(self, address: str, dex: str | None = None) -> list[OrderRecord]:
        """An account's resting orders, oldest first, on one dex or (None) on all."""
        raise NotImplementedError

    def master_of(self, agent: str, now: int) -> str | None:
        """The account for which an agent's address may sign at `now`, if any."""
        raise NotImplementedError
