"""Which quotes the market-making controller in conf/ wants, given a market and what it holds."""

import asyncio
from decimal import Decimal
from types import ModuleType
from typing import Any

import pytest
import yaml
from hummingbot.core.data_type.common import MarketDict, OrderType, TradeType
from hummingbot.strategy_v2.models.base import RunnableStatus
from hummingbot.strategy_v2.models.executor_actions import CreateExecutorAction, StopExecutorAction
from hummingbot.strategy_v2.models.executors_info import ExecutorInfo
from pydantic import ValidationError

from hyperliquid_perpetual.homes.configurations import CONFIGURATIONS

CONNECTOR = "hyperliquid_perpetual_sandbox"
MID = Decimal(80000)
REFRESH_SECONDS = 10


def configuration(module: ModuleType, **changes: Any) -> Any:
    return module.InventoryQuotesConfig(
        **{
            "id": "it",
            "connector_name": CONNECTOR,
            "trading_pair": "BTC-USD",
            "total_amount_quote": "800",
            "buy_spreads": [0.001, 0.002],
            "sell_spreads": [0.001, 0.002],
            "buy_amounts_pct": None,
            "sell_amounts_pct": None,
            "executor_refresh_time": REFRESH_SECONDS,
            "position_mode": "ONEWAY",
            "leverage": 5,
            "skew": "0.5",
            **changes,
        }
    )


class Market:
    """What the controller asks of Hummingbot's market data provider."""

    ready = True

    def __init__(self) -> None:
        self.mid = MID
        self.now = 1000.0

    def time(self) -> float:
        return self.now

    def get_price_by_type(self, *_: object) -> Decimal:
        return self.mid

    def initialize_rate_sources(self, *_: object) -> None:
        """Rates are Hummingbot's business."""


class Rig:
    """The controller in a market that stands still."""

    def __init__(self, module: ModuleType, **changes: Any) -> None:
        self.market = Market()
        self.controller = module.InventoryQuotes(configuration(module, **changes), self.market, asyncio.Queue())

    async def decide(self) -> list[Any]:
        await self.controller.update_processed_data()
        actions: list[Any] = self.controller.determine_executor_actions()
        return actions

    def works(
        self, actions: list[Any], status: RunnableStatus = RunnableStatus.RUNNING, filled: dict[str, str] | None = None
    ) -> None:
        """Hummingbot has started executors for these quotes, and some of them have traded so much, in quote."""
        amounts = filled or {}
        self.controller.executors_info = [
            ExecutorInfo(
                id=action.executor_config.id,
                timestamp=action.executor_config.timestamp,
                type="position_executor",
                status=status,
                config=action.executor_config,
                net_pnl_pct=Decimal(0),
                net_pnl_quote=Decimal(0),
                cum_fees_quote=Decimal(0),
                filled_amount_quote=Decimal(amounts.get(action.executor_config.level_id, "0")),
                is_active=status is not RunnableStatus.TERMINATED,
                is_trading=action.executor_config.level_id in amounts,
                custom_info={"level_id": action.executor_config.level_id, "side": action.executor_config.side},
            )
            for action in actions
        ]


def quoted(actions: list[Any]) -> dict[str, Decimal]:
    """Prices of the quotes to add, by level."""
    configs = [action.executor_config for action in actions if isinstance(action, CreateExecutorAction)]
    return {config.level_id: config.entry_price for config in configs}


def stopped(actions: list[Any]) -> set[str]:
    return {action.executor_id for action in actions if isinstance(action, StopExecutorAction)}


@pytest.fixture
async def rig(inventory_quotes: ModuleType) -> Rig:
    return Rig(inventory_quotes)


async def test_a_flat_bot_quotes_every_level_of_both_sides_around_the_middle(rig: Rig) -> None:
    actions = await rig.decide()

    prices = quoted(actions)
    assert {level: float(price) for level, price in prices.items()} == pytest.approx(
        {"buy_0": 79920, "buy_1": 79840, "sell_0": 80080, "sell_1": 80160}
    )
    for action in actions:
        config = action.executor_config
        assert config.side is (TradeType.BUY if config.level_id.startswith("buy") else TradeType.SELL)
        assert float(config.amount * config.entry_price) == pytest.approx(200)
        assert config.leverage == 5
        assert config.triple_barrier_config.open_order_type is OrderType.LIMIT


async def test_a_level_that_works_is_left_alone_until_it_is_old(rig: Rig) -> None:
    quotes = await rig.decide()
    rig.works(quotes)
    rig.market.now += REFRESH_SECONDS
    assert await rig.decide() == []

    rig.market.now += 1
    assert stopped(await rig.decide()) == {quote.executor_config.id for quote in quotes}


