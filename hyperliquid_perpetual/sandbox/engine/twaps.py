"""TWAP orders: a size traded in slices at even distances of time (reference, section 3.9).

What the reference leaves open is done in the way that is most likely on the venue (unconfirmed). A TWAP of m minutes
has 2m + 1 slices, the first at its start and the last at its end. After each slice the share of the time that has
passed is to be traded; a slice that fell short is caught up with by the later ones, none of which is larger than three
even slices. A slice is an immediate order no further than 3 % from the mid, and may be worth less than other orders.
"""

from collections import deque
from collections.abc import Mapping
from hashlib import blake2b
from heapq import heappop, heappush
from typing import Literal

from msgspec import Struct

from .commands import OrderIntent
from .config import ExchangeConfig
from .events import Failed, Filled, ItemStatus, Success, TwapRunning, TwapUpdated, TwapWaits
from .market_state import MarketState
from .orders import OrderDesk
from .outbox import Outbox
from .placement import Placement
from .records import TwapRecord, TwapState
from .rules import HALTED, WOULD_INCREASE, ZERO_SIZE, margin_rejection
from .state import Account
from .twap_commands import CancelTwap, PlaceTwap, TwapIntent
from .units import SECOND, dollars_text

SLICE_INTERVAL = 30 * SECOND
MAX_SLIPPAGE_PERCENT = 3
MAX_EVEN_SLICES = 3
"""How many even slices one slice may be when it catches up."""
MIN_MINUTES, MAX_MINUTES = 5, 1_440
NEVER_PLACED = "TWAP was never placed, already canceled, or filled."

Outcome = Literal["finished", "terminated", "error"]


class Twap:
    """A TWAP order that has not ended. `started` is None while it waits for its trigger price."""

    __slots__ = ("account", "executed_ntl", "executed_sz", "id", "intent", "slices", "started", "state", "timestamp")

    def __init__(self, twap_id: int, account: Account, intent: TwapIntent, state: MarketState, timestamp: int) -> None:
        self.id = twap_id
        self.account = account
        self.intent = intent
        self.state = state
        self.timestamp = timestamp
        self.started: int | None = None
        self.slices = 0
        """Slices sent."""
        self.executed_sz = 0
        self.executed_ntl = 0

    @property
    def slice_count(self) -> int:
        """How many slices it has in all."""
        return self.intent.minutes * 60 * SECOND // SLICE_INTERVAL + 1

    def record(self) -> TwapState:
        """How it stands."""
        market, intent = self.state.market, self.intent
        return TwapState(
            self.id,
            self.account.address,
            market.asset,
            market.coin,
            intent.is_buy,
            intent.sz,
            self.executed_sz,
            self.executed_ntl,
            intent.minutes,
            intent.reduce_only,
            intent.randomize,
            self.timestamp,
            intent.trigger,
            intent.stop_px,
        )


class _Due(Struct, frozen=True, order=True):
    time: int
    twap_id: int


