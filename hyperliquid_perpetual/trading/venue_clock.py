"""How far the venue's clock is from this machine's, so that a machine whose clock is wrong can trade all the same.

An action says until when it may be executed (``expiresAfter``), by the venue's clock. On a machine that is half a
minute behind, everything would arrive expired, and each such action costs the account five requests (section 9.3). The
venue states its time with the account, at least every few seconds; it is on its way for a moment, so of the last
statements the one that puts the venue furthest ahead is the best.
"""

from collections import deque
from collections.abc import Callable

from .log_names import logger_of

STATEMENTS = 3
"""How many of the last are looked at: few, because clocks are also set while a bot runs."""
TOLERATED_MS = 1_000
"""Smaller distances are not told from the time that a statement is on its way."""
WARNED_OF_MS = 5_000

logger = logger_of(__name__)


class VenueClock:
    """The distance of the two clocks."""

    def __init__(self, clock_ms: Callable[[], int]) -> None:
        """:param clock_ms: this machine's time, Unix milliseconds."""
        self._clock_ms = clock_ms
        self._distances: deque[int] = deque(maxlen=STATEMENTS)
        self._has_warned = False

    def note(self, venue_ms: int) -> None:
        """The venue has stated its time, Unix milliseconds."""
        self._distances.append(venue_ms - self._clock_ms())
        distance = self.ahead_ms
        if abs(distance) >= WARNED_OF_MS and not self._has_warned and len(self._distances) == STATEMENTS:
            self._has_warned = True
            logger.warning(
                "This machine's clock is %.0f s %s the venue's. Orders are dated by the venue's time; please have the "
                "clock synchronised (NTP).",
                abs(distance) / 1000,
                "behind" if distance > 0 else "ahead of",
            )
        elif abs(distance) < WARNED_OF_MS // 2:
            self._has_warned = False

    @property
    def is_known(self) -> bool:
        """Whether the venue has stated its time."""
        return bool(self._distances)

    @property
    def ahead_ms(self) -> int:
        """How far the venue's clock is ahead of this machine's, in milliseconds; 0 when they agree well enough."""
        distance = max(self._distances, default=0)
        return distance if abs(distance) > TOLERATED_MS else 0
