"""Cancels whose outcome is not known, and until when each can still take effect.

What is still open after that was not cancelled, and goes back to being open.
"""

from collections.abc import Callable
from typing import Any

from hummingbot.core.data_type.in_flight_order import InFlightOrder

from .lifecycle import Evidence
from .order_tracker import OrderTracker
from .outcomes import OutcomeResolver


class CancelDeadlines:
    """The deadlines by client order id."""

    def __init__(self, tracker: OrderTracker, resolver: OutcomeResolver[Any], clock: Callable[[], float]) -> None:
        """:param clock: Unix seconds."""
        self._tracker = tracker
        self._resolver = resolver
        self._clock = clock
        self._until: dict[str, float] = {}

    def note(self, cloid: str, expires_after_ms: int) -> None:
        """A cancel had no answer, and can take effect until then (Unix milliseconds)."""
        self._until[cloid] = expires_after_ms / 1000

    def has(self, cloid: str) -> bool:
        """Whether there is one for an order."""
        return cloid in self._until

    def forget(self, cloid: str) -> None:
        """The order has ended."""
        self._until.pop(cloid, None)

    def on_open(self, order: InFlightOrder) -> None:
        """The venue was asked about an order, and has it open: its cancel failed, once it can no longer take effect."""
        if not order.is_pending_cancel_confirmation:
            return
        cloid, now = order.client_order_id, self._clock()
        until = self._until.get(cloid, 0.0)
        if until > now:
            # Ask once more when it no longer can.
            self._resolver.watch(cloid, int(until * 1000), first_wait=until - now)
        else:
            self.forget(cloid)
            self._tracker.apply(order, Evidence.CANCEL_FAILED, now)
