"""Hummingbot's grid executor from a script: many small orders in a price range, each with its own exit a step further.

A grid buys (or sells) at every level the market passes and takes the profit of one step on the way back. It ends when
the market leaves the range on the winning side, reaches the limit price on the losing one, or by its barriers; then
the next grid is laid around the market as it is by then.
"""

import os
from decimal import Decimal

from hummingbot.core.data_type.common import MarketDict, OrderType, PriceType, TradeType
from hummingbot.strategy.strategy_v2_base import StrategyV2Base, StrategyV2ConfigBase
from hummingbot.strategy_v2.executors.grid_executor.data_types import GridExecutorConfig
from hummingbot.strategy_v2.executors.position_executor.data_types import TripleBarrierConfig
from hummingbot.strategy_v2.models.executor_actions import CreateExecutorAction, StopExecutorAction
from pydantic import Field


class GridConfig(StrategyV2ConfigBase):
    """Range and steps of the grid. All distances are fractions of the price: 0.001 is 0.1 %."""

    script_file_name: str = os.path.basename(__file__)
    connector_name: str = "hyperliquid_perpetual"
    trading_pair: str = "SOL-USD"
    leverage: int = Field(default=5, ge=1)
    side: str = Field(default="BUY", pattern="^(BUY|SELL)$")
    total_amount_quote: Decimal = Field(default=Decimal(200), ge=20, description="Of all levels together, in USD.")
    range_below: Decimal = Field(default=Decimal("0.01"), gt=0, lt=1)
    range_above: Decimal = Field(default=Decimal("0.01"), gt=0, lt=1)
    limit_distance: Decimal = Field(
        default=Decimal("0.03"), gt=0, lt=1, description="How far the market may go against the grid before it ends."
    )
    step: Decimal = Field(default=Decimal("0.001"), gt=0, description="Least distance between two levels.")
    take_profit: Decimal = Field(default=Decimal("0.001"), gt=0, description="Of each level's own exit.")
    max_open_orders: int = Field(default=5, ge=1)
    time_limit: int = Field(default=3600, gt=0, description="Seconds.")

    def update_markets(self, markets: MarketDict) -> MarketDict:
        """Tell Hummingbot which market to connect."""
        return markets.add_or_update(self.connector_name, self.trading_pair)


class GridScript(StrategyV2Base):
    """Lays the next grid when the last one has ended."""

    config: GridConfig

    def apply_initial_setting(self) -> None:
        """Leverage belongs to the account's market, not to an order: it is set once."""
        self.set_leverage(self.config.connector_name, self.config.trading_pair, self.config.leverage)

    def on_tick(self) -> None:
        """Once a second."""
        self.update_executors_info()
        for action in self.determine_executor_actions():
            self.executor_orchestrator.execute_action(action)

    def create_actions_proposal(self) -> list[CreateExecutorAction]:
        """A grid around the market, when none is at work."""
        if any(not executor.is_done for executor in self.get_all_executors()):
            return []
        mid = self.market_data_provider.get_price_by_type(
            self.config.connector_name, self.config.trading_pair, PriceType.MidPrice
        )
        if not mid.is_finite():
            return []
        side = TradeType[self.config.side]
        against = -1 if side is TradeType.BUY else 1
        grid = GridExecutorConfig(
            timestamp=self.current_timestamp,
            connector_name=self.config.connector_name,
            trading_pair=self.config.trading_pair,
            side=side,
            leverage=self.config.leverage,
            start_price=mid * (1 - self.config.range_below),
            end_price=mid * (1 + self.config.range_above),
            limit_price=mid * (1 + against * self.config.limit_distance),
            total_amount_quote=self.config.total_amount_quote,
            min_order_amount_quote=Decimal(10),  # the venue's minimum
            min_spread_between_orders=self.config.step,
            max_open_orders=self.config.max_open_orders,
            triple_barrier_config=TripleBarrierConfig(
                take_profit=self.config.take_profit,
                time_limit=self.config.time_limit,
                open_order_type=OrderType.LIMIT_MAKER,
                take_profit_order_type=OrderType.LIMIT_MAKER,
            ),
        )
        return [CreateExecutorAction(executor_config=grid)]

    def stop_actions_proposal(self) -> list[StopExecutorAction]:
        """Each grid ends by itself."""
        return []
