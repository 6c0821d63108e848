"""Collects the events of the command at work, and what they add up to when it is done."""

from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import blake2b

from .events import BalanceChanged, BookChanged, Event, PositionChanged
from .state import Account, Clearinghouse, Position

ZERO_HASH = "0x" + "0" * 64


class Outbox:
    """The event list of one command at a time. `time` is the moment that is being worked on (Unix ms)."""

    __slots__ = ("_books", "_cash", "_hash", "_hash_seed", "_positions", "_sequence", "events", "time")

    def __init__(self, hash_seed: str) -> None:
        self._hash_seed = hash_seed.encode()
        self._sequence = 0
        self._hash: str | None = None
        self._books: dict[int, None] = {}
        self._positions: dict[Position, Account] = {}
        self._cash: dict[Clearinghouse, Account] = {}
        self.events: list[Event] = []
        self.time = 0

    def begin(self, now: int) -> None:
        """Start the next command."""
        self._sequence += 1
        self._hash = None
        self.events = []
        self.time = now

    def finish(self) -> list[Event]:
        """The events of the command, those that sum it up at the end."""
        events = self.events
        if self._positions:
            for position, account in self._positions.items():
                events.append(PositionChanged(self.time, account.address, position.asset, position.szi))
            self._positions = {}
        if self._cash:
            for house, account in self._cash.items():
                events.append(BalanceChanged(self.time, account.address, house.dex, house.raw_usd))
            self._cash = {}
        if self._books:
            for asset in self._books:
                events.append(BookChanged(self.time, asset))
            self._books = {}
        return events

    @property
    def commands(self) -> int:
        """How many commands were begun so far."""
        return self._sequence

    def emit(self, event: Event) -> None:
        """The next event in the order of things."""
        self.events.append(event)

    def touch_book(self, asset: int) -> None:
        """The book of a market is not what it was."""
        self._books[asset] = None

    def touch_position(self, account: Account, position: Position) -> None:
        """A position is not what it was."""
        self._positions[position] = account

    def touch_cash(self, account: Account, clearinghouse: Clearinghouse) -> None:
        """The cross cash of an account is not what it was."""
        self._cash[clearinghouse] = account

    @contextmanager
    def without_transaction(self) -> Iterator[None]:
        """What happens meanwhile nobody has sent: its hash is zero (reference, section 11)."""
        before, self._hash = self._hash, ZERO_HASH
        try:
            yield
        finally:
            self._hash = before

    @property
    def tx_hash(self) -> str:
        """The made-up transaction hash of this command: `0x` and 64 hex digits."""
        if self._hash is None:
            digest = blake2b(self._sequence.to_bytes(8, "big"), digest_size=32, key=self._hash_seed)
            self._hash = "0x" + digest.hexdigest()
        return self._hash
