"""Finds the cancels and new orders of one turn that are one amendment: the old order of a side goes, a new one comes.

A strategy that moves a quote cancels and places at once. As two actions, the new post-only order executes before the
cancel (reference, section 15), needs margin beside the old one and costs two requests of the address's allowance; as
one ``batchModify`` both happen together. Only plain resting limit orders are paired. When the venue refuses such an
amendment nothing new was placed, and both halves are sent the ordinary way.
"""

import asyncio
from collections import defaultdict, deque
from dataclasses import dataclass

from ..venue.actions import OrderRequest
from ..venue.replies import Outcome


@dataclass(frozen=True, slots=True)
class Answer:
    """The outcome of one order, cancel or amendment."""

    outcome: Outcome
    expires_after: int | None
    """Until when (Unix milliseconds) it could still take effect."""
    nonce: int | None = None
    """Of the action that carried it."""


@dataclass(frozen=True, slots=True)
class Cancel:
    """A cancel by client order id."""

    asset_id: int
    cloid: str
    resting_side: bool | None = None
    """Whether the order is a buy, if it is known to rest as a plain limit order; None when it cannot be replaced."""
    reduce_only: bool = False


@dataclass(slots=True)
class Waiting[Item]:
    """Something that was handed in, and the answer to come."""

    item: Item
    answer: "asyncio.Future[Answer]"
    goes_alone: bool = False
    """An amendment with it was refused: it is not tried again."""

    def settle(self, answer: Answer) -> None:
        """Gives the answer, unless whoever waited is gone."""
        if not self.answer.done():
            self.answer.set_result(answer)

    def fail(self, error: Exception) -> None:
        """Tells that there can be no answer."""
        if not self.answer.done():
            self.answer.set_exception(error)


@dataclass(frozen=True, slots=True)
class Replacement:
    """A cancel and the order that takes the place of the cancelled one."""

    cancel: Waiting[Cancel]
    order: Waiting[OrderRequest]


def pair_up(
    cancels: list[Waiting[Cancel]], orders: list[Waiting[OrderRequest]]
) -> tuple[list[Replacement], list[Waiting[Cancel]], list[Waiting[OrderRequest]]]:
    """Pairs cancels with new orders of the same market, side and reduce-only flag, first come first served.

    :returns: the pairs, and the cancels and orders that are left.
    """
    if not cancels or not orders:
        return [], cancels, orders
    leaving: defaultdict[tuple[int, bool | None, bool], deque[Waiting[Cancel]]] = defaultdict(deque)
    for waiting in cancels:
        cancel = waiting.item
        if cancel.resting_side is not None and not waiting.goes_alone:
            leaving[cancel.asset_id, cancel.resting_side, cancel.reduce_only].append(waiting)
    pairs: list[Replacement] = []
    left: list[Waiting[OrderRequest]] = []
    for ticket in orders:
        order = ticket.item
        candidates = leaving.get((order.asset_id, order.is_buy, order.reduce_only))
        if candidates and order.can_replace and not ticket.goes_alone:
            pairs.append(Replacement(candidates.popleft(), ticket))
        else:
            left.append(ticket)
    paired = {id(pair.cancel) for pair in pairs}
    return pairs, [waiting for waiting in cancels if id(waiting) not in paired], left
