"""Positions, realized profit and equity out of fills, funding payments and prices, in exact decimals.

The rules are the venue's: a position has one average cost, closing a part of it releases that part of the cost, and
profit is counted before fees (reference, section 11, `closedPnl`). Released cost is kept to a trillionth of a dollar,
rounded half to even, so that what a closed position has earned is exact. All of it starts from nothing: what an account
held before the first fill in the database, and what others trade on it, is not seen here.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from decimal import ROUND_HALF_EVEN, Context, Decimal, localcontext
from operator import attrgetter

from hyperliquid_perpetual.report.database import Fill, Payment, Quote

Event = Fill | Payment | Quote

_ZERO = Decimal(0)
_FINEST = Decimal("1e-12")
_EXACT = Context(prec=60, rounding=ROUND_HALF_EVEN)


@dataclass(frozen=True, slots=True)
class Holding:
    """One pair, from the first fill up to a moment. Money in USD."""

    position: Decimal = _ZERO
    """In the coin; sold short negative."""
    cost: Decimal = _ZERO
    """What the position cost, or brought when it is short."""
    realized: Decimal = _ZERO
    """By closing positions, before fees and funding."""
    fees: Decimal = _ZERO
    """Charged; negative when the venue paid more."""
    funding: Decimal = _ZERO
    """Received; negative when more was paid."""
    price: Decimal = _ZERO
    """The last one that is known: of a fill, or of the market where prices are recorded."""
    priced_ms: int = 0

    @property
    def unrealized(self) -> Decimal:
        """What closing at the last known price would earn."""
        value = abs(self.position) * self.price
        return value - self.cost if self.position >= 0 else self.cost - value

    @property
    def profit(self) -> Decimal:
        """Everything together: its share of the equity."""
        return self.realized + self.unrealized - self.fees + self.funding

    def after(self, event: Event) -> "Holding":
        """With one more thing that happened."""
        with localcontext(_EXACT):
            match event:
                case Fill():
                    return self._after_fill(event)
                case Payment(amount=amount):
                    return replace(self, funding=self.funding + amount)
                case Quote(mid=mid, time_ms=time_ms):
                    return replace(self, price=mid, priced_ms=time_ms)

    def _after_fill(self, fill: Fill) -> "Holding":
        held = abs(self.position)
        is_against = self.position and (self.position > 0) != fill.is_buy
        closing = min(fill.size, held) if is_against else _ZERO
        if closing == held:
            released = self.cost if closing else _ZERO
        else:
            released = (self.cost * closing / held).quantize(_FINEST) if closing else _ZERO
        gain = closing * fill.price - released
        return Holding(
            position=self.position + fill.signed_size,
            cost=self.cost - released + (fill.size - closing) * fill.price,
            realized=self.realized + (gain if self.position >= 0 else -gain),
            fees=self.fees + fill.fee,
            funding=self.funding,
            price=fill.price,
            priced_ms=fill.time_ms,
        )


@dataclass(frozen=True, slots=True)
class Step:
    """The books right after an event."""

    time_ms: int
    pair: str
    holding: Holding
    """Of the pair that the event was about."""
    equity: Decimal
    """Profit of all pairs so far, in USD, open positions at the last known prices."""


@dataclass
class Ledger:
    """All pairs together, event after event."""

    holdings: dict[str, Holding] = field(default_factory=dict)
    steps: list[Step] = field(default_factory=list)

    def take(self, event: Event) -> None:
        """Books an event; they come in order of time."""
        before = self.holdings.get(event.pair, Holding())
        after = self.holdings[event.pair] = before.after(event)
        equity = self.steps[-1].equity if self.steps else _ZERO
        with localcontext(_EXACT):
            equity += after.profit - before.profit
        self.steps.append(Step(event.time_ms, event.pair, after, equity))


def keep_books(events: Iterable[Event]) -> Ledger:
    """The books of all these events, whatever order they come in."""
    ledger = Ledger()
    for event in sorted(events, key=attrgetter("time_ms")):
        ledger.take(event)
    return ledger


def events_of(fills: Sequence[Fill], payments: Sequence[Payment], quotes: Sequence[Quote]) -> list[Event]:
    """Everything that moves the books; of prices those of pairs that were traded.

    A payment comes before a fill of the same millisecond, as it is for what was held until then.
    """
    traded = {fill.pair for fill in fills}
    events: list[Event] = [*payments, *fills]
    return [*events, *(quote for quote in quotes if quote.pair in traded)]
