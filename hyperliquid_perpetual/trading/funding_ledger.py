"""Funding payments, each reported once, in order, also those that fell into a gap of the stream.

Reference, section 12: every market pays every hour. The same payment arrives by stream, in the stream's snapshot after
each reconnect, and by request; it is known by coin and time.
"""

from collections.abc import Iterable

from ..venue.messages import FundingPayment

OVERLAP_MS = 3_600_000
"""How far a request reaches back behind the newest payment seen: settlement rows appear within the hour."""


class FundingLedger:
    """Remembers up to when the payments of each coin were reported."""

    def __init__(self, started_ms: int) -> None:
        """:param started_ms: Unix milliseconds; earlier payments are old news and only serve as the last known ones."""
        self._started_ms = started_ms
        self._reported: dict[str, int] = {}
        self._newest: dict[str, FundingPayment] = {}

    def newest(self, coin: str) -> FundingPayment | None:
        """The newest payment of a coin that was seen, reported or not."""
        return self._newest.get(coin)

    def take_new(self, payments: Iterable[FundingPayment]) -> list[FundingPayment]:
        """The payments that have to be reported now, oldest first."""
        fresh: list[FundingPayment] = []
        for payment in sorted(payments, key=lambda item: item.time):
            known = self._newest.get(payment.coin)
            if known is None or payment.time > known.time:
                self._newest[payment.coin] = payment
            if payment.time > self._reported.get(payment.coin, self._started_ms):
                self._reported[payment.coin] = payment.time
                fresh.append(payment)
        return fresh

    def gap_start(self) -> int:
        """Where a request for payments has to start, Unix milliseconds."""
        newest = max((payment.time for payment in self._newest.values()), default=self._started_ms)
        return max(0, newest - OVERLAP_MS)
