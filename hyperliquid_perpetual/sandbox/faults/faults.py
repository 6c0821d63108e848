"""`sandbox.faults`: what is to go wrong with a running exchange, asked for in any notation, and counted as it happens.

A fault waits for its time, then happens to what matches, or begins and ends; when it cannot happen any more it is
forgotten, and its count stays. Times are the exchange's: under a virtual clock they pass with `advance`.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import replace
from typing import Any

from hyperliquid_perpetual.sandbox.clock import Clock, Timer
from hyperliquid_perpetual.sandbox.faults.armed import Armed
from hyperliquid_perpetual.sandbox.faults.chance import schedule
from hyperliquid_perpetual.sandbox.faults.facts import RequestFacts
from hyperliquid_perpetual.sandbox.faults.frames import FrameFaults
from hyperliquid_perpetual.sandbox.faults.kinds import KINDS
from hyperliquid_perpetual.sandbox.faults.named import NamedFaults
from hyperliquid_perpetual.sandbox.faults.plan import DEFAULT_INTENSITY, FaultPlan, RandomFaults
from hyperliquid_perpetual.sandbox.faults.requests import RequestFaults
from hyperliquid_perpetual.sandbox.faults.specification import Fault, InvalidFault, make_fault, split_line
from hyperliquid_perpetual.sandbox.faults.world import Door, World, WorldFaults


class Faults(NamedFaults):
    """What is to go wrong. Everything can be asked for while the exchange runs, and before it starts."""

    def __init__(self, clock: Clock, seed: int, world: World) -> None:
        self.counts: Counter[str] = Counter()
        """How often each kind of fault has happened."""
        self.requests: RequestFaults | None = None
        """What stands before the exchange, when anything is to happen to requests."""
        self.frames: FrameFaults | None = None
        """What stands before the sockets, when anything is to happen to frames."""
        self.random: RandomFaults | None = None
        """The random faults that are going on."""
        self._clock = clock
        self._seed = seed
        self._world = world
        self._requests = RequestFaults(
            world.exchange.config.quirks,
            lambda request: RequestFacts(request, world.exchange, world.register),
            self._strike,
        )
        self._frames = FrameFaults(self._strike, self._count, self._refresh)
        self._effects = WorldFaults(world, self._requests, self._frames, self._later, self._close, self._run)
        self._armed: dict[int, Armed] = {}
        self._numbers = 0
        self._asked = 0
        self._next_draw: Timer | None = None
        self._is_started = False
        self._tasks: set[asyncio.Task[None]] = set()

    # ------------------------------------------------------------------ what can be asked for

    def add(self, fault: str | Fault, **said: Any) -> int:
        """Ask for a fault: a line (``"drop_reply kind=order next=3"``), a kind and fields, or a `Fault`.

        Returns its number, for `remove`.
        :raises ValueError: for what is no fault, or a coin that is not listed; it says what would be valid.
        """
        if isinstance(fault, str):
            name, in_line = split_line(fault)
            fault = make_fault(name, {**in_line, **said})
        elif said:
            raise InvalidFault(f"a Fault says everything itself, got {', '.join(said)} besides")
        self._check_coin(fault)
        self._asked += 1
        return self._arm(fault, f"{self._seed} {self._asked}").number

    def follow(self, plan: FaultPlan) -> list[int]:
        """Ask for everything in a plan, all or nothing; the numbers of its faults.

        :raises ValueError: for a coin that is not listed.
        """
        for fault in plan.faults:
            self._check_coin(fault)
        if plan.seed is not None:
            self._seed = plan.seed
        numbers = [self.add(fault) for fault in plan.faults]
        if plan.random is not None:
            self._begin_random(plan.random)
        return numbers

    def randomly(self, seed: int, intensity: float = DEFAULT_INTENSITY, only: tuple[str, ...] = ()) -> None:
        """Let faults happen at random, `intensity` of them a minute on average, of all kinds or of some.

        The same seed brings the same faults at the same times after this call.
        :raises ValueError: for an intensity or a kind that there is not.
        """
        self._begin_random(RandomFaults(seed, intensity, only))

    def remove(self, number: int) -> bool:
        """Take a fault away, and end it if it is going on; False when there is none of that number any more."""
        armed = self._armed.pop(number, None)
        if armed is None:
            return False
        for timer in armed.timers:
            timer.cancel()
        self._end(armed)
        self._frames.forget(armed)
        self._refresh()
        return True

    def clear(self) -> None:
        """Forget what has not happened yet, and end what is going on."""
        self.random = None
        if self._next_draw is not None:
            self._next_draw.cancel()
        for number in list(self._armed):
            self.remove(number)

    @property
    def pending(self) -> int:
        """How many more times faults that happen a number of times will happen."""
        return sum(armed.remaining or 0 for armed in self._armed.values())

    @property
    def armed(self) -> tuple[Armed, ...]:
        """The faults that can still happen or are going on, in the order in which they were asked for."""
        return tuple(self._armed.values())

    # ------------------------------------------------------------------ life

    def start(self, door: Door) -> None:
        """The exchange listens: time begins for all that was asked for before."""
        self._world.door = door
        self._is_started = True
        for armed in self.armed:
            if not armed.is_open:
                self._wait(armed)
        if self.random is not None:
            self._begin_random(self.random)

    async def stop(self) -> None:
        """The exchange stops: everything ends."""
        self._world.door = None
        self.clear()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._is_started = False

    # ------------------------------------------------------------------ from being asked for to being over

    def _arm(self, fault: Fault, seed: str) -> Armed:
        self._numbers += 1
        armed = Armed(self._numbers, fault, seed)
        self._armed[armed.number] = armed
        if self._is_started or not _needs_a_running_exchange(fault):
            self._wait(armed)
        return armed

    def _wait(self, armed: Armed) -> None:
        self._later(armed, armed.fault.at, lambda: self._open_first(armed))

    def _open_first(self, armed: Armed) -> None:
        every = armed.fault.every
        if every is not None:
            armed.timers.append(self._clock.every(_milliseconds(every), lambda: self._open(armed)))
        self._open(armed)

    def _open(self, armed: Armed) -> None:
        fault, kind = armed.fault, KINDS[armed.fault.fault]
        was_open = armed.is_open
        armed.begin()
        if fault.lasts is not None:
            self._later(armed, fault.lasts, lambda: self._close(armed))
        if was_open:
            return
        if kind.scope == "requests":
            self._requests.open.append(armed)
        elif kind.scope == "frames":
            self._frames.begin(armed)
        else:
            if self._effects.begin(armed):
                self._count(armed)
            if kind.is_momentary:
                self._close(armed)
        self._refresh()

    def _close(self, armed: Armed) -> None:
        """Its time is over, for good or until the next time."""
        if not armed.is_open:
            return
        if armed.fault.every is None:
            self.remove(armed.number)
        else:
            self._end(armed)
            self._refresh()

    def _end(self, armed: Armed) -> None:
        armed.is_open = False
        scope = KINDS[armed.fault.fault].scope
        if scope == "frames":
            self._frames.end(armed)
        elif scope != "requests":
            self._effects.end(armed)
        elif armed in self._requests.open:
            self._requests.open.remove(armed)

    def _later(self, armed: Armed, seconds: float, callback: Callable[[], None]) -> None:
        """Call once, when the exchange's time has come; at once when that is now."""
        armed.timers = [timer for timer in armed.timers if not timer.cancelled]
        if seconds <= 0:
            callback()
        else:
            armed.timers.append(self._once(_milliseconds(seconds), callback))

    def _once(self, milliseconds: int, callback: Callable[[], None]) -> Timer:
        def fire() -> None:
            timer.cancel()
            callback()

        timer = self._clock.every(milliseconds, fire)
        return timer

    # ------------------------------------------------------------------ random faults

    def _begin_random(self, wanted: RandomFaults) -> None:
        self.random = wanted
        if self._next_draw is not None:
            self._next_draw.cancel()
        if self._is_started:
            self._draw(schedule(wanted), wanted.seed, 1, self._clock.now())

    def _draw(self, drawn: Iterator[Fault], seed: int, number: int, began: int) -> None:
        """Wait for the next random fault; times count from the beginning, so that lateness does not add up."""
        fault = next(drawn)

        def arrive() -> None:
            self._arm(replace(fault, at=0.0), f"random {seed} {number}")
            self._draw(drawn, seed, number + 1, began)

        wait = began + _milliseconds(fault.at) - self._clock.now()
        self._next_draw = self._once(max(1, wait), arrive)

    # ------------------------------------------------------------------ what the parts tell

    def _strike(self, armed: Armed, counts: bool = True) -> bool:
        """Decide whether a fault happens to something that it matches."""
        if not armed.strikes():
            return False
        if counts:
            self._count(armed)
        if armed.remaining == 0:
            # Not at once: what is lost in one stream of a block is lost in its other streams too.
            asyncio.get_running_loop().call_soon(self._used_up, armed)
        return True

    def _used_up(self, armed: Armed) -> None:
        if armed.remaining == 0:
            self._close(armed)

    def _count(self, armed: Armed) -> None:
        armed.happened += 1
        self.counts[armed.fault.fault] += 1

    def _refresh(self) -> None:
        self.requests = self._requests if self._requests.is_active else None
        self.frames = self._frames if self._frames.is_active else None

    def _run(self, coroutine: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _check_coin(self, fault: Fault) -> None:
        if fault.coin is not None and self._world.exchange.market(fault.coin) is None:
            raise InvalidFault(f"{fault.coin} is not listed here: a coin is the name of a market, such as BTC")


def _needs_a_running_exchange(fault: Fault) -> bool:
    is_timed = bool(fault.at or fault.lasts is not None or fault.every is not None)
    return is_timed or KINDS[fault.fault].scope in ("sockets", "exchange")


def _milliseconds(seconds: float) -> int:
    return max(1, round(seconds * 1000))
