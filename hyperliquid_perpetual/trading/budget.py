"""The request weight an IP address may still spend, kept once for everything on this machine that talks to one host.

Reference, section 9.1: 1200 a minute over all REST requests. Whether the venue refills continuously or by the minute is
not confirmed, so what is counted is the last sixty seconds, sliding: that stays within the limit either way. Cancels
may use all of it, orders nearly all, reads leave the rest alone, so that a busy start-up can never keep an order from
being cancelled.

It is counted twice: here, for this process, whose share the user may have lowered, and in ``machine_limits``, for all
processes together. What is spent has to fit both; where nothing can be shared, the process's own count holds alone.
An answer may cost more than its request. The reserves of this process have room for one such answer; as every process
may wait for one, the most that it can cost is set aside in the common count until it is known.
"""

import asyncio
import enum
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from ..venue import weights
from .machine_limits import WINDOW_SECONDS, MachineLimits, Taken, machine_limits

_RESERVED_FOR_ORDERS = 120
_RESERVED_FOR_CANCELS = 40
_BUSY_SECONDS = 0.002


class Priority(enum.IntEnum):
    """Who goes first when the budget is short."""

    CANCEL = 0
    ORDER = 1
    READ = 2


_RESERVED = {Priority.CANCEL: 0, Priority.ORDER: _RESERVED_FOR_CANCELS, Priority.READ: _RESERVED_FOR_ORDERS}
"""What each has to leave for those who go before it."""


@dataclass(slots=True)
class Spending:
    """Weight that a request needs."""

    weight: int
    priority: Priority
    set_aside: int = 0
    """The most that its answer may cost on top."""
    booked_at: float | None = None
    """When it was booked in the common count; None while it is not."""


class WeightBudget:
    """A sliding window over the weight spent, in one-second slots: every operation is O(1)."""

    def __init__(
        self,
        limit: int = weights.IP_WEIGHT_PER_MINUTE,
        clock: Callable[[], float] = time.monotonic,
        machine: MachineLimits | None = None,
    ) -> None:
        """
        :param limit: weight in any sixty seconds. :param clock: seconds, never stepping backwards.
        :param machine: what other processes spend at the same host; None when that is nobody's business.
        """
        self._limit = limit
        self._machine = machine
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
        """Weight that this process has spent in the last sixty seconds."""
        with self._lock:
            self._advance()
            return self._used

    @property
    def used_by_all(self) -> int:
        """Weight that all processes of this machine have spent in the last sixty seconds, as far as they share it."""
        shared = self._machine.used(self._clock()) if self._machine is not None else None
        return max(self.used, shared or 0)

    @property
    def limit(self) -> int:
        """Weight that this process may spend in any sixty seconds."""
        return self._limit

    def limit_to(self, limit: int) -> None:
        """Lowers the limit, for users who share the address with other programs; it is never raised."""
        self._limit = min(self._limit, max(limit, 2 * _RESERVED_FOR_ORDERS))

    def try_acquire(self, weight: int, priority: Priority) -> bool:
        """Spends the weight if it fits and nobody of a higher priority waits; says whether it did."""
        return self._attempt(Spending(weight, priority)) == 0

    async def acquire(self, weight: int, priority: Priority = Priority.READ, set_aside: int = 0) -> Spending:
        """Spends the weight, waiting until it fits.

        :param set_aside: the most that the answer may cost on top: ``settle`` says what it did cost.
        """
        spending = Spending(weight, priority, set_aside)
        wait = self._attempt(spending)
        if not wait:
            return spending
        with self._lock:
            self._waiting[priority] += 1
        try:
            while wait:
                await asyncio.sleep(wait)
                wait = self._attempt(spending)
        finally:
            with self._lock:
                self._waiting[priority] -= 1
        return spending

    def settle(self, spending: Spending, extra: int) -> None:
        """Books what an answer cost on top of its request, and gives back what was set aside for more."""
        if spending.booked_at is None or self._machine is None:
            self.charge(extra)
            return
        if extra:
            with self._lock:
                self._advance()
                self._spend(extra)
        unused = spending.set_aside - extra
        if unused > 0:
            self._machine.give_back(unused, spending.booked_at)
        elif unused < 0:
            self._machine.charge(-unused, self._clock())

    def charge(self, weight: int) -> None:
        """Books weight that the answer turned out to cost, whether or not it fits."""
        if weight:
            with self._lock:
                self._advance()
                self._spend(weight)
            if self._machine is not None:
                self._machine.charge(weight, self._clock())

    def back_off(self, seconds: float) -> None:
        """Stops everyone but cancels for a while, in other processes too: the venue said 429, so it counts differently
        from us."""
        now = self._clock()
        with self._lock:
            self._paused_until = max(self._paused_until, now + seconds)
        if self._machine is not None:
            self._machine.pause(now + seconds, now)

    def _attempt(self, spending: Spending) -> float:
        """Spends the weight if it fits. Returns seconds after which it is worth trying again; 0 when it was spent."""
        weight, priority = spending.weight, spending.priority
        with self._lock:
            if any(self._waiting[:priority]) or not self._fits(weight, priority):
                return self._seconds_to_next_slot()
            if self._machine is not None:
                now, is_cancel = self._clock(), priority is Priority.CANCEL
                taken = self._machine.take(
                    weight + spending.set_aside, _RESERVED[priority], now, minds_pause=not is_cancel
                )
                if taken is Taken.BUSY:
                    return _BUSY_SECONDS
                if taken is Taken.NO:
                    return self._seconds_to_next_slot()
                spending.booked_at = now if taken is Taken.YES else None
            self._spend(weight)
            return 0.0

    def _fits(self, weight: int, priority: Priority) -> bool:
        self._advance()
        if priority is not Priority.CANCEL and self._clock() < self._paused_until:
            return False
        return self._used + weight <= self._limit - _RESERVED[priority] or self._used == 0

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
    """The one budget of this process for a host: all connectors, feeds and oracles draw on it, beside those of other
    processes of this machine.

    :param host: a URL; its host and port are what counts.
    """
    with _budgets_lock:
        budget = _budgets.get(host)
        if budget is None:
            budget = _budgets[host] = WeightBudget(machine=machine_limits(host))
        return budget
