"""TWAPs as the venue tells of them: their terms, how far they are, and how they end.

Reference, sections 2.4, 3.9 and 8.3. A TWAP is no order on the book: it has an id of its own, no client order id, and
fills through slices, whose fills name it. What it did is told by the rows of its history: one when it is activated, one
when it ends.
"""

import enum
from decimal import Decimal

import msgspec

from .messages import Fill
from .numbers import WIRE_DECIMALS, is_plausible

MIN_MINUTES = 5
MAX_MINUTES = 1440
MIN_USD_PER_MINUTE = Decimal(10)

_NAME = "twap:"
_ROUNDED_BELOW = 18
_SECONDS_BELOW = 10**11
"""Unix times below this are in seconds, above in milliseconds: rows of a history were seen with either."""


class TwapPhase(enum.Enum):
    """What is left to expect of a TWAP."""

    RUNNING = "running"
    FINISHED = "finished"
    """Its time is over; it may have filled less than its size."""
    TERMINATED = "terminated"
    """It was stopped."""
    ERROR = "error"
    """The venue gave it up."""
    UNKNOWN = "unknown"


_PHASES = {
    "activated": TwapPhase.RUNNING,
    "running": TwapPhase.RUNNING,
    "finished": TwapPhase.FINISHED,
    "terminated": TwapPhase.TERMINATED,
    "canceled": TwapPhase.TERMINATED,
    "error": TwapPhase.ERROR,
}


class TwapState(msgspec.Struct, frozen=True):
    """What was asked for, in base units, and how much of it was executed. ``timestamp``: its start, Unix ms.

    The reference does not spell this out: what a row may lack is None.
    """

    coin: str
    side: str
    sz: Decimal
    executedSz: Decimal = Decimal(0)
    executedNtl: Decimal = Decimal(0)
    minutes: int | None = None
    reduceOnly: bool | None = None
    randomize: bool | None = None
    timestamp: int | None = None

    def __post_init__(self) -> None:
        if not all(map(is_plausible, (self.sz, self.executedSz, self.executedNtl))):
            raise ValueError("expected finite numbers")

    @property
    def size(self) -> Decimal:
        """What was asked for, without the noise of the venue's floats: no size has more than eight decimals."""
        return _without_noise(self.sz)

    @property
    def executed(self) -> Decimal:
        """What was executed, without that noise."""
        return _without_noise(self.executedSz)


def _without_noise(value: Decimal) -> Decimal:
    # Beyond that the decimals do not fit into the digits that decimals are computed with; floats have none there.
    return round(value, WIRE_DECIMALS) if value.adjusted() < _ROUNDED_BELOW else value


class TwapStatus(msgspec.Struct, frozen=True):
    """``activated``, ``finished``, ``terminated``, or ``error`` with a description."""

    status: str
    description: str | None = None


class TwapRecord(msgspec.Struct, frozen=True):
    """A row of the history. Rows of old TWAPs have no id."""

    state: TwapState
    status: TwapStatus | str
    time: int | float = 0
    twapId: int | None = None

    @property
    def phase(self) -> TwapPhase:
        """What is left to expect."""
        return _PHASES.get(self.status if isinstance(self.status, str) else self.status.status, TwapPhase.UNKNOWN)

    @property
    def description(self) -> str:
        """The venue's words for the status."""
        if isinstance(self.status, str):
            return self.status
        return self.status.description or self.status.status

    @property
    def told_at(self) -> float:
        """When the status began, Unix seconds."""
        return float(self.time) if self.time < _SECONDS_BELOW else self.time / 1000

    @property
    def started_ms(self) -> int:
        """When the TWAP began, Unix milliseconds."""
        started = self.state.timestamp
        if started is None:
            return int(self.told_at * 1000)
        return started * 1000 if started < _SECONDS_BELOW else started


class TwapSliceFill(msgspec.Struct, frozen=True):
    """A fill of a slice."""

    fill: Fill
    twapId: int

    def named(self) -> Fill:
        """The fill with the id of its TWAP in it, as other streams tell it."""
        return self.fill if self.fill.twapId == self.twapId else msgspec.structs.replace(self.fill, twapId=self.twapId)


def name_of(twap_id: int) -> str:
    """What stands for a TWAP where an order id is expected. Ids of TWAPs and of orders are counted apart."""
    return f"{_NAME}{twap_id}"


def id_of(name: str | None) -> int | None:
    """The id behind such a name; None for anything else."""
    number = name.removeprefix(_NAME) if name is not None and name.startswith(_NAME) else ""
    return int(number) if number.isascii() and number.isdigit() else None
