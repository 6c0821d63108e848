"""Brings the bot's view and the venue's together: after every (re)connection before the connector says ready, and now
and then.
"""

import asyncio
import random
from collections.abc import Callable

from hummingbot.core.data_type.in_flight_order import InFlightOrder

from .account import AccountState
from .dispatch import Dispatcher
from .log_names import logger_of
from .loops import LoopLock
from .order_flow import OrderFlow
from .order_tracker import OrderTracker
from .requests import VenueUnavailable
from .state_watch import StateWatch
from .sweep import FILLS_GRACE_SECONDS, Sweep

RETRY_SECONDS = (0.5, 1.0, 2.0, 5.0, 10.0, 20.0)
logger = logger_of(__name__)


class Reconciler:
    """Runs sweeps, one at a time."""

    def __init__(
        self,
        sweep: Sweep,
        tracker: OrderTracker,
        flow: OrderFlow,
        dispatcher: Dispatcher,
        account: AccountState,
        clock: Callable[[], float],
    ) -> None:
        """:param clock: Unix seconds."""
        self._sweep = sweep
        self._tracker = tracker
        self._clock = clock
        self._lock = LoopLock()
        self._run: asyncio.Task[None] | None = None
        self._fills_task: asyncio.Task[None] | None = None
        self._second_look: asyncio.Task[None] | None = None
        self._state_watch = StateWatch(account, self.sweep_state)
        dispatcher.on_new_fill = self._state_watch.on_fill
        dispatcher.on_unreadable = self.look_again
        flow.resolver.read_fills = self.sweep_fills
        self._connection = 0
        self.swept_at = 0.0
        """When the last sweep began that had an answer to everything, Unix seconds; 0 when there was a gap since."""
        self.is_reconciled = False
        """Whether a whole sweep has succeeded since the stream was last (re)connected."""
        self.differences = sweep.differences
        self.on_swept: Callable[[], None] = lambda: None
        """Called after each whole sweep."""

    @property
    def state_age(self) -> float:
        """Seconds since positions and balances were read; infinite before the first time."""
        return self._clock() - self._sweep.state_read_at

    # --- When

    def start(self) -> None:
        """Sweeps until one succeeds; called when the stream is live again."""
        self.invalidate()
        if self._run is None or self._run.done():
            self._run = asyncio.get_running_loop().create_task(self._until_reconciled())

    def invalidate(self) -> None:
        """Notes that something may have been missed: the stream was interrupted."""
        self._connection += 1
        self.swept_at = 0.0
        self.differences.after_a_gap = True
        self.is_reconciled = False

    async def stop(self) -> None:
        """Ends what is running."""
        self.is_reconciled = False
        await self._state_watch.stop()
        tasks = [task for task in (self._run, self._fills_task, self._second_look) if task is not None]
        self._run = self._fills_task = self._second_look = None
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def fills_missing(self, _order: InFlightOrder) -> None:
        """Asks for fills shortly: an order ended with more of it filled than is booked."""
        if self._fills_task is None or self._fills_task.done():
            self._fills_task = asyncio.get_running_loop().create_task(self._fetch_missing_fills())

    def look_again(self) -> None:
        """Sweeps shortly: something that the stream told could not be read."""
        if self._second_look is None or self._second_look.done():
            self._second_look = asyncio.get_running_loop().create_task(self._sweep_shortly())

    async def _sweep_shortly(self) -> None:
        await asyncio.sleep(FILLS_GRACE_SECONDS)
        for wait in (*RETRY_SECONDS, None):
            try:
                await self.sweep()
                return
            except VenueUnavailable as error:
                logger.debug("What could not be read cannot be asked for yet: %s", error)
            if wait is not None:  # then the routine sweeps have it
                await asyncio.sleep(wait * _jitter())

    async def _until_reconciled(self) -> None:
        attempt = 0
        while not self.is_reconciled:
            connection = self._connection
            try:
                await self.sweep()
                # A sweep that a reconnect fell into may have missed what happened in between.
                self.is_reconciled = connection == self._connection
            except VenueUnavailable as error:
                wait = RETRY_SECONDS[min(attempt, len(RETRY_SECONDS) - 1)] * _jitter()
                if attempt == 0:
                    logger.warning("The account cannot be reconciled yet (%s); trying again", error)
                attempt += 1
                await asyncio.sleep(wait)

    async def _fetch_missing_fills(self) -> None:
        attempt = 0
        await asyncio.sleep(FILLS_GRACE_SECONDS)
        while any(True for _ in self._tracker.held_endings()):
            try:
                await self.sweep_fills()
            except VenueUnavailable as error:
                logger.debug("Missing fills cannot be asked for yet: %s", error)
            await asyncio.sleep(RETRY_SECONDS[min(attempt, len(RETRY_SECONDS) - 1)])
            attempt += 1

    # --- What

    async def sweep(self) -> None:
        """The whole sweep.

        :raises VenueUnavailable: when a part had no answer; the other parts were done.
        """
        async with self._lock.here():
            await self._sweep_all(self._clock())
        self.on_swept()

    async def sweep_routinely(self, max_age: float) -> None:
        """The sweep of now and then: of one dex in turn while the stream tells everything, else the whole one.

        What it finds although the stream was live, the stream has kept to itself: then all dexs are looked at.

        :param max_age: seconds; a sweep that began no longer ago than this is enough.
        :raises VenueUnavailable: when a part had no answer; the other parts were done.
        """
        async with self._lock.here():
            began = self._clock()
            if began - self.swept_at < max_age:
                return
            if self.is_reconciled and not self.differences.after_a_gap:
                found = self.differences.counts.total()
                await self._sweep.in_turn()
                if self.differences.counts.total() == found:
                    self.swept_at = began
                    return
            await self._sweep_all(began)
        self.on_swept()

    async def _sweep_all(self, began: float) -> None:
        await self._sweep.all()
        self.swept_at = began
        self.differences.after_a_gap, self.differences.is_followed = False, True

    async def sweep_fills(self) -> None:
        """Fills alone."""
        async with self._lock.here():
            await self._sweep.fills()

    async def sweep_orders(self) -> None:
        """Fills and orders.

        :raises VenueUnavailable: when one of them had no answer; the other was done.
        """
        async with self._lock.here():
            await self._sweep.orders_and_fills()

    async def sweep_state(self) -> None:
        """Positions and balances alone."""
        async with self._lock.here():
            await self._sweep.state()


def _jitter() -> float:
    return random.uniform(0.7, 1.3)  # noqa: S311 - spreads retries, guards nothing
