"""A market-making controller whose quotes stand farther from the market, the more the market moves.

Spreads and barriers are given in units of the volatility, which is the average height of the last candles as a fraction
of the price: a spread of 0.5 is half a candle from the middle. Each level is one of Hummingbot's position executors.
"""

from decimal import Decimal

from hummingbot.core.data_type.common import PriceType
from hummingbot.data_feed.candles_feed.data_types import CandlesConfig
from hummingbot.strategy_v2.controllers.market_making_controller_base import (
    MarketMakingControllerBase,
    MarketMakingControllerConfigBase,
)
from hummingbot.strategy_v2.executors.position_executor.data_types import PositionExecutorConfig
from hummingbot.strategy_v2.models.base import RunnableStatus
from hummingbot.strategy_v2.models.executor_actions import ExecutorAction, StopExecutorAction
from pydantic import Field


class VolatilityQuotesConfig(MarketMakingControllerConfigBase):
    """Hummingbot's settings of market-making controllers; spreads and barriers in units of the volatility."""

    controller_name: str = "volatility_quotes"
    connector_name: str = Field(
        default="hyperliquid_perpetual",
        json_schema_extra={"prompt": "Enter the connector name (e.g., hyperliquid_perpetual): ", "prompt_on_new": True},
    )
    trading_pair: str = Field(
        default="kPEPE-USD",
        json_schema_extra={"prompt": "Enter the trading pair (e.g., kPEPE-USD): ", "prompt_on_new": True},
    )
    interval: str = Field(
        default="1m",
        json_schema_extra={"prompt": "Enter the candles' interval (e.g., 1m, 5m): ", "prompt_on_new": True},
    )
    candles: int = Field(default=20, ge=1, description="Over how many candles the volatility is measured.")
    least_volatility: Decimal = Field(
        default=Decimal("0.0005"),
        gt=0,
        description="The market is never taken for calmer than this, as a fraction of the price.",
        json_schema_extra={"is_updatable": True},
    )


class VolatilityQuotes(MarketMakingControllerBase):
    """Measures; Hummingbot's base class and executors place, follow and close the quotes."""

    config: VolatilityQuotesConfig

    def get_candles_config(self) -> list[CandlesConfig]:
        """Which candles Hummingbot should keep up to date; the controller starts when they are there."""
        return [
            CandlesConfig(
                connector=self.config.connector_name,
                trading_pair=self.config.trading_pair,
                interval=self.config.interval,
                max_records=self.config.candles,
            )
        ]

    async def update_processed_data(self) -> None:
        """Read the market; without a price or a candle there is nothing to decide on."""
        mid = self.market_data_provider.get_price_by_type(
            self.config.connector_name, self.config.trading_pair, PriceType.MidPrice
        )
        candles = self.market_data_provider.get_candles_df(
            self.config.connector_name, self.config.trading_pair, self.config.interval, self.config.candles
        )
        if not mid.is_finite() or mid <= 0 or candles.empty:
            self.processed_data = {}
            return
        height = float(((candles["high"] - candles["low"]) / candles["close"]).mean())
        volatility = max(Decimal(str(height)), self.config.least_volatility)
        self.processed_data = {"reference_price": mid, "spread_multiplier": volatility}

    def determine_executor_actions(self) -> list[ExecutorAction]:
        """Quotes to add, and quotes to replace."""
        return super().determine_executor_actions() if self.processed_data else []

    def get_executor_config(self, level_id: str, price: Decimal, amount: Decimal) -> PositionExecutorConfig:
        """A quote, and how the position it makes is left again: the barriers, too, widen with the volatility."""
        barriers = self.config.triple_barrier_config.new_instance_with_adjusted_volatility(
            float(self.processed_data["spread_multiplier"])
        )
        return PositionExecutorConfig(
            timestamp=self.market_data_provider.time(),
            level_id=level_id,
            connector_name=self.config.connector_name,
            trading_pair=self.config.trading_pair,
            entry_price=price,
            amount=amount,
            triple_barrier_config=barriers,
            leverage=self.config.leverage,
            side=self.get_trade_type_from_level_id(level_id),
        )

    def executors_to_refresh(self) -> list[ExecutorAction]:
        """Quotes that have waited for `executor_refresh_time` seconds without a fill, and are not stopping already."""
        now = self.market_data_provider.time()
        return [
            StopExecutorAction(controller_id=self.config.id, executor_id=quote.id)
            for quote in self.executors_info
            if quote.status is RunnableStatus.RUNNING
            and not quote.is_trading
            and now - quote.timestamp > self.config.executor_refresh_time
        ]

    def to_format_status(self) -> list[str]:
        """One line for `hbot status`."""
        if not self.processed_data:
            return ["  waiting for the market"]
        return [f"  {self.config.trading_pair}: volatility {self.processed_data['spread_multiplier']:.4%}"]
