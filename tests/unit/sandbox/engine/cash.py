"""What events tell about cash that moved without a trade, and about the lines that the ledgers have of it."""

from collections.abc import Iterable

from hyperliquid_perpetual.sandbox.engine.events import CashMoved, Event, LedgerUpdated
from hyperliquid_perpetual.sandbox.engine.records import LedgerDetails

Line = tuple[str, str, int, str, LedgerDetails | None]


def moves(events: Iterable[Event]) -> list[tuple[str, str, str, int]]:
    """(account, place, token, amount) of all cash that moved."""
    return [(event.account, event.place, event.token, event.amount) for event in events if isinstance(event, CashMoved)]


def lines(events: Iterable[Event]) -> list[Line]:
    """(account, kind, amount, dex, details) of all new lines in ledgers."""
    updates = [(event.account, event.update) for event in events if isinstance(event, LedgerUpdated)]
    return [(account, line.kind, line.amount, line.dex, line.details) for account, line in updates]
