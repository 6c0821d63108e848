"""Carries orders to the venue and what becomes of them back to the tracker: the outcome policy, in one place.

- Accepted, filled, refused: the venue said so, the order moves on at once.
- Anything else (time-out, 5xx, 429, broken reply): the order stays as it is and is asked for until the venue has told.

What cancels mean is in ``cancels``, what amendments mean in ``amendments``.
"""

import asyncio
from collections.abc import Callable, Sequence

from hummingbot.core.data_type.in_flight_order import InFlightOrder

from ..venue.actions import Grouping, OrderRequest
from ..venue.markets import dex_of
from ..venue.messages import OrderStatus, OrderUpdate
from ..venue.replies import Done, Filled, Rejected, Resting, Unclear, Waiting
from ..venue.statuses import OrderPhase, phase_of, rejection_text
from .account_reader import AccountReader
from .batches import OrderDesk
from .lifecycle import Evidence
from .log_names import logger_of
from .order_tracker import OrderTracker
from .outcomes import OutcomeResolver
from .rejections import VenueRejection
from .replacements import Answer
from .requests import ACTION_LIFETIME_MS, VenueUnavailable
from .waiting import happens_within

PLACEMENT_WAIT_SECONDS = 3.0
"""How long a cancel waits for the reply to its order, which would otherwise be overtaken."""

logger = logger_of(__name__)


