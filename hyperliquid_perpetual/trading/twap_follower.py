"""What the venue tells of TWAPs, applied to the orders behind them: how they begin, fill and end.

Reference, sections 2.4 and 8.3. Filled completely is FILLED; stopped, or finished with a remainder, is CANCELED with
its fills; given up by the venue without a fill is FAILED. What is not known is looked for in the history of TWAPs: a
TWAP whose reply was lost failed only when the history does not have it although what was sent can no longer be
executed.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from hummingbot.core.data_type.in_flight_order import InFlightOrder

from ..venue import client_ids, twaps
from ..venue.messages import Fill
from ..venue.numbers import to_wire
from ..venue.twaps import TwapPhase, TwapRecord
from .account_reader import AccountReader
from .cancel_deadlines import CancelDeadlines
from .lifecycle import Evidence
from .log_names import logger_of
from .order_tracker import OrderTracker
from .outcomes import OutcomeResolver
from .rejections import VenueRejection
from .requests import ACTION_LIFETIME_MS, VenueUnavailable
from .twap_book import TwapBook

SLOWEST_QUESTION_SECONDS = 10.0
"""Asking for the history is ten times as dear as asking for an order."""

FORGOTTEN_AFTER_SECONDS = 600.0
"""How long after its time a TWAP that the history no longer has counts as running."""

logger = logger_of(__name__)


@dataclass(frozen=True, slots=True)
class _Answer:
    """What the history says about one TWAP."""

    order: TwapRecord | None

    @property
    def status(self) -> str:
        return "unknownOid" if self.order is None else "order"


class TwapFollower:
    """Keeps the tracked TWAPs true to the venue's history of them."""

    def __init__(
        self,
        reader: AccountReader,
        tracker: OrderTracker,
        coin_of: Callable[[str], str],
        subscribe: Callable[[], None],
        clock: Callable[[], float],
    ) -> None:
        """
        :param coin_of: the venue's name of a trading pair's coin.
        :param subscribe: has the streams of TWAPs sent; may be called any number of times.
        :param clock: Unix seconds.
        """
        self._reader = reader
        self._tracker = tracker
        self._clock = clock
        self.subscribe = subscribe
        self.book = TwapBook(tracker, coin_of)
        self.placing: dict[str, asyncio.Task[Any]] = {}
        """TWAPs whose reply is awaited, which tells their id for certain, and who awaits it."""
        self.on_fill: Callable[[Fill], None] = lambda _fill: None
        """Takes the fills that had to wait until it was known whose they are."""
        self.on_named: Callable[[InFlightOrder], None] = lambda _order: None
        """Called when the venue's id of a TWAP has become known."""
        self.resolver = OutcomeResolver(
            self.ask, self.on_known, self._on_never_arrived, self._still_open, clock, SLOWEST_QUESTION_SECONDS
        )
        self._deadlines = CancelDeadlines(tracker, self.resolver, clock)
        tracker.listen_to_ends(self._on_ended)

    # --- What the venue tells

    def on_records(self, records: Sequence[TwapRecord]) -> None:
        """Applies rows of the history, from the stream or asked for, in whatever order and however often."""
        for order, record in self.book.claims(records, self.placing):
            if record.twapId is not None:
                self.name(order, record.twapId)
        for record in sorted(records, key=lambda row: (row.started_ms, row.phase is not TwapPhase.RUNNING)):
            order = self.book.owner(record)
            if order is None:
                self.book.note(record)
            else:
                self._apply(order, record)

    def order_of(self, fill: Fill) -> InFlightOrder | None:
        """The TWAP of ours that a fill belongs to."""
        return None if fill.twapId is None else self.book.by_id(fill.twapId)

    def park(self, fill: Fill) -> bool:
        """Keeps a fill of a TWAP that may turn out to be ours; says whether it does."""
        return fill.twapId is not None and self.book.park(fill)

    def name(self, order: InFlightOrder, twap_id: int) -> None:
        """The venue's id of a TWAP of ours has become known."""
        self._tracker.apply(order, Evidence.LIVE, self._clock(), twaps.name_of(twap_id))
        self.release_fills()
        record = self.book.noted(twap_id)
        if record is not None:
            self._apply(order, record)
        self.on_named(order)

    def release_fills(self) -> None:
        """Hands in the fills of which it is known by now whose they are."""
        for fill in self.book.unpark():
            self.on_fill(fill)

    @property
    def misses_fills(self) -> bool:
        """Whether a TWAP has ended with more of it executed than is booked."""
        return any(self._tracker.is_held(order.client_order_id) for order in self.book.open())

    async def sweep(self) -> None:
        """Asks for the TWAPs that may still change, if there are any.

        :raises VenueUnavailable: when there is no answer.
        """
        pending = [
            order
            for order in self.book.open()
            if order.client_order_id not in self.placing and not self._tracker.is_held(order.client_order_id)
        ]
        if not pending:
            return
        self.subscribe()
        history = await self._reader.twap_history()
        self.on_records(history.records)
        owners = [self.book.owner(record) for record in history.records]
        told = {order.client_order_id for order in owners if order is not None}
        for order in pending:
            if order.client_order_id not in told and not order.is_done and history.is_complete:
                self._on_missing(order)

    def _apply(self, order: InFlightOrder, record: TwapRecord) -> None:
        told_at, executed = record.told_at, record.state.executed
        if record.phase is TwapPhase.RUNNING:
            self._tracker.apply(order, Evidence.LIVE, told_at)
            return
        if record.phase is TwapPhase.UNKNOWN:
            logger.warning("TWAP %s has the unknown status %r; it is kept", order.client_order_id, record.description)
            return
        if record.phase is TwapPhase.ERROR and order.is_open:
            logger.warning(
                "The venue gave up TWAP %s of %s with %s of %s executed: %s",
                order.client_order_id,
                order.trading_pair,
                to_wire(executed),
                to_wire(order.amount),
                record.description,
            )
        if executed >= order.amount:
            self._tracker.end(order, Evidence.FILLED, order.amount, told_at)
        elif record.phase is TwapPhase.ERROR and not executed:
            self._tracker.apply(order, Evidence.REJECTED, told_at, reason=VenueRejection(record.description))
        else:
            self._tracker.end(order, Evidence.CANCELED, executed, told_at)

    def _on_missing(self, order: InFlightOrder) -> None:
        """The history does not have a TWAP that may still change."""
        order_id = order.client_order_id
        said = client_ids.read_twap_id(order_id)
        if twaps.id_of(order.exchange_order_id) is None:
            if order_id not in self.resolver.pending:
                # Whatever was sent for it was sent before now, or, after a restart, right after it was created.
                self.watch(order_id, None)
        elif said is not None and self._clock() > said.created_ms / 1000 + 60 * said.minutes + FORGOTTEN_AFTER_SECONDS:
            self._end_as_gone(order)

    def _end_as_gone(self, order: InFlightOrder) -> None:
        logger.warning(
            "The venue no longer knows TWAP %s: it counts as ended with what is booked, %s of %s",
            order.client_order_id,
            order.executed_amount_base,
            order.amount,
        )
        self._tracker.end(order, Evidence.CANCELED, None, self._clock())

    # --- Outcomes that were not known at once

    def watch(self, order_id: str, expires_after_ms: int | None) -> None:
        """Looks for a TWAP in the history until its fate is known.

        :param expires_after_ms: until when (Unix milliseconds) what was sent for it can be executed; None if unknown.
        """
        self.resolver.watch(order_id, expires_after_ms or int(self._clock() * 1000) + ACTION_LIFETIME_MS)

    def watch_stop(self, order_id: str, expires_after_ms: int) -> None:
        """The same for a stop whose outcome is not known."""
        self._deadlines.note(order_id, expires_after_ms)
        self.watch(order_id, expires_after_ms)

    async def ask(self, order_id: str) -> _Answer:
        """Asks for the history, applies it, and says what it has of one TWAP.

        :raises VenueUnavailable: when there is no answer, or one with rows that cannot be read: it may be in one of
            those.
        """
        order = self._tracker.find(order_id)
        history = await self._reader.twap_history()
        self.on_records(history.records)
        own = [record for record in history.records if order is not None and self.book.owner(record) is order]
        if not own and not history.is_complete:
            raise VenueUnavailable("the history of TWAPs has rows that cannot be read")
        # The row that tells the end counts, wherever it stands.
        return _Answer(min(own, key=lambda record: record.phase is TwapPhase.RUNNING, default=None))

    def on_known(self, order_id: str, record: TwapRecord) -> None:
        """The history has the TWAP: a stop that had no effect by now, and can have none any more, has failed."""
        order = self._tracker.find(order_id)
        if order is not None and record.phase is TwapPhase.RUNNING:
            self._deadlines.on_open(order)

    def _on_never_arrived(self, order_id: str) -> None:
        order = self._tracker.find(order_id)
        if order is None:
            return
        reason = VenueRejection("the TWAP never reached the venue, and can no longer: its expiry has passed")
        if self._tracker.apply(order, Evidence.NEVER_ARRIVED, self._clock(), reason=reason):
            return
        if order.is_pending_cancel_confirmation:
            # It had this TWAP, has nothing left to stop, and does not list it: there is nothing more to wait for.
            self._end_as_gone(order)
        else:
            self._on_missing(order)

    def _still_open(self, order_id: str) -> bool:
        order = self._tracker.find(order_id)
        return order is not None and order.is_open and not self._tracker.is_held(order_id)

    def _on_ended(self, order_id: str) -> None:
        if client_ids.is_twap(order_id):
            self.resolver.forget(order_id)
            self.book.forget(order_id)
            self._deadlines.forget(order_id)
            self.release_fills()
