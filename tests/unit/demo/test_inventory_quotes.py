"""Which quotes the market-making controller in conf/ wants, given a market and a position."""

import asyncio
from decimal import Decimal
from types import ModuleType
from typing import Any

import pytest
import yaml
from hummingbot.core.data_type.common import MarketDict, TradeType
from hummingbot.strategy_v2.executors.data_types import PositionSummary
from hummingbot.strategy_v2.executors.order_executor.data_types import ExecutionStrategy
from hummingbot.strategy_v2.models.base import RunnableStatus
from hummingbot.strategy_v2.models.executor_actions import CreateExecutorAction, StopExecutorAction
from hummingbot.strategy_v2.models.executors_info import ExecutorInfo
from pydantic import ValidationError

from hyperliquid_perpetual.demo.configurations import CONFIGURATIONS

CONNECTOR = "hyperliquid_perpetual_sandbox"
MID = Decimal(80000)


def configuration(module: ModuleType, **changes: Any) -> Any:
    return module.InventoryQuotesConfig(
        **{
            "id": "it",
            "connector_name": CONNECTOR,
            "trading_pair": "BTC-USD",
            "order_amount_quote": "200",
            "distances": ["0.0001", "0.0003"],
            "max_position_quote": "1000",
            "skew": "0.5",
            **changes,
        }
    )


class Market:
    """What the controller asks of Hummingbot's market data provider."""

    ready = True

    def __init__(self) -> None:
        self.mid = MID

    def time(self) -> float:
        return 1000.0

    def get_price_by_type(self, *_: object) -> Decimal:
        return self.mid


class Rig:
    """The controller in a market that stands still."""

    def __init__(self, module: ModuleType, **changes: Any) -> None:
        self.market = Market()
        self.controller = module.InventoryQuotes(configuration(module, **changes), self.market, asyncio.Queue())

    async def decide(self) -> list[Any]:
        await self.controller.update_processed_data()
        return self.controller.determine_executor_actions()

    def holds(self, amount: str) -> None:
        size = Decimal(amount)
        self.controller.positions_held = [
            PositionSummary(
                connector_name=CONNECTOR,
                trading_pair="BTC-USD",
                volume_traded_quote=Decimal(0),
                side=TradeType.BUY if size > 0 else TradeType.SELL,
                amount=abs(size),
                breakeven_price=MID,
                unrealized_pnl_quote=Decimal(0),
                realized_pnl_quote=Decimal(0),
                cum_fees_quote=Decimal(0),
            )
        ]

    def works(self, actions: list[Any], status: RunnableStatus = RunnableStatus.RUNNING, filled: str = "0") -> None:
        """Hummingbot has started executors for these actions."""
        self.controller.executors_info = [
            ExecutorInfo(
                id=action.executor_config.id,
                timestamp=1.0,
                type="order_executor",
                status=status,
                config=action.executor_config,
                net_pnl_pct=Decimal(0),
                net_pnl_quote=Decimal(0),
                cum_fees_quote=Decimal(0),
                filled_amount_quote=Decimal(filled),
                is_active=status is not RunnableStatus.TERMINATED,
                is_trading=False,
                custom_info={"level_id": action.executor_config.level_id, "side": action.executor_config.side},
            )
            for action in actions
        ]


def created(actions: list[Any]) -> dict[str, tuple[TradeType, Decimal]]:
    """Side and distance of the quotes to add, by level."""
    configs = [action.executor_config for action in actions if isinstance(action, CreateExecutorAction)]
    return {config.level_id: (config.side, config.chaser_config.distance) for config in configs}


@pytest.fixture
async def rig(inventory_quotes: ModuleType) -> Rig:
    return Rig(inventory_quotes)


async def test_a_flat_bot_quotes_every_level_of_both_sides_post_only(rig: Rig) -> None:
    actions = await rig.decide()

    assert created(actions) == {
        "buy_0": (TradeType.BUY, Decimal("0.0001")),
        "buy_1": (TradeType.BUY, Decimal("0.0003")),
        "sell_0": (TradeType.SELL, Decimal("0.0001")),
        "sell_1": (TradeType.SELL, Decimal("0.0003")),
    }
    config = actions[0].executor_config
    assert config.amount * MID == Decimal(200)
    assert config.execution_strategy is ExecutionStrategy.LIMIT_CHASER
    assert config.leverage == 5
    assert config.chaser_config.refresh_threshold == config.chaser_config.distance + Decimal("0.0004")


async def test_a_level_that_works_is_left_alone(rig: Rig) -> None:
    rig.works(await rig.decide())

    assert await rig.decide() == []


async def test_a_finished_level_is_quoted_again(rig: Rig) -> None:
    rig.works(await rig.decide(), RunnableStatus.TERMINATED)

    assert len(created(await rig.decide())) == 4


