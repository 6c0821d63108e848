"""The terms of an order that Hummingbot's order has no place for: time in force, limit on the wire, trigger.

Strategies give them as keyword arguments of ``buy`` and ``sell``; they are needed until the order is sent, and to amend
it later. Reference, section 3.1.
"""

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from hummingbot.core.data_type.common import OrderType, PositionAction

from ..venue.actions import Tif, TpSl, Trigger
from .order_checks import OrderRefused

_TIFS: dict[str, Tif] = {"gtc": "Gtc", "ioc": "Ioc", "alo": "Alo", "post_only": "Alo"}
_KINDS: dict[str, TpSl] = {"tp": "tp", "take_profit": "tp", "sl": "sl", "stop_loss": "sl"}
_MOST_REMEMBERED = 5000


@dataclass(frozen=True, slots=True)
class OrderTerms:
    """What else an order says."""

    tif: Tif
    reduce_only: bool
    slippage: Decimal | None = None
    """Of a market order, as a fraction; None for the connector's own."""
    trigger_price: Decimal | None = None
    """In USD, as the strategy gave it."""
    trigger_kind: TpSl | None = None
    limit_price: Decimal | None = None
    """The limit on the wire, in USD, where it is not the order's price."""

    def trigger(self, order_type: OrderType) -> Trigger | None:
        """The trigger on the wire, if there is one."""
        if self.trigger_price is None or self.trigger_kind is None:
            return None
        return Trigger(self.trigger_price, is_market=order_type is OrderType.MARKET, tpsl=self.trigger_kind)


def read_terms(order_type: OrderType, position_action: PositionAction, given: Mapping[str, Any]) -> OrderTerms:
    """The terms out of the keyword arguments of an order: ``time_in_force``, ``reduce_only``, ``slippage``,
    ``trigger_price`` and ``trigger_kind``. Others belong to other connectors and are passed over.

    :raises OrderRefused: when one of them cannot be meant.
    """
    tif = _time_in_force(order_type, given.get("time_in_force"))
    reduce_only = given.get("reduce_only")
    if reduce_only is None:
        reduce_only = position_action is PositionAction.CLOSE
    if not isinstance(reduce_only, bool):
        raise OrderRefused(f"reduce_only must be True or False, got {reduce_only!r}")
    slippage = _number("slippage", given.get("slippage"))
    if slippage is not None and not 0 < slippage <= Decimal("0.5"):
        raise OrderRefused(f"slippage is a fraction above 0 and up to 0.5, got {slippage}")
    trigger_price = _number("trigger_price", given.get("trigger_price"))
    kind = given.get("trigger_kind")
    if (trigger_price is None) != (kind is None):
        raise OrderRefused("a trigger order needs both a trigger_price and a trigger_kind")
    if kind is not None and str(kind).lower() not in _KINDS:
        raise OrderRefused(f"trigger_kind is take_profit or stop_loss, got {kind!r}")
    if trigger_price is not None:
        if trigger_price <= 0:
            raise OrderRefused(f"the trigger price must be a positive number, got {trigger_price}")
        if order_type is OrderType.LIMIT_MAKER:
            raise OrderRefused("a trigger order is a MARKET or a LIMIT order: LIMIT_MAKER has no trigger")
        # The venue takes a trigger without a parent only as reduce-only (section 3.1).
        reduce_only = True
    return OrderTerms(
        tif=tif,
        reduce_only=reduce_only,
        slippage=slippage,
        trigger_price=trigger_price,
        trigger_kind=_KINDS[str(kind).lower()] if kind is not None else None,
    )


def _time_in_force(order_type: OrderType, given: Any) -> Tif:
    natural: Tif = "Gtc"
    if order_type is OrderType.LIMIT_MAKER:
        natural = "Alo"
    elif order_type is OrderType.MARKET:
        natural = "FrontendMarket"
    if given is None:
        return natural
    word = str(getattr(given, "name", given)).strip().lower()
    if word not in _TIFS:
        raise OrderRefused(f"time_in_force is GTC, IOC or ALO, got {given!r}")
    tif = _TIFS[word]
    if order_type is OrderType.MARKET and tif == "Ioc":
        return natural
    if order_type is not OrderType.LIMIT and tif != natural:
        raise OrderRefused(f"time_in_force {word.upper()} needs a LIMIT order, got {order_type.name}")
    return tif


def _number(name: str, given: Any) -> Decimal | None:
    if given is None:
        return None
    try:
        number = given if isinstance(given, Decimal) else Decimal(str(given))
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite():
        raise OrderRefused(f"{name} must be a number, got {given!r}")
    return number


class TermsBook:
    """The terms of orders by client order id; the oldest are forgotten one by one."""

    def __init__(self) -> None:
        self._terms: OrderedDict[str, OrderTerms] = OrderedDict()

    def note(self, cloid: str, terms: OrderTerms) -> None:
        """Remembers the terms of an order."""
        self._terms[cloid] = terms
        self._terms.move_to_end(cloid)
        if len(self._terms) > _MOST_REMEMBERED:
            self._terms.popitem(last=False)

    def of(self, cloid: str, order_type: OrderType, position_action: PositionAction) -> OrderTerms:
        """The terms of an order; those that its type implies when nothing else is known, as after a restart."""
        known = self._terms.get(cloid)
        return known if known is not None else read_terms(order_type, position_action, {})

    def knows(self, cloid: str) -> bool:
        """Whether the order's terms were noted."""
        return cloid in self._terms
