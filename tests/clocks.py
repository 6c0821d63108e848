"""Clocks that a sandbox can be given."""

from hyperliquid_perpetual.sandbox.clock import RealClock


class ClockElsewhere(RealClock):
    """Of a venue whose time is not this machine's."""

    def __init__(self, ahead_ms: int) -> None:
        super().__init__()
        self._ahead_ms = ahead_ms

    def now(self) -> int:
        return super().now() + self._ahead_ms
