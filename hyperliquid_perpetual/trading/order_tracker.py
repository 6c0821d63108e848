"""Hummingbot's order tracker with the life of an order as one table, indices instead of searches, and no end without
its fills.

It replaces three habits of the base class: a late "open" reopened finished orders, fills rebuilt dictionaries of all
orders, and an order completed after a fixed wait whether or not its fills had come. Here an ending (filled or canceled)
that the venue reported with more filled than is booked is held back; ``fills_missing`` asks for the fills, and the
ending is applied as soon as they are booked, or when the venue's own list of fills has been read in full without them.
"""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from itertools import chain
from typing import Any

from cachetools import TTLCache
from hummingbot.connector.client_order_tracker import ClientOrderTracker
from hummingbot.core.data_type.common import PositionAction
from hummingbot.core.data_type.in_flight_order import InFlightOrder, OrderState, OrderUpdate, TradeUpdate

from .legs import Legs
from .lifecycle import Evidence, next_state
from .log_names import logger_of

logger = logger_of(__name__)

_EVIDENCE_OF_STATE = {
    OrderState.OPEN: Evidence.LIVE,
    OrderState.CREATED: Evidence.LIVE,
    OrderState.PARTIALLY_FILLED: Evidence.LIVE,
    OrderState.PENDING_CANCEL: Evidence.CANCEL_SENT,
    OrderState.CANCELED: Evidence.CANCELED,
    OrderState.FILLED: Evidence.FILLED,
    OrderState.COMPLETED: Evidence.FILLED,
    OrderState.FAILED: Evidence.REJECTED,
}


_ENDS = frozenset({Evidence.FILLED, Evidence.CANCELED, Evidence.REJECTED, Evidence.NEVER_ARRIVED})


@dataclass(frozen=True, slots=True)
class _HeldEnding:
    evidence: Evidence
    filled: Decimal
    timestamp: float
    since: float
    """Unix seconds on this machine's clock at which the ending came in."""


