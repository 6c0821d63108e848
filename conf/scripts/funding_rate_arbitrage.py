"""Two legs that earn the difference of two funding rates: long where it is low, short where it is high.

Both legs have the same value in USD, so that what one loses with the market the other gains, as far as their markets
move together: the same coin on two exchanges, or one underlying on two dexes of Hyperliquid. Every leg is one of
Hummingbot's position executors. The pair is entered when the difference promises enough, and left as a whole: by
profit, by loss, when the difference is gone, after a time, or when one of the legs is gone.
"""

import os
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import permutations

from hummingbot.core.data_type.common import MarketDict, OrderType, PriceType, TradeType
from hummingbot.core.event.events import FundingPaymentCompletedEvent
from hummingbot.strategy.strategy_v2_base import StrategyV2Base, StrategyV2ConfigBase
from hummingbot.strategy_v2.executors.data_types import ConnectorPair
from hummingbot.strategy_v2.executors.position_executor.data_types import PositionExecutorConfig, TripleBarrierConfig
from hummingbot.strategy_v2.models.base import RunnableStatus
from hummingbot.strategy_v2.models.executor_actions import CreateExecutorAction, StopExecutorAction
from hummingbot.strategy_v2.models.executors_info import ExecutorInfo
from pydantic import Field, field_validator


class FundingConfig(StrategyV2ConfigBase):
    """Where the legs may stand, and what makes the pair worth it. Rates and profits are fractions: 0.0001 is 0.01 %."""

    script_file_name: str = os.path.basename(__file__)
    legs: list[ConnectorPair] = Field(
        default=[
            ConnectorPair(connector_name="hyperliquid_perpetual", trading_pair="BTC-USD"),
            ConnectorPair(connector_name="binance_perpetual", trading_pair="BTC-USDT"),
        ],
        description="Markets to choose the two legs from.",
    )
    leverage: int = Field(default=3, ge=1)
    position_size_quote: Decimal = Field(default=Decimal(100), ge=10, description="Of each leg, in USD.")
    funding_hours: Decimal = Field(
        default=Decimal(1), gt=0, description="Hours between two payments; Hyperliquid pays every hour."
    )
    enter_at_hourly_difference: Decimal = Field(default=Decimal("0.00005"))
    leave_at_hourly_difference: Decimal = Field(default=Decimal(0))
    take_profit: Decimal = Field(default=Decimal("0.005"), gt=0, description="Of both legs and their funding together.")
    stop_loss: Decimal = Field(default=Decimal("0.005"), gt=0, description="Of both legs and their funding together.")
    time_limit: int = Field(default=86400, gt=0, description="Seconds.")

    @field_validator("legs")
    @classmethod
    def check_legs(cls, legs: list[ConnectorPair]) -> list[ConnectorPair]:
        """An arbitrage needs two sides."""
        if len(set(legs)) < 2:
            raise ValueError("legs must name at least two different markets")
        return legs

    def update_markets(self, markets: MarketDict) -> MarketDict:
        """Tell Hummingbot which markets to connect."""
        for leg in self.legs:
            markets = markets.add_or_update(leg.connector_name, leg.trading_pair)
        return markets


@dataclass
class Arbitrage:
    """The pair that is held."""

    long: ConnectorPair
    short: ConnectorPair
    since: float
    executors: set[str] = field(default_factory=set)
    funding: Decimal = Decimal(0)
    """What funding has paid so far, in USD."""


