"""TWAP orders as the venue words them (reference, sections 2.4, 2.5 and 8.3).

The reference names the outer keys; the fields of a state and of a status are those that clients of the venue read. A
history row's `time` is in seconds, a state's `timestamp` in milliseconds.
"""

from collections.abc import Sequence
from typing import Any

from hyperliquid_perpetual.sandbox.engine.exchange import Exchange
from hyperliquid_perpetual.sandbox.engine.records import Fill, TwapRecord, TwapState
from hyperliquid_perpetual.sandbox.engine.units import SECOND
from hyperliquid_perpetual.sandbox.order_view import OrderView
from hyperliquid_perpetual.sandbox.wire import money_text, price_text, size_text

MAX_ROWS = 2_000

Json = dict[str, Any]


class TwapView:
    """Reads the engine, writes the venue's JSON. Users are lowercase addresses."""

    def __init__(self, exchange: Exchange, orders: OrderView) -> None:
        self._exchange = exchange
        self._orders = orders

    def states(self, user: str, dex: str) -> list[Any]:
        """`states` of the stream `twapStates`: (number, state) of what runs on a dex."""
        active = self._exchange.twaps.active(user)
        return [
            [state.twap_id, self._state(state)]
            for state in active
            if self._exchange.markets[state.asset].market.dex == dex
        ]

    def history(self, user: str) -> list[Json]:
        """`twapHistory`: what has become of a user's TWAP orders, newest first."""
        rows = self._exchange.twaps.history(user)[-MAX_ROWS:]
        return [self.history_row(row) for row in reversed(rows)]

    def history_row(self, record: TwapRecord) -> Json:
        """One change of a TWAP order."""
        status: Json = {"status": record.status}
        if record.description is not None:
            status["description"] = record.description
        return {
            "time": record.time // SECOND,
            "state": self._state(record.state),
            "status": status,
            "twapId": record.state.twap_id,
        }

    def slice_fills(self, user: str) -> list[Json]:
        """`userTwapSliceFills`: the newest 2000, newest first."""
        return self._rows(self._fills(user)[-MAX_ROWS:][::-1])

    def slice_fills_by_time(self, user: str, start: int, end: int) -> list[Json]:
        """`userTwapSliceFillsByTime`: at most 2000 from `start` on, oldest first as other rows by time."""
        return self._rows([fill for fill in self._fills(user) if start <= fill.time <= end][:MAX_ROWS])

    def slice_fill(self, fill: Fill) -> Json:
        """One fill of a TWAP order."""
        return {"fill": self._orders.fill(fill), "twapId": fill.twap_id}

    def _fills(self, user: str) -> list[Fill]:
        account = self._exchange.account(user)
        return [] if account is None else [fill for fill in account.fills if fill.twap_id is not None]

    def _rows(self, fills: Sequence[Fill]) -> list[Json]:
        return [self.slice_fill(fill) for fill in fills]

    def _state(self, state: TwapState) -> Json:
        """What a TWAP order is and has done; without a trigger or a stop price the keys are there and null."""
        decimals = self._exchange.markets[state.asset].market.sz_decimals
        trigger = state.trigger
        return {
            "coin": state.coin,
            "user": state.account,
            "side": "B" if state.is_buy else "A",
            "sz": size_text(state.sz, decimals),
            "executedSz": size_text(state.executed_sz, decimals),
            "executedNtl": money_text(state.executed_ntl),
            "minutes": state.minutes,
            "reduceOnly": state.reduce_only,
            "randomize": state.randomize,
            "timestamp": state.timestamp,
            "trigger": None if trigger is None else {"px": price_text(trigger.px), "above": trigger.is_above},
            "stopPx": None if state.stop_px is None else price_text(state.stop_px),
        }
