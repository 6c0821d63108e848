"""A directional controller: follows the trend that the candles show, with a position executor for every signal.

The trend is the difference of two moving averages of the closing prices, a fast and a slow one. While it is steeper
than a threshold, positions are opened along it at market, each with a triple barrier; Hummingbot's base class keeps to
the number of positions per side and the cooldown between them.
"""

from hummingbot.data_feed.candles_feed.data_types import CandlesConfig
from hummingbot.strategy_v2.controllers.directional_trading_controller_base import (
    DirectionalTradingControllerBase,
    DirectionalTradingControllerConfigBase,
)
from pydantic import Field, model_validator


class CandleTrendConfig(DirectionalTradingControllerConfigBase):
    """Hummingbot's settings of directional controllers, and how the trend is measured."""

    controller_name: str = "candle_trend"
    connector_name: str = Field(
        default="hyperliquid_perpetual",
        json_schema_extra={"prompt": "Enter the connector name (e.g., hyperliquid_perpetual): ", "prompt_on_new": True},
    )
    trading_pair: str = Field(
        default="ETH-USD",
        json_schema_extra={"prompt": "Enter the trading pair (e.g., ETH-USD): ", "prompt_on_new": True},
    )
    interval: str = Field(
        default="1m",
        json_schema_extra={"prompt": "Enter the candles' interval (e.g., 1m, 5m, 1h): ", "prompt_on_new": True},
    )
    fast: int = Field(default=5, ge=1, description="Candles in the fast average.")
    slow: int = Field(default=20, ge=2, description="Candles in the slow average.")
    threshold: float = Field(
        default=0.0005,
        ge=0,
        description="How far apart the averages must be, as a fraction of the price.",
        json_schema_extra={"is_updatable": True},
    )

    @model_validator(mode="after")
    def check_averages(self) -> "CandleTrendConfig":
        """The fast average must follow the price more closely than the slow one."""
        if self.fast >= self.slow:
            raise ValueError(f"fast must be fewer candles than slow: {self.fast} is not below {self.slow}")
        return self


class CandleTrend(DirectionalTradingControllerBase):
    """Gives the signal; Hummingbot's base class and executors do the rest."""

    config: CandleTrendConfig

    def get_candles_config(self) -> list[CandlesConfig]:
        """Which candles Hummingbot should keep up to date; the controller starts when they are there."""
        return [
            CandlesConfig(
                connector=self.config.connector_name,
                trading_pair=self.config.trading_pair,
                interval=self.config.interval,
                max_records=self.config.slow + 1,
            )
        ]

    async def update_processed_data(self) -> None:
        """Measure the trend: the signal is 1 upwards, -1 downwards, 0 for neither."""
        candles = self.market_data_provider.get_candles_df(
            self.config.connector_name, self.config.trading_pair, self.config.interval, self.config.slow + 1
        )
        closes = candles["close"]
        if len(closes) < self.config.slow:
            self.processed_data = {"signal": 0, "features": candles}
            return
        slow = float(closes.tail(self.config.slow).mean())
        trend = (float(closes.tail(self.config.fast).mean()) - slow) / slow
        signal = 0 if abs(trend) < self.config.threshold else (1 if trend > 0 else -1)
        self.processed_data = {"signal": signal, "trend": trend, "features": candles}

    def to_format_status(self) -> list[str]:
        """One line for `hbot status`."""
        if "trend" not in self.processed_data:
            return ["  waiting for candles"]
        direction = {1: "long", -1: "short", 0: "nothing"}[self.processed_data["signal"]]
        return [f"  {self.config.trading_pair}: trend {self.processed_data['trend']:+.4%}, signal {direction}"]
