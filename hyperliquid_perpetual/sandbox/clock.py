"""The exchange's time: the machine's own, or one that stands still until it is told to jump.

Only the exchange lives by it: blocks, traders, funding, the rhythm of market data. Sockets, timeouts and request limits
are between two programs and stay in real time, or a client could not survive a jump.
"""

import asyncio
import heapq
import itertools
import time
from collections.abc import Awaitable, Callable
from typing import Protocol

Callback = Callable[[], None]

IDLE_MS = 60_000


class Timer:
    """Something that repeats until cancelled."""

    __slots__ = ("callback", "cancelled", "idle", "interval_ms")

    def __init__(self, interval_ms: int, callback: Callback) -> None:
        if interval_ms <= 0:
            raise ValueError(f"an interval is a positive number of milliseconds, got {interval_ms}")
        self.interval_ms = interval_ms
        self.callback = callback
        self.cancelled = False
        self.idle: Callable[[], bool] | None = None
        """Whether a call would do nothing; a virtual clock that jumps far then calls only once in `IDLE_MS`."""

    def cancel(self) -> None:
        """Do not call again."""
        self.cancelled = True


class Clock(Protocol):
    """What the rest of the sandbox needs of time."""

    def now(self) -> int:
        """Unix milliseconds, never less than before."""
        ...

    def every(self, interval_ms: int, callback: Callback) -> Timer:
        """Call something again and again, first after one interval."""
        ...

    async def advance(self, seconds: float) -> None:
        """Let time pass."""
        ...


class RealClock:
    """The machine's time. A step backwards of the machine's clock makes it stand still until it is caught up."""

    def __init__(self) -> None:
        self._last = 0

    def now(self) -> int:
        self._last = max(self._last, time.time_ns() // 1_000_000)
        return self._last

    def every(self, interval_ms: int, callback: Callback) -> Timer:
        timer = Timer(interval_ms, callback)
        loop = asyncio.get_running_loop()
        interval = interval_ms / 1000

        def fire(due: float) -> None:
            if timer.cancelled:
                return
            following = due + interval
            # After a pause of the whole process, carry on from here instead of making up for what was missed.
            if following < loop.time():
                following = loop.time() + interval
            loop.call_at(following, fire, following)
            timer.callback()

        first = loop.time() + interval
        loop.call_at(first, fire, first)
        return timer

    async def advance(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


class VirtualClock:
    """A time that moves only by `advance`, which runs everything that falls due on the way, in order."""

    def __init__(self, start_ms: int | None = None) -> None:
        """Start at `start_ms` (Unix ms), by default now, so that clients' nonces are good."""
        self._now = time.time_ns() // 1_000_000 if start_ms is None else start_ms
        self._due: list[tuple[int, int, Timer]] = []
        self._order = itertools.count()
        self.pause: Callable[[], Awaitable[None]] | None = None
        """Awaited between two moments at which something happened, so that clients can keep up."""

    def now(self) -> int:
        return self._now

    def every(self, interval_ms: int, callback: Callback) -> Timer:
        timer = Timer(interval_ms, callback)
        self._push(self._now + interval_ms, timer)
        return timer

    async def advance(self, seconds: float) -> None:
        """Jump ahead: what repeats is called as often as it would have been, unless it is idle.

        :raises ValueError: for a jump back.
        """
        if seconds < 0:
            raise ValueError(f"time cannot go back, got {seconds} seconds")
        end = self._now + round(seconds * 1000)
        while self._due and self._due[0][0] <= end:
            due, _, timer = heapq.heappop(self._due)
            if timer.cancelled:
                continue
            self._now = max(self._now, due)
            interval = timer.interval_ms
            times = 1
            if timer.idle is not None and end - due > interval and timer.idle():
                # As often as it likes within a minute, but never beyond the last time before the end of this jump.
                times = min(max(IDLE_MS, interval), end - due) // interval
            self._push(due + times * interval, timer)
            timer.callback()
            if not self._due or self._due[0][0] > due:
                await asyncio.sleep(0)
                if self.pause is not None:
                    await self.pause()
        self._now = end

    def _push(self, due: int, timer: Timer) -> None:
        heapq.heappush(self._due, (due, next(self._order), timer))
