"""Requests that an account pays for beyond those it may send anyway (reference, sections 3.10 and 9.3)."""

from .events import RequestsReserved
from .outbox import Outbox
from .pools import USDC
from .state import Account
from .treasury import Treasury
from .units import MONEY_SCALE

COST = 5 * MONEY_SCALE // 10_000
"""Of one request: 0.0005 USDC."""


def reserve_requests(
    treasury: Treasury, outbox: Outbox, account: Account, requests: int, destination: str | None
) -> str | None:
    """Pay from the first dex for requests of `destination`, by default the account's own; texts are ours.

    The money leaves the exchange; the venue has no kind of ledger line for it.
    """
    if requests <= 0:
        return "Request weight to reserve must be more than zero."
    receiver = account if destination is None else treasury.accounts.get(destination)
    if receiver is None:
        return f"There is no account {destination} to reserve request weight for."
    cost = requests * COST
    if cost > treasury.available(account, "", USDC):
        return "Insufficient balance to reserve request weight."
    treasury.credit(account, "", USDC, -cost)
    receiver.reserved_requests += requests
    outbox.emit(RequestsReserved(outbox.time, account.address, receiver.address, requests))
    return None
