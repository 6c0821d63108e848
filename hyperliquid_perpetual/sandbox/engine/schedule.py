"""The dead man's switch: when an account's orders are canceled unless it speaks up again (reference, section 3.4)."""

from collections.abc import Mapping
from heapq import heappop, heappush

from .config import ExchangeConfig
from .state import Account
from .units import DAY, SECOND, dollars_text

MIN_AHEAD = 5 * SECOND


class CancelSchedule:
    """The scheduled cancels of all accounts, the next one first."""

    __slots__ = ("_accounts", "_config", "_heap", "_sequence")

    def __init__(self, config: ExchangeConfig, accounts: Mapping[str, Account]) -> None:
        self._config = config
        self._accounts = accounts
        self._heap: list[tuple[int, int, str]] = []
        self._sequence = 0

    def set(self, now: int, account: Account, time: int | None) -> str | None:
        """Schedule, move or clear the cancel of an account; returns the venue's error text when it may not."""
        if time is None:
            account.cancel_at = None
            return None
        required = self._config.scheduled_cancel_volume
        if account.volume < required:
            return (
                "Cannot set scheduled cancel time until enough volume traded. "
                f"Required: ${dollars_text(required)}. Traded: ${dollars_text(account.volume)}."
            )
        if time < now + MIN_AHEAD:
            return "Scheduled cancel time must be at least 5 seconds from now."
        limit = self._config.scheduled_cancels_per_day
        if account.scheduled_cancel_day == now // DAY and account.scheduled_cancels >= limit:
            return f"Too many scheduled cancels triggered for the day. Limit is {limit}."
        account.cancel_at = time
        self._sequence += 1
        heappush(self._heap, (time, self._sequence, account.address))
        return None

    def next_time(self) -> int | None:
        """When the next one is due (Unix ms), None when nothing is scheduled."""
        heap = self._heap
        while heap:
            time, _, address = heap[0]
            if self._accounts[address].cancel_at == time:
                return time
            heappop(heap)
        return None

    def pop(self) -> Account:
        """The account whose cancel is due next; its schedule is used up and counted."""
        time, _, address = heappop(self._heap)
        account = self._accounts[address]
        account.cancel_at = None
        if account.scheduled_cancel_day != time // DAY:
            account.scheduled_cancel_day = time // DAY
            account.scheduled_cancels = 0
        account.scheduled_cancels += 1
        return account
