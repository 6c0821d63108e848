"""Amends resting orders in place: one request, no gap without a quote, the same client order id.

Reference, section 3.3. What an amendment makes of an order is kept by ``legs``; here it is sent, once, and its outcome
applied. An unknown outcome is found out from the venue: a later oid under the same client order id is the proof that it
happened; the old leg still open after the expiry, that it did not.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

from hummingbot.core.data_type.in_flight_order import InFlightOrder

from ..venue.actions import OrderRequest
from ..venue.messages import OrderUpdate
from ..venue.replies import Filled, Rejected, Resting, Unclear
from ..venue.statuses import OrderPhase, phase_of
from .account_reader import AccountReader
from .batches import OrderDesk
from .lifecycle import Evidence
from .log_names import logger_of
from .order_checks import OrderRefused
from .order_flow import OrderFlow, is_refused_amendment
from .order_tracker import OrderTracker
from .outcomes import AFTER_EXPIRY_SECONDS
from .rejections import VenueRejection
from .requests import ACTION_LIFETIME_MS, VenueUnavailable

QUESTION_SECONDS = (0.5, 1.0, 2.0, 4.0, 8.0)

logger = logger_of(__name__)


@dataclass(slots=True)
class _Turns:
    """Who amends an order, or waits to."""

    lock: asyncio.Lock
    users: int = 0


class Amendments:
    """Sends amendments and sees to it that each has an outcome."""

    def __init__(
        self, desk: OrderDesk, tracker: OrderTracker, reader: AccountReader, flow: OrderFlow, clock: Callable[[], float]
    ) -> None:
        """:param clock: Unix seconds."""
        self._desk = desk
        self._tracker = tracker
        self._reader = reader
        self._flow = flow
        self._clock = clock
        self._questions: set[asyncio.Task[None]] = set()
        self._turns: dict[str, _Turns] = {}

    @contextlib.asynccontextmanager
    async def turn(self, order: InFlightOrder) -> AsyncIterator[None]:
        """Lets one amendment of an order in at a time: the next one is about the leg that this one leaves.

        :raises OrderRefused: when the outcome of the last one is still unknown.
        """
        cloid = order.client_order_id
        queue = self._turns.setdefault(cloid, _Turns(asyncio.Lock()))
        queue.users += 1
        try:
            async with queue.lock:
                if self._tracker.legs.is_pending(order):
                    raise OrderRefused(f"it is not known yet what became of the last amendment of {cloid}: try later")
                yield
        finally:
            queue.users -= 1
            if not queue.users:
                del self._turns[cloid]

    async def amend(self, order: InFlightOrder, request: OrderRequest, dex: str) -> None:
        """Replaces a resting order by another of the same client order id, within a ``turn``.

        :param request: the whole replacement; its size is what shall rest from now on, in base units.
        :param dex: where the order rests.
        :raises VenueRejection: when the venue refused it; the order then is as the venue says.
        """
        oid = order.exchange_order_id
        target: int | str = int(oid) if oid is not None and oid.isdigit() else order.client_order_id
        self._tracker.legs.begin(order, request.price, request.size)
        try:
            answer = await self._desk.amend(target, request)
        except BaseException:
            # Whoever waited is gone, the amendment may be on its way.
            self._ask_until_known(order, dex, None)
            raise
        match answer.outcome:
            case Resting(oid=oid):
                self._tracker.legs.follow(order, oid)
                self._tracker.apply(order, Evidence.LIVE, self._clock(), oid)
            case Filled(oid=oid, size=size):
                self._tracker.legs.follow(order, oid)
                self._tracker.apply(order, Evidence.LIVE, self._clock(), oid)
                if size >= request.size:
                    self._tracker.end(order, Evidence.FILLED, order.amount, self._clock())
            case Rejected(reason=reason):
                # The old leg may be gone with it.
                await self._give_up(order)
                raise VenueRejection(reason)
            case Unclear(reason=reason):
                logger.warning("It is not known yet whether order %s was amended (%s)", order.client_order_id, reason)
                self._ask_until_known(order, dex, answer.expires_after)
            case _:
                # Accepted without an oid, as triggers are: the stream names it.
                self._ask_until_known(order, dex, answer.expires_after)

    async def stop(self) -> None:
        """Stops asking. What is still open then is found out by the sweep of the next start."""
        tasks = list(self._questions)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _ask_until_known(self, order: InFlightOrder, dex: str, expires_after: int | None) -> None:
        expiry = expires_after / 1000 if expires_after is not None else self._clock() + ACTION_LIFETIME_MS / 1000
        task = asyncio.ensure_future(self._find_out(order, dex, expiry + AFTER_EXPIRY_SECONDS))
        self._questions.add(task)
        task.add_done_callback(self._questions.discard)

    async def _find_out(self, order: InFlightOrder, dex: str, final_after: float) -> None:
        attempt = 0
        while self._tracker.legs.is_pending(order) and not order.is_done:
            await asyncio.sleep(QUESTION_SECONDS[min(attempt, len(QUESTION_SECONDS) - 1)])
            attempt += 1
            asked_at = self._clock()
            try:
                update = await self._newest(order, dex)
            except VenueUnavailable as error:
                logger.debug("The amendment of %s cannot be asked for yet: %s", order.client_order_id, error)
                continue
            if update is not None and is_refused_amendment(order, update):
                await self._give_up(order)
            elif update is not None and str(update.order.oid) != order.exchange_order_id:
                self._flow.apply_update(order, update)
            elif asked_at >= final_after:
                await self._give_up(order)

    async def _give_up(self, order: InFlightOrder) -> None:
        """The amendment did not happen, and no longer can."""
        self._tracker.legs.abandon(order)
        await self._flow.fetch_true_state(order)

    async def _newest(self, order: InFlightOrder, dex: str) -> OrderUpdate | None:
        """The venue's newest order under the client order id."""
        cloid = order.client_order_id
        update = (await self._reader.order_status(cloid)).order
        if update is None or phase_of(update.status) is OrderPhase.LIVE:
            return update
        # Which of the orders that shared a client order id is told is not confirmed: an open one would be newer.
        for row in await self._reader.open_orders(dex):
            if row.cloid == cloid:
                return OrderUpdate(row, "open", int(self._clock() * 1000))
        return update
