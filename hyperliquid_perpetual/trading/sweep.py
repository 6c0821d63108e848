"""Asks the venue for what the account has and did, and brings the bot's view to it.

One bounded sweep: fills since the last sweep, open orders, the status of tracked orders missing from them, positions
and balances. Each part stands alone: what cannot be had now is asked for again, and keeps what was known.
"""

import itertools
import math
from collections.abc import Awaitable, Callable, Iterable, Sequence
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
from .order_flow import OrderFlow
from .order_tracker import OrderTracker
from .requests import ACTION_LIFETIME_MS, VenueUnavailable
from .twap_follower import TwapFollower
from .venue_clock import VenueClock

FILLS_GRACE_SECONDS = 1.0
"""How long the stream has to bring fills that an order's end told of, before they are asked for."""

UNKNOWN_CLOCK_MS = 600_000
"""How far the venue's clock may be behind this machine's before it has stated its time."""

MODE_SECONDS = 1800.0
"""How often the account mode is asked for: it changes rarely, and asking is dear."""

_ZERO = Decimal(0)

logger = logger_of(__name__)


class Sweep:
    """Compares, part by part; whoever calls sees to it that one part runs at a time."""

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
        dex_of_pair: Callable[[str], str],
        on_account: Callable[[], None],
        clock: Callable[[], float],
        venue_clock: VenueClock,
    ) -> None:
        """
        :param dexs: names of the dexs that matter, the first one included.
        :param dex_of_pair: the dex that a trading pair trades on.
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
        self._dex_of_pair = dex_of_pair
        self._on_account = on_account
        self._clock = clock
        self._venue_clock = venue_clock
        self._started_ms = int(clock() * 1000)
        self._mode_asked_at = 0.0
        self._turns = itertools.count()
        self.state_read_at = float("-inf")
        """When positions and balances of all dexs were last read, Unix seconds."""
        self.differences = Differences()
        """What was found."""
        self.on_open_order: Callable[[InFlightOrder, Order], None] = lambda _order, _row: None
        """Called with each of our orders that the venue lists as open, and the venue's row."""
        self.on_unknown_open: Callable[[Order], None] = lambda _row: None
        """Called with each order that the venue lists as open and that is not tracked."""
        self.booked_until: Callable[[], int | None] = lambda: None
        """Up to when all fills were booked in an earlier life, Unix milliseconds."""

    async def all(self) -> None:
        """Every part, of every dex.

        :raises VenueUnavailable: when a part had no answer; the other parts were done.
        """
        await _each(self.orders_and_fills, self.state)

    async def in_turn(self) -> None:
        """Fills and TWAPs, and of the rest one dex: the one whose turn it is.

        Listing open orders has the same price for each dex (section 9.1), so that with many dexs all of them at once
        would be most of what a bot at rest asks for.

        :raises VenueUnavailable: when a part had no answer; the other parts were done.
        """
        turn = next(self._turns)
        by_dex: dict[str, list[InFlightOrder]] = {}
        for order in self._askable():
            by_dex.setdefault(self._dex_of_pair(order.trading_pair), []).append(order)
        dexs = self._dexs()
        parts: list[Callable[[], Awaitable[None]]] = [self.fills, self._twaps.sweep]
        if by_dex:
            dex = sorted(by_dex)[turn % len(by_dex)]
            parts.append(partial(self._orders_of, [dex], by_dex[dex]))
        parts.append(partial(self._state_of, [dexs[turn % len(dexs)]]))
        await _each(*parts)

    async def orders_and_fills(self) -> None:
        """All but positions and balances.

        :raises VenueUnavailable: when one of them had no answer; the other was done.
        """
        await _each(self.fills, self.orders, self._twaps.sweep)

    async def fills(self) -> None:
        """Fills alone."""
        # Taken before asking: an ending that comes in while the answer travels may miss fills that the answer lacks.
        held = [order.client_order_id for order in self._tracker.held_endings()]
        created = [int(self._created(order) * 1000) for order in self._tracker.orders()]
        booked_until, asked_at = self.booked_until(), int(self._clock() * 1000)
        # Fills have the venue's time. Where that is behind, what has just happened looks older than what was asked for.
        told = min(0, self._venue_clock.ahead_ms)
        behind = told if self._venue_clock.is_known else -UNKNOWN_CLOCK_MS
        is_first = not (created or held or self._fills.has_begun or booked_until)
        # A first life that has ordered nothing yet needs not ask: no fill can be anybody's here.
        started = self._started_ms + behind
        first_ms = min([started, booked_until or started, *(at + behind for at in created)])
        fills = [] if is_first else await self._reader.fills_since(self._fills.gap_start(first_ms))
        for fill in fills:
            order = self._tracker.find(fill.cloid, fill.oid) if self._fills.is_new(fill) else None
            if order is not None:
                self.differences.note("fill", f"a fill of order {order.client_order_id} was not told by the stream")
            self._dispatcher.on_fill(fill, is_old=fill.time < self._started_ms + told)
        if self._twaps.misses_fills:
            # Whether the venue has fills of slices among the others is not confirmed; this list has them for certain.
            for fill in await self._reader.twap_fills():
                self._dispatcher.on_fill(fill, is_old=True)
        # A newest fill bounds on the venue's clock what was surely seen. Without one, what that clock says now does.
        self._fills.swept(max((fill.time for fill in fills), default=asked_at + behind))
        self._tracker.release_held([cloid for cloid in held if self._held_long_enough(cloid, asked_at)])

    def _held_long_enough(self, cloid: str, asked_at_ms: int) -> bool:
        return self._tracker.held_since(cloid) * 1000 <= asked_at_ms - 2 * FILLS_GRACE_SECONDS * 1000

    async def orders(self) -> None:
        """Open orders of all dexs, and those that are missing from them."""
        await self._orders_of(self._dexs(), self._askable())

    def _askable(self) -> list[InFlightOrder]:
        return [
            order
            for order in self._tracker.orders()
            if not (self._flow.is_placing(order.client_order_id) or is_twap(order.client_order_id))
        ]

    async def _orders_of(self, dexs: Iterable[str], tracked: Sequence[InFlightOrder]) -> None:
        """Lists the open orders of these dexs, and asks for those of the tracked ones that are not among them."""
        asked_at = self._clock()
        if not tracked:
            return
        resting: list[Order] = []
        for dex in dexs:
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

    async def state(self) -> None:
        """Positions and balances of all dexs.

        :raises VenueUnavailable: when a part had no answer; the other parts were done.
        """
        await self._state_of(self._dexs())
        self.state_read_at = self._clock()

    async def _state_of(self, dexs: Iterable[str]) -> None:
        account = self._account
        if account.mode is None:
            # Which statement counts depends on it: nothing else makes sense before.
            await self._read_mode()
        parts: list[Callable[[], Awaitable[None]]] = [partial(self._read_dex, dex) for dex in dexs]
        if self._clock() - self._mode_asked_at > MODE_SECONDS:
            parts.append(self._read_mode)
        if account.needs_spot:
            parts.append(self._read_spot)
        try:
            await _each(*parts)
        finally:
            self._on_account()

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
        if not self._account.update_dex(dex, state) or not was_known or not self.differences.is_followed:
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