class OrderFlow:
    """Places tracked orders, and applies what the venue says about them."""

    def __init__(
        self,
        desk: OrderDesk,
        tracker: OrderTracker,
        reader: AccountReader,
        clock: Callable[[], float],
    ) -> None:
        """:param clock: Unix seconds."""
        self._desk = desk
        self._tracker = tracker
        self._reader = reader
        self._clock = clock
        self._placing: dict[str, tuple[asyncio.AbstractEventLoop, asyncio.Event]] = {}
        self.on_answer: Callable[[InFlightOrder, OrderUpdate], None] = lambda _order, _update: None
        """Called after the venue was asked about an order and its answer was applied."""
        tracker.listen_to_ends(self._on_ended)
        self.resolver = OutcomeResolver(self._ask, self._on_known, self._on_never_arrived, self._still_open, clock)
        self.resolver.kill = desk.use_up

    # --- Placing

    async def place(self, order: InFlightOrder, request: OrderRequest) -> None:
        """Sends a tracked order, once, and applies the outcome.

        :raises VenueRejection: when the venue refused it; the tracker has not been told.
        """
        cloid = order.client_order_id
        settled = self._begin_placing([cloid])
        try:
            answer = await self._desk.place(request)
        except asyncio.CancelledError:
            # Whoever waited is gone, the order may be on its way.
            self.resolver.watch(cloid, self.latest_expiry())
            raise
        finally:
            settled.set()
            self._placing.pop(cloid, None)
        self._settle_placement(order, request, answer)

    async def place_group(
        self, orders: Sequence[InFlightOrder], requests: Sequence[OrderRequest], grouping: Grouping
    ) -> list[VenueRejection | None]:
        """Sends tracked orders that belong together as one action, once, and applies the outcomes.

        :returns: for each order why the venue refused it, None if it did not; refusals were not told to the tracker.
        """
        settled = self._begin_placing([order.client_order_id for order in orders])
        try:
            answers = await self._desk.place_group(requests, grouping)
        except asyncio.CancelledError:
            for order in orders:
                self.resolver.watch(order.client_order_id, self.latest_expiry())
            raise
        finally:
            settled.set()
            for order in orders:
                self._placing.pop(order.client_order_id, None)
        refusals: list[VenueRejection | None] = []
        for order, request, answer in zip(orders, requests, answers, strict=True):
            try:
                self._settle_placement(order, request, answer)
            except VenueRejection as refusal:
                refusals.append(refusal)
            else:
                refusals.append(None)
        return refusals

    async def wait_until_placed(self, order: InFlightOrder) -> None:
        """Waits for the reply to the order, for a bounded time: what is sent for it now would overtake it."""
        if self.is_placing(order.client_order_id):
            await happens_within(self._placing[order.client_order_id][1], PLACEMENT_WAIT_SECONDS)

    def is_placing(self, cloid: str) -> bool:
        """Whether the reply to the order is still awaited: by someone on this event loop, since on one that was
        abandoned nobody will ever take it."""
        placing = self._placing.get(cloid)
        return placing is not None and placing[0] is asyncio.get_running_loop()

    def _begin_placing(self, cloids: Sequence[str]) -> asyncio.Event:
        settled = asyncio.Event()
        self._placing.update(dict.fromkeys(cloids, (asyncio.get_running_loop(), settled)))
        return settled

    def _settle_placement(self, order: InFlightOrder, request: OrderRequest, answer: Answer) -> None:
        outcome, now = answer.outcome, self._clock()
        match outcome:
            case Resting(oid=oid):
                self._tracker.apply(order, Evidence.LIVE, now, oid)
            case Filled(oid=oid, size=size):
                self._tracker.apply(order, Evidence.LIVE, now, oid)
                if size >= order.amount:
                    self._tracker.end(order, Evidence.FILLED, size, now)
                elif request.tif in ("Ioc", "FrontendMarket"):
                    self._tracker.end(order, Evidence.CANCELED, size, now)
            case Waiting() | Done():
                # Accepted without an order id, which the stream and the sweeps tell. The order is not asked for by its
                # client order id: whether the venue knows a child by it before its parent has filled is not confirmed.
                self._tracker.apply(order, Evidence.LIVE, now)
            case Rejected(reason=reason):
                raise VenueRejection(reason)
            case Unclear(reason=reason):
                logger.warning(
                    "It is not known yet whether order %s reached the venue (%s): it stays pending and is asked for",
                    order.client_order_id,
                    reason,
                )
                self.resolver.watch(
                    order.client_order_id, answer.expires_after or self.latest_expiry(), nonce=answer.nonce
                )

    # --- What the venue says about an order

    async def fetch_true_state(self, order: InFlightOrder) -> OrderUpdate | None:
        """Asks the venue for the order's state and applies it; again later, when it does not answer.

        :returns: what it said; None when it did not answer, or does not know the order.
        """
        cloid = order.client_order_id
        try:
            status = await self.status_of(order)
        except VenueUnavailable:
            self.resolver.watch(cloid, None)
            return None
        if status.order is not None:
            self._on_known(cloid, status.order)
        else:
            # Not there yet, or not any more: only time can tell, and until the order's expiry it may still arrive.
            self.resolver.watch(cloid, self.latest_expiry())
        return status.order

    async def status_of(self, order: InFlightOrder) -> OrderStatus:
        """The venue's word on an order, by its client order id; on the leg we know, where that names a refused one.

        :raises VenueUnavailable: when the venue cannot be asked.
        """
        status = await self._reader.order_status(order.client_order_id)
        if status.order is not None and is_refused_amendment(order, status.order):
            return await self._reader.order_status(int(order.exchange_order_id))
        if status.order is None and not order.is_pending_create:
            # It was accepted: an exit that waits for its entry may be unknown by client order id (not confirmed).
            # The user may have written the pair in capitals; names of dexs have none (section 7).
            for row in await self._reader.open_orders(dex_of(order.trading_pair).lower()):
                if row.cloid == order.client_order_id:
                    return OrderStatus("order", OrderUpdate(row, "open", int(self._clock() * 1000)))
        return status

    async def _ask(self, cloid: str) -> OrderStatus:
        order = self._tracker.find(cloid)
        return await (self.status_of(order) if order is not None else self._reader.order_status(cloid))

    def apply_update(self, order: InFlightOrder, update: OrderUpdate) -> None:
        """Applies the venue's status of an order, from the stream or asked for."""
        venue_order, timestamp = update.order, update.statusTimestamp / 1000
        legs, phase = self._tracker.legs, phase_of(update.status)
        if is_refused_amendment(order, update):
            return
        if phase is not OrderPhase.LIVE and legs.is_superseded(order, venue_order.oid):
            if phase is not OrderPhase.FILLED:
                # One half of an amendment: the order goes on under another oid, or its fate is being asked for.
                return
            legs.abandon(order)
        legs.follow(order, venue_order.oid, venue_order.limitPx, venue_order.origSz)
        # What the venue placed may be less than what was asked for: it shrinks reduce-only orders.
        size = venue_order.origSz or order.amount
        before = legs.filled_before(order)
        match phase:
            case OrderPhase.LIVE:
                self._tracker.apply(order, Evidence.LIVE, timestamp, venue_order.oid)
            case OrderPhase.FILLED:
                self._tracker.end(order, Evidence.FILLED, before + size, timestamp, venue_order.oid)
            case OrderPhase.CANCELED:
                # An exit of a whole position has no size of its own, so none can be missing from it.
                filled = before + (size - venue_order.sz if venue_order.origSz != 0 else 0)
                self._tracker.end(order, Evidence.CANCELED, filled, timestamp, venue_order.oid)
            case OrderPhase.REJECTED:
                # The same words as in the reply, which this may overtake or stand in for.
                reason = VenueRejection(rejection_text(update.status))
                self._tracker.apply(order, Evidence.REJECTED, timestamp, venue_order.oid, reason=reason)
            case OrderPhase.UNKNOWN:
                logger.warning("Order %s has the unknown status %r; it is kept", order.client_order_id, update.status)

    def _on_known(self, cloid: str, update: OrderUpdate) -> None:
        order = self._tracker.find(cloid, update.order.oid)
        if order is None:
            return
        self.apply_update(order, update)
        self.on_answer(order, update)

    def _on_never_arrived(self, cloid: str) -> None:
        order = self._tracker.find(cloid)
        if order is None:
            return
        reason = VenueRejection("the order never reached the venue, and can no longer")
        if not self._tracker.apply(order, Evidence.NEVER_ARRIVED, self._clock(), reason=reason) and order.is_open:
            # The venue had this order and no longer keeps it, not even among the ended ones: it is gone.
            self._tracker.end(order, Evidence.CANCELED, None, self._clock())

    def _still_open(self, cloid: str) -> bool:
        order = self._tracker.find(cloid)
        return order is not None and order.is_open and not self._tracker.is_held(cloid)

    def _on_ended(self, cloid: str) -> None:
        self.resolver.forget(cloid)

    def latest_expiry(self) -> int:
        """The latest time at which anything sent until now can still be executed, Unix milliseconds."""
        return int(self._clock() * 1000) + ACTION_LIFETIME_MS


def is_refused_amendment(order: InFlightOrder, update: OrderUpdate) -> bool:
    """Whether an update is about a replacement that the venue refused: that says nothing of the order itself."""
    known = order.exchange_order_id
    if known is None or not known.isdigit() or phase_of(update.status) is not OrderPhase.REJECTED:
        return False
    return bool(known != str(update.order.oid))
