"""Entries whose stop loss and take profit rest at the exchange: they work on while this bot does not.

Hummingbot's executors watch the price and send their exits when it is time; here the exchange itself holds them
(`place_bracket`), and the first to fill cancels the other. One bracket at a time, sides alternate; what an entry that
was cancelled half-filled leaves behind is closed at market.
"""

import asyncio
import os
from decimal import Decimal
from typing import Any

from hummingbot.core.data_type.common import MarketDict, OrderType, PositionAction, PriceType, TradeType
from hummingbot.strategy.strategy_v2_base import StrategyV2Base, StrategyV2ConfigBase
from pydantic import Field

SECONDS_TO_CLOSE = 10


class BracketConfig(StrategyV2ConfigBase):
    """What to trade and where to get out. Distances are fractions of the entry price: 0.001 is 0.1 %."""

    script_file_name: str = os.path.basename(__file__)
    connector_name: str = "hyperliquid_perpetual"
    trading_pair: str = "BTC-USD"
    leverage: int = Field(default=5, ge=1)
    order_amount_quote: Decimal = Field(default=Decimal(100), ge=10, description="Size of each entry, in USD.")
    take_profit: Decimal = Field(default=Decimal("0.002"), gt=0)
    stop_loss: Decimal = Field(default=Decimal("0.002"), gt=0)
    entry_patience: float = Field(default=10, gt=0, description="Seconds an entry may wait for its fill.")

    def update_markets(self, markets: MarketDict) -> MarketDict:
        """Tell Hummingbot which market to connect."""
        return markets.add_or_update(self.connector_name, self.trading_pair)


class Brackets(StrategyV2Base):
    """One bracket after the other."""

    config: BracketConfig

    def __init__(self, connectors: dict[str, Any], config: BracketConfig) -> None:
        super().__init__(connectors, config)
        self._exchange = connectors[config.connector_name]
        self._bracket: Any = None
        self._placed_at = 0.0
        self._closing: str | None = None
        self._side = TradeType.SELL

    def apply_initial_setting(self) -> None:
        """Leverage belongs to the account's market, not to an order: it is set once."""
        self.set_leverage(self.config.connector_name, self.config.trading_pair, self.config.leverage)

    def on_tick(self) -> None:
        """Once a second, also while Hummingbot is stopping: then nothing new may begin."""
        if self._is_stop_triggered or self._is_open(self._closing):
            return
        if self._bracket is None:
            self._place_next()
        elif self._exchange.order_failure_reason(self._bracket.stop_loss):
            # Refused, as when the price has run past it already: no position without a stop loss.
            self._give_up()
        elif self._is_open(self._bracket.entry):
            if self.current_timestamp > self._placed_at + self.config.entry_patience:
                self._exchange.cancel(self.config.trading_pair, self._bracket.entry)
        elif not self._is_open(self._bracket.take_profit) and not self._is_open(self._bracket.stop_loss):
            self._bracket = None
            self._close_what_is_left()

    def format_status(self) -> str:
        """What `status` shows: Hummingbot's own lines, then funding, leverage, freshness and budgets of the venue."""
        told = (getattr(connector, "venue_status", None) for connector in self.connectors.values())
        return "\n\n".join([super().format_status(), *(tell() for tell in told if tell is not None)])

    def _place_next(self) -> None:
        mid = self._exchange.get_price_by_type(self.config.trading_pair, PriceType.MidPrice)
        if not mid.is_finite():
            return
        self._side = TradeType.BUY if self._side is TradeType.SELL else TradeType.SELL
        ahead = Decimal(1) if self._side is TradeType.BUY else Decimal(-1)
        self._bracket = self._exchange.place_bracket(
            self.config.trading_pair,
            self._side,
            self.config.order_amount_quote / mid,
            # A limit at the middle joins the queue in front of everybody, and is soon filled.
            mid,
            OrderType.LIMIT,
            take_profit=mid * (1 + ahead * self.config.take_profit),
            stop_loss=mid * (1 - ahead * self.config.stop_loss),
        )
        self._placed_at = self.current_timestamp

    def _give_up(self) -> None:
        still_open = [order for order in (self._bracket.entry, self._bracket.take_profit) if self._is_open(order)]
        for order_id in still_open:
            self._exchange.cancel(self.config.trading_pair, order_id)
        if not still_open:
            self._bracket = None
            self._close_what_is_left()

    def _close_what_is_left(self) -> bool:
        """Close the position at market, if there is one."""
        for position in self._exchange.account_positions.values():
            if position.trading_pair == self.config.trading_pair and position.amount:
                send = self._exchange.sell if position.amount > 0 else self._exchange.buy
                self._closing = send(
                    position.trading_pair,
                    abs(position.amount),
                    OrderType.MARKET,
                    Decimal("NaN"),
                    position_action=PositionAction.CLOSE,
                )
                return True
        return False

    def _is_open(self, order_id: str | None) -> bool:
        if order_id is None:
            return False
        order = self._exchange.in_flight_orders.get(order_id)
        # An order that was placed in this very tick is not tracked yet.
        return (order is not None and not order.is_done) or self.current_timestamp - self._placed_at < 1

    async def on_stop(self) -> None:
        """Takes back what waits at the exchange and closes what it protected: nothing stays without a stop loss."""
        self._is_stop_triggered = True
        await self._exchange.cancel_all(10)
        for _ in range(SECONDS_TO_CLOSE):
            await asyncio.sleep(1)  # positions follow fills by stream
            if self._is_open(self._closing):
                continue
            if not self._close_what_is_left():
                break
        await super().on_stop()
