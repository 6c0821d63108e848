"""TWAPs started and stopped, under the same outcome policy as orders.

Reference, section 3.9. To Hummingbot a TWAP is one order with an id of ours, which its slices fill; the venue's id
stands in its exchange order id (``twap:123``). Whatever is not the venue's own word leaves the order as it is, and is
looked for by ``twap_follower``; nothing is ever sent twice.
"""

import asyncio
from collections.abc import Callable

from hummingbot.core.data_type.common import PositionAction, TradeType
from hummingbot.core.data_type.in_flight_order import InFlightOrder

from ..venue import actions, client_ids, twaps
from ..venue.replies import RejectCode, Rejected, TwapRunning, Unclear
from .budget import Priority
from .cancels import STREAM_CONFIRMATION_SECONDS
from .lifecycle import Evidence
from .log_names import logger_of
from .order_flow import PLACEMENT_WAIT_SECONDS
from .order_tracker import OrderTracker
from .rejections import VenueRejection
from .requests import ACTION_LIFETIME_MS, Requests, VenueUnavailable
from .twap_follower import TwapFollower
from .waiting import happens_within

logger = logger_of(__name__)


class TwapFlow:
    """Starts and stops tracked TWAPs."""

    def __init__(
        self,
        requests: Requests,
        tracker: OrderTracker,
        follower: TwapFollower,
        stream_is_live: Callable[[], bool],
        clock: Callable[[], float],
    ) -> None:
        """:param clock: Unix seconds."""
        self._requests = requests
        self._tracker = tracker
        self._follower = follower
        self._stream_is_live = stream_is_live
        self._clock = clock
        self._stopping: dict[str, asyncio.Task[bool]] = {}
        self._stop_when_named: dict[str, int] = {}
        self._ended: dict[str, asyncio.Event] = {}
        follower.on_named = self._on_named
        tracker.listen_to_ends(self._on_ended)

    async def place(self, order: InFlightOrder, asset_id: int) -> None:
        """Sends a tracked TWAP, once, and applies the outcome.

        :raises VenueRejection: when the venue refused it; the tracker has not been told.
        """
        order_id = order.client_order_id
        said = client_ids.read_twap_id(order_id)
        if said is None:
            raise ValueError(f"{order_id} is not the id of a TWAP")
        action = actions.twap_order(
            asset_id,
            is_buy=order.trade_type is TradeType.BUY,
            size=order.amount,
            reduce_only=order.position is PositionAction.CLOSE,
            minutes=said.minutes,
            randomize=said.randomize,
        )
        self._follower.subscribe()
        task = asyncio.current_task()
        if task is not None:
            self._follower.placing[order_id] = task
        first_ms, expires_after = self._now_ms(), 0
        try:
            result = await self._requests.act(action, 1, Priority.ORDER)
            expires_after = result.expires_after or 0
        except asyncio.CancelledError:
            # Whoever waited is gone, the TWAP may be on its way.
            self._follower.watch(order_id, None)
            raise
        finally:
            self._follower.book.note_sending(order, first_ms, expires_after or self._now_ms() + ACTION_LIFETIME_MS)
            self._follower.placing.pop(order_id, None)
        match result.outcomes[0]:
            case TwapRunning(twap_id=twap_id):
                self._follower.name(order, twap_id)
            case Rejected(reason=reason):
                raise VenueRejection(reason)
            case outcome:
                logger.warning(
                    "It is not known yet whether TWAP %s reached the venue (%s): it stays pending and is looked for",
                    order_id,
                    outcome.reason if isinstance(outcome, Unclear) else "the reply has no id",
                )
                self._follower.watch(order_id, expires_after or None)

    async def cancel(self, order: InFlightOrder, asset_id: int) -> bool:
        """Stops a tracked TWAP; says whether it ended as cancelled. A second call joins the one that is under way.

        One whose id is not known yet is stopped as soon as it is.

        :raises VenueRejection: when the venue refused for another reason than that the TWAP has ended.
        """
        return await asyncio.shield(self._stop(order, asset_id))

    def _stop(self, order: InFlightOrder, asset_id: int) -> "asyncio.Task[bool]":
        order_id = order.client_order_id
        task = self._stopping.get(order_id)
        if task is None:
            task = self._stopping[order_id] = asyncio.get_running_loop().create_task(self._cancel(order, asset_id))
            task.add_done_callback(lambda done: self._stopped(order_id, done))
        return task

    def _stopped(self, order_id: str, task: "asyncio.Task[bool]") -> None:
        self._stopping.pop(order_id, None)
        if not task.cancelled() and task.exception() is not None:
            logger.debug("TWAP %s was not stopped: %s", order_id, task.exception())

    def _on_named(self, order: InFlightOrder) -> None:
        asset_id = self._stop_when_named.pop(order.client_order_id, None)
        if asset_id is not None and order.is_open:
            self._stop(order, asset_id)

    async def _cancel(self, order: InFlightOrder, asset_id: int) -> bool:
        order_id = order.client_order_id
        placing = self._follower.placing.get(order_id)
        if placing is not None:
            await asyncio.wait({placing}, timeout=PLACEMENT_WAIT_SECONDS)
        if order.is_done:
            return order.is_cancelled
        twap_id = twaps.id_of(order.exchange_order_id)
        if twap_id is None:
            self._stop_when_named[order_id] = asset_id
            logger.warning("TWAP %s is stopped as soon as the venue has told that it has it", order_id)
            return False
        ended = self._ended[order_id] = asyncio.Event()
        try:
            self._tracker.apply(order, Evidence.CANCEL_SENT, self._clock())
            result = await self._requests.act(actions.twap_cancel(asset_id, twap_id), 1, Priority.CANCEL)
            match result.outcomes[0]:
                case Rejected(reason=reason) as rejected if rejected.code is not RejectCode.ORDER_GONE:
                    self._tracker.apply(order, Evidence.CANCEL_FAILED, self._clock())
                    raise VenueRejection(reason)
                case Rejected():
                    if not ended.is_set():
                        await self._fetch_true_state(order_id)
                case Unclear(reason=reason):
                    logger.warning("It is not known yet whether TWAP %s was stopped (%s)", order_id, reason)
                    self._follower.watch_stop(order_id, result.expires_after or self._now_ms() + ACTION_LIFETIME_MS)
                case _:
                    await self._confirm(order, ended)
        finally:
            self._ended.pop(order_id, None)
        return order.is_cancelled

    async def _confirm(self, order: InFlightOrder, ended: asyncio.Event) -> None:
        """The TWAP is stopped; what remains open is how much of it was executed before."""
        if self._stream_is_live() and await happens_within(ended, STREAM_CONFIRMATION_SECONDS):
            return
        try:
            await self._follower.ask(order.client_order_id)
        except VenueUnavailable as error:
            logger.debug("The history of TWAPs cannot be had now: %s", error)
        if not order.is_done and not self._tracker.is_held(order.client_order_id):
            # The venue's "success" is final, and late fills are still booked on ended orders.
            self._tracker.end(order, Evidence.CANCELED, None, self._clock())

    async def _fetch_true_state(self, order_id: str) -> None:
        try:
            answer = await self._follower.ask(order_id)
        except VenueUnavailable:
            self._follower.watch(order_id, None)
            return
        if answer.order is not None:
            self._follower.on_known(order_id, answer.order)
        else:
            self._follower.watch(order_id, None)

    def _on_ended(self, order_id: str) -> None:
        self._stop_when_named.pop(order_id, None)
        ended = self._ended.get(order_id)
        if ended is not None:
            ended.set()

    def _now_ms(self) -> int:
        return int(self._clock() * 1000)
