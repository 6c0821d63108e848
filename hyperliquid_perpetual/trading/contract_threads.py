"""The part of Hummingbot's connector contract that may be used from other threads: reads, and what starts something.

What starts something is handed over to the connector's loop. Reads do not wait for the loop, which may be waiting for
the reader: they take what is there in one step, so that nothing changes while it is looked at. On the loop itself they
are what Hummingbot's base classes give: the live dictionaries.
"""

from hummingbot.connector.derivative.position import Position
from hummingbot.connector.perpetual_derivative_py_base import PerpetualDerivativePyBase
from hummingbot.connector.trading_rule import TradingRule
from hummingbot.core.data_type.cancellation_result import CancellationResult
from hummingbot.core.data_type.common import PositionMode
from hummingbot.core.data_type.in_flight_order import InFlightOrder
from hummingbot.core.data_type.order_book import OrderBook

from .threads import HomeLoop


class ThreadsContract(PerpetualDerivativePyBase):
    """Makes the base class's answers safe for readers in other threads."""

    _home: HomeLoop

    def cancel(self, trading_pair: str, client_order_id: str) -> str:
        self._home.spawn(self._execute_cancel, trading_pair, client_order_id)
        return client_order_id

    async def cancel_all(self, timeout_seconds: float) -> list[CancellationResult]:
        results: list[CancellationResult] = await self._home.call(super().cancel_all, timeout_seconds)
        return results

    def set_leverage(self, trading_pair: str, leverage: int = 1) -> None:
        self._home.spawn(self._execute_set_leverage, trading_pair, leverage)

    def set_position_mode(self, mode: PositionMode) -> None:
        self._home.spawn(self._set_position_mode_here, mode)

    async def _set_position_mode_here(self, mode: PositionMode) -> None:
        super().set_position_mode(mode)

    # A dictionary of Python's own is copied in one step, during which no other thread runs.

    @property
    def in_flight_orders(self) -> dict[str, InFlightOrder]:
        orders: dict[str, InFlightOrder] = super().in_flight_orders
        return orders if self._home.is_here() else orders.copy()

    @property
    def account_positions(self) -> dict[str, Position]:
        positions: dict[str, Position] = super().account_positions
        return positions if self._home.is_here() else positions.copy()

    @property
    def trading_rules(self) -> dict[str, TradingRule]:
        rules: dict[str, TradingRule] = super().trading_rules
        return rules if self._home.is_here() else rules.copy()

    @property
    def order_books(self) -> dict[str, OrderBook]:
        books: dict[str, OrderBook] = super().order_books
        return books if self._home.is_here() else books.copy()
