"""TP/SL orders that belong together: to a parent that has to be filled first, or to a position (reference, 3.1).

The rules are in `end_of_order`, which the order desk calls for every end of an order that belongs to a bracket.
"""

from typing import TYPE_CHECKING

from .records import OrderStatus

if TYPE_CHECKING:
    from .orders import OrderDesk
    from .state import Order

_OF_ITSELF = frozenset((OrderStatus.MARGIN_CANCELED, OrderStatus.SELF_TRADE_CANCELED, OrderStatus.REDUCE_ONLY_CANCELED))
"""Ends of a parent that its owner did not ask for and that are about no other order."""


class Bracket:
    """One parent, or none, and the TP/SL orders of which at most one is to be filled."""

    __slots__ = ("children", "parent")

    def __init__(self, parent: "Order | None" = None) -> None:
        self.parent = parent
        """None once it has ended, and for the TP/SL orders of a position."""
        self.children: dict[int, Order] = {}
        """Those that have not ended, by oid, in the order in which they were sent."""

    def move(self, parent: "Order") -> None:
        """Make another order the parent; the one before has left the bracket already."""
        self.parent = parent
        parent.bracket = self

    def add(self, child: "Order") -> None:
        """Take in a TP/SL order."""
        self.children[child.oid] = child
        child.bracket = self


def end_of_order(desk: "OrderDesk", order: "Order", status: OrderStatus) -> None:
    """What the end of an order means to those it belongs to."""
    bracket = order.bracket
    if bracket is None:
        return
    if bracket.parent is order:
        bracket.parent = None
        _parent_ended(desk, bracket, order, status)
    elif bracket.children.pop(order.oid, None) is not None and status is OrderStatus.FILLED:
        sibling_filled(desk, order)


def sibling_filled(desk: "OrderDesk", order: "Order") -> None:
    """One of the TP/SL orders is filled: the others are canceled."""
    bracket = order.bracket
    if bracket is not None and bracket.parent is not order:
        for sibling in list(bracket.children.values()):
            if sibling is not order:
                desk.cancel(sibling, OrderStatus.SIBLING_FILLED_CANCELED)


def _parent_ended(desk: "OrderDesk", bracket: Bracket, parent: "Order", status: OrderStatus) -> None:
    """Arm the children of a parent that is filled, and end those of one that is not.

    A parent that is filled in part arms its children for that part when the exchange ended it: the venue's pages say so
    of margin, and the same is done for what is like it; for the rest of an Ioc order that is not confirmed
    (`part_filled_parent`). When the owner canceled it, or everything is canceled, its children go with it and as it.
    """
    filled = parent.orig_sz - parent.sz
    arms = status in _OF_ITSELF
    if parent.tif in ("Ioc", "FrontendMarket"):
        arms = arms or desk.quirks.part_filled_parent == "arms"
    for child in list(bracket.children.values()):
        if status is OrderStatus.FILLED or (filled and arms):
            desk.activate(child, filled)
        elif not status.value.endswith("ejected"):
            desk.cancel(child, OrderStatus.CANCELED if status in _OF_ITSELF else status)
        elif child.is_new:
            desk.end(child, OrderStatus.REJECTED)
        else:
            desk.cancel(child, OrderStatus.CANCELED)
