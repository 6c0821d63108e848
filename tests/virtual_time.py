"""An event loop whose time jumps: when nothing is left to do now, it is at once as late as the next timer.

Sandbox, connector and sockets between them run unchanged, in one thread, and an hour of their life takes seconds. What
the loop calls time is also what ``time.time``, ``time.time_ns`` and ``time.monotonic`` say while it runs.
"""

import asyncio
import contextlib
import os
import selectors
import sys
import time
from collections.abc import Callable, Coroutine, Iterator
from types import BuiltinFunctionType, FunctionType
from typing import Any
from unittest import mock

from hyperliquid_perpetual.trading import budget, host_limits, machine_limits
from hyperliquid_perpetual.trading.shared_folder import OFF, SHARED_LIMITS_VARIABLE
from hyperliquid_perpetual.venue import nonces

START = 1_800_000_000.0
"""Unix seconds at which the time of a run begins."""

STUCK_SECONDS = 30.0
"""How long, in real time, a loop may wait for something that no timer will end."""


class _JumpingSelector(selectors.DefaultSelector):
    def __init__(self) -> None:
        super().__init__()
        self.now = START

    def select(self, timeout: float | None = None) -> Any:
        events = super().select(0)
        if events or (timeout is not None and timeout <= 0):
            return events
        if timeout is None:
            events = super().select(STUCK_SECONDS)
            if not events:
                raise RuntimeError("nothing is left to do, and something is waited for")
            return events
        # On loopback what was sent is there at once, or as soon as the kernel had a moment. A wait is a millisecond.
        os.sched_yield()
        events = super().select(0)
        if not events:
            self.now += timeout
        return events


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """The loop. ``now`` is its time, in Unix seconds."""

    def __init__(self) -> None:
        self._jumping = _JumpingSelector()
        super().__init__(self._jumping)
        self._clock_resolution = 1e-6

    def time(self) -> float:
        return self._jumping.now

    @property
    def now(self) -> float:
        return self._jumping.now

    def step(self, seconds: float) -> None:
        """Has the wall clock of everything jump, forwards, as after a machine's sleep."""
        self._jumping.now += seconds


_PACKAGE = "hyperliquid_perpetual"


@contextlib.contextmanager
def time_of(loop: VirtualTimeLoop) -> Iterator[None]:
    """Has the module ``time``, and whatever of this package holds on to its functions, tell the loop's time."""

    def nanoseconds() -> int:
        return int(loop.time() * 1e9)

    told: dict[Any, Callable[[], float]] = {
        time.time: loop.time,
        time.monotonic: loop.time,
        time.time_ns: nanoseconds,
    }
    with contextlib.ExitStack() as stack:
        for owner, name, instead in list(_holders(told)):
            stack.enter_context(mock.patch.object(owner, name, instead))
        yield


def _holders(told: dict[Any, Any]) -> Iterator[tuple[Any, str, Any]]:
    """Who has which of the functions under what name: modules, and functions that have one as a default."""
    for name in ("time", "monotonic", "time_ns"):
        yield time, name, told[getattr(time, name)]
    for module in [module for name, module in sys.modules.items() if name.partition(".")[0] == _PACKAGE]:
        for name, value in vars(module).items():
            if isinstance(value, BuiltinFunctionType) and value in told:
                yield module, name, told[value]
            for function in [value, *vars(value).values()] if isinstance(value, type) else [value]:
                if isinstance(function, FunctionType) and function.__module__ == module.__name__:
                    for kind in ("__defaults__", "__kwdefaults__"):
                        found = getattr(function, kind)
                        values = found.values() if isinstance(found, dict) else found or ()
                        if any(isinstance(each, BuiltinFunctionType) and each in told for each in values):
                            yield function, kind, _replaced(found, told)


def _replaced(found: Any, told: dict[Any, Any]) -> Any:
    def instead(value: Any) -> Any:
        return told[value] if isinstance(value, BuiltinFunctionType) and value in told else value

    if isinstance(found, dict):
        return {name: instead(value) for name, value in found.items()}
    return tuple(instead(value) for value in found)


def forget_shared_limits() -> None:
    """What the connectors of a process share is gone: each run has its own time, and its own venue."""
    budget._budgets.clear()
    host_limits._limits.clear()
    machine_limits._files.clear()
    machine_limits._folder = None
    nonces._sources.clear()


def run_in_virtual_time[T](coroutine: Coroutine[Any, Any, T]) -> T:
    """Runs a coroutine on a loop of its own, whose time jumps."""
    loop = VirtualTimeLoop()
    forget_shared_limits()
    try:
        # Other processes live in another time.
        alone = mock.patch.dict(os.environ, {SHARED_LIMITS_VARIABLE: OFF})
        with alone, time_of(loop), asyncio.Runner(loop_factory=lambda: loop) as runner:
            return runner.run(coroutine)
    finally:
        forget_shared_limits()
