"""A market-making controller: post-only quotes that follow the market, and lean against the position they build up.

Each level of each side is one order, kept at its distance from the touch by Hummingbot's order executor. The larger the
position, the closer the quotes that reduce it and the farther those that grow it; at `max_position_quote` the growing
side stops. Fills are kept as position; when the bot stops, its orders are cancelled and the position stays.
"""

from decimal import Decimal

from hummingbot.core.data_type.common import MarketDict, PositionMode, PriceType, TradeType
from hummingbot.strategy_v2.controllers.controller_base import ControllerBase, ControllerConfigBase
from hummingbot.strategy_v2.executors.order_executor.data_types import (
    ExecutionStrategy,
    LimitChaserConfig,
    OrderExecutorConfig,
)
from hummingbot.strategy_v2.models.base import RunnableStatus
from hummingbot.strategy_v2.models.executor_actions import CreateExecutorAction, ExecutorAction, StopExecutorAction
from hummingbot.strategy_v2.utils.common import parse_enum_value
from pydantic import Field, field_validator

SIDES = (TradeType.BUY, TradeType.SELL)
REQUOTE_SHARE = Decimal("0.25")


class InventoryQuotesConfig(ControllerConfigBase):
    """What can be set. Distances are fractions of the price: 0.0002 is 0.02 %."""

    controller_name: str = "inventory_quotes"
    controller_type: str = "market_making"
    connector_name: str = Field(
        default="hyperliquid_perpetual",
        json_schema_extra={"prompt": "Enter the connector name (e.g., hyperliquid_perpetual): ", "prompt_on_new": True},
    )
    trading_pair: str = Field(
        default="BTC-USD",
        json_schema_extra={"prompt": "Enter the trading pair (e.g., BTC-USD): ", "prompt_on_new": True},
    )
    leverage: int = Field(
        default=5, ge=1, json_schema_extra={"prompt": "Enter the leverage (e.g., 5): ", "prompt_on_new": True}
    )
    position_mode: PositionMode = PositionMode.ONEWAY
    order_amount_quote: Decimal = Field(
        default=Decimal("100"),
        gt=0,
        json_schema_extra={
            "prompt": "Enter the size of each order in quote (e.g., 100): ",
            "prompt_on_new": True,
            "is_updatable": True,
        },
    )
    distances: list[Decimal] = Field(
        default="0.0002,0.0005",
        validate_default=True,
        json_schema_extra={
            "prompt": "Enter the distance of each level from the touch (e.g., 0.0002,0.0005): ",
            "prompt_on_new": True,
            "is_updatable": True,
        },
    )
    refresh_threshold: Decimal = Field(
        default=Decimal("0.0004"),
        gt=0,
        description="An order is moved when the touch is farther from it than this, beyond its distance.",
        json_schema_extra={"is_updatable": True},
    )
    max_position_quote: Decimal = Field(
        default=Decimal("1000"),
        gt=0,
        json_schema_extra={
            "prompt": "Enter the largest position in quote (e.g., 1000): ",
            "prompt_on_new": True,
            "is_updatable": True,
        },
    )
    skew: Decimal = Field(
        default=Decimal("0.5"),
        ge=0,
        lt=1,
        description="By how much of its distance a quote moves at the largest position.",
        json_schema_extra={"is_updatable": True},
    )

    @field_validator("distances", mode="before")
    @classmethod
    def parse_distances(cls, value: object) -> object:
        """Accept a comma-separated text, as the prompts give it, and a single number."""
        if isinstance(value, str):
            return [part.strip() for part in value.split(",") if part.strip()]
        return value if isinstance(value, list) else [value]

    @field_validator("distances")
    @classmethod
    def check_distances(cls, value: list[Decimal]) -> list[Decimal]:
        """Post-only quotes need a distance, and there must be one."""
        if not value or any(distance <= 0 for distance in value):
            raise ValueError("distances must be one or more fractions of the price above 0, for example 0.0002,0.0005")
        return value

    @field_validator("position_mode", mode="before")
    @classmethod
    def parse_position_mode(cls, value: object) -> object:
        """Accept the name."""
        return parse_enum_value(PositionMode, value, "position_mode")

    def update_markets(self, markets: MarketDict) -> MarketDict:
        """The one market it trades."""
        return markets.add_or_update(self.connector_name, self.trading_pair)


