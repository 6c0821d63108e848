"""The script in conf/ that runs controllers: what it sets at the start, and when it stops a controller."""

from decimal import Decimal
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from hummingbot.core.data_type.common import PositionMode
from hummingbot.strategy_v2.models.base import RunnableStatus
from hummingbot.strategy_v2.models.executor_actions import StopExecutorAction
from hummingbot.strategy_v2.models.executors_info import PerformanceReport
from pydantic import ValidationError


class Controller:
    """A controller as the script sees it."""

    def __init__(self, **config: Any) -> None:
        self.config = SimpleNamespace(**{"manual_kill_switch": False, **config})
        self.status = RunnableStatus.RUNNING

    def start(self) -> None:
        self.status = RunnableStatus.RUNNING

    def stop(self) -> None:
        self.status = RunnableStatus.TERMINATED


class Rig:
    """The script with controllers of ours, without markets and clock."""

    def __init__(self, module: ModuleType, controllers: dict[str, Controller], **limits: Any) -> None:
        script = module.Controllers.__new__(module.Controllers)
        script.config = module.ControllersConfig(**limits)
        script.controllers = controllers
        script.controller_reports = {}
        script._best, script._best_of_all, script._lost_too_much = {}, None, set()
        script._pub, script._next_report = None, 0.0
        self.actions: list[StopExecutorAction] = []
        script.executor_orchestrator = SimpleNamespace(execute_action=self.actions.append)
        self.script = script
        self.controllers = controllers

    def results(self, **pnl: str) -> list[str]:
        """The controllers report these results, each with one working executor. Who runs afterwards."""
        for name, value in pnl.items():
            self.script.controller_reports[name] = {
                "performance": PerformanceReport(global_pnl_quote=Decimal(value)),
                "executors": [SimpleNamespace(id=f"{name}_quote", status=RunnableStatus.RUNNING)],
                "positions": [],
            }
        self.script._stop_losers()
        self.script._obey_kill_switches()
        return [name for name, item in self.controllers.items() if item.status is RunnableStatus.RUNNING]


@pytest.fixture
def controllers() -> dict[str, Controller]:
    return {"a": Controller(), "b": Controller()}


def test_a_controller_that_loses_too_much_from_its_best_is_stopped_with_its_quotes(
    v2_with_controllers: ModuleType, controllers: dict[str, Controller]
) -> None:
    rig = Rig(v2_with_controllers, controllers, max_controller_drawdown_quote="10")

    assert rig.results(a="5", b="-9") == ["a", "b"]
    assert rig.results(a="-4.9", b="-9") == ["a", "b"]
    assert rig.actions == []
    assert rig.results(a="-5.1", b="-9") == ["b"]
    assert [action.executor_id for action in rig.actions] == ["a_quote"]
    assert rig.results(a="20", b="-9") == ["b"], "it stays stopped"


def test_all_stop_when_together_they_lose_too_much(
    v2_with_controllers: ModuleType, controllers: dict[str, Controller]
) -> None:
    rig = Rig(v2_with_controllers, controllers, max_global_drawdown_quote="10")

    assert rig.results(a="4", b="4") == ["a", "b"]
    assert rig.results(a="-1", b="0") == ["a", "b"]
    assert rig.results(a="-2", b="-1") == []
    assert {action.executor_id for action in rig.actions} == {"a_quote", "b_quote"}


def test_without_limits_nothing_is_stopped(v2_with_controllers: ModuleType, controllers: dict[str, Controller]) -> None:
    rig = Rig(v2_with_controllers, controllers)

    assert rig.results(a="0", b="0") == ["a", "b"]
    assert rig.results(a="-100000", b="-1") == ["a", "b"]


def test_the_kill_switch_of_a_controller_stops_it_and_starts_it_again(
    v2_with_controllers: ModuleType, controllers: dict[str, Controller]
) -> None:
    rig = Rig(v2_with_controllers, controllers)
    controllers["a"].config.manual_kill_switch = True
    assert rig.results(a="0", b="0") == ["b"]
    assert [action.executor_id for action in rig.actions] == ["a_quote"]

    controllers["a"].config.manual_kill_switch = False
    assert rig.results(a="0", b="0") == ["a", "b"]


def test_before_any_report_nothing_happens(v2_with_controllers: ModuleType, controllers: dict[str, Controller]) -> None:
    rig = Rig(v2_with_controllers, controllers, max_global_drawdown_quote="10", max_controller_drawdown_quote="1")

    assert rig.results() == ["a", "b"]


def test_leverage_and_position_mode_are_set_for_perpetual_markets_only(v2_with_controllers: ModuleType) -> None:
    mode = PositionMode.ONEWAY
    perpetual = Controller(
        connector_name="hyperliquid_perpetual", trading_pair="BTC-USD", leverage=3, position_mode=mode
    )
    other_pair = Controller(
        connector_name="hyperliquid_perpetual", trading_pair="ETH-USD", leverage=7, position_mode=mode
    )
    spot = Controller(connector_name="binance", trading_pair="BTC-USDT", leverage=1, position_mode=mode)
    bare = Controller()
    rig = Rig(v2_with_controllers, {"p": perpetual, "o": other_pair, "s": spot, "n": bare})
    calls: list[tuple[object, ...]] = []
    rig.script.set_leverage = lambda *arguments: calls.append(arguments)
    rig.script.set_position_mode = lambda *arguments: calls.append(arguments)

    rig.script.apply_initial_setting()

    assert calls == [
        ("hyperliquid_perpetual", "BTC-USD", 3),
        ("hyperliquid_perpetual", "ETH-USD", 7),
        ("hyperliquid_perpetual", mode),
    ]


def test_results_are_published_when_a_broker_listens_and_not_at_every_tick(
    v2_with_controllers: ModuleType, controllers: dict[str, Controller]
) -> None:
    rig = Rig(v2_with_controllers, controllers)
    published: list[dict[str, Any]] = []
    rig.script._pub = published.append
    rig.script._set_current_timestamp(100.0)
    rig.results(a="1.5")

    rig.script._publish()
    rig.script._publish()

    assert len(published) == 1
    assert published[0]["a"]["status"] == "RUNNING"
    assert published[0]["a"]["performance"]["global_pnl_quote"] == "1.5"
    assert "b" not in published[0]


@pytest.mark.parametrize("limit", ["max_global_drawdown_quote", "max_controller_drawdown_quote"])
def test_a_limit_that_is_none_is_no_limit_and_zero_is_refused(v2_with_controllers: ModuleType, limit: str) -> None:
    assert getattr(v2_with_controllers.ControllersConfig(**{limit: None}), limit) is None
    with pytest.raises(ValidationError, match="greater than 0"):
        v2_with_controllers.ControllersConfig(**{limit: 0})


def test_what_hbot_writes_for_a_controller_is_accepted(v2_with_controllers: ModuleType) -> None:
    config = v2_with_controllers.ControllersConfig(
        script_file_name="v2_with_controllers.py",
        controllers_config=["inventory_quotes.yml"],
        max_global_drawdown_quote=None,
        max_controller_drawdown_quote=None,
    )

    assert config.controllers_config == ["inventory_quotes.yml"]
