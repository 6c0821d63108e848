"""Which of the venue's TWAPs is which of ours: by the id that the venue gave it, or, while that is not known, by its
terms and the time it was sent.

The venue takes no client order id for a TWAP (reference, section 3.9). When the reply to one was lost, its row in the
history is the only trace: coin, side, size, minutes, reduce-only, and a start within the time in which what we sent
could be executed. Fills of TWAPs that may turn out to be ours wait here for that.
"""

from collections import OrderedDict
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass

from hummingbot.core.data_type.common import PositionAction, TradeType
from hummingbot.core.data_type.in_flight_order import InFlightOrder

from ..venue import client_ids, twaps
from ..venue.messages import Fill
from ..venue.twaps import TwapPhase, TwapRecord
from .order_tracker import OrderTracker
from .requests import ACTION_LIFETIME_MS

CLOCKS_APART_MS = (5_000, 60_000)
"""How far the clocks of this machine and the venue may differ: what fits best is taken first."""

SENDING_MS = 60_000
"""How long a request may have waited for the address' budget before it was sent."""

_MOST_REMEMBERED = 1000


@dataclass(frozen=True, slots=True)
class _Window:
    """When the TWAP can have started, Unix milliseconds."""

    first: int
    last: int


class TwapBook:
    """The bot's TWAPs, as orders of Hummingbot's tracker."""

    def __init__(self, tracker: OrderTracker, coin_of: Callable[[str], str]) -> None:
        """:param coin_of: the venue's name of a trading pair's coin."""
        self._tracker = tracker
        self._coin_of = coin_of
        self._windows: dict[str, _Window] = {}
        self._records: OrderedDict[int, TwapRecord] = OrderedDict()
        self._parked: list[Fill] = []

    # --- Orders

    def open(self) -> Iterator[InFlightOrder]:
        """TWAPs that may still change."""
        return (order for order in self._tracker.orders() if client_ids.is_twap(order.client_order_id))

    def unnamed(self) -> list[InFlightOrder]:
        """TWAPs whose id is not known yet, oldest first."""
        orders = [order for order in self.open() if twaps.id_of(order.exchange_order_id) is None]
        return sorted(orders, key=lambda order: self._window(order).first)

    def by_id(self, twap_id: int) -> InFlightOrder | None:
        """The order behind an id: active or recently ended."""
        return self._tracker.find(None, twaps.name_of(twap_id))

    def note_sending(self, order: InFlightOrder, first_ms: int, last_ms: int) -> None:
        """What was sent for the order could be executed from ``first_ms`` to ``last_ms`` (Unix milliseconds)."""
        self._windows[order.client_order_id] = _Window(first_ms, last_ms)

    def forget(self, order_id: str) -> None:
        """The TWAP has ended."""
        self._windows.pop(order_id, None)

    # --- Rows of the history

    def note(self, record: TwapRecord) -> None:
        """Remembers the last row of a TWAP that is nobody's: it may be one whose reply is still on its way."""
        if record.twapId is None:
            return
        known = self._records.get(record.twapId)
        if known is None or known.phase is TwapPhase.RUNNING:
            self._records[record.twapId] = record
            self._records.move_to_end(record.twapId)
            if len(self._records) > _MOST_REMEMBERED:
                self._records.popitem(last=False)

    def noted(self, twap_id: int) -> TwapRecord | None:
        """The row that came before its TWAP was known to be ours."""
        return self._records.pop(twap_id, None)

    def claims(
        self, records: Sequence[TwapRecord], placing: Collection[str]
    ) -> Iterator[tuple[InFlightOrder, TwapRecord]]:
        """TWAPs of ours without an id, and the row that each is found in by its terms.

        :param placing: TWAPs whose reply is on its way: it tells for certain, so rows that may be theirs are left.
        """
        unnamed = self.unnamed()
        waiting = [order for order in unnamed if order.client_order_id in placing]
        if len(waiting) == len(unnamed):
            return
        for apart in CLOCKS_APART_MS:
            for record in sorted(records, key=lambda row: row.started_ms):
                if record.twapId is None or self.by_id(record.twapId) is not None:
                    continue
                if any(self._is_of(order, record, CLOCKS_APART_MS[-1]) for order in waiting):
                    continue
                for order in self.unnamed():
                    if order.client_order_id not in placing and self._is_of(order, record, apart):
                        yield order, record
                        break

    def owner(self, record: TwapRecord) -> InFlightOrder | None:
        """The order that a row tells of. Old rows have no id: there the terms and the start have to do."""
        if record.twapId is not None:
            return self.by_id(record.twapId)
        return next((order for order in self.open() if self._is_of(order, record, CLOCKS_APART_MS[0])), None)

    def _is_of(self, order: InFlightOrder, record: TwapRecord, apart_ms: int) -> bool:
        said = client_ids.read_twap_id(order.client_order_id)
        state, window = record.state, self._window(order)
        return (
            said is not None
            and state.coin == self._coin_of(order.trading_pair)
            and state.side == ("B" if order.trade_type is TradeType.BUY else "A")
            and state.size == order.amount
            and state.minutes in (None, said.minutes)
            and state.randomize in (None, said.randomize)
            and state.reduceOnly in (None, order.position is PositionAction.CLOSE)
            and window.first - apart_ms <= record.started_ms <= window.last + apart_ms
        )

    def _window(self, order: InFlightOrder) -> _Window:
        known = self._windows.get(order.client_order_id)
        if known is not None:
            return known
        # As after a restart: it was sent soon after it was made, if at all.
        said = client_ids.read_twap_id(order.client_order_id)
        made = said.created_ms if said is not None else 0
        return _Window(made, made + SENDING_MS + ACTION_LIFETIME_MS)

    # --- Fills

    def park(self, fill: Fill) -> bool:
        """Keeps a fill of an unknown TWAP, if it may turn out to be one of ours; says whether it does."""
        if not any(True for _ in self.unnamed()):
            return False
        if len(self._parked) < _MOST_REMEMBERED and fill not in self._parked:
            self._parked.append(fill)
        return True

    def unpark(self) -> list[Fill]:
        """The fills whose owner is known by now, or will not be found any more."""
        waiting = bool(self.unnamed())
        ready = [fill for fill in self._parked if not waiting or self.by_id(fill.twapId or 0) is not None]
        self._parked = [fill for fill in self._parked if fill not in ready]
        return ready
