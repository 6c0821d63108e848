"""An order that is amended lives on under a new order id: which leg is the present one, and what earlier ones filled.

Reference, section 3.3: an amendment is cancel-and-replace. The replacement has a new oid, the same client order id and
its own full size; the old leg is reported as canceled, before or after. For Hummingbot it stays one order, so the end
of an old leg is no end, and what an old leg fills late adds to the amount, because the replacement does not know of it.
"""

from collections import OrderedDict
from dataclasses import dataclass
from decimal import Decimal

from hummingbot.core.data_type.in_flight_order import InFlightOrder

_MOST_REMEMBERED = 5000


@dataclass(frozen=True, slots=True)
class _Pending:
    """An amendment on its way."""

    price: Decimal
    size: Decimal


class Legs:
    """The legs of amended orders; orders that were never amended are unknown here and cost nothing."""

    def __init__(self) -> None:
        self._pending: dict[str, _Pending] = {}
        self._retired: OrderedDict[str, set[str]] = OrderedDict()

    def begin(self, order: InFlightOrder, price: Decimal, size: Decimal) -> None:
        """An amendment is about to be sent: limit price in USD, and the full size of the replacement in base units."""
        self._pending[order.client_order_id] = _Pending(price, size)

    def is_pending(self, order: InFlightOrder) -> bool:
        """Whether the outcome of an amendment is not known yet."""
        return order.client_order_id in self._pending

    def abandon(self, order: InFlightOrder) -> None:
        """The amendment did not happen."""
        self._pending.pop(order.client_order_id, None)

    def is_superseded(self, order: InFlightOrder, oid: int | str) -> bool:
        """Whether the cancel of this leg is, or may be, part of an amendment."""
        name = str(oid)
        if name in self._retired.get(order.client_order_id, ()):
            return True
        return order.client_order_id in self._pending and name == order.exchange_order_id

    def follow(
        self, order: InFlightOrder, oid: int | str, price: Decimal | None = None, size: Decimal | None = None
    ) -> bool:
        """The venue names an oid for the order; says whether it is a new leg, which is then the present one.

        :param price: of the leg, if told. :param size: with which it was placed, if told.
        """
        name, known = str(oid), order.exchange_order_id
        if known is None or name == known or not _is_later(name, known):
            return False
        pending = self._pending.pop(order.client_order_id, None)
        if size is None:
            if pending is None:
                return False
            price, size = pending.price, pending.size
        elif not size:
            # Exits of a whole position have no size of their own.
            size = order.amount - self.filled_before(order)
        retired = self._retired.setdefault(order.client_order_id, set())
        retired.add(known)
        if len(self._retired) > _MOST_REMEMBERED:
            self._retired.popitem(last=False)
        order.exchange_order_id = name
        order.amount = self.filled_before(order) + size
        if price is not None:
            order.price = price
        return True

    def filled_before(self, order: InFlightOrder) -> Decimal:
        """What the earlier legs filled, in base units, as far as it is booked."""
        retired = self._retired.get(order.client_order_id)
        if not retired:
            return Decimal(0)
        fills = order.order_fills.values()
        return sum((fill.fill_base_amount for fill in fills if fill.exchange_order_id in retired), Decimal(0))

    def on_fill(self, order: InFlightOrder, oid: str, size: Decimal) -> None:
        """A fill of the order is about to be booked."""
        if not self.follow(order, oid) and oid in self._retired.get(order.client_order_id, ()):
            order.amount += size

    def forget(self, order: InFlightOrder) -> None:
        """The order ended: an amendment on its way no longer matters. Late fills still find their leg."""
        self._pending.pop(order.client_order_id, None)


def _is_later(oid: str, known: str) -> bool:
    """Order ids count upwards: an older one is an old leg reported late."""
    return oid.isdigit() and known.isdigit() and int(oid) > int(known)
