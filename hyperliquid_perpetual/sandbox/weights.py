"""Request weights per IP address (reference, section 9.1): what a request costs, and a meter that refills all the time.

Written from the reference for the exchange's side, independently of the connector's own table of weights.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from time import monotonic
from typing import Any

WEIGHT_PER_MINUTE = 1_200
ITEMS_PER_ACTION_WEIGHT = 40

_CHEAP = frozenset(
    ("l2Book", "allMids", "clearinghouseState", "orderStatus", "spotClearinghouseState", "exchangeStatus")
)
_PER_TWENTY = frozenset(
    (
        "recentTrades",
        "historicalOrders",
        "userFills",
        "userFillsByTime",
        "fundingHistory",
        "userFunding",
        "userNonFundingLedgerUpdates",
        "twapHistory",
        "userTwapSliceFills",
        "userTwapSliceFillsByTime",
        "delegatorHistory",
        "delegatorRewards",
        "validatorStats",
    )
)


def info_weight(kind: str, reply: Any) -> int:
    """The weight of an info request, by its type and what was returned."""
    if kind in _CHEAP:
        return 2
    if kind == "userRole":
        return 60
    items = len(reply) if isinstance(reply, Sequence) and not isinstance(reply, str) else 0
    if kind in _PER_TWENTY:
        return 20 + items // 20
    if kind == "candleSnapshot":
        return 20 + items // 60
    return 20


def action_weight(items: int) -> int:
    """The weight of an action, by the length of its batch."""
    return 1 + items // ITEMS_PER_ACTION_WEIGHT


@dataclass(slots=True)
class _Bucket:
    left: float
    at: float


class WeightMeter:
    """Counts every weight, and says when an address has used up its minute.

    The refill is continuous (the reference leaves open whether it is); a request is let in while anything is left, and
    what it costs beyond that is owed.
    """

    def __init__(self, per_minute: int = WEIGHT_PER_MINUTE, time: Callable[[], float] = monotonic) -> None:
        self.per_minute = per_minute
        self.total = 0
        """Everything that has been charged, to anybody."""
        self.refused = 0
        self._time = time
        self._buckets: dict[str, _Bucket] = {}

    def is_exhausted(self, address: str) -> bool:
        """Whether a request from an address has to be refused; counts the refusal."""
        if self._bucket(address).left >= 1:
            return False
        self.refused += 1
        return True

    def charge(self, address: str, weight: int) -> None:
        """A request of this weight was done."""
        self.total += weight
        self._bucket(address).left -= weight

    def used(self, address: str) -> int:
        """The weight that an address has not yet regained."""
        return self.per_minute - int(self._bucket(address).left)

    def _bucket(self, address: str) -> _Bucket:
        now = self._time()
        bucket = self._buckets.get(address)
        if bucket is None:
            bucket = self._buckets[address] = _Bucket(self.per_minute, now)
        bucket.left = min(self.per_minute, bucket.left + (now - bucket.at) * self.per_minute / 60)
        bucket.at = now
        return bucket
