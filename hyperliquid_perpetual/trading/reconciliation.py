"""Brings the bot's view and the venue's together: after every (re)connection before the connector says ready, and now
and then.

One bounded sweep: fills since the last complete sweep, open orders, the status of tracked orders missing from them,
positions and balances. Each part stands alone: what cannot be had now is asked for again, and keeps what was known.
"""

import asyncio
import math
import random
from collections.abc import Awaitable, Callable, Sequence
from decimal import Decimal
from functools import partial

from hummingbot.core.data_type.in_flight_order import InFlightOrder

from ..venue.client_ids import is_twap
from ..venue.messages import Order, OrderUpdate
from .account import KNOWN_MODES, AccountState
from .account_reader import AccountReader
from .differences import Differences
from .dispatch import Dispatcher
from .fills import FillBook
from .log_names import logger_of
from .loops import LoopLock
from .order_flow import OrderFlow
from .order_tracker import OrderTracker
from .requests import ACTION_LIFETIME_MS, VenueUnavailable
from .state_watch import StateWatch
from .twap_follower import TwapFollower

RETRY_SECONDS = (0.5, 1.0, 2.0, 5.0, 10.0, 20.0)
FILLS_GRACE_SECONDS = 1.0
"""How long the stream has to bring fills that an order's end told of, before they are asked for."""

MODE_SECONDS = 1800.0
"""How often the account mode is asked for: it changes rarely, and asking is dear."""

_ZERO = Decimal(0)

logger = logger_of(__name__)


