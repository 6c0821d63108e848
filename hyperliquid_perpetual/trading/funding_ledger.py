"""Funding payments, each reported once, also those that fell into a gap of the stream.

Reference, section 12: every market pays every hour. The same payment arrives by stream, in the stream's snapshot after
each reconnect, and by request; it is known by coin and time. Of payments from before the connector was made those count
that an earlier life of the bot would have reported and did not record, if Hummingbot's database says which it did.
"""

from collections import OrderedDict
from collections.abc import Iterable

from ..venue.messages import FundingPayment

OVERLAP_MS = 3_600_000
"""How far a request reaches back behind what was asked for and seen: settlement rows appear within the hour."""

MAX_REMEMBERED = 20_000


class FundingLedger:
    """Remembers which payments were reported."""

    def __init__(self, started_ms: int) -> None:
        """:param started_ms: Unix milliseconds; earlier payments are old news and only serve as the last known ones."""
        self._started_ms = started_ms
        self._reported: OrderedDict[tuple[str, int], None] = OrderedDict()
        self._newest: dict[str, FundingPayment] = {}
        self._complete_until = 0

    def recall(self, since_ms: int, recorded: Iterable[tuple[str, int]]) -> None:
        """Takes up what an earlier life of the bot left.

        :param since_ms: from here on (Unix milliseconds) payments are the bot's.
        :param recorded: coin and time of those that were reported.
        """
        self._started_ms = min(self._started_ms, since_ms)
        self._reported.update(dict.fromkeys(recorded))

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
            key = (payment.coin, payment.time)
            if payment.time > self._started_ms and key not in self._reported:
                self._reported[key] = None
                fresh.append(payment)
        while len(self._reported) > MAX_REMEMBERED:
            self._reported.popitem(last=False)
        return fresh

    def swept(self, until_ms: int) -> None:
        """Notes that all payments up to a time (Unix milliseconds, of the venue's clock) were asked for and seen."""
        self._complete_until = max(self._complete_until, until_ms)

    def gap_start(self) -> int:
        """Where a request for payments has to start, Unix milliseconds.

        A payment on the stream says nothing about those before it: only what was asked for is known to be complete.
        """
        return max(0, (self._complete_until or self._started_ms) - OVERLAP_MS)