class TwapDesk:
    """All TWAP orders, and when their next slices are due."""

    __slots__ = ("_config", "_desk", "_heap", "_history", "_markets", "_next_id", "_outbox", "_placement", "unfinished")

    def __init__(
        self,
        config: ExchangeConfig,
        markets: Mapping[int, MarketState],
        desk: OrderDesk,
        placement: Placement,
        outbox: Outbox,
    ) -> None:
        self._config = config
        self._markets = markets
        self._desk = desk
        self._placement = placement
        self._outbox = outbox
        self._next_id = config.first_twap_id
        self.unfinished: dict[int, Twap] = {}
        """Those that run or wait, by number."""
        self._heap: list[_Due] = []
        self._history: dict[str, deque[TwapRecord]] = {}

    # ------------------------------------------------------------------ reading

    def active(self, address: str) -> list[TwapState]:
        """An account's TWAP orders that have not ended, oldest first."""
        return [twap.record() for twap in self.unfinished.values() if twap.account.address == address]

    def history(self, address: str) -> list[TwapRecord]:
        """What has become of an account's TWAP orders, oldest first."""
        return list(self._history.get(address, ()))

    # ------------------------------------------------------------------ asked for

    def place(self, account: Account, command: PlaceTwap) -> ItemStatus:
        """Start a TWAP order: its first slice is traded at once, unless it waits for a trigger price."""
        intent = command.intent
        error = self._error(account, intent)
        if error is not None:
            return Failed(error)
        state = self._markets[intent.asset]
        twap = Twap(self._next_id, account, intent, state, self._outbox.time)
        self._next_id += 1
        self.unfinished[twap.id] = twap
        if intent.trigger is None:
            self._start(twap)
        else:
            self._outbox.emit(TwapWaits(self._outbox.time, twap.record()))
        return TwapRunning(twap.id)

    def cancel(self, account: Account, command: CancelTwap) -> ItemStatus:
        """End a TWAP order where it is."""
        twap = self.unfinished.get(command.twap_id)
        if twap is None or twap.account is not account or twap.intent.asset != command.asset:
            return Failed(NEVER_PLACED)
        self._end(twap, "terminated")
        return Success()

    def _error(self, account: Account, intent: TwapIntent) -> str | None:
        config, state = self._config, self._markets.get(intent.asset)
        if state is None:
            return f"Order has invalid asset {intent.asset}."
        market = state.market
        if market.is_delisted:
            return HALTED
        if not MIN_MINUTES <= intent.minutes <= MAX_MINUTES:
            return f"Invalid TWAP duration: {intent.minutes} min(s)"
        if intent.sz <= 0:
            return ZERO_SIZE if intent.sz == 0 else "Order has invalid size."
        pxs = [] if intent.trigger is None else [intent.trigger.px]
        if any(px <= 0 or not market.is_valid_px(px) for px in [*pxs, *([intent.stop_px] if intent.stop_px else [])]):
            return "Order has invalid price."
        least = config.twap_notional_per_minute * intent.minutes
        if intent.sz * state.mark_px * market.lot_value < least:
            each = dollars_text(config.twap_notional_per_minute)
            return f"TWAP order value too small. Min is ${dollars_text(least)}, which is ${each} per minute."
        if sum(twap.account is account for twap in self.unfinished.values()) >= config.active_twaps:
            return "Exceeded max number of active TWAP orders."
        if intent.reduce_only and self._reducible(account, state, intent) == 0:
            return WOULD_INCREASE
        return None

    # ------------------------------------------------------------------ brought about by time and prices

    def next_time(self) -> int | None:
        """When the next slice is due (Unix ms), None when there is none."""
        heap = self._heap
        while heap and heap[0].twap_id not in self.unfinished:
            heappop(heap)
        return heap[0].time if heap else None

    def run_due(self) -> None:
        """Send the slice that is due first."""
        self._slice(self.unfinished[heappop(self._heap).twap_id])

    def follow_marks(self) -> bool:
        """Start what waited for the present mark prices, and end what they stop; True when slices have been planned.

        What waits in a market that is delisted meanwhile ends here, what runs with its next slice.
        """
        has_started = False
        for twap in list(self.unfinished.values()):
            intent, mark_px = twap.intent, twap.state.mark_px
            stop = intent.stop_px
            if twap.started is None and twap.state.market.is_delisted:
                self._end(twap, "error", HALTED)
            elif stop is not None and (mark_px >= stop if intent.is_buy else mark_px <= stop):
                self._end(twap, "terminated")
            elif twap.started is None and intent.trigger is not None and intent.trigger.is_met(mark_px):
                self._start(twap)
                has_started = True
        return has_started

    def _start(self, twap: Twap) -> None:
        twap.started = self._outbox.time
        self._tell(TwapRecord(self._outbox.time, twap.record(), "activated", None))
        self._slice(twap)

    def _slice(self, twap: Twap) -> None:
        """Trade what is behind of the target, and plan the next slice or end."""
        intent, state = twap.intent, twap.state
        twap.slices += 1
        is_last = twap.slices == twap.slice_count
        lots = self._lots(twap, is_last)
        if state.market.is_delisted:
            self._end(twap, "error", HALTED)
            return
        if lots and intent.reduce_only:
            lots = min(lots, self._reducible(twap.account, state, intent))
            if not lots:
                self._end(twap, "error", WOULD_INCREASE)
                return
        if lots:
            refusal = self._trade(twap, lots)
            if refusal is not None:
                self._end(twap, "error", refusal)
                return
        if is_last or twap.executed_sz == intent.sz:
            self._end(twap, "finished")
        elif twap.started is not None:
            heappush(self._heap, _Due(twap.started + twap.slices * SLICE_INTERVAL, twap.id))

    def _lots(self, twap: Twap, is_last: bool) -> int:
        sz, count = twap.intent.sz, twap.slice_count
        behind = sz * twap.slices // count - twap.executed_sz
        if twap.intent.randomize and not is_last:
            # Between 80 % and 120 %; what that makes too much or too little the next slices have less or more.
            digest = blake2b(f"{twap.id}/{twap.slices}".encode(), digest_size=2).digest()
            behind = behind * (80 + int.from_bytes(digest, "big") % 41) // 100
        return max(0, min(behind, MAX_EVEN_SLICES * -(-sz // count), sz - twap.executed_sz))

    def _trade(self, twap: Twap, lots: int) -> str | None:
        """Send one slice. That nobody is there to trade with is no error, a lack of margin is."""
        intent, state = twap.intent, twap.state
        order_intent = OrderIntent(
            intent.asset, intent.is_buy, _limit(state, intent.is_buy), lots, intent.reduce_only, "Ioc"
        )
        position = self._placement.position(twap.account, state)
        rejection = None
        if not intent.reduce_only:
            rejection = margin_rejection(twap.account, position, order_intent, self._markets)
        order = self._desk.create(twap.account, position, order_intent)
        order.twap_id = twap.id
        with self._outbox.without_transaction():
            status = self._placement.admit(order, rejection)
        if isinstance(status, Filled):
            twap.executed_sz += status.total_sz
            twap.executed_ntl += status.notional
        return None if rejection is None else rejection.text

    def _reducible(self, account: Account, state: MarketState, intent: TwapIntent) -> int:
        position = account.position(state.market)
        if position is None or not position.szi or intent.is_buy == (position.szi > 0):
            return 0
        return abs(position.szi)

    def _end(self, twap: Twap, outcome: Outcome, description: str | None = None) -> None:
        del self.unfinished[twap.id]
        self._tell(TwapRecord(self._outbox.time, twap.record(), outcome, description))

    def _tell(self, record: TwapRecord) -> None:
        address = record.state.account
        self._history.setdefault(address, deque(maxlen=self._config.ledger_limit)).append(record)
        self._outbox.emit(TwapUpdated(self._outbox.time, record))


def _limit(state: MarketState, is_buy: bool) -> int:
    """The worst price of a slice: 3 % from the mid (from the mark, without two sides), on a tick on the near side."""
    doubled = state.doubled_mid or 2 * state.mark_px
    percent = 100 + MAX_SLIPPAGE_PERCENT if is_buy else 100 - MAX_SLIPPAGE_PERCENT
    return state.market.round_px(doubled * percent // 200, up=not is_buy)
