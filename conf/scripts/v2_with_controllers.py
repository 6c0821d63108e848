"""The V2 script that runs controllers: it loads those its configuration names, and stops them when they lose too much.

`hbot start some_controller.yml` writes a configuration for it by itself; this file has the name that it looks for.
"""

import os
from decimal import Decimal

from hummingbot.core.data_type.common import PositionMode
from hummingbot.strategy.strategy_v2_base import StrategyV2Base, StrategyV2ConfigBase
from hummingbot.strategy_v2.models.base import RunnableStatus
from hummingbot.strategy_v2.models.executor_actions import CreateExecutorAction, StopExecutorAction
from pydantic import Field

REPORT_SECONDS = 1.0


class ControllersConfig(StrategyV2ConfigBase):
    """Which controllers (`controllers_config`, by file name), and how much they may lose."""

    script_file_name: str = os.path.basename(__file__)
    max_global_drawdown_quote: Decimal | None = Field(
        default=None,
        gt=0,
        description="All controllers stop when together they have lost this much, in quote, from their best.",
    )
    max_controller_drawdown_quote: Decimal | None = Field(
        default=None, gt=0, description="A controller stops when it has lost this much, in quote, from its best."
    )


class Controllers(StrategyV2Base):
    """Controllers decide by themselves; this script starts, watches and stops them."""

    config: ControllersConfig

    def __init__(self, connectors: dict, config: ControllersConfig) -> None:
        super().__init__(connectors, config)
        self._best: dict[str, Decimal] = {}
        self._best_of_all: Decimal | None = None
        self._lost_too_much: set[str] = set()
        self._next_report = 0.0

    def apply_initial_setting(self) -> None:
        """Set leverage and position mode of the perpetual markets as the controllers ask for, each market once."""
        modes: dict[str, PositionMode] = {}
        for controller in self.controllers.values():
            config = controller.config
            connector = getattr(config, "connector_name", "")
            if not self.is_perpetual(connector):
                continue
            if (mode := getattr(config, "position_mode", None)) is not None:
                modes[connector] = mode
            if (leverage := getattr(config, "leverage", None)) is not None:
                self.set_leverage(connector, config.trading_pair, leverage)
        for connector, mode in modes.items():
            self.set_position_mode(connector, mode)

    def on_tick(self) -> None:
        """Once a second, after Hummingbot has refreshed what the controllers report."""
        super().on_tick()
        if self._is_stop_triggered:
            return
        self._stop_losers()
        self._obey_kill_switches()
        self._publish()

    def create_actions_proposal(self) -> list[CreateExecutorAction]:
        """Controllers create their executors themselves."""
        return []

    def stop_actions_proposal(self) -> list[StopExecutorAction]:
        """Controllers stop their executors themselves."""
        return []

    def format_status(self) -> str:
        """What `status` shows: Hummingbot's own lines, then funding, leverage, freshness and budgets of the venue."""
        told = (getattr(connector, "venue_status", None) for connector in self.connectors.values())
        return "\n\n".join([super().format_status(), *(tell() for tell in told if tell is not None)])

    def _stop_losers(self) -> None:
        results = {
            name: report.global_pnl_quote
            for name in self.controllers
            if (report := self.get_performance_report(name)) is not None
        }
        for name, result in results.items():
            self._best[name] = max(result, self._best.get(name, result))
            limit = self.config.max_controller_drawdown_quote
            if limit is not None and self._best[name] - result > limit and name not in self._lost_too_much:
                self.logger().warning(f"Controller {name} has lost {self._best[name] - result:.2f}: stopping it.")
                self._lost_too_much.add(name)
        if not results:
            return
        total = sum(results.values(), Decimal(0))
        self._best_of_all = total if self._best_of_all is None else max(total, self._best_of_all)
        limit = self.config.max_global_drawdown_quote
        if limit is not None and self._best_of_all - total > limit and not self._lost_too_much.issuperset(results):
            self.logger().warning(f"All controllers have lost {self._best_of_all - total:.2f}: stopping them.")
            self._lost_too_much.update(results)

    def _obey_kill_switches(self) -> None:
        """Stop what is switched off or has lost too much, start again what is switched on again."""
        for name, controller in self.controllers.items():
            off = controller.config.manual_kill_switch or name in self._lost_too_much
            if off and controller.status is RunnableStatus.RUNNING:
                controller.stop()
                self.logger().info(f"Controller {name} is stopped.")
            elif not off and controller.status is RunnableStatus.TERMINATED:
                controller.start()
                self.logger().info(f"Controller {name} is running again.")
            if off:
                for executor in self.get_executors_by_controller(name):
                    if executor.status is RunnableStatus.RUNNING:
                        self.executor_orchestrator.execute_action(
                            StopExecutorAction(controller_id=name, executor_id=executor.id)
                        )

    def _publish(self) -> None:
        """Tell a listening dashboard how the controllers do, when Hummingbot is connected to a broker."""
        if self._pub is None or self.current_timestamp < self._next_report:
            return
        self._next_report = self.current_timestamp + REPORT_SECONDS
        self._pub(
            {
                name: {"status": controller.status.name, "performance": report.model_dump(mode="json")}
                for name, controller in self.controllers.items()
                if (report := self.get_performance_report(name)) is not None
            }
        )
