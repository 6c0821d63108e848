"""The request weight an IP address may still spend, kept once for everything in this process that talks to one host.

Reference, section 9.1: 1200 a minute over all REST requests. Whether the venue refills continuously or by the minute is
not confirmed, so what is counted is the last sixty seconds, sliding: that stays within the limit either way. Cancels
may use all of it, orders nearly all, reads leave the rest alone, so that a busy start-up can never keep an order from
being cancelled.
"""

import asyncio
import enum
import threading
import time
from collections.abc import Callable

from ..venue import weights

WINDOW_SECONDS = 60
_RESERVED_FOR_ORDERS = 120
_RESERVED_FOR_CANCELS = 40


class Priority(enum.IntEnum):
    """Who goes first when the budget is short."""

    CANCEL = 0
    ORDER = 1
    READ = 2


class WeightBudget:
    """A sliding window over the weight spent, in one-second slots: every operation is O(1)."""

    def __init__(self, limit: int = weights.IP_WEIGHT_PER_MINUTE, clock: Callable[[], float] = time.monotonic) -> None:
        """:param limit: weight in any sixty seconds. :param clock: seconds, never stepping backwards."""
        self._limit = limit
        self._clock = clock
        # One slot more than the window: the oldest second only frees its weight when it lies back entirely.
        self._slots = [0] * (WINDOW_SECONDS + 1)
        self._second = int(clock())
        self._used = 0
        self._paused_until = 0.0
        self._waiting = [0] * len(Priority)
        self._lock = threading.Lock()

    @property
    def used(self) -> int:
        """Weight spent in the last sixty seconds."""
        with self._lock:
            self._advance()
            return self._used

    @property
    def limit(self) -> int:
        """Weight that may be spent in any sixty seconds."""
        return self._limit

    def limit_to(self, limit: int) -> None:
        """Lowers the limit, for users who share the address with other programs; it is never raised."""
        self._limit = min(self._limit, max(limit, 2 * _RESERVED_FOR_ORDERS))

    def try_acquire(self, weight: int, priority: Priority) -> bool:
        """Spends the weight if it fits and nobody of a higher priority waits; says whether it did."""
        with self._lock:
            if any(self._waiting[:priority]) or not self._fits(weight, priority):
                return False
            self._spend(weight)
            return True

    async def acquire(self, weight: int, priority: Priority = Priority.READ) -> None:
        """Spends the weight, waiting until it fits."""
        if self.try_acquire(weight, priority):
            return
        with self._lock:
            self._waiting[priority] += 1
        try:
            while True:
                await asyncio.sleep(self._seconds_to_next_slot())
                with self._lock:
                    if not any(self._waiting[:priority]) and self._fits(weight, priority):
                        self._spend(weight)
                        return
        finally:
            with self._lock:
                self._waiting[priority] -= 1

    def charge(self, weight: int) -> None:
        """Books weight that the answer turned out to cost, whether or not it fits."""
        if weight:
            with self._lock:
                self._advance()
                self._spend(weight)

    def back_off(self, seconds: float) -> None:
        """Stops everyone but cancels for a while: the venue said 429, so it counts differently from us."""
        with self._lock:
            self._paused_until = max(self._paused_until, self._clock() + seconds)

    def _fits(self, weight: int, priority: Priority) -> bool:
        self._advance()
        if priority is not Priority.CANCEL and self._clock() < self._paused_until:
            return False
        reserved = 0
        if priority is Priority.ORDER:
            reserved = _RESERVED_FOR_CANCELS
        elif priority is Priority.READ:
            reserved = _RESERVED_FOR_ORDERS
        return self._used + weight <= self._limit - reserved or self._used == 0

    def _spend(self, weight: int) -> None:
        self._slots[self._second % len(self._slots)] += weight
        self._used += weight

    def _advance(self) -> None:
        now = int(self._clock())
        steps = min(now - self._second, len(self._slots))
        for step in range(1, steps + 1):
            slot = (self._second + step) % len(self._slots)
            self._used -= self._slots[slot]
            self._slots[slot] = 0
        if steps > 0:
            self._second = now

    def _seconds_to_next_slot(self) -> float:
        now = self._clock()
        return max(0.02, int(now) + 1 - now)


_budgets: dict[str, WeightBudget] = {}
_budgets_lock = threading.Lock()


def shared_budget(host: str) -> WeightBudget:
    """The one budget of this process for a host: all connectors, feeds and oracles draw on it."""
    with _budgets_lock:
        budget = _budgets.get(host)
        if budget is None:
            budget = _budgets[host] = WeightBudget()
        return budget
