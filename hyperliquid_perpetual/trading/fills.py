"""Every fill once: from the stream, its snapshot after each reconnect, and the fills asked for by time.

Reference, section 11: both sides of a match see the same trade id, and it is unique only together with coin and time. A
fill is therefore known by (trade id, coin, order id, time). The cursor that requests for missed fills start from moves
only when all fills up to it were asked for and seen: a newer fill on the stream says nothing about the gap before it.
"""

from collections import OrderedDict
from collections.abc import Callable

from ..venue.messages import Fill

FillKey = tuple[int | str, str, int, int]

MAX_REMEMBERED = 20_000
"""Twice the number of fills that the venue itself keeps for an account."""

OVERLAP_MS = 60_000
"""How far a gap request reaches back behind what was seen: fills can become visible late."""


def fill_key(fill: Fill) -> FillKey:
    """What identifies a fill of one account. Recordings of 2023 have no trade id: there it is the transaction."""
    return (fill.tid if fill.tid is not None else fill.hash, fill.coin, fill.oid, fill.time)


def trade_id(fill: Fill) -> str:
    """The fill's name in Hummingbot: trade id and time, because two fills between the same two orders share the trade
    id."""
    return f"{fill.tid if fill.tid is not None else fill.hash}-{fill.time}"


class FillBook:
    """Remembers which fills were seen."""

    def __init__(self) -> None:
        self._seen: OrderedDict[FillKey, None] = OrderedDict()
        self._complete_until = 0
        self.on_swept: Callable[[int], None] = lambda _until_ms: None
        """Called with the time up to which all fills are known, whenever it has moved."""

    def is_new(self, fill: Fill) -> bool:
        """Whether the fill was not seen before. Nothing is remembered: call ``remember`` once it is booked."""
        return fill_key(fill) not in self._seen

    def remember(self, fill: Fill) -> None:
        """Marks the fill as seen; the oldest are forgotten one by one, never all at once."""
        self._seen[fill_key(fill)] = None
        if len(self._seen) > MAX_REMEMBERED:
            self._seen.popitem(last=False)

    def swept(self, until_ms: int) -> None:
        """Notes that all fills up to a time (Unix milliseconds, on the venue's clock or behind it) were asked for and
        seen."""
        if until_ms > self._complete_until:
            self._complete_until = until_ms
            self.on_swept(until_ms)

    @property
    def has_begun(self) -> bool:
        """Whether it is known up to some time."""
        return self._complete_until > 0

    def gap_start(self, first_ms: int) -> int:
        """Where the next request for fills has to start, Unix milliseconds.

        :param first_ms: since when fills matter: what is older is not asked for, however little is known to be seen.
        """
        return max(0, max(self._complete_until, first_ms) - OVERLAP_MS)