class InventoryQuotes(ControllerBase):
    """Decides which quotes there should be; Hummingbot's executors place, follow and cancel them."""

    config: InventoryQuotesConfig

    async def update_processed_data(self) -> None:
        """Read the market and our own position; without a price there is nothing to decide on."""
        mid = self.market_data_provider.get_price_by_type(
            self.config.connector_name, self.config.trading_pair, PriceType.MidPrice
        )
        is_known = mid.is_finite() and mid > 0
        self.processed_data = {"mid": mid, "position_quote": self._position_quote(mid)} if is_known else {}

    def determine_executor_actions(self) -> list[ExecutorAction]:
        """Quotes to add, and quotes to take away: their side is full, or the position asks for another distance."""
        if not self.processed_data:
            return []
        mid = self.processed_data["mid"]
        active = {info.custom_info["level_id"]: info for info in self.executors_info if info.is_active}
        actions: list[ExecutorAction] = []
        for side in SIDES:
            for level, distance in enumerate(self.config.distances):
                level_id = f"{side.name.lower()}_{level}"
                wanted = None if self.inventory(side) >= 1 else distance * self.distance_factor(side)
                executor = active.get(level_id)
                if executor is None:
                    if wanted is not None:
                        actions.append(self._quote(side, level_id, wanted, mid))
                elif executor.status is RunnableStatus.RUNNING and (
                    wanted is None or _is_off(executor.config.chaser_config.distance, wanted)
                ):
                    actions.append(StopExecutorAction(controller_id=self.config.id, executor_id=executor.id))
        return actions

    def inventory(self, side: TradeType) -> Decimal:
        """The position in the direction of `side`, as a share of the largest one allowed; negative on the other."""
        share: Decimal = self.processed_data["position_quote"] / self.config.max_position_quote
        return share if side is TradeType.BUY else -share

    def distance_factor(self, side: TradeType) -> Decimal:
        """Below 1 for the side that reduces the position, above 1 for the one that grows it."""
        return 1 + self.config.skew * max(Decimal(-1), min(Decimal(1), self.inventory(side)))

    def to_format_status(self) -> list[str]:
        """Two lines for `hbot status`."""
        if not self.processed_data:
            return ["  waiting for the market"]
        position = self.processed_data["position_quote"]
        return [
            f"  {self.config.trading_pair}: mid {self.processed_data['mid']}, position {position:.2f} of at most"
            f" {self.config.max_position_quote} in quote",
            f"  quotes at {', '.join(f'{distance:%}' for distance in self.config.distances)} from the touch, times"
            f" {self.distance_factor(TradeType.BUY):.2f} (buy) and {self.distance_factor(TradeType.SELL):.2f} (sell)",
        ]

    def _position_quote(self, mid: Decimal) -> Decimal:
        """What our fills add up to, signed, in quote: those of finished quotes, and of quotes that still work."""
        held = sum((_signed(item.side, item.amount) for item in self.positions_held), Decimal(0))
        working = (info for info in self.executors_info if info.is_active)
        return held * mid + sum((_signed(info.config.side, info.filled_amount_quote) for info in working), Decimal(0))

    def _quote(self, side: TradeType, level_id: str, distance: Decimal, mid: Decimal) -> CreateExecutorAction:
        return CreateExecutorAction(
            controller_id=self.config.id,
            executor_config=OrderExecutorConfig(
                timestamp=self.market_data_provider.time(),
                connector_name=self.config.connector_name,
                trading_pair=self.config.trading_pair,
                side=side,
                amount=self.config.order_amount_quote / mid,
                execution_strategy=ExecutionStrategy.LIMIT_CHASER,
                chaser_config=LimitChaserConfig(
                    distance=distance, refresh_threshold=distance + self.config.refresh_threshold
                ),
                leverage=self.config.leverage,
                level_id=level_id,
            ),
        )


def _signed(side: TradeType, amount: Decimal) -> Decimal:
    return amount if side is TradeType.BUY else -amount


def _is_off(distance: Decimal, wanted: Decimal) -> bool:
    """Whether a quote is worth replacing: that leaves its level empty for some seconds, so not for a little."""
    return abs(distance - wanted) > wanted * REQUOTE_SHARE
