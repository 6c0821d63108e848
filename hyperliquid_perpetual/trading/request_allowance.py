"""How many more orders, cancels and amendments the account may send: read from the venue, counted down while sending.

Reference, section 9.3. An account may send 10,000 requests and one more for each USD it has ever traded; the count
never starts over. Beyond it the venue takes one request every ten seconds. Cancels have a limit of their own, at least
twice as large, but it is the same count that is held against it: a bot that goes on quoting for ever in the end cannot
even cancel. So the last requests are kept for cancels and for what helps: orders that reduce a position, and orders
that trade at once, since each USD traded adds a request.
"""

import time
from collections.abc import Callable

from ..venue.messages import UserRateLimit
from .account_reader import AccountReader
from .log_names import logger_of
from .order_checks import OrderRefused

READ_SECONDS = 1800.0
"""How often the venue is asked: it costs twenty, and in between what is sent is known here."""

READ_WHEN_LOW_SECONDS = 300.0
READ_WHEN_SHORT_SECONDS = 60.0
"""How often while orders are held back: what was traded may have added some."""

RETRY_SECONDS = 60.0
"""How soon it is asked again when it did not answer."""

_DOUBT_SECONDS = 5.0

LOW = 1000
"""Requests left at which the user is told."""

SLOW_SECONDS = 10.0
"""Beyond its limit an account may send one action in so many seconds."""

_SAME_TURN_SECONDS = 0.1
_MORE_CANCELS = 100_000

logger = logger_of(__name__)


class KeptForCancels(OrderRefused):
    """An order that was not sent, because the account may hardly send any more. The user has been told already."""


class _SlowLane:
    """Lets one turn of the event loop pass every ten seconds: what is issued in it leaves as one action."""

    def __init__(self) -> None:
        self._opens_at = float("-inf")

    @property
    def opens_in(self) -> float:
        """Seconds until the next turn passes."""
        return max(0.0, self._opens_at - time.monotonic())

    def passes(self) -> bool:
        """Whether an action may pass now; then it has."""
        now = time.monotonic()
        if now >= self._opens_at:
            self._opens_at = now + SLOW_SECONDS
        return now < self._opens_at - SLOW_SECONDS + _SAME_TURN_SECONDS


class RequestAllowance:
    """The account's allowance of requests. Other programs' requests show only when the venue is asked again."""

    def __init__(self, reader: AccountReader, sent: Callable[[], int], kept_for_cancels: int = 0) -> None:
        """
        :param sent: how many orders, cancels and amendments this connector has sent so far.
        :param kept_for_cancels: requests left at which orders are held back; 0 for never.
        """
        self._reader = reader
        self._sent = sent
        self._kept = kept_for_cancels
        self._stated: UserRateLimit | None = None
        self._sent_when_stated = 0
        self._asked_at = float("-inf")
        self._is_answered = False
        self._is_doubted = False
        self._is_low = False
        self._is_short = False
        self._cancels_are_slow = False
        self._slow_orders, self._slow_cancels = _SlowLane(), _SlowLane()

    @property
    def limit(self) -> int | None:
        """All requests the account may ever send, as of the last reading; it grows with what is traded."""
        return self._stated.nRequestsCap if self._stated is not None else None

    @property
    def remaining(self) -> int | None:
        """Requests that are left, reserved ones included; None before the first reading. Not below zero."""
        left = self._left
        return max(0, left) if left is not None else None

    @property
    def remaining_for_cancels(self) -> int | None:
        """The same by the greater limit of cancels."""
        left, limit = self._left, self.limit
        if left is None or limit is None:
            return None
        return max(0, left + min(limit, _MORE_CANCELS))

    @property
    def holds_orders_back(self) -> bool:
        """Whether what is left is kept for cancels."""
        remaining = self.remaining
        return self._kept > 0 and remaining is not None and remaining <= self._kept

    @property
    def is_due(self) -> bool:
        """Whether the last reading is old, or failed a while ago."""
        return time.monotonic() >= self._asked_at + self._interval

    async def refresh(self) -> None:
        """Reads the allowance, and tells when little is left.

        :raises VenueUnavailable: when the venue does not answer; what was known is kept.
        """
        self._asked_at = time.monotonic()
        self._is_answered = self._is_doubted = False
        sent = self._sent()
        is_first = self._stated is None
        self._stated = await self._reader.rate_limit()
        # Taken before asking: what was sent while the answer travelled may be counted twice, never not at all.
        self._sent_when_stated = sent
        self._is_answered = True
        if is_first:
            logger.info("The account may send %s more requests; the venue allows it %s in all.", self._left, self.limit)
        self.tell()

    def doubt(self) -> None:
        """The venue has refused something for want of requests: it knows more than the last reading."""
        self._is_doubted = True

    def check_order(self, *, helps: bool) -> None:
        """Holds an order back when what is left is kept for cancels.

        :param helps: whether it reduces a position or trades at once. Such orders go out; where nothing is left, one in
            ten seconds, as the venue takes no more.
        :raises KeptForCancels: when it shall not be sent. The user is told once, not with each order.
        """
        if not self.holds_orders_back:
            return
        self.tell()
        if not helps:
            raise KeptForCancels(
                f"the account has {self.remaining} requests left of {self.limit}: they are kept for cancels, and for "
                "orders that reduce a position or trade at once"
            )
        if self.remaining == 0 and not self._slow_orders.passes():
            raise KeptForCancels(
                f"the account has used up its {self.limit} requests, and the venue takes one order every "
                f"{SLOW_SECONDS:g} seconds: the next one in {self._slow_orders.opens_in:.0f} s"
            )

    def may_cancel(self) -> bool:
        """Whether a cancel may be sent now: nearly always. Beyond the limit of cancels one batch in ten seconds."""
        if self.remaining_for_cancels != 0:
            self._cancels_are_slow = False
            return True
        if not self._cancels_are_slow:
            self._cancels_are_slow = True
            logger.error(
                "The account has used up even the requests that the venue grants for cancels: it takes one action "
                "every %g seconds now, and cancels go out at that pace.",
                SLOW_SECONDS,
            )
        return self._slow_cancels.passes()

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
        self._tell_short(remaining)

    def _tell_short(self, remaining: int) -> None:
        was_short, self._is_short = self._is_short, self.holds_orders_back
        if self._is_short and not was_short:
            logger.error(
                "Orders are held back: the account has %d requests left of the %s that the venue allows it in all, and "
                "keeps %d for cancels (requests_kept_for_cancels in the settings). Cancels, orders that reduce a "
                "position and orders that trade at once still go out. What helps: to trade, since each USD adds a "
                "request; to buy requests from the venue (reserveRequestWeight, 0.0005 USDC each); to quote less "
                "often.",
                remaining,
                self.limit,
                self._kept,
            )
        elif was_short and not self._is_short:
            logger.warning("Orders go out again: the account has %d requests left of %s.", remaining, self.limit)

    @property
    def _left(self) -> int | None:
        """Below zero when more was sent than is allowed."""
        if self._stated is None:
            return None
        stated = self._stated.nRequestsCap - self._stated.nRequestsUsed + self._stated.nRequestsSurplus
        return stated - (self._sent() - self._sent_when_stated)

    @property
    def _interval(self) -> float:
        if self._is_doubted:
            return _DOUBT_SECONDS
        remaining = self.remaining
        if not self._is_answered or remaining is None:
            return RETRY_SECONDS
        if self.holds_orders_back:
            return READ_WHEN_SHORT_SECONDS
        return READ_WHEN_LOW_SECONDS if remaining < LOW else READ_SECONDS
