"""How many more orders, cancels and amendments the account may send: read from the venue, counted down while sending.

Reference, section 9.3. An account may send 10,000 requests and one more for each USD it has ever traded; the count
never starts over. Beyond it the venue takes one request every ten seconds. Cancels have a larger limit of their own at
the venue, so that orders can always be taken back; nothing is held back here.
"""

import time
from collections.abc import Callable

from ..venue.messages import UserRateLimit
from .account_reader import AccountReader
from .log_names import logger_of

READ_SECONDS = 1800.0
"""How often the venue is asked: it costs twenty, and in between what is sent is known here."""

RETRY_SECONDS = 60.0
"""How soon it is asked again when it did not answer."""

LOW = 1000
"""Requests left at which the user is told."""

logger = logger_of(__name__)


class RequestAllowance:
    """The account's allowance of requests. Other programs' requests show only when the venue is asked again."""

    def __init__(self, reader: AccountReader, sent: Callable[[], int]) -> None:
        """:param sent: how many orders, cancels and amendments this connector has sent so far."""
        self._reader = reader
        self._sent = sent
        self._stated: UserRateLimit | None = None
        self._sent_when_stated = 0
        self._due_at = float("-inf")
        self._is_low = False

    @property
    def limit(self) -> int | None:
        """All requests the account may ever send, as of the last reading; it grows with what is traded."""
        return self._stated.nRequestsCap if self._stated is not None else None

    @property
    def remaining(self) -> int | None:
        """Requests that are left, reserved ones included; None before the first reading. Not below zero."""
        if self._stated is None:
            return None
        stated = self._stated.nRequestsCap - self._stated.nRequestsUsed + self._stated.nRequestsSurplus
        return max(0, stated - (self._sent() - self._sent_when_stated))

    @property
    def is_due(self) -> bool:
        """Whether the last reading is old, or failed a while ago."""
        return time.monotonic() >= self._due_at

    async def refresh(self) -> None:
        """Reads the allowance, and tells when little is left.

        :raises VenueUnavailable: when the venue does not answer; what was known is kept.
        """
        self._due_at = time.monotonic() + RETRY_SECONDS
        sent = self._sent()
        self._stated = await self._reader.rate_limit()
        # Taken before asking: what was sent while the answer travelled may be counted twice, never not at all.
        self._sent_when_stated = sent
        self._due_at = time.monotonic() + READ_SECONDS
        self.tell()

    def tell(self) -> None:
        """Warns when little is left, once each time that it becomes little."""
        remaining = self.remaining
        if remaining is None:
            return
        if remaining >= LOW:
            self._is_low = False
        elif not self._is_low:
            self._is_low = True
            logger.warning(
                "The account has %d requests left of the %s that the venue allows it in all. Beyond them it takes one "
                "order every ten seconds. Each USD traded adds one; cancels have a larger limit of their own.",
                remaining,
                self.limit,
            )
