"""What became of orders: each order in exactly one of a few ends."""

from collections import Counter
from collections.abc import Iterable

from hyperliquid_perpetual.report.database import Fill, Order
from hyperliquid_perpetual.report.log_facts import Incident

ENDS = (
    "filled",
    "partly filled, then cancelled",
    "cancelled",
    "expired",
    "failed",
    "refused",
    "no end recorded",
)
"""In the order in which they are shown. `refused` is an order that was never accepted: only the log knows of it."""


def outcomes(orders: Iterable[Order], fills: Iterable[Fill], refusals: Iterable[Incident]) -> Counter[str]:
    """How many orders came to each end.

    :param refusals: failed orders that the log tells of; those that the database has too are not counted twice.
    """
    with_fills = {fill.order_id for fill in fills}
    counts: Counter[str] = Counter()
    known = set()
    for order in orders:
        known.add(order.id)
        counts[_end_of(order, has_fills=order.id in with_fills)] += 1
    counts["refused"] += len({refusal.order_id for refusal in refusals} - known)
    return counts


def _end_of(order: Order, *, has_fills: bool) -> str:
    if order.end == "cancelled" and has_fills:
        return "partly filled, then cancelled"
    return order.end or "no end recorded"
