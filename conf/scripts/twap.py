"""The venue's own TWAP from a script: an amount bought evenly over minutes, and sold again when it is complete.

The venue sends a slice every 30 seconds. The script only starts each TWAP, shows how far it is, and starts the opposite
one when it has ended; what one left undone the next one does not do either, so that the account ends where it began.
"""

import os
from decimal import Decimal

from hummingbot.core.data_type.common import MarketDict, PriceType, TradeType
from hummingbot.core.data_type.in_flight_order import InFlightOrder
from hummingbot.core.event.events import (
    BuyOrderCompletedEvent,
    MarketOrderFailureEvent,
    OrderCancelledEvent,
    OrderFilledEvent,
    SellOrderCompletedEvent,
)
from hummingbot.strategy.strategy_v2_base import StrategyV2Base, StrategyV2ConfigBase
from pydantic import Field


class TwapConfig(StrategyV2ConfigBase):
    """What to trade, and how slowly."""

    script_file_name: str = os.path.basename(__file__)
    connector_name: str = "hyperliquid_perpetual"
    trading_pair: str = "BTC-USD"
    leverage: int = Field(default=5, ge=1)
    order_amount_quote: Decimal = Field(default=Decimal(1000), ge=50, description="Size of each TWAP, in USD.")
    minutes: int = Field(default=30, ge=5, le=1440, description="How long each takes.")
    randomize: bool = Field(default=False, description="Whether the venue varies times and sizes of the slices.")
    rounds: int = Field(default=1, ge=1, description="How often to buy and sell again.")

    def update_markets(self, markets: MarketDict) -> MarketDict:
        """Tell Hummingbot which market to connect."""
        return markets.add_or_update(self.connector_name, self.trading_pair)


class TwapScript(StrategyV2Base):
    """Buys by TWAP, then sells what was bought, as often as configured."""

    config: TwapConfig

    def __init__(self, connectors: dict, config: TwapConfig) -> None:
        super().__init__(connectors, config)
        self._order_id: str | None = None
        self._side = TradeType.BUY
        self._bought = Decimal(0)
        self._rounds_left = config.rounds

    def apply_initial_setting(self) -> None:
        """Leverage belongs to the account's market, not to an order: it is set once."""
        self.set_leverage(self.config.connector_name, self.config.trading_pair, self.config.leverage)

    def on_tick(self) -> None:
        """Once a second: start the next TWAP when none runs, but none while Hummingbot is stopping."""
        if self._is_stop_triggered or self._order_id is not None or not self._rounds_left:
            return
        selling = self._side is TradeType.SELL
        mid = self.market_data_provider.get_price_by_type(
            self.config.connector_name, self.config.trading_pair, PriceType.MidPrice
        )
        if not mid.is_finite():
            return
        amount = self._bought if selling else self.config.order_amount_quote / mid
        try:
            self._order_id = self.connectors[self.config.connector_name].place_twap(
                self.config.trading_pair,
                self._side,
                amount,
                self.config.minutes,
                randomize=self.config.randomize,
                reduce_only=selling,
            )
        except ValueError as error:
            self.logger().warning(f"No TWAP was started: {error}")
            self._rounds_left = 0

    def did_fill_order(self, event: OrderFilledEvent) -> None:
        """A slice has traded."""
        if event.order_id == self._order_id:
            self._bought += event.amount if self._side is TradeType.BUY else -event.amount
            self.logger().info(f"Slice of {event.amount} at {event.price}")

    def did_complete_buy_order(self, event: BuyOrderCompletedEvent) -> None:
        """All was bought."""
        self._on_end(event.order_id)

    def did_complete_sell_order(self, event: SellOrderCompletedEvent) -> None:
        """All was sold."""
        self._on_end(event.order_id)

    def did_cancel_order(self, event: OrderCancelledEvent) -> None:
        """It was stopped, or its time was over with a remainder."""
        self._on_end(event.order_id)

    def did_fail_order(self, event: MarketOrderFailureEvent) -> None:
        """The venue does not want it, and would not want the next one."""
        if event.order_id == self._order_id:
            self._rounds_left = 0
            self._on_end(event.order_id)

    def format_status(self) -> str:
        """What `status` shows: the TWAP, then funding, leverage, freshness and budgets of the venue."""
        return f"{self._progress()}\n\n{self.connectors[self.config.connector_name].venue_status()}"

    def _progress(self) -> str:
        order = self._order()
        if order is None:
            return "No TWAP is running."
        share = 100 * order.executed_amount_base / order.amount
        return (
            f"{order.trade_type.name} {order.amount} {order.trading_pair} over {self.config.minutes} minutes: "
            f"{share:.1f} % done at {order.average_executed_price or 'no price yet'}"
        )

    def _on_end(self, order_id: str) -> None:
        if order_id != self._order_id:
            return
        self._order_id = None
        if self._side is TradeType.SELL:
            self._rounds_left = max(0, self._rounds_left - 1)
        elif not self._bought:
            self._rounds_left = 0
        self._side = TradeType.BUY if self._side is TradeType.SELL else TradeType.SELL

    def _order(self) -> InFlightOrder | None:
        orders = self.connectors[self.config.connector_name].in_flight_orders
        return orders.get(self._order_id) if self._order_id is not None else None