class Reconciler:
    """Runs sweeps, one at a time."""

    def __init__(
        self,
        reader: AccountReader,
        tracker: OrderTracker,
        flow: OrderFlow,
        twaps: TwapFollower,
        dispatcher: Dispatcher,
        fills: FillBook,
        account: AccountState,
        dexs: Callable[[], Sequence[str]],
        on_account: Callable[[], None],
        clock: Callable[[], float],
    ) -> None:
        """
        :param dexs: names of the dexs that matter, the first one included.
        :param on_account: called after positions or balances were read.
        :param clock: Unix seconds.
        """
        self._reader = reader
        self._tracker = tracker
        self._flow = flow
        self._twaps = twaps
        self._dispatcher = dispatcher
        self._fills = fills
        self._account = account
        self._dexs = dexs
        self._on_account = on_account
        self._clock = clock
        self._started_ms = int(clock() * 1000)
        self._lock = LoopLock()
        self._run: asyncio.Task[None] | None = None
        self._fills_task: asyncio.Task[None] | None = None
        self._second_look: asyncio.Task[None] | None = None
        self._state_watch = StateWatch(account, self.sweep_state)
        dispatcher.on_new_fill = self._state_watch.on_fill
        dispatcher.on_unreadable = self.look_again
        flow.resolver.read_fills = self.sweep_fills
        self._connection = 0
        self._swept_at = 0.0
        self._mode_asked_at = 0.0
        self._state_read_at = float("-inf")
        self.is_reconciled = False
        """Whether a sweep has succeeded since the stream was last (re)connected."""
        self.differences = Differences()
        """What sweeps have found."""
        self.on_open_order: Callable[[InFlightOrder, Order], None] = lambda _order, _row: None
        """Called with each of our orders that the venue lists as open, and the venue's row."""
        self.on_unknown_open: Callable[[Order], None] = lambda _row: None
        """Called with each order that the venue lists as open and that is not tracked."""
        self.on_swept: Callable[[], None] = lambda: None
        """Called after each complete sweep."""
        self.booked_until: Callable[[], int | None] = lambda: None
        """Up to when all fills were booked in an earlier life, Unix milliseconds."""

    @property
    def state_age(self) -> float:
        """Seconds since positions and balances were read; infinite before the first time."""
        return self._clock() - self._state_read_at

    # --- When

    def start(self) -> None:
        """Sweeps until one succeeds; called when the stream is live again."""
        self.invalidate()
        if self._run is None or self._run.done():
            self._run = asyncio.get_running_loop().create_task(self._until_reconciled())

    def invalidate(self) -> None:
        """Notes that something may have been missed: the stream was interrupted."""
        self._connection += 1
        self._swept_at = 0.0
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

    async def sweep(self, max_age: float = 0.0) -> None:
        """The whole sweep.

        :param max_age: seconds; a complete sweep that began no longer ago than this is enough.
        :raises VenueUnavailable: when a part had no answer; the other parts were done.
        """
        async with self._lock.here():
            began = self._clock()
            if began - self._swept_at < max_age:
                return
            await _each(self._sweep_fills, self._sweep_orders, self._twaps.sweep, self._sweep_state)
            self._swept_at = began
            self.differences.after_a_gap = False
        self.on_swept()

    async def sweep_fills(self) -> None:
        """Fills alone."""
        async with self._lock.here():
            await self._sweep_fills()

    async def sweep_orders(self) -> None:
        """Fills and orders.

        :raises VenueUnavailable: when one of them had no answer; the other was done.
        """
        async with self._lock.here():
            await _each(self._sweep_fills, self._sweep_orders, self._twaps.sweep)

    async def sweep_state(self) -> None:
        """Positions and balances alone."""
        async with self._lock.here():
            await self._sweep_state()

    async def _sweep_fills(self) -> None:
        # Taken before asking: an ending that comes in while the answer travels may miss fills that the answer lacks.
        held = [order.client_order_id for order in self._tracker.held_endings()]
        oldest = min((self._created(order) for order in self._tracker.orders()), default=self._clock())
        first_ms = min(self._started_ms, int(oldest * 1000), self.booked_until() or self._started_ms)
        asked_at = int(self._clock() * 1000)
        fills = await self._reader.fills_since(self._fills.gap_start(first_ms))
        for fill in fills:
            order = self._tracker.find(fill.cloid, fill.oid) if self._fills.is_new(fill) else None
            if order is not None:
                self.differences.note("fill", f"a fill of order {order.client_order_id} was not told by the stream")
            self._dispatcher.on_fill(fill, is_old=fill.time < self._started_ms)
        if self._twaps.misses_fills:
            # Whether the venue has fills of slices among the others is not confirmed; this list has them for certain.
            for fill in await self._reader.twap_fills():
                self._dispatcher.on_fill(fill, is_old=True)
        # A newest fill bounds on the venue's clock what was surely seen; without one, the overlap covers the clocks'
        # distance.
        self._fills.swept(max((fill.time for fill in fills), default=asked_at))
        self._tracker.release_held([cloid for cloid in held if self._held_long_enough(cloid, asked_at)])

    def _held_long_enough(self, cloid: str, asked_at_ms: int) -> bool:
        return self._tracker.held_since(cloid) * 1000 <= asked_at_ms - 2 * FILLS_GRACE_SECONDS * 1000

    async def _sweep_orders(self) -> None:
        asked_at = self._clock()
        tracked = [
            order
            for order in self._tracker.orders()
            if not (self._flow.is_placing(order.client_order_id) or is_twap(order.client_order_id))
        ]
        if not tracked:
            return
        resting: list[Order] = []
        for dex in self._dexs():
            resting += await self._reader.open_orders(dex)
        known: set[str] = set()
        for venue_order in resting:
            order = self._tracker.find(venue_order.cloid, venue_order.oid)
            if order is not None:
                known.add(order.client_order_id)
                if order.is_pending_create:
                    self.differences.note("acceptance", f"order {order.client_order_id} is open at the venue")
                self._flow.apply_update(order, OrderUpdate(venue_order, "open", int(self._clock() * 1000)))
                self.on_open_order(order, venue_order)
            else:
                self.on_unknown_open(venue_order)
        for order in tracked:
            if order.client_order_id not in known and order.is_open and self._created(order) <= asked_at:
                await self._ask_for(order)

    async def _ask_for(self, order: InFlightOrder) -> None:
        cloid = order.client_order_id
        if self._tracker.is_held(cloid):
            return
        status = await self._flow.status_of(order)
        if status.order is not None:
            self._dispatcher.apply_order_update(order, status.order)
            if order.is_done or self._tracker.is_held(cloid):
                self.differences.note("end", f"order {cloid} has ended at the venue ({status.order.status})")
        elif cloid not in self._flow.resolver.pending:
            # Whatever was sent for it was sent before now, or, after a restart, right after it was created.
            self._flow.resolver.watch(cloid, int(self._clock() * 1000) + ACTION_LIFETIME_MS)

    async def _sweep_state(self) -> None:
        account = self._account
        if account.mode is None:
            # Which statement counts depends on it: nothing else makes sense before.
            await self._read_mode()
        parts: list[Callable[[], Awaitable[None]]] = [partial(self._read_dex, dex) for dex in self._dexs()]
        if self._clock() - self._mode_asked_at > MODE_SECONDS:
            parts.append(self._read_mode)
        if account.needs_spot:
            parts.append(self._read_spot)
        try:
            await _each(*parts)
        finally:
            self._on_account()
        self._state_read_at = self._clock()

    async def _read_mode(self) -> None:
        mode = await self._reader.mode()
        if mode not in KNOWN_MODES and mode != self._account.mode:
            logger.warning(
                "The account is in the mode %r, which is not known here: it is read like a default one", mode
            )
        self._account.mode = mode
        self._mode_asked_at = self._clock()

    async def _read_spot(self) -> None:
        self._account.update_spot(await self._reader.spot_state())

    async def _read_dex(self, dex: str) -> None:
        state = await self._reader.state(dex)
        before = {position.coin: position.szi for position in self._account.positions()}
        was_known = dex in self._account.dexs
        if not self._account.update_dex(dex, state) or not was_known:
            return
        after = {position.coin: position.szi for position in self._account.positions()}
        for coin in sorted(before.keys() | after.keys()):
            if before.get(coin, _ZERO) != after.get(coin, _ZERO):
                self.differences.note(
                    "position", f"the position in {coin} is {after.get(coin, _ZERO)}, not {before.get(coin, _ZERO)}"
                )

    def _created(self, order: InFlightOrder) -> float:
        """Unix seconds; now, where Hummingbot's clock was not running when the order was made."""
        created = float(order.creation_timestamp)
        return created if math.isfinite(created) and created > 0 else self._clock()


async def _each(*parts: Callable[[], Awaitable[None]]) -> None:
    """Does all parts, whatever becomes of the others, and then raises what the first failing one raised."""
    problems: list[VenueUnavailable] = []
    for part in parts:
        try:
            await part()
        except VenueUnavailable as error:
            problems.append(error)
    if problems:
        raise problems[0]


def _jitter() -> float:
    return random.uniform(0.7, 1.3)  # noqa: S311 - spreads retries, guards nothing
