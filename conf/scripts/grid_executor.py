"""Hummingbot's grid executor from a script: many small orders in a price range, each with its own exit a step further.

A grid buys (or sells) at every level the market passes and takes the profit of one step on the way back. It ends when
the market leaves the range on the winning side, reaches the limit price on the losing one, or by its barriers; then
the next grid is laid around the market as it is by then.
"""

import asyncio
import os
from decimal import Decimal

from hummingbot.core.data_type.common import MarketDict, OrderType, PositionAction, PriceType, TradeType
from hummingbot.core.event.events import MarketOrderFailureEvent, OrderCancelledEvent, OrderFilledEvent
from hummingbot.strategy.strategy_v2_base import StrategyV2Base, StrategyV2ConfigBase
from hummingbot.strategy_v2.executors.grid_executor.data_types import GridExecutorConfig
from hummingbot.strategy_v2.executors.position_executor.data_types import TripleBarrierConfig
from hummingbot.strategy_v2.models.base import RunnableStatus
from hummingbot.strategy_v2.models.executor_actions import CreateExecutorAction, StopExecutorAction
from hummingbot.strategy_v2.models.executors import CloseType
from pydantic import Field

ATTEMPTS_TO_END = 20
"""Seconds, more or less."""


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
    """Lays the next grid when the last one has ended and all it bought is sold again.

    The executor forgets what a cancelled order had filled before, and then waits for an exit that never fills up. So
    the script counts its own fills, has the executor leave whatever it holds, and closes that itself.
    """

    config: GridConfig

    def __init__(self, connectors: dict, config: GridConfig) -> None:
        super().__init__(connectors, config)
        self._held = Decimal(0)
        """What this script has bought and not sold yet, in coins; negative when it has sold more."""
        self._closing: str | None = None
        """The id of the order that closes it."""

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
        """A grid around the market, when none is at work and nothing is held."""
        if any(not executor.is_done for executor in self.get_all_executors()) or self._close_rest():
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
        """A grid that has begun to end cancels its orders and leaves the rest to this script."""
        return [
            StopExecutorAction(executor_id=executor.id, keep_position=True)
            for executor in self.get_all_executors()
            if executor.status is RunnableStatus.SHUTTING_DOWN and executor.close_type is not CloseType.POSITION_HOLD
        ]

    def format_status(self) -> str:
        """What `status` shows: Hummingbot's own lines, then funding, leverage, freshness and budgets of the venue."""
        told = (getattr(connector, "venue_status", None) for connector in self.connectors.values())
        return "\n\n".join([super().format_status(), *(tell() for tell in told if tell is not None)])

    def did_fill_order(self, event: OrderFilledEvent) -> None:
        """Hummingbot tells of each fill of this script's orders."""
        self._held += event.amount if event.trade_type is TradeType.BUY else -event.amount
        if event.order_id == self._closing and not self._held:
            self._closing = None

    def did_cancel_order(self, event: OrderCancelledEvent) -> None:
        """An exit that the book could not fill as a whole is followed by another."""
        self._closing = None if event.order_id == self._closing else self._closing

    def did_fail_order(self, event: MarketOrderFailureEvent) -> None:
        """So is one that the venue refused."""
        self._closing = None if event.order_id == self._closing else self._closing

    async def on_stop(self) -> None:
        """First the grids cancel their orders, then what they hold is closed, then Hummingbot ends the rest."""
        self._is_stop_triggered = True
        for grid in self.get_all_executors():
            if not grid.is_done:
                self.executor_orchestrator.execute_action(StopExecutorAction(executor_id=grid.id, keep_position=True))
        for _ in range(ATTEMPTS_TO_END):
            self.update_executors_info()
            if all(grid.is_done for grid in self.get_all_executors()) and not self._close_rest():
                break
            await asyncio.sleep(1)
        await super().on_stop()

    def _close_rest(self) -> bool:
        """Sell what is held, or buy back what was sold; whether anything is."""
        if self._held and self._closing is None:
            trade = self.sell if self._held > 0 else self.buy
            self._closing = trade(
                self.config.connector_name,
                self.config.trading_pair,
                abs(self._held),
                OrderType.MARKET,
                position_action=PositionAction.CLOSE,
            )
        return bool(self._held)
