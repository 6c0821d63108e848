"""Hummingbot's DCA executor from a script: a ladder of entries whose average gets better as the market moves away.

Each rung is farther from the market and larger than the one before; what has been filled is closed as one position, by
profit against the average price, a trailing stop, a loss, or the time limit. Then the next ladder starts.
"""

import os
from decimal import Decimal

from hummingbot.core.data_type.common import MarketDict, PriceType, TradeType
from hummingbot.strategy.strategy_v2_base import StrategyV2Base, StrategyV2ConfigBase
from hummingbot.strategy_v2.executors.dca_executor.data_types import DCAExecutorConfig, DCAMode
from hummingbot.strategy_v2.executors.position_executor.data_types import TrailingStop
from hummingbot.strategy_v2.models.executor_actions import CreateExecutorAction, StopExecutorAction
from pydantic import Field, model_validator


class LadderConfig(StrategyV2ConfigBase):
    """The rungs of the ladder, and when it is left. All distances are fractions of the price: 0.001 is 0.1 %."""

    script_file_name: str = os.path.basename(__file__)
    connector_name: str = "hyperliquid_perpetual"
    trading_pair: str = "ETH-USD"
    leverage: int = Field(default=5, ge=1)
    side: str = Field(default="BUY", pattern="^(BUY|SELL)$")
    distances: list[Decimal] = Field(
        default=[Decimal("0.0005"), Decimal("0.001")], description="Of each rung from the middle of the market."
    )
    amounts_quote: list[Decimal] = Field(default=[Decimal(50), Decimal(100)], description="Of each rung, in USD.")
    take_profit: Decimal = Field(default=Decimal("0.002"), gt=0)
    stop_loss: Decimal = Field(default=Decimal("0.01"), gt=0, description="Counts once the whole ladder is filled.")
    trailing_activation: Decimal = Field(default=Decimal("0.001"), gt=0)
    trailing_delta: Decimal = Field(default=Decimal("0.0005"), gt=0)
    time_limit: int = Field(default=60, gt=0, description="Seconds.")

    @model_validator(mode="after")
    def check_rungs(self) -> "LadderConfig":
        """Every rung needs both a distance and an amount the venue takes."""
        if not self.distances or len(self.distances) != len(self.amounts_quote):
            raise ValueError("give as many distances as amounts_quote, at least one of each")
        if min(self.distances) <= 0 or min(self.amounts_quote) < 10:
            raise ValueError("distances must be above 0, and each of amounts_quote 10 USD or more")
        return self

    def update_markets(self, markets: MarketDict) -> MarketDict:
        """Tell Hummingbot which market to connect."""
        return markets.add_or_update(self.connector_name, self.trading_pair)


class LadderScript(StrategyV2Base):
    """Starts the next ladder when the last one has ended."""

    config: LadderConfig

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
        """A new ladder around the market as it is now, when none is at work."""
        if any(not executor.is_done for executor in self.get_all_executors()):
            return []
        mid = self.market_data_provider.get_price_by_type(
            self.config.connector_name, self.config.trading_pair, PriceType.MidPrice
        )
        if not mid.is_finite():
            return []
        side = TradeType[self.config.side]
        away = -1 if side is TradeType.BUY else 1
        ladder = DCAExecutorConfig(
            timestamp=self.current_timestamp,
            connector_name=self.config.connector_name,
            trading_pair=self.config.trading_pair,
            side=side,
            leverage=self.config.leverage,
            prices=[mid * (1 + away * distance) for distance in self.config.distances],
            amounts_quote=self.config.amounts_quote,
            mode=DCAMode.MAKER,
            take_profit=self.config.take_profit,
            stop_loss=self.config.stop_loss,
            trailing_stop=TrailingStop(
                activation_price=self.config.trailing_activation, trailing_delta=self.config.trailing_delta
            ),
            time_limit=self.config.time_limit,
        )
        return [CreateExecutorAction(executor_config=ladder)]

    def stop_actions_proposal(self) -> list[StopExecutorAction]:
        """Each ladder ends by itself."""
        return []

    def format_status(self) -> str:
        """What `status` shows: Hummingbot's own lines, then funding, leverage, freshness and budgets of the venue."""
        told = (getattr(connector, "venue_status", None) for connector in self.connectors.values())
        return "\n\n".join([super().format_status(), *(tell() for tell in told if tell is not None)])