async def test_a_long_position_brings_sells_closer_and_buys_farther(rig: Rig) -> None:
    rig.holds("0.00625")  # 500 of 1000

    distances = {level: distance for level, (_, distance) in created(await rig.decide()).items()}

    assert distances == {
        "buy_0": Decimal("0.000125"),
        "buy_1": Decimal("0.000375"),
        "sell_0": Decimal("0.000075"),
        "sell_1": Decimal("0.000225"),
    }


async def test_the_side_that_is_full_is_not_quoted(rig: Rig) -> None:
    rig.holds("-0.0125")

    assert set(created(await rig.decide())) == {"buy_0", "buy_1"}


async def test_working_quotes_of_a_side_that_has_become_full_are_stopped_once(rig: Rig) -> None:
    quotes = await rig.decide()
    sells = [quote for quote in quotes if quote.executor_config.side is TradeType.SELL]
    rig.holds("-0.0125")
    rig.works(sells)

    stops = [action for action in await rig.decide() if isinstance(action, StopExecutorAction)]
    assert {stop.executor_id for stop in stops} == {sell.executor_config.id for sell in sells}

    rig.works(sells, RunnableStatus.SHUTTING_DOWN)
    assert set(created(await rig.decide())) == {"buy_0", "buy_1"}


async def test_what_working_quotes_have_filled_counts_as_position(rig: Rig) -> None:
    quotes = await rig.decide()
    buys = [quote for quote in quotes if quote.executor_config.side is TradeType.BUY]
    rig.works(buys, filled="500")

    stops = [action for action in await rig.decide() if isinstance(action, StopExecutorAction)]

    assert {stop.executor_id for stop in stops} == {buy.executor_config.id for buy in buys}


async def test_a_quote_is_replaced_only_when_the_position_asks_for_much_of_a_change(rig: Rig) -> None:
    quotes = await rig.decide()
    rig.works(quotes)
    rig.holds("0.0025")  # a fifth: a tenth in distance
    assert await rig.decide() == []

    rig.holds("0.01")  # four fifths: 40 % in distance
    stops = await rig.decide()
    assert {stop.executor_id for stop in stops} == {quote.executor_config.id for quote in quotes}


async def test_without_a_price_nothing_is_decided(rig: Rig) -> None:
    rig.market.mid = Decimal("NaN")

    assert await rig.decide() == []
    assert rig.controller.to_format_status()


async def test_the_status_says_where_it_stands(rig: Rig) -> None:
    assert rig.controller.to_format_status() == ["  waiting for the market"]
    rig.holds("0.00625")
    await rig.decide()

    assert "position 500.00 of at most 1000" in rig.controller.to_format_status()[0]


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"distances": []}, "one or more"),
        ({"distances": "0.0001,-0.1"}, "above 0"),
        ({"order_amount_quote": 0}, "greater than 0"),
        ({"max_position_quote": -1}, "greater than 0"),
        ({"skew": "1"}, "less than 1"),
        ({"leverage": 0}, "greater than or equal to 1"),
        ({"position_mode": "SIDEWAYS"}, "position_mode"),
        ({"unheard_of": 1}, "Extra inputs"),
    ],
)
def test_a_setting_that_makes_no_sense_is_refused(
    inventory_quotes: ModuleType, change: dict[str, Any], complaint: str
) -> None:
    with pytest.raises(ValidationError, match=complaint):
        configuration(inventory_quotes, **change)


@pytest.mark.parametrize(
    "given", ["0.0001, 0.0003", ["0.0001", "0.0003"], [0.0001, 0.0003], [Decimal("0.0001"), Decimal("0.0003")]]
)
def test_distances_are_exact_however_they_are_written(inventory_quotes: ModuleType, given: object) -> None:
    assert configuration(inventory_quotes, distances=given).distances == [Decimal("0.0001"), Decimal("0.0003")]


def test_one_distance_needs_no_list(inventory_quotes: ModuleType) -> None:
    assert configuration(inventory_quotes, distances=0.0002).distances == [Decimal("0.0002")]


def test_the_shipped_configuration_is_valid(inventory_quotes: ModuleType) -> None:
    content = yaml.safe_load((CONFIGURATIONS / "controllers" / "inventory_quotes.yml").read_text())

    config = inventory_quotes.InventoryQuotesConfig(**content)

    assert dict(config.update_markets(MarketDict({}))) == {CONNECTOR: {"BTC-USD"}}
    assert config.get_controller_class() is inventory_quotes.InventoryQuotes


def test_only_updatable_settings_change_in_a_running_bot(inventory_quotes: ModuleType) -> None:
    fields = inventory_quotes.InventoryQuotesConfig.model_fields
    updatable = {name for name, field in fields.items() if (field.json_schema_extra or {}).get("is_updatable")}

    assert {"order_amount_quote", "distances", "max_position_quote", "skew", "manual_kill_switch"} <= updatable
    assert not updatable & {"connector_name", "trading_pair", "leverage", "position_mode", "id"}
