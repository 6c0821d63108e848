"""Auctions of early market data: two slots, each sold anew every three minutes at a falling price (section 15).

The reference has the slots, the length, and the least price of 0.1 HYPE. Where an auction starts and how its price
falls is ours: from five times what was last paid, at least 1 HYPE, in a straight line. What is sold cannot be had here,
where nobody is told of a block before others: a bid is paid, holds its slot until the next one is sold, and shows.
"""

from msgspec import Struct

from .fee_tiers import HYPE
from .outbox import Outbox
from .pools import SPOT
from .state import Account
from .treasury import NOT_ENOUGH_TOKENS, Treasury
from .units import SECOND

SLOTS = 2
DURATION = 180 * SECOND
LEAST_PRICE = HYPE // 10
FIRST_PRICE = HYPE
RISE = 5
WEI = HYPE // 10**8
"""Money units of the least part of a HYPE that the wire has."""

TOO_LITTLE = "Insufficient gas at current auction price."
"""The venue's text, as a client's own tests have it."""


class Slot(Struct):
    """One slot: who has it, and the last auction that somebody won (its start, Unix ms)."""

    ip: str | None = None
    sold_at: int | None = None
    last_price: int = 0


class Auction(Struct, frozen=True):
    """How the auction of a slot stands: prices in the units of money; `price` None when it is over."""

    ip: str | None
    start: int
    start_price: int
    price: int | None
    end_price: int | None
    """What it went for, None as long as it has not."""


class GossipAuctions:
    """The slots; auctions begin with the clock's three minutes."""

    __slots__ = ("_outbox", "_treasury", "slots")

    def __init__(self, treasury: Treasury, outbox: Outbox) -> None:
        self._treasury = treasury
        self._outbox = outbox
        self.slots = tuple(Slot() for _ in range(SLOTS))

    def auction(self, slot_id: int, now: int) -> Auction:
        """The auction of a slot at a time (Unix ms)."""
        slot = self.slots[slot_id]
        start = now // DURATION * DURATION
        is_over = slot.sold_at == start
        first = max(FIRST_PRICE, RISE * slot.last_price)
        if is_over:
            return Auction(slot.ip, start, first, None, slot.last_price)
        price = first - (first - LEAST_PRICE) * (now - start) // DURATION
        return Auction(slot.ip, start, first, -(-price // WEI) * WEI, None)

    def bid(self, account: Account, slot_id: int, ip: str, most: int) -> str | None:
        """`gossipPriorityBid`: take a slot at its present price if that is at most `most` (money)."""
        if not 0 <= slot_id < SLOTS:
            return f"There are {SLOTS} slots, 0 to {SLOTS - 1}."
        auction = self.auction(slot_id, self._outbox.time)
        if auction.price is None:
            return "The auction of this slot is over; the next one begins within three minutes."
        if most < auction.price:
            return TOO_LITTLE
        if self._treasury.available(account, SPOT, "HYPE") < auction.price:
            return NOT_ENOUGH_TOKENS
        self._treasury.credit(account, SPOT, "HYPE", -auction.price)
        slot = self.slots[slot_id]
        slot.ip, slot.sold_at, slot.last_price = ip, auction.start, auction.price
        return None
