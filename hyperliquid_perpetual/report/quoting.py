"""How long the bot had orders on both sides of a market, and how far apart they were.

An order counts from when its acceptance was logged (from the clock tick that made it, where the log does not say) until
its end was recorded. One whose end nobody recorded counts until the bot stopped. Market orders do not count.
"""

import bisect
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from hyperliquid_perpetual.report.database import Order
from hyperliquid_perpetual.report.log_facts import Session


@dataclass(frozen=True, slots=True)
class Stretch:
    """A time in which the bot's best orders of one pair stayed the same. Prices in USD, None without an order."""

    start_ms: int
    end_ms: int
    bid: Decimal | None
    ask: Decimal | None
    bids: int
    asks: int

    @property
    def milliseconds(self) -> int:
        """How long it lasted."""
        return self.end_ms - self.start_ms

    @property
    def is_two_sided(self) -> bool:
        """Whether there was an order on each side."""
        return self.bid is not None and self.ask is not None

    @property
    def is_one_sided(self) -> bool:
        """Whether there was an order on one side only."""
        return (self.bid is None) != (self.ask is None)


@dataclass(frozen=True)
class Quoting:
    """One pair, over the time in which the bot ran."""

    stretches: tuple[Stretch, ...]

    @property
    def observed_ms(self) -> int:
        """The time that was looked at: from the first order of each run until the run's end."""
        return sum(stretch.milliseconds for stretch in self.stretches)

    @property
    def two_sided_ms(self) -> int:
        """With an order on each side."""
        return sum(stretch.milliseconds for stretch in self.stretches if stretch.is_two_sided)

    @property
    def one_sided_ms(self) -> int:
        """With orders on one side only."""
        return sum(stretch.milliseconds for stretch in self.stretches if stretch.is_one_sided)

    @property
    def uptime(self) -> Decimal | None:
        """The share of the time with an order on each side; None when nothing was observed."""
        return Decimal(self.two_sided_ms) / self.observed_ms if self.observed_ms else None

    @property
    def quoted_spread(self) -> Decimal | None:
        """How far apart the best orders were, as a fraction of their mid, averaged over the time with both."""
        total, weight = Decimal(0), 0
        for stretch in self.stretches:
            if stretch.bid is not None and stretch.ask is not None:
                total += 2 * (stretch.ask - stretch.bid) / (stretch.ask + stretch.bid) * stretch.milliseconds
                weight += stretch.milliseconds
        return total / weight if weight else None


def observe(
    orders: Iterable[Order],
    accepted_at: Mapping[str, int],
    sessions: Sequence[Session],
    window: tuple[int, int],
) -> dict[str, Quoting]:
    """The quoting of each pair.

    :param accepted_at: when orders were accepted, Unix milliseconds, as far as it is known.
    :param sessions: when the bot ran; one that spans everything, when there is no log.
    :param window: from when until when to look, Unix milliseconds.
    """
    by_pair: dict[str, list[_Resting]] = defaultdict(list)
    for order in orders:
        if order.kind != "MARKET" and order.price > 0:
            resting = _resting(order, accepted_at.get(order.id), sessions)
            by_pair[order.pair].append(resting)
    found = {}
    for pair, resting_orders in by_pair.items():
        stretches: list[Stretch] = []
        for session in sessions:
            own = [item for item in resting_orders if item.start_ms < session.end_ms and item.end_ms > session.start_ms]
            if own:
                start = max(session.start_ms, min(item.start_ms for item in own), window[0])
                stretches += _stretches(own, start, min(session.end_ms, window[1]))
        if stretches:
            found[pair] = Quoting(tuple(stretches))
    return found


@dataclass(frozen=True, slots=True)
class _Resting:
    start_ms: int
    end_ms: int
    is_buy: bool
    price: Decimal


def _resting(order: Order, accepted_ms: int | None, sessions: Sequence[Session]) -> _Resting:
    # Before it was made it cannot have been accepted: then the log is about another order.
    start = accepted_ms if accepted_ms is not None and accepted_ms >= order.created_ms else order.created_ms
    end = order.ended_ms
    if end is None:
        end = next((session.end_ms for session in sessions if session.start_ms <= start <= session.end_ms), start)
    return _Resting(start, max(start, end), order.is_buy, order.price)


@dataclass
class _Side:
    """The prices of the open orders of one side, sorted."""

    prices: list[Decimal] = field(default_factory=list)

    def change(self, price: Decimal, *, comes: bool) -> None:
        if comes:
            bisect.insort(self.prices, price)
        else:
            del self.prices[bisect.bisect_left(self.prices, price)]


def _stretches(orders: Iterable[_Resting], start: int, end: int) -> list[Stretch]:
    changes = []
    for order in orders:
        first, last = max(order.start_ms, start), min(order.end_ms, end)
        if first < last:
            changes += [(first, True, order), (last, False, order)]
    changes.sort(key=lambda change: change[0])
    bids, asks = _Side(), _Side()
    stretches: list[Stretch] = []
    since = start
    for time, comes, order in changes:
        _add(stretches, since, time, bids, asks)
        since = max(since, time)
        (bids if order.is_buy else asks).change(order.price, comes=comes)
    _add(stretches, since, end, bids, asks)
    return stretches


def _add(stretches: list[Stretch], start: int, end: int, bids: _Side, asks: _Side) -> None:
    if end <= start:
        return
    bid = bids.prices[-1] if bids.prices else None
    ask = asks.prices[0] if asks.prices else None
    stretches.append(Stretch(start, end, bid, ask, len(bids.prices), len(asks.prices)))
