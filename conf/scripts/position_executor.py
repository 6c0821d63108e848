"""Hummingbot's position executor from a script: one position at a time, left by the triple barrier.

An entry order at the market's own price, then the first of three barriers ends it: take profit, stop loss, time limit;
a trailing stop follows a profit that has begun. Sides alternate, so that the account ends about where it began.
"""

import os
from decimal import Decimal

from hummingbot.core.data_type.common import MarketDict, OrderType, PriceType, TradeType
from hummingbot.strategy.strategy_v2_base import StrategyV2Base, StrategyV2ConfigBase
from hummingbot.strategy_v2.executors.position_executor.data_types import (
    PositionExecutorConfig,
    TrailingStop,
    TripleBarrierConfig,
)
from hummingbot.strategy_v2.models.executor_actions import CreateExecutorAction, StopExecutorAction
from pydantic import Field


class PositionConfig(StrategyV2ConfigBase):
    """What to trade and when to leave. Barriers are fractions of the entry price: 0.001 is 0.1 %."""

    script_file_name: str = os.path.basename(__file__)
    connector_name: str = "hyperliquid_perpetual"
    trading_pair: str = "BTC-USD"
    leverage: int = Field(default=5, ge=1)
    order_amount_quote: Decimal = Field(default=Decimal(100), ge=10, description="Size of each position, in USD.")
    take_profit: Decimal = Field(default=Decimal("0.002"), gt=0)
    stop_loss: Decimal = Field(default=Decimal("0.002"), gt=0)
    time_limit: int = Field(default=60, gt=0, description="Seconds.")
    trailing_activation: Decimal = Field(default=Decimal("0.001"), gt=0)
    trailing_delta: Decimal = Field(default=Decimal("0.0005"), gt=0)
    pause: float = Field(default=2, ge=0, description="Seconds between two positions.")

    def update_markets(self, markets: MarketDict) -> MarketDict:
        """Tell Hummingbot which market to connect."""
        return markets.add_or_update(self.connector_name, self.trading_pair)

    @property
    def barriers(self) -> TripleBarrierConfig:
        """All exits at market: they close what was filled, whatever the size, without leaving a rest behind."""
        return TripleBarrierConfig(
            take_profit=self.take_profit,
            stop_loss=self.stop_loss,
            time_limit=self.time_limit,
            trailing_stop=TrailingStop(activation_price=self.trailing_activation, trailing_delta=self.trailing_delta),
            open_order_type=OrderType.LIMIT,
            take_profit_order_type=OrderType.MARKET,
        )


class PositionScript(StrategyV2Base):
    """Starts the next position when the last one has ended; the executor does everything in between."""

    config: PositionConfig

    def __init__(self, connectors: dict, config: PositionConfig) -> None:
        super().__init__(connectors, config)
        self._side = TradeType.SELL
        self._next_at = 0.0

    def apply_initial_setting(self) -> None:
        """Leverage belongs to the account's market, not to an order: it is set once."""
        self.set_leverage(self.config.connector_name, self.config.trading_pair, self.config.leverage)

    def on_tick(self) -> None:
        """Once a second, also while Hummingbot is stopping: then nothing new may begin."""
        if self._is_stop_triggered:
            return
        self.update_executors_info()
        for action in self.determine_executor_actions():
            self.executor_orchestrator.execute_action(action)

    def create_actions_proposal(self) -> list[CreateExecutorAction]:
        """A new position, on the other side than the last, when none is open and the pause is over."""
        if any(not executor.is_done for executor in self.get_all_executors()):
            self._next_at = self.current_timestamp + self.config.pause
            return []
        if self.current_timestamp < self._next_at:
            return []
        mid = self.market_data_provider.get_price_by_type(
            self.config.connector_name, self.config.trading_pair, PriceType.MidPrice
        )
        if not mid.is_finite():
            return []
        self._side = TradeType.BUY if self._side is TradeType.SELL else TradeType.SELL
        position = PositionExecutorConfig(
            timestamp=self.current_timestamp,
            connector_name=self.config.connector_name,
            trading_pair=self.config.trading_pair,
            side=self._side,
            # A limit at the middle joins the queue in front of everybody, and is soon filled.
            entry_price=mid,
            amount=self.config.order_amount_quote / mid,
            triple_barrier_config=self.config.barriers,
            leverage=self.config.leverage,
        )
        return [CreateExecutorAction(executor_config=position)]

    def stop_actions_proposal(self) -> list[StopExecutorAction]:
        """The barriers stop each position."""
        return []

    def format_status(self) -> str:
        """What `status` shows: Hummingbot's own lines, then funding, leverage, freshness and budgets of the venue."""
        told = (getattr(connector, "venue_status", None) for connector in self.connectors.values())
        return "\n\n".join([super().format_status(), *(tell() for tell in told if tell is not None)])
