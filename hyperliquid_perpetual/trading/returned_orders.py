"""Orders that were given up and turn out to be open: taken back in, and cancelled.

An order is given up only on proof (``outcomes``), so this should not happen; a venue that contradicts itself, or a
restored state that another program wrote, must not leave an order resting that nobody looks after. An "open" that comes
late by stream is no contradiction: the venue is asked before anything is done.
"""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial

from hummingbot.core.data_type.in_flight_order import InFlightOrder

from ..venue.statuses import OrderPhase, phase_of
from .insisting import insist
from .log_names import logger_of
from .order_flow import OrderFlow
from .order_tracker import OrderTracker

LOOK_AFTER_SECONDS = 1.0
"""How long frames that overtook each other have to sort themselves out."""

logger = logger_of(__name__)


class ReturnedOrders:
    """Looks again at ended orders that the venue names open."""

    def __init__(
        self, tracker: OrderTracker, flow: OrderFlow, cancel: Callable[[InFlightOrder], Awaitable[object]]
    ) -> None:
        """:param cancel: cancels an order that is tracked, or was given up."""
        self._tracker = tracker
        self._flow = flow
        self._cancel = cancel
        self.taken_back = 0
        """How many there were."""
        self._looking: dict[str, asyncio.Task[None]] = {}

    def on_open(self, order: InFlightOrder, *, is_listed: bool) -> None:
        """The venue names an order of ours open.

        :param is_listed: it stands among the open orders; else a frame said so, which may be late.
        """
        if not order.is_done or order.is_filled or self._tracker.is_lost(order.client_order_id):
            return
        if (is_listed or order.is_failure) and order.client_order_id not in self._looking:
            task = asyncio.ensure_future(self._look(order))
            self._looking[order.client_order_id] = task
            task.add_done_callback(lambda _task: self._looking.pop(order.client_order_id, None))

    async def stop(self) -> None:
        """Ends what is running."""
        tasks = list(self._looking.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _look(self, order: InFlightOrder) -> None:
        await asyncio.sleep(LOOK_AFTER_SECONDS)
        update = (await insist(partial(self._flow.status_of, order))).order
        if update is None or phase_of(update.status) is not OrderPhase.LIVE:
            return
        if not self._tracker.take_back(order, update.order.oid):
            return
        self.taken_back += 1
        logger.warning(
            "Order %s was reported as %s, and the venue has it open (order %s): it is looked after again and cancelled",
            order.client_order_id,
            order.current_state.name.lower(),
            update.order.oid,
        )
        await self._cancel(order)
