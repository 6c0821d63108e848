"""A market-making controller: quotes on both sides of the market that lean against the position they build up.

Each level of each side is one of Hummingbot's position executors: an order at its spread from the reference price, and
once that is filled, an exit by take profit, stop loss or time. Quotes that the market has left are replaced. The
reference price is the middle of the book, moved against what is held: a long bot buys farther from the middle and sells
closer to it. At most `total_amount_quote` is quoted and held. When the bot stops, what it holds is closed at market.
"""

from decimal import Decimal

from hummingbot.core.data_type.common import PriceType, TradeType
from hummingbot.strategy_v2.controllers.market_making_controller_base import (
    MarketMakingControllerBase,
    MarketMakingControllerConfigBase,
)
from hummingbot.strategy_v2.executors.position_executor.data_types import PositionExecutorConfig
from hummingbot.strategy_v2.models.base import RunnableStatus
from hummingbot.strategy_v2.models.executor_actions import ExecutorAction, StopExecutorAction
from hummingbot.strategy_v2.models.executors_info import ExecutorInfo
from pydantic import Field, model_validator


class InventoryQuotesConfig(MarketMakingControllerConfigBase):
    """Hummingbot's settings of market-making controllers, and how much to lean. Spreads: 0.0002 is 0.02 %."""

    controller_name: str = "inventory_quotes"
    connector_name: str = Field(
        default="hyperliquid_perpetual",
        json_schema_extra={"prompt": "Enter the connector name (e.g., hyperliquid_perpetual): ", "prompt_on_new": True},
    )
    trading_pair: str = Field(
        default="BTC-USD",
        json_schema_extra={"prompt": "Enter the trading pair (e.g., BTC-USD): ", "prompt_on_new": True},
    )
    skew: Decimal = Field(
        default=Decimal("0.5"),
        ge=0,
        lt=1,
        description="By how much of the first spread the reference price moves when one side is held in full.",
        json_schema_extra={
            "prompt": "Enter how much quotes lean against the position, from 0 to below 1 (e.g., 0.5): ",
            "prompt_on_new": True,
            "is_updatable": True,
        },
    )

    @model_validator(mode="after")
    def check_spreads(self) -> "InventoryQuotesConfig":
        """A spread of 0 or less would trade against the market instead of quoting it."""
        spreads = [*self.buy_spreads, *self.sell_spreads]
        if not spreads or min(spreads) <= 0:
            raise ValueError("spreads must be fractions of the price above 0, for example 0.0002,0.0005")
        return self

    def smallest_spread(self) -> Decimal:
        """The spread of the quote that is closest to the market."""
        return min(Decimal(str(spread)) for spread in (*self.buy_spreads, *self.sell_spreads))

    def side_amount(self, side: TradeType) -> Decimal:
        """What all quotes of a side together trade, in quote."""
        _, amounts = self.get_spreads_and_amounts_in_quote(side)
        return sum((Decimal(amount) for amount in amounts), Decimal(0))


class InventoryQuotes(MarketMakingControllerBase):
    """Decides where quotes should be; Hummingbot's base class and executors place, follow and close them."""

    config: InventoryQuotesConfig

    async def update_processed_data(self) -> None:
        """Read the market and what is held; without a price there is nothing to decide on."""
        mid = self.market_data_provider.get_price_by_type(
            self.config.connector_name, self.config.trading_pair, PriceType.MidPrice
        )
        if not mid.is_finite() or mid <= 0:
            self.processed_data = {}
            return
        lean = self.config.skew * self.config.smallest_spread() * self.inventory()
        self.processed_data = {"mid": mid, "reference_price": mid * (1 - lean), "spread_multiplier": Decimal(1)}

    def determine_executor_actions(self) -> list[ExecutorAction]:
        """Quotes to add, and quotes to replace."""
        return super().determine_executor_actions() if self.processed_data else []

    def get_executor_config(self, level_id: str, price: Decimal, amount: Decimal) -> PositionExecutorConfig:
        """A quote, and how the position it makes is left again."""
        return PositionExecutorConfig(
            timestamp=self.market_data_provider.time(),
            level_id=level_id,
            connector_name=self.config.connector_name,
            trading_pair=self.config.trading_pair,
            entry_price=price,
            amount=amount,
            triple_barrier_config=self.config.triple_barrier_config,
            leverage=self.config.leverage,
            side=self.get_trade_type_from_level_id(level_id),
        )

    def executors_to_refresh(self) -> list[ExecutorAction]:
        """Quotes that have waited for `executor_refresh_time` seconds without a fill.

        None that is stopping already: being told again just after it has ended would bring it back, to hang.
        """
        now = self.market_data_provider.time()
        return [
            StopExecutorAction(controller_id=self.config.id, executor_id=quote.id)
            for quote in self.executors_info
            if quote.status is RunnableStatus.RUNNING
            and not quote.is_trading
            and now - quote.timestamp > self.config.executor_refresh_time
        ]

    def inventory(self) -> Decimal:
        """What is held, from -1 (all sell quotes are filled) over 0 (nothing) to 1 (all buy quotes are filled)."""
        held = sum((_signed(quote) for quote in self.executors_info if quote.is_active), Decimal(0))
        limit = self.config.side_amount(TradeType.BUY if held > 0 else TradeType.SELL)
        return max(Decimal(-1), min(Decimal(1), held / limit)) if limit else Decimal(0)

    def to_format_status(self) -> list[str]:
        """One line for `hbot status`."""
        if not self.processed_data:
            return ["  waiting for the market"]
        mid, reference = self.processed_data["mid"], self.processed_data["reference_price"]
        return [
            f"  {self.config.trading_pair}: mid {mid}, holding {self.inventory():+.0%}, quoting around {reference:.6g}"
        ]


def _signed(quote: ExecutorInfo) -> Decimal:
    """What a quote has traded, in quote; sold counts negative."""
    return quote.filled_amount_quote if quote.config.side is TradeType.BUY else -quote.filled_amount_quote