class FundingScript(StrategyV2Base):
    """Holds at most one pair of legs at a time."""

    config: FundingConfig

    def __init__(self, connectors: dict, config: FundingConfig) -> None:
        super().__init__(connectors, config)
        self._held: Arbitrage | None = None

    def apply_initial_setting(self) -> None:
        """Leverage belongs to the account's market, not to an order: it is set once."""
        for leg in self.config.legs:
            self.set_leverage(leg.connector_name, leg.trading_pair, self.config.leverage)

    def on_tick(self) -> None:
        """Once a second, also while Hummingbot is stopping: then nothing new may begin."""
        if self._is_stop_triggered:
            return
        self.update_executors_info()
        for action in self.determine_executor_actions():
            self.executor_orchestrator.execute_action(action)

    def did_complete_funding_payment(self, event: FundingPaymentCompletedEvent) -> None:
        """Hummingbot tells of each payment as it is booked."""
        held = self._held
        if held is not None and event.trading_pair in (held.long.trading_pair, held.short.trading_pair):
            held.funding += event.amount
            self.logger().info(f"Funding of {event.trading_pair}: {event.amount:+.6f}")

    def create_actions_proposal(self) -> list[CreateExecutorAction]:
        """Both legs at once, when none is held and the best difference is large enough."""
        if self._held is not None and all(executor.is_done for executor in self._executors()):
            self._held = None
        if self._held is not None:
            return []
        difference, long, short = max(
            ((self._hourly_rate(short) - self._hourly_rate(long), long, short) for long, short in self._choices()),
            key=lambda choice: choice[0],
        )
        if difference < self.config.enter_at_hourly_difference:
            return []
        entries = [self._leg(long, TradeType.BUY), self._leg(short, TradeType.SELL)]
        legs = [leg for leg in entries if leg is not None]
        if len(legs) < 2:
            return []
        self._held = Arbitrage(long, short, self.current_timestamp, {leg.id for leg in legs})
        self.logger().info(f"Long {long.trading_pair}, short {short.trading_pair}: {difference:.6%} an hour.")
        return [CreateExecutorAction(executor_config=leg) for leg in legs]

    def stop_actions_proposal(self) -> list[StopExecutorAction]:
        """Both legs, when it is time; none that is closing already."""
        if self._held is None or not (reason := self._reason_to_leave(self._held)):
            return []
        running = [executor for executor in self._executors() if executor.status is RunnableStatus.RUNNING]
        if running:
            self.logger().info(f"Leaving {self._held.long.trading_pair} and {self._held.short.trading_pair}: {reason}.")
        return [StopExecutorAction(executor_id=executor.id) for executor in running]

    def format_status(self) -> str:
        """What the rates are, and what is held."""
        if not self.ready_to_trade:
            return "Waiting for the markets."
        lines = [f"  {leg.trading_pair:<16} {self._hourly_rate(leg):+.6%} an hour" for leg in self.config.legs]
        if (held := self._held) is not None:
            pair = f"long {held.long.trading_pair}, short {held.short.trading_pair}"
            lines.append(f"  {pair}: {self._profit(held):+.4f} USD")
        told = (getattr(connector, "venue_status", None) for connector in self.connectors.values())
        return "\n\n".join(["\n".join(lines), *(tell() for tell in told if tell is not None)])

    def _choices(self) -> list[tuple[ConnectorPair, ConnectorPair]]:
        return list(permutations(self.config.legs, 2))

    def _executors(self) -> list[ExecutorInfo]:
        held = self._held.executors if self._held is not None else set()
        return [executor for executor in self.get_all_executors() if executor.id in held]

    def _hourly_rate(self, leg: ConnectorPair) -> Decimal:
        info = self.market_data_provider.get_funding_info(leg.connector_name, leg.trading_pair)
        return info.rate / self.config.funding_hours

    def _profit(self, held: Arbitrage) -> Decimal:
        """Of both legs, fees and funding included, in USD."""
        return sum((executor.net_pnl_quote for executor in self._executors()), held.funding)

    def _reason_to_leave(self, held: Arbitrage) -> str:
        """Why the pair should go, or nothing."""
        executors = self._executors()
        result = self._profit(held) / (2 * self.config.position_size_quote)
        if len(executors) == len(held.executors) and any(executor.is_done for executor in executors):
            return "one of them is gone"
        if result >= self.config.take_profit:
            return f"a profit of {result:.3%}"
        if result <= -self.config.stop_loss:
            return f"a loss of {-result:.3%}"
        if self._hourly_rate(held.short) - self._hourly_rate(held.long) < self.config.leave_at_hourly_difference:
            return "the rates have met"
        if self.current_timestamp - held.since >= self.config.time_limit:
            return "the time is over"
        return ""

    def _leg(self, leg: ConnectorPair, side: TradeType) -> PositionExecutorConfig | None:
        """One leg, at market, without barriers of its own; None while the market has no price."""
        mid = self.market_data_provider.get_price_by_type(leg.connector_name, leg.trading_pair, PriceType.MidPrice)
        if not mid.is_finite():
            return None
        return PositionExecutorConfig(
            timestamp=self.current_timestamp,
            connector_name=leg.connector_name,
            trading_pair=leg.trading_pair,
            side=side,
            entry_price=mid,
            amount=self.config.position_size_quote / mid,
            leverage=self.config.leverage,
            triple_barrier_config=TripleBarrierConfig(open_order_type=OrderType.MARKET),
        )
