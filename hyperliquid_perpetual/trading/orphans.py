"""Orders of this bot that it does not know any more: found at the venue after a kill, taken in, then kept or cancelled.

A bot that is killed between sending an order and Hummingbot's record of it starts again without that order. Its client
order id carries the bot's tag (``bot_identity``), so it is recognised when the venue lists it as open, tells of it by
stream, or reports a fill of it. Fills of such an order are always booked, once: what Hummingbot has recorded already is
not an orphan's. What else happens to it is the user's choice. Orders of other bots and manual ones are never touched.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Literal

from hummingbot.core.data_type.common import OrderType, PositionAction, TradeType
from hummingbot.core.data_type.in_flight_order import InFlightOrder, OrderState

from ..venue.messages import Fill, Order
from ..venue.statuses import OrderPhase, phase_of
from .account_reader import AccountReader
from .bot_identity import BotIdentity
from .fills import OVERLAP_MS, FillKey, fill_key
from .insisting import insist
from .lifecycle import Evidence
from .log_names import logger_of
from .order_flow import OrderFlow
from .order_tracker import OrderTracker
from .recorded import Recorded
from .tasks import Tasks

OrphanPolicy = Literal["cancel", "adopt", "report"]

BETWEEN_DEXS_SECONDS = 10.0
"""How far apart the dexs are looked at after a start: each costs 20 weight, and trading comes first."""

logger = logger_of(__name__)


class Orphans:
    """Recognises them and does with them what the user has chosen."""

    def __init__(
        self,
        identity: BotIdentity,
        recorded: Recorded,
        reader: AccountReader,
        tracker: OrderTracker,
        flow: OrderFlow,
        policy: OrphanPolicy,
        markets_are_known: Callable[[], Awaitable[object]],
        pair_of: Callable[[str], str | None],
        leverage_of: Callable[[str], int],
        cancel: Callable[[InFlightOrder], Awaitable[object]],
    ) -> None:
        """
        :param markets_are_known: waits until they are; raises ``VenueUnavailable`` when the venue does not answer.
        :param pair_of: the trading pair of a coin, None when there is none.
        :param cancel: cancels a tracked order.
        """
        self._identity = identity
        self._recorded = recorded
        self._reader = reader
        self._tracker = tracker
        self._flow = flow
        self._policy = policy
        self._markets_are_known = markets_are_known
        self._pair_of = pair_of
        self._leverage_of = leverage_of
        self._cancel = cancel
        self.booked_until_ms: int | None = None
        """Up to here all fills were booked in an earlier life (Unix milliseconds); None when that is not known."""
        self.book: Callable[[Fill, bool], None] = lambda _fill, _is_old: None
        """Takes each kept fill again, once its order is known, and whether it is an old one."""
        self.dismiss: Callable[[Fill], None] = lambda _fill: None
        """Takes each kept fill that turned out to be booked already."""
        self.found = 0
        """How many there were."""
        self._fills: dict[str, dict[FillKey, tuple[Fill, bool]]] = {}
        self._told: set[str] = set()
        self._tasks = Tasks()
        self._look: asyncio.Task[None] | None = None
        self._has_looked = False

    @property
    def keeps_fills(self) -> bool:
        """Whether there are fills that wait for their order."""
        return any(self._fills.values())

    # --- When

    def start(self, dexs: Sequence[str]) -> None:
        """Looks at the open orders of these dexs, once in the bot's life; later ones are told by the stream."""
        if not self._has_looked and self._identity.is_lasting and (self._look is None or self._look.done()):
            self._look = asyncio.get_running_loop().create_task(self._look_at(dexs))

    async def stop(self) -> None:
        """Ends what is running; kept fills come again with the next sweep."""
        look, self._look = self._look, None
        self._fills.clear()
        if look is not None:
            look.cancel()
            await asyncio.gather(look, return_exceptions=True)
        await self._tasks.cancel()

    async def _look_at(self, dexs: Sequence[str]) -> None:
        for number, dex in enumerate(dexs):
            if number:
                await asyncio.sleep(BETWEEN_DEXS_SECONDS)
            for row in await insist(partial(self._reader.open_orders, dex)):
                self.on_open(row)
        self._has_looked = True

    # --- What is told

    def on_open(self, row: Order) -> None:
        """The venue lists an order as open; one that is not tracked may be an orphan."""
        if row.cloid is None or row.cloid in self._told or not self._identity.is_own(row.cloid):
            return
        if self._tracker.find(row.cloid, row.oid) is None:
            self._told.add(row.cloid)
            self._tasks.start(self._settle(row.cloid, row))

    def keep(self, fill: Fill, is_old: bool) -> bool:
        """Whether a fill that is no tracked order's is an orphan's: kept then, and booked when its order is known.

        :param is_old: it may have happened before this life of the bot.
        """
        cloid = fill.cloid
        if cloid is None or not self._identity.is_own(cloid):
            return False
        if is_old and (self.booked_until_ms is None or fill.time < self.booked_until_ms - OVERLAP_MS):
            return False
        kept = self._fills.setdefault(cloid, {})
        if not kept:
            self._tasks.start(self._settle(cloid, None))
        kept[fill_key(fill)] = (fill, is_old)
        return True

    # --- What is done

    async def _settle(self, cloid: str, row: Order | None) -> None:
        await insist(self._markets_are_known)
        fills = self._fills.get(cloid, {})
        self._dismiss_recorded(fills)
        if row is None and not fills:
            self._fills.pop(cloid, None)
            return
        update = (await insist(partial(self._reader.order_status, cloid))).order
        if update is not None:
            row = update.order
        is_open = update is None or phase_of(update.status) is OrderPhase.LIVE
        if row is None:
            row = _row_of([fill for fill, _ in fills.values()])
        if not is_open and not fills:
            # Refused, or ended without a trade: nothing happened that anybody had to know.
            return
        self.found += 1
        if is_open and not fills and self._policy == "report":
            logger.warning(
                "The venue has an order of this bot that the bot does not know: %s. It is left alone, as the setting "
                "`orphans` says; it can also be `cancel` or `adopt`.",
                _in_words(row),
            )
            return
        order = self._take_in(cloid, row)
        for fill, is_old in self._fills.pop(cloid, {}).values():
            self.book(fill, is_old)
        if order is None:
            return
        if update is not None:
            self._flow.apply_update(order, update)
        if order.is_open and is_open and self._policy == "cancel":
            await self._cancel(order)

    def _dismiss_recorded(self, fills: dict[FillKey, tuple[Fill, bool]]) -> None:
        for key, (fill, is_old) in list(fills.items()):
            pair = self._pair_of(fill.coin)
            if is_old and (pair is None or self._recorded.has_fill(fill, pair)):
                del fills[key]
                self.dismiss(fill)

    def _take_in(self, cloid: str, row: Order) -> InFlightOrder | None:
        known = self._tracker.find(cloid, row.oid)
        if known is not None:
            return known
        pair, amount = self._pair_of(row.coin), row.origSz or row.sz
        if pair is None or not amount:
            logger.warning(
                "The venue has an order of this bot that the bot does not know and cannot take in: %s. Please look "
                "after it at the venue.",
                _in_words(row),
            )
            return None
        logger.warning(
            "The venue has an order of this bot that was not recorded before the bot stopped: %s. It is taken in%s.",
            _in_words(row),
            " and cancelled if it is open" if self._policy == "cancel" else "",
        )
        order = InFlightOrder(
            client_order_id=cloid,
            exchange_order_id=str(row.oid),
            trading_pair=pair,
            order_type=_type_of(row),
            trade_type=TradeType.BUY if row.side == "B" else TradeType.SELL,
            amount=amount,
            price=row.limitPx,
            creation_timestamp=row.timestamp / 1000,
            leverage=self._leverage_of(pair),
            position=PositionAction.CLOSE if row.reduceOnly else PositionAction.OPEN,
            # Hummingbot records an order when it is told that it was created, and only once.
            initial_state=OrderState.OPEN if self._recorded.has_order(cloid) else OrderState.PENDING_CREATE,
        )
        self._tracker.start_tracking_order(order)
        self._tracker.apply(order, Evidence.LIVE, row.timestamp / 1000)
        return order


def _type_of(row: Order) -> OrderType:
    if row.tif in ("Ioc", "FrontendMarket"):
        return OrderType.MARKET
    return OrderType.LIMIT_MAKER if row.tif == "Alo" else OrderType.LIMIT


def _row_of(fills: Sequence[Fill]) -> Order:
    """An order out of its fills alone, for one that the venue does not keep any more."""
    first = fills[0]
    size = sum((fill.sz for fill in fills[1:]), first.sz)
    return Order(first.coin, first.side, first.px, first.sz - first.sz, first.oid, first.time, size, first.cloid)


def _in_words(row: Order) -> str:
    side = "buy" if row.side == "B" else "sell"
    return f"{side} {row.origSz or row.sz} {row.coin} at {row.limitPx} (order {row.oid}, {row.cloid})"
