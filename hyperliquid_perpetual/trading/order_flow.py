"""Carries orders and cancels to the venue and what became of them back to the tracker: the outcome policy, in one
place.

- Accepted, filled, refused: the venue said so, the order moves on at once.
- Anything else (time-out, 5xx, 429, broken reply): the order stays as it is and is asked for until the venue has told.
- "Never placed, already canceled, or filled" is no end either: it says that there is nothing to cancel *now*, so the
  order's true state is fetched and applied.
"""

import asyncio
from collections.abc import Callable, Sequence

from hummingbot.core.data_type.common import OrderType, PositionAction, TradeType
from hummingbot.core.data_type.in_flight_order import InFlightOrder, OrderState

from ..venue.actions import Grouping, OrderRequest
from ..venue.messages import OrderStatus, OrderUpdate
from ..venue.replies import Done, Filled, RejectCode, Rejected, Resting, Unclear, Waiting, classify_rejection
from ..venue.statuses import OrderPhase, phase_of, rejection_text
from .account_reader import AccountReader
from .batches import OrderDesk
from .lifecycle import Evidence
from .log_names import logger_of
from .order_tracker import OrderTracker
from .outcomes import OutcomeResolver
from .replacements import Answer, Cancel
from .requests import ACTION_LIFETIME_MS, VenueUnavailable

STREAM_CONFIRMATION_SECONDS = 2.0
"""How long an accepted cancel waits for the stream to tell what filled before it; then the venue is asked."""

PLACEMENT_WAIT_SECONDS = 3.0
"""How long a cancel waits for the reply to its order, which would otherwise be overtaken."""

logger = logger_of(__name__)


class VenueRejection(Exception):
    """The venue refused an order, a cancel or an amendment. The text is the venue's own, or the status it gave."""

    @property
    def code(self) -> RejectCode:
        """What kind of refusal it is."""
        return classify_rejection(str(self))

    @property
    def kind(self) -> str:
        """The name of the outcome in Hummingbot's failure event: ``REDUCE_ONLY``, ``NO_MATCH``, ``MARGIN``…"""
        return self.code.name if self.code is not RejectCode.OTHER else "REJECTED"


