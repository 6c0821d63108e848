"""Cancels orders, one cancel at a time for each, and finds out what the cancel left of the order.

- A cancel waits for the reply to its order, which it would otherwise overtake.
- "Success" is final; what remains open is how much filled before, which the stream tells, or the venue when asked.
- "Never placed, already canceled, or filled" is no end: the order's true state is fetched and applied. Where that is
  *open*, the venue did not find the order by its client order id, and it is named by the venue's own.
- Without an answer, the venue is asked for the order; while that is open, it is told to cancel it again, which does no
  harm however many of the cancels arrive.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from hummingbot.core.data_type.common import OrderType, PositionAction, TradeType
from hummingbot.core.data_type.in_flight_order import InFlightOrder, OrderState

from ..venue.messages import OrderUpdate
from ..venue.replies import Outcome, RejectCode, Rejected, Unclear
from ..venue.statuses import OrderPhase, phase_of
from .batches import OrderDesk
from .cancel_deadlines import CancelDeadlines
from .lifecycle import Evidence
from .log_names import logger_of
from .order_flow import OrderFlow
from .order_tracker import OrderTracker
from .outcomes import FIRST_QUESTION_SECONDS, SLOWEST_QUESTION_SECONDS
from .rejections import VenueRejection
from .replacements import Answer, Cancel
from .requests import VenueUnavailable
from .tasks import Tasks
from .waiting import happens_within

STREAM_CONFIRMATION_SECONDS = 2.0
"""How long an accepted cancel waits for the stream to tell what filled before it; then the venue is asked."""

logger = logger_of(__name__)


@dataclass(slots=True)
class _Unanswered:
    """Cancels of an order that had no answer."""

    asset_id: int
    times: int = 0
    is_due: bool = True
    """Whether another one is to be sent when the order turns out to be open."""

    def next_wait(self) -> float:
        """How long to wait before the venue is asked for the order, longer each time."""
        self.times += 1
        return float(min(FIRST_QUESTION_SECONDS * 2 ** (self.times - 1), SLOWEST_QUESTION_SECONDS))


class Cancels:
    """Cancels tracked orders."""

    def __init__(
        self,
        desk: OrderDesk,
        tracker: OrderTracker,
        flow: OrderFlow,
        stream_is_live: Callable[[], bool],
        clock: Callable[[], float],
    ) -> None:
        """:param clock: Unix seconds."""
        self._desk = desk
        self._tracker = tracker
        self._flow = flow
        self._stream_is_live = stream_is_live
        self._clock = clock
        self._underway: dict[str, asyncio.Task[bool]] = {}
        self._unanswered: dict[str, _Unanswered] = {}
        """Orders, by client order id, whose cancels had no answer."""
        self._repeats = Tasks()
        self._deadlines = CancelDeadlines(tracker, flow.resolver, clock)
        self._ended: dict[str, asyncio.Event] = {}
        tracker.listen_to_ends(self._on_ended)
        flow.on_answer = self._on_answer

    async def cancel(self, order: InFlightOrder, asset_id: int, *, is_plain: bool = False) -> bool:
        """Cancels a tracked order; says whether it ended as cancelled. A second call joins the cancel that is under
        way.

        :param is_plain: it is a limit order without a trigger, which a new order may replace.
        :raises VenueRejection: when the venue refused the cancel for another reason than that the order is gone.
        """
        cloid = order.client_order_id
        task = self._underway.get(cloid)
        if task is None:
            # Started at once, so that a cancel and an order of the same turn meet in the same batch.
            loop = asyncio.get_running_loop()
            task = asyncio.Task(self._cancel(order, asset_id, is_plain), loop=loop, eager_start=True)
            self._underway[cloid] = task
            task.add_done_callback(lambda _task: self._underway.pop(cloid, None))
        return await asyncio.shield(task)

    async def _cancel(self, order: InFlightOrder, asset_id: int, is_plain: bool) -> bool:
        cloid = order.client_order_id
        await self._flow.wait_until_placed(order)
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
            if _is_gone(answer.outcome) and not ended.is_set():
                answer = await self._look_closer(order, asset_id, answer)
            match answer.outcome:
                case Rejected(reason=reason) as rejected if not _is_gone(rejected):
                    self._tracker.apply(order, Evidence.CANCEL_FAILED, self._clock())
                    raise VenueRejection(reason)
                case Rejected():
                    pass
                case Unclear(reason=reason):
                    self._deadlines.note(cloid, answer.expires_after or self._flow.latest_expiry())
                    logger.warning("It is not known yet whether order %s was cancelled (%s)", cloid, reason)
                    unanswered = self._unanswered.setdefault(cloid, _Unanswered(asset_id))
                    unanswered.is_due = True
                    self._flow.resolver.watch(cloid, answer.expires_after, first_wait=unanswered.next_wait())
                case _:
                    await self._confirm(order, ended)
        finally:
            self._ended.pop(cloid, None)
        return order.is_cancelled

    async def _look_closer(self, order: InFlightOrder, asset_id: int, answer: Answer) -> Answer:
        """The order's true state after "never placed, already canceled, or filled", and another try where it is
        open."""
        update = await self._flow.fetch_true_state(order)
        if update is None or phase_of(update.status) is not OrderPhase.LIVE:
            return answer
        self._tracker.apply(order, Evidence.CANCEL_SENT, self._clock())
        by_oid = await self._desk.cancel_by_oid(asset_id, update.order.oid)
        if _is_gone(by_oid.outcome):
            await self._flow.fetch_true_state(order)
        return by_oid

    async def _confirm(self, order: InFlightOrder, ended: asyncio.Event) -> None:
        """The order is cancelled; what remains open is how much of it filled before."""
        if self._stream_is_live() and await happens_within(ended, STREAM_CONFIRMATION_SECONDS):
            return
        try:
            update = (await self._flow.status_of(order)).order
        except VenueUnavailable:
            update = None
        if update is not None and phase_of(update.status) is not OrderPhase.LIVE:
            self._flow.apply_update(order, update)
        elif not self._tracker.is_held(order.client_order_id):
            # The venue's "success" is final, and late fills are still booked on ended orders.
            self._tracker.end(order, Evidence.CANCELED, None, self._clock())

    def _on_answer(self, order: InFlightOrder, update: OrderUpdate) -> None:
        """The venue was asked about an order: one that is open had its cancel refused, once none is on its way."""
        if phase_of(update.status) is not OrderPhase.LIVE:
            return
        unanswered = self._unanswered.get(order.client_order_id)
        if unanswered is None:
            self._deadlines.on_open(order)
        elif unanswered.is_due:
            unanswered.is_due = False
            self._repeats.start(self._again(order, unanswered.asset_id))

    async def _again(self, order: InFlightOrder, asset_id: int) -> None:
        try:
            await self.cancel(order, asset_id)
        except VenueRejection as refusal:
            self._unanswered.pop(order.client_order_id, None)
            logger.warning("Order %s could not be cancelled: %s", order.client_order_id, refusal)

    async def stop(self) -> None:
        """Repeats no more cancels; the next life asks for what was sent."""
        self._unanswered.clear()
        await self._repeats.cancel()

    def on_listed(self, order: InFlightOrder) -> None:
        """The venue lists an order as open. One that was restored while its cancel was under way is asked for when what
        an earlier life has sent can no longer take effect: nobody else does."""
        cloid = order.client_order_id
        if order.is_pending_cancel_confirmation and not (
            cloid in self._underway or cloid in self._flow.resolver.pending or self._deadlines.has(cloid)
        ):
            self._deadlines.note(cloid, self._flow.latest_expiry())
            self._deadlines.on_open(order)

    def _on_ended(self, cloid: str) -> None:
        self._deadlines.forget(cloid)
        self._unanswered.pop(cloid, None)
        ended = self._ended.get(cloid)
        if ended is not None:
            ended.set()


def _is_gone(outcome: Outcome) -> bool:
    return isinstance(outcome, Rejected) and outcome.code is RejectCode.ORDER_GONE


def _rests(order: InFlightOrder) -> bool:
    """Whether the order surely is on the book, as a limit order."""
    return order.order_type in (OrderType.LIMIT, OrderType.LIMIT_MAKER) and order.current_state in (
        OrderState.OPEN,
        OrderState.PARTIALLY_FILLED,
    )
