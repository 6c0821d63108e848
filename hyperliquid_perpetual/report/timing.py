"""How long things took: orders until they were accepted, cancels until they were confirmed, fills until they were told.

Every latency is a distance between two times of which at least one stands in the log; where the log is silent, there is
none. What each of them contains is said with it, because none is the bare round trip (the metrics endpoint has that).
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from hyperliquid_perpetual.report.database import Fill, Order
from hyperliquid_perpetual.report.log_facts import LogFacts

_SKEW_MS = 60_000
"""What lies further off is no latency but a mistake, such as a clock that was set."""


@dataclass(frozen=True)
class Latency:
    """One kind of latency, all its samples in milliseconds, smallest first."""

    name: str
    meaning: str
    samples: tuple[int, ...]

    def quantile(self, share: float) -> int | None:
        """The sample below or at which that share of all samples lies; None without samples."""
        if not self.samples:
            return None
        return self.samples[max(0, math.ceil(len(self.samples) * share) - 1)]


def latencies(orders: Iterable[Order], fills: Sequence[Fill], log: LogFacts | None) -> list[Latency]:
    """All kinds of latency, those without samples too."""
    facts = log if log is not None else LogFacts()
    accepted = [facts.created[order.id] - order.created_ms for order in orders if order.id in facts.created]
    cancelled = [facts.cancelled[name] - asked for name, asked in facts.cancel_asked.items() if name in facts.cancelled]
    return [
        Latency(
            "order accepted",
            "from the clock tick in which the strategy placed an order to the logged acceptance: contains the "
            "strategy's own work, and the orders that went before it in the same tick",
            _kept(accepted),
        ),
        Latency(
            "order cancelled",
            "from a strategy's logged wish to the logged confirmation; V2 executors do not log the wish",
            _kept(cancelled),
        ),
        Latency(
            "fill told",
            "from the venue's time of a fill to its record in the log: contains what the clocks of bot and venue "
            "differ by",
            _kept(_told(fills, facts)),
        ),
    ]


def _told(fills: Sequence[Fill], facts: LogFacts) -> list[int]:
    by_order: dict[str, list[Fill]] = {}
    for fill in fills:
        if fill.is_venue_time:
            by_order.setdefault(fill.order_id, []).append(fill)
    distances = []
    for order_id, own in by_order.items():
        told = facts.fills_told.get(order_id, [])
        # Only where log and database know the same fills is it clear which record is about which.
        if len(told) == len(own):
            distances += [at - fill.time_ms for at, fill in zip(sorted(told), own, strict=True)]
    return distances


def _kept(distances: Iterable[int]) -> tuple[int, ...]:
    return tuple(sorted(distance for distance in distances if abs(distance) <= _SKEW_MS))