class OrderFlow:
    """Places and cancels tracked orders."""

    def __init__(
        self,
        desk: OrderDesk,
        tracker: OrderTracker,
        reader: AccountReader,
        stream_is_live: Callable[[], bool],
        clock: Callable[[], float],
    ) -> None:
        """:param clock: Unix seconds."""
        self._desk = desk
        self._tracker = tracker
        self._reader = reader
        self._stream_is_live = stream_is_live
        self._clock = clock
        self._placing: dict[str, asyncio.Event] = {}
        self._cancelling: dict[str, asyncio.Task[bool]] = {}
        self._cancel_expiry: dict[str, float] = {}
        self._ended: dict[str, asyncio.Event] = {}
        tracker.listen_to_ends(self._on_ended)
        self.resolver = OutcomeResolver(
            reader.order_status, self._on_known, self._on_never_arrived, self._still_open, clock
        )

    # --- Placing

    async def place(self, order: InFlightOrder, request: OrderRequest) -> None:
        """Sends a tracked order, once, and applies the outcome.

        :raises VenueRejection: when the venue refused it; the tracker has not been told.
        """
        cloid = order.client_order_id
        settled = self._placing[cloid] = asyncio.Event()
        try:
            answer = await self._desk.place(request)
        except asyncio.CancelledError:
            # Whoever waited is gone, the order may be on its way.
            self.resolver.watch(cloid, self._latest_expiry())
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
        settled = asyncio.Event()
        self._placing.update(dict.fromkeys((order.client_order_id for order in orders), settled))
        try:
            answers = await self._desk.place_group(requests, grouping)
        except asyncio.CancelledError:
            for order in orders:
                self.resolver.watch(order.client_order_id, self._latest_expiry())
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
        placing = self._placing.get(order.client_order_id)
        if placing is not None:
            await _wait(placing, PLACEMENT_WAIT_SECONDS)

    def is_placing(self, cloid: str) -> bool:
        """Whether the reply to the order is still awaited."""
        return cloid in self._placing

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
                self.resolver.watch(order.client_order_id, answer.expires_after or self._latest_expiry())

    # --- Cancelling

    async def cancel(self, order: InFlightOrder, asset_id: int, *, is_plain: bool = False) -> bool:
        """Cancels a tracked order; says whether it ended as cancelled. A second call joins the cancel that is under
        way.

        :param is_plain: it is a limit order without a trigger, which a new order may replace.
        :raises VenueRejection: when the venue refused the cancel for another reason than that the order is gone.
        """
        cloid = order.client_order_id
        task = self._cancelling.get(cloid)
        if task is None:
            # Started at once, so that a cancel and an order of the same turn meet in the same batch.
            loop = asyncio.get_running_loop()
            task = asyncio.Task(self._cancel(order, asset_id, is_plain), loop=loop, eager_start=True)
            self._cancelling[cloid] = task
            task.add_done_callback(lambda _task: self._cancelling.pop(cloid, None))
        return await asyncio.shield(task)

    async def _cancel(self, order: InFlightOrder, asset_id: int, is_plain: bool) -> bool:
        cloid = order.client_order_id
        await self.wait_until_placed(order)
        if order.is_done and not self._tracker.is_lost(cloid):
            return order.is_cancelled
        ended = self._ended[cloid] = asyncio.Event()
        cancel = Cancel(
            asset_id,
            cloid,
            resting_side=order.trade_type is TradeType.BUY if is_plain and _rests(order) else None,
            reduce_only=order.position is PositionAction.CLOSE,
        )
        try:
            self._tracker.apply(order, Evidence.CANCEL_SENT, self._clock())
            answer = await self._desk.cancel(cancel)
            match answer.outcome:
                case Rejected(reason=reason) as rejected if rejected.code is not RejectCode.ORDER_GONE:
                    self._tracker.apply(order, Evidence.CANCEL_FAILED, self._clock())
                    raise VenueRejection(reason)
                case Rejected():
                    if not ended.is_set():
                        await self.fetch_true_state(order)
                case Unclear(reason=reason):
                    self._cancel_expiry[cloid] = (answer.expires_after or self._latest_expiry()) / 1000
                    logger.warning("It is not known yet whether order %s was cancelled (%s)", cloid, reason)
                    self.resolver.watch(cloid, answer.expires_after)
                case _:
                    await self._confirm_cancel(order, ended)
        finally:
            self._ended.pop(cloid, None)
        return order.is_cancelled

    async def _confirm_cancel(self, order: InFlightOrder, ended: asyncio.Event) -> None:
        """The order is cancelled; what remains open is how much of it filled before."""
        if self._stream_is_live() and await _wait(ended, STREAM_CONFIRMATION_SECONDS):
            return
        try:
            status = await self.status_of(order)
        except VenueUnavailable:
            status = None
        if status is not None and status.order is not None and phase_of(status.order.status) is not OrderPhase.LIVE:
            self.apply_update(order, status.order)
        elif not self._tracker.is_held(order.client_order_id):
            # The venue's "success" is final, and late fills are still booked on ended orders.
            self._tracker.end(order, Evidence.CANCELED, None, self._clock())

    async def fetch_true_state(self, order: InFlightOrder) -> None:
        """Asks the venue for the order's state and applies it; again later, when it does not answer."""
        cloid = order.client_order_id
        try:
            status = await self.status_of(order)
        except VenueUnavailable:
            self.resolver.watch(cloid, None)
            return
        if status.order is not None:
            self._on_known(cloid, status.order)
        else:
            # Not there yet, or not any more: only time can tell, and until the order's expiry it may still arrive.
            self.resolver.watch(cloid, self._latest_expiry())

    # --- What the venue says about an order

    async def status_of(self, order: InFlightOrder) -> OrderStatus:
        """The venue's word on an order, by its client order id; on the leg we know, where that names a refused one.

        :raises VenueUnavailable: when the venue cannot be asked.
        """
        status = await self._reader.order_status(order.client_order_id)
        if status.order is not None and is_refused_amendment(order, status.order):
            status = await self._reader.order_status(int(order.exchange_order_id))
        return status

    def apply_update(self, order: InFlightOrder, update: OrderUpdate) -> None:
        """Applies the venue's status of an order, from the stream or asked for."""
        venue_order, timestamp = update.order, update.statusTimestamp / 1000
        legs, phase = self._tracker.legs, phase_of(update.status)
        if phase is OrderPhase.REJECTED and is_refused_amendment(order, update):
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
        if phase_of(update.status) is OrderPhase.LIVE and order.is_pending_cancel_confirmation:
            expiry = self._cancel_expiry.pop(cloid, 0.0)
            if expiry > self._clock():
                # The cancel can still take effect: ask once more when it no longer can.
                self._cancel_expiry[cloid] = expiry
                self.resolver.watch(cloid, int(expiry * 1000), first_wait=expiry - self._clock())
            else:
                self._tracker.apply(order, Evidence.CANCEL_FAILED, self._clock())

    def _on_never_arrived(self, cloid: str) -> None:
        order = self._tracker.find(cloid)
        if order is None:
            return
        reason = VenueRejection("the order never reached the venue, and can no longer: its expiry has passed")
        if not self._tracker.apply(order, Evidence.NEVER_ARRIVED, self._clock(), reason=reason) and order.is_open:
            # The venue had this order and no longer keeps it, not even among the ended ones: it is gone.
            self._tracker.end(order, Evidence.CANCELED, None, self._clock())

    def _still_open(self, cloid: str) -> bool:
        order = self._tracker.find(cloid)
        return order is not None and order.is_open and not self._tracker.is_held(cloid)

    def _on_ended(self, cloid: str) -> None:
        self.resolver.forget(cloid)
        self._cancel_expiry.pop(cloid, None)
        ended = self._ended.get(cloid)
        if ended is not None:
            ended.set()

    def _latest_expiry(self) -> int:
        """The latest time at which anything sent until now can still be executed, Unix milliseconds."""
        return int(self._clock() * 1000) + ACTION_LIFETIME_MS


def is_refused_amendment(order: InFlightOrder, update: OrderUpdate) -> bool:
    """Whether an update is about a replacement that the venue refused: that says nothing of the order itself."""
    known = order.exchange_order_id
    if known is None or not known.isdigit() or phase_of(update.status) is not OrderPhase.REJECTED:
        return False
    return bool(known != str(update.order.oid))


def _rests(order: InFlightOrder) -> bool:
    """Whether the order surely is on the book, as a limit order."""
    return order.order_type in (OrderType.LIMIT, OrderType.LIMIT_MAKER) and order.current_state in (
        OrderState.OPEN,
        OrderState.PARTIALLY_FILLED,
    )


async def _wait(event: asyncio.Event, seconds: float) -> bool:
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return False
    return True
