"""The trigger orders of one market, sorted by the mark price at which they fire."""

from bisect import bisect_left, insort

from .state import Order


class TriggerBook:
    """Armed orders. Of several that are met, those nearest to the old price come first, then the older ones.

    Both lists have what fires next at their end: keys are (negated price, negated oid) for orders that wait for a rise,
    and (price, negated oid) for those that wait for a fall.
    """

    __slots__ = ("_falling", "_orders", "_rising")

    def __init__(self) -> None:
        self._rising: list[tuple[int, int]] = []
        self._falling: list[tuple[int, int]] = []
        self._orders: dict[int, Order] = {}

    def __len__(self) -> int:
        return len(self._orders)

    def add(self, order: Order) -> None:
        """Arm an order."""
        keys, key = self._key(order)
        insort(keys, key)
        self._orders[order.oid] = order

    def remove(self, order: Order) -> None:
        """Disarm an order that is here."""
        keys, key = self._key(order)
        del keys[bisect_left(keys, key)]
        del self._orders[order.oid]

    def next_met(self, mark_px: int) -> Order | None:
        """The order that fires first at this mark price, None when none does."""
        for keys, sign in ((self._rising, -1), (self._falling, 1)):
            if keys:
                order = self._orders[-keys[-1][1]]
                assert order.trigger is not None
                if mark_px * sign <= order.trigger.px * sign:
                    return order
        return None

    def _key(self, order: Order) -> tuple[list[tuple[int, int]], tuple[int, int]]:
        assert order.trigger is not None
        px = order.trigger.px
        if order.trigger.is_above(order.is_buy):
            return self._rising, (-px, -order.oid)
        return self._falling, (px, -order.oid)
