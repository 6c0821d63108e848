"""Whatever happens, in whatever order: the connector and the exchange agree in the end.

A state machine of commands, faults, kills and time, under a clock that jumps. What must hold is in ``agreement``.
"""

import asyncio
import sqlite3
import tempfile
from pathlib import Path
from types import SimpleNamespace
from typing import Literal

import pytest
from hummingbot import data_path, set_data_path
from hummingbot.core.data_type.common import OrderType
from hummingbot.core.event.events import MarketEvent
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from hyperliquid_perpetual.sandbox.faults.kinds import KINDS
from hyperliquid_perpetual.trading.settings import Settings
from tests.hummingbot.agreement import COINS, DATABASE, World, tasks_left
from tests.virtual_time import VirtualTimeLoop, forget_shared_limits, run_in_virtual_time, time_of

coins = st.sampled_from(COINS)
sides = st.sampled_from(("buy", "sell"))
kinds = st.sampled_from((OrderType.LIMIT, OrderType.LIMIT_MAKER, OrderType.MARKET))
factors = st.sampled_from(("0.98", "0.995", "0.9999", "1.0001", "1.005", "1.02"))
which = st.integers(0, 7)


class Agreement(RuleBasedStateMachine):
    """One bot on one exchange."""

    def __init__(self) -> None:
        super().__init__()
        self.loop = VirtualTimeLoop()
        forget_shared_limits()
        self.time = time_of(self.loop)
        self.time.__enter__()
        self.runner = asyncio.Runner(loop_factory=lambda: self.loop)
        self.before = data_path()
        self.folder = tempfile.TemporaryDirectory()

    @initialize(way=st.sampled_from(("websocket", "http")))
    def begin(self, way: Literal["websocket", "http"]) -> None:
        self.world = World(Path(self.folder.name), settings=Settings(actions_over=way))
        self.runner.run(self.world.begin())

    @rule(coin=coins, side=sides, kind=kinds, factor=factors, times=st.integers(1, 3), closes=st.booleans())
    def place(self, coin: str, side: str, kind: OrderType, factor: str, times: int, closes: bool) -> None:
        self._do(lambda: self.world.place(coin, side, kind, factor, times, closes=closes))

    @rule(coin=coins, side=sides, factor=factors, number=which)
    def replace(self, coin: str, side: str, factor: str, number: int) -> None:
        def both() -> None:
            self.world.cancel(number)
            self.world.place(coin, side, OrderType.LIMIT_MAKER, factor)

        self._do(both)

    @rule(number=which)
    def cancel(self, number: int) -> None:
        self._do(lambda: self.world.cancel(number))

    @rule()
    def cancel_all(self) -> None:
        self.runner.run(self.world.cancel_all())

    @rule(number=which, parts=st.integers(1, 3))
    def fill(self, number: int, parts: int) -> None:
        self._do(lambda: self.world.fill(number, parts))

    @rule(coin=coins, factor=st.sampled_from(("0.985", "0.998", "1.002", "1.015")))
    def move(self, coin: str, factor: str) -> None:
        self._do(lambda: self.world.move(coin, factor))

    @rule(coin=coins, side=sides, other_bot=st.booleans())
    def manual_order(self, coin: str, side: str, other_bot: bool) -> None:
        self.runner.run(self.world.manual_order(coin, side, other_bot=other_bot))

    @rule(kind=st.sampled_from(sorted(KINDS)), seed=st.integers(0, 30))
    def go_wrong(self, kind: str, seed: int) -> None:
        self._do(lambda: self.world.go_wrong(kind, seed))

    @rule(seconds=st.sampled_from((0.001, 0.05, 0.4, 2.0, 15.0, 90.0)))
    def wait(self, seconds: float) -> None:
        self.runner.run(asyncio.sleep(seconds))

    @rule(seconds=st.sampled_from((30.0, 3600.0)))
    def sleep_of_the_machine(self, seconds: float) -> None:
        """Nobody does anything meanwhile, and then everything is late; funding is due."""
        self.loop.step(seconds)

    @rule(seconds=st.sampled_from((0.01, 1.0, 40.0, 700.0)))
    def kill(self, seconds: float) -> None:
        self.runner.run(self.world.kill(seconds))

    def _do(self, act: object) -> None:
        async def turn() -> None:
            act()  # type: ignore[operator]
            await asyncio.sleep(0)

        self.runner.run(turn())

    def teardown(self) -> None:
        try:
            self.runner.run(self.world.settle())
            differences = self.world.differences()
            self.runner.run(self.world.end())
            self.runner.run(asyncio.sleep(5))
            left = tasks_left(self.loop)
            if differences or left:
                raise AssertionError("\n".join([*differences, *(f"task left behind: {task}" for task in left)]))
        finally:
            self.runner.close()
            self.time.__exit__(None, None, None)
            set_data_path(self.before)
            self.folder.cleanup()
            forget_shared_limits()


EXAMPLES = 500
"""`make chaos-deep` does thousands, with ``live_through`` too."""


def live_through(machine: type[Agreement], examples: int, **more: object) -> None:
    """Lives through random examples; fails with the shortest one that was found to end in a disagreement."""
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=20,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            print_blob=True,
            **more,  # type: ignore[arg-type]
        ),
    )


@pytest.mark.no_cover  # 500 bots take twice as long when each line is counted
@pytest.mark.timeout(60 + 3 * EXAMPLES)
def test_connector_and_exchange_agree_whatever_happens() -> None:
    live_through(Agreement, EXAMPLES)


def test_what_is_wrong_is_found() -> None:
    """Each kind of disagreement, made by hand: a comparison that finds nothing proves nothing."""

    async def scenario(folder: Path) -> None:
        world = World(folder)
        await world.begin()
        resting = world.place("BTC", "buy", OrderType.LIMIT, "0.98")
        traded = world.place("ETH", "buy", OrderType.MARKET, "1")
        await asyncio.sleep(2)
        assert world.differences() == []
        history = list(world.bot.history)
        fill = next(entry for entry in history if entry[0] is MarketEvent.OrderFilled)

        def found(text: str) -> bool:
            return any(text in difference for difference in world.differences())

        world.bot.history.remove(fill)
        assert found("fill lost")
        world.bot.history[:] = [*history, fill]
        assert found("told that was none, or twice")
        world.bot.history[:] = [entry for entry in history if getattr(entry[1], "order_id", "") != traded]
        world.told.events.append((MarketEvent.OrderFailure, SimpleNamespace(order_id=traded)))
        assert found("phantom failure")
        world.told.events.clear()
        world.bot.history[:] = [entry for entry in history if entry[0] is not MarketEvent.BuyOrderCompleted]
        assert found("told []")
        world.bot.history[:] = history
        tracked = world.bot.connector._order_tracker._in_flight_orders.pop(resting)
        assert found("orphan")
        world.bot.connector._order_tracker._in_flight_orders[resting] = tracked
        world.bot.connector._perpetual_trading._account_positions.clear()
        assert found("positions")
        with sqlite3.connect(folder / DATABASE) as database:
            database.execute("DELETE FROM TradeFill")
        assert found("not in the database")
        await world.end()

    before = data_path()
    try:
        with tempfile.TemporaryDirectory() as folder:
            run_in_virtual_time(scenario(Path(folder)))
    finally:
        set_data_path(before)