async def test_a_quote_that_has_traded_is_not_called_back(rig: Rig) -> None:
    quotes = await rig.decide()
    rig.works(quotes, filled={"buy_0": "50"})
    rig.market.now += REFRESH_SECONDS + 1

    assert stopped(await rig.decide()) == {
        quote.executor_config.id for quote in quotes if quote.executor_config.level_id != "buy_0"
    }


async def test_a_quote_that_is_stopping_is_not_told_again(rig: Rig) -> None:
    rig.works(await rig.decide(), RunnableStatus.SHUTTING_DOWN)
    rig.market.now += 100

    assert await rig.decide() == []


async def test_a_finished_level_is_quoted_again(rig: Rig) -> None:
    rig.works(await rig.decide(), RunnableStatus.TERMINATED)

    assert set(quoted(await rig.decide())) == {"buy_0", "buy_1", "sell_0", "sell_1"}


async def test_what_is_held_moves_the_quotes_against_it(rig: Rig) -> None:
    buys = [quote for quote in await rig.decide() if quote.executor_config.side is TradeType.BUY]
    rig.works(buys, filled={"buy_0": "200", "buy_1": "0"})  # half of what the buy side may hold

    prices = quoted(await rig.decide())

    lean = Decimal("0.5") * Decimal("0.5") * Decimal("0.001")
    assert rig.controller.processed_data["reference_price"] == MID * (1 - lean)
    assert float(prices["sell_0"]) == pytest.approx(float(MID * (1 - lean) * Decimal("1.001")))
    assert prices["sell_0"] > MID, "it never leans beyond the middle"


@pytest.mark.parametrize(
    ("filled", "share"),
    [
        ({}, "0"),
        ({"buy_0": "100"}, "0.25"),
        ({"sell_0": "400"}, "-1"),
        ({"buy_0": "200", "sell_1": "200"}, "0"),
        ({"buy_0": "900"}, "1"),
    ],
)
async def test_what_is_held_counts_as_a_share_of_its_side(rig: Rig, filled: dict[str, str], share: str) -> None:
    rig.works(await rig.decide(), filled=filled)

    assert rig.controller.inventory() == Decimal(share)


async def test_finished_quotes_are_not_held_any_more(rig: Rig) -> None:
    rig.works(await rig.decide(), RunnableStatus.TERMINATED, filled={"buy_0": "400"})

    assert rig.controller.inventory() == 0


@pytest.mark.parametrize("price", ["NaN", "0"])
async def test_without_a_price_nothing_is_decided(rig: Rig, price: str) -> None:
    rig.works(await rig.decide())
    rig.market.now += 100
    rig.market.mid = Decimal(price)

    assert await rig.decide() == []
    assert rig.controller.to_format_status() == ["  waiting for the market"]


async def test_the_status_says_where_it_stands(rig: Rig) -> None:
    rig.works(await rig.decide(), filled={"sell_0": "100"})
    await rig.decide()

    assert "holding -25%" in rig.controller.to_format_status()[0]


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"buy_spreads": [0.001, -0.1]}, "above 0"),
        ({"sell_spreads": "0", "sell_amounts_pct": [1]}, "above 0"),
        ({"skew": "1"}, "less than 1"),
        ({"skew": "-0.1"}, "greater than or equal to 0"),
        ({"take_profit": "0"}, "greater than 0"),
        ({"position_mode": "SIDEWAYS"}, "position_mode"),
        ({"unheard_of": 1}, "Extra inputs"),
    ],
)
def test_a_setting_that_makes_no_sense_is_refused(
    inventory_quotes: ModuleType, change: dict[str, Any], complaint: str
) -> None:
    with pytest.raises(ValidationError, match=complaint):
        configuration(inventory_quotes, **change)


def test_the_shipped_configuration_is_valid_and_earns_more_than_its_fees(inventory_quotes: ModuleType) -> None:
    content = yaml.safe_load((CONFIGURATIONS / "controllers" / "inventory_quotes.yml").read_text())

    config = inventory_quotes.InventoryQuotesConfig(**content)

    assert dict(config.update_markets(MarketDict({}))) == {CONNECTOR: {"BTC-USD"}}
    assert config.get_controller_class() is inventory_quotes.InventoryQuotes
    assert config.take_profit > 2 * Decimal("0.00015"), "two maker fees of the base tier"
    assert config.side_amount(TradeType.BUY) + config.side_amount(TradeType.SELL) == pytest.approx(
        config.total_amount_quote
    )


def test_only_updatable_settings_change_in_a_running_bot(inventory_quotes: ModuleType) -> None:
    fields = inventory_quotes.InventoryQuotesConfig.model_fields
    updatable = {name for name, field in fields.items() if (field.json_schema_extra or {}).get("is_updatable")}

    assert {"skew", "buy_spreads", "sell_spreads", "take_profit", "manual_kill_switch"} <= updatable
    assert not updatable & {"connector_name", "trading_pair", "leverage", "position_mode", "id"}