class OrderTracker(ClientOrderTracker):
    """Tracks the bot's orders by client order id and by the venue's order id."""

    MAX_CACHE_SIZE = 5000
    CACHED_ORDER_TTL = 900.0
    """Seconds an ended order can still take a late fill: longer than any reconnect takes to hand it in."""

    def __init__(
        self, connector: Any, fills_missing: Callable[[InFlightOrder], None], clock: Callable[[], float] = time.time
    ) -> None:
        """
        :param fills_missing: called when the venue counted more fills of an order than are booked.
        :param clock: Unix seconds.
        """
        super().__init__(connector=connector)
        self._fills_missing = fills_missing
        self._clock = clock
        self._cached_orders: TTLCache[str, InFlightOrder] = TTLCache(self.MAX_CACHE_SIZE, self.CACHED_ORDER_TTL)
        self._by_oid: dict[str, InFlightOrder] = {}
        self._ended_oids: deque[str] = deque()
        self._held: dict[str, _HeldEnding] = {}
        self._failure_reasons: TTLCache[str, str] = TTLCache(self.MAX_CACHE_SIZE, self.CACHED_ORDER_TTL)
        self.legs = Legs()
        """What amendments made of orders."""
        self._end_listeners: list[Callable[[str], None]] = []

    def listen_to_ends(self, listener: Callable[[str], None]) -> None:
        """Has the listener told the client order id of each order that has reached its end."""
        self._end_listeners.append(listener)

    # --- Lookup

    def find(self, cloid: str | None, oid: int | str | None = None) -> InFlightOrder | None:
        """The order of ours behind a client order id, or behind the venue's: active, recently ended or lost."""
        if cloid is not None:
            order = self._in_flight_orders.get(cloid) or self._cached_orders.get(cloid) or self._lost_orders.get(cloid)
            if order is not None:
                return order
        return self._by_oid.get(str(oid)) if oid is not None else None

    def fetch_order(
        self, client_order_id: str | None = None, exchange_order_id: str | None = None
    ) -> InFlightOrder | None:
        """The active or recently ended order behind either id."""
        order = self.find(client_order_id, exchange_order_id)
        return None if order is None or order.client_order_id in self._lost_orders else order

    def held_endings(self) -> Iterator[InFlightOrder]:
        """Orders that ended at the venue but miss fills here."""
        for cloid in list(self._held):
            order = self.find(cloid)
            if order is not None:
                yield order

    def is_held(self, cloid: str) -> bool:
        """Whether the order has ended at the venue and only waits for its fills."""
        return cloid in self._held

    def is_lost(self, cloid: str) -> bool:
        """Whether the order was reported as failed although the venue may still have it.

        Nothing in this package gives an order up without proof. Such orders come with the states that another connector
        saved, or were taken back after the venue had contradicted itself. They are cancelled, take late fills, and are
        forgotten when the venue has told their end.
        """
        return cloid in self._lost_orders

    def held_since(self, cloid: str) -> float:
        """Unix seconds since which the order waits for its fills; now, if it does not."""
        held = self._held.get(cloid)
        return held.since if held is not None else self._clock()

    def failure_reason(self, cloid: str) -> str | None:
        """Why an order failed, for some time after it did."""
        reason: str | None = self._failure_reasons.get(cloid)
        return reason

    # --- Evidence

    def apply(
        self,
        order: InFlightOrder,
        evidence: Evidence,
        timestamp: float,
        oid: int | str | None = None,
        reason: Exception | None = None,
    ) -> bool:
        """Moves an order along the table of ``lifecycle`` and fires what belongs to it; says whether its state changed.

        :param timestamp: Unix seconds. :param reason: what a failure is reported with.
        """
        self._learn_oid(order, oid)
        if self.is_lost(order.client_order_id):
            if evidence in _ENDS:
                self._forget_lost(order)
            return False
        if evidence is Evidence.CANCELED and order.is_pending_create:
            # Hummingbot records nothing of the end of an order whose creation it was not told.
            self.apply(order, Evidence.LIVE, timestamp)
        state = next_state(order.current_state, evidence)
        if state is None:
            return False
        if evidence is Evidence.CANCEL_FAILED and order.executed_amount_base:
            state = OrderState.PARTIALLY_FILLED
        update = OrderUpdate(
            trading_pair=order.trading_pair,
            update_timestamp=timestamp,
            new_state=state,
            client_order_id=order.client_order_id,
            exchange_order_id=order.exchange_order_id,
            misc_updates=({"error_message": str(reason), "error_type": _kind_of(reason)} if reason is not None else {}),
        )
        if reason is not None and state is OrderState.FAILED:
            self._failure_reasons[order.client_order_id] = str(reason)
        previous = order.current_state
        order.update_with_order_update(update)
        self._trigger_order_creation(order, previous, state)
        self._trigger_order_completion(order, update)
        return True

    def end(
        self,
        order: InFlightOrder,
        evidence: Evidence,
        filled: Decimal | None,
        timestamp: float,
        oid: int | str | None = None,
    ) -> None:
        """Ends an order as the venue reported it, once its fills are booked.

        :param evidence: FILLED or CANCELED.
        :param filled: what the venue counts as filled, in base units; None if unknown.
        """
        self._learn_oid(order, oid)
        if filled is not None and order.executed_amount_base < filled and not order.is_done:
            if order.is_pending_create:
                self.apply(order, Evidence.LIVE, timestamp)
            self._held.setdefault(order.client_order_id, _HeldEnding(evidence, filled, timestamp, self._clock()))
            self._fills_missing(order)
            return
        self._held.pop(order.client_order_id, None)
        self.apply(order, evidence, timestamp)

    def release_held(self, cloids: list[str]) -> None:
        """Applies endings whose missing fills the venue itself does not list."""
        for cloid in cloids:
            held, order = self._held.pop(cloid, None), self.find(cloid)
            if held is None or order is None:
                continue
            # The venue shrinks a reduce-only order with its position, and may count it as filled all the same.
            level = logging.INFO if order.position is PositionAction.CLOSE else logging.WARNING
            logger.log(
                level,
                "Order %s ended with %s of %s filled, but the venue lists fills of only %s",
                cloid,
                held.filled,
                order.amount,
                order.executed_amount_base,
            )
            self.apply(order, held.evidence, held.timestamp)

    # --- What the base class offers, on the same rules

    def process_trade_update(self, trade_update: TradeUpdate) -> None:
        """Books a fill on its order: once, in whatever state the order is."""
        order = self.find(trade_update.client_order_id, trade_update.exchange_order_id)
        if order is None or trade_update.trade_id in order.order_fills:
            return
        if order.is_pending_create:
            self.apply(order, Evidence.LIVE, trade_update.fill_timestamp, trade_update.exchange_order_id)
        else:
            self._learn_oid(order, trade_update.exchange_order_id)
        self.legs.on_fill(order, trade_update.exchange_order_id, trade_update.fill_base_amount)
        executed_before = order.executed_amount_base
        if not order.update_with_trade_update(trade_update):
            return
        self._trigger_order_fills(
            tracked_order=order,
            prev_executed_amount_base=executed_before,
            fill_amount=trade_update.fill_base_amount,
            fill_price=trade_update.fill_price,
            fill_fee=trade_update.fee,
            trade_id=trade_update.trade_id,
            exchange_order_id=trade_update.exchange_order_id,
        )
        if self.is_lost(order.client_order_id):
            return
        held = self._held.get(order.client_order_id)
        if order.executed_amount_base >= order.amount:
            self._held.pop(order.client_order_id, None)
            self.apply(order, Evidence.FILLED, trade_update.fill_timestamp)
        elif held is not None and order.executed_amount_base >= held.filled:
            del self._held[order.client_order_id]
            self.apply(order, held.evidence, held.timestamp)
        else:
            self.apply(order, Evidence.FILL, trade_update.fill_timestamp)

    def process_order_update(self, order_update: OrderUpdate) -> "asyncio.Future[None]":
        """Applies an update in this very turn of the loop; the future that comes back is done already."""
        self._apply_update(order_update)
        done: asyncio.Future[None] = asyncio.get_event_loop().create_future()
        done.set_result(None)
        return done

    async def _process_order_update(self, order_update: OrderUpdate) -> None:
        self._apply_update(order_update)

    def _apply_update(self, update: OrderUpdate) -> None:
        order = self.find(update.client_order_id, update.exchange_order_id)
        if order is None:
            logger.debug("No order is tracked for %s", update)
            return
        evidence = _EVIDENCE_OF_STATE.get(update.new_state)
        if evidence is None:
            return
        if evidence is Evidence.FILLED:
            self.end(order, evidence, order.amount, update.update_timestamp, update.exchange_order_id)
            return
        misc = update.misc_updates or {}
        reason = _reported_error(misc) if evidence is Evidence.REJECTED and misc else None
        self.apply(order, evidence, update.update_timestamp, update.exchange_order_id, reason)

    def start_tracking_order(self, order: InFlightOrder) -> None:
        """Tracks an order, from before it is sent."""
        super().start_tracking_order(order)
        if order.exchange_order_id is not None:
            self._by_oid[order.exchange_order_id] = order

    def stop_tracking_order(self, client_order_id: str) -> None:
        """Moves an order to the recently ended ones."""
        order = self._in_flight_orders.get(client_order_id)
        super().stop_tracking_order(client_order_id)
        if order is not None:
            self._note_end(order)

    def take_back(self, order: InFlightOrder, oid: int | str) -> bool:
        """Looks after an ended order again, as a lost one: the venue has it open. Says whether it was not looked after
        already."""
        cloid = order.client_order_id
        if cloid in self._lost_orders or cloid in self._in_flight_orders:
            return False
        self._cached_orders.pop(cloid, None)
        self._lost_orders[cloid] = order
        self._learn_oid(order, oid)
        return True

    def _forget_lost(self, order: InFlightOrder) -> None:
        del self._lost_orders[order.client_order_id]
        self._note_end(order)

    def _note_end(self, order: InFlightOrder) -> None:
        self.legs.forget(order)
        if order.exchange_order_id is not None:
            self._ended_oids.append(order.exchange_order_id)
            while len(self._ended_oids) > self.MAX_CACHE_SIZE:
                self._by_oid.pop(self._ended_oids.popleft(), None)
        for listener in self._end_listeners:
            listener(order.client_order_id)

    def orders(self) -> Iterator[InFlightOrder]:
        """Orders that may still change: active and lost ones."""
        return chain(list(self._in_flight_orders.values()), list(self._lost_orders.values()))

    def _learn_oid(self, order: InFlightOrder, oid: int | str | None) -> None:
        if oid is None:
            return
        name = str(oid)
        if order.exchange_order_id is None:
            order.update_exchange_order_id(name)
        self._by_oid.setdefault(name, order)


def _kind_of(reason: Exception) -> str:
    """The name under which a failure is reported: its own ``kind`` if it has one."""
    return str(getattr(reason, "kind", "") or type(reason).__name__)


def _reported_error(misc: dict[str, Any]) -> Exception:
    """An exception that reports under the type name and message the base class noted down."""
    error_type = type(str(misc.get("error_type") or "Exception"), (Exception,), {})
    error: Exception = error_type(misc.get("error_message"))
    return error
