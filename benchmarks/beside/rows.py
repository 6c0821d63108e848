"""Rows of the benchmark: what was measured of whom, their ratio, and whether that is what was aimed at."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Row:
    """A line of the table."""

    name: str
    unit: str
    ours: float
    others: dict[str, float]
    ratio: float
    """Ours by what it is judged against, the median of the ratios of all rounds."""
    against: str
    target: float
    """The largest ratio that was aimed at."""
    floor: float | None = None
    """What nothing in this language could go below."""
    p99: dict[str, float] = field(default_factory=dict)
    """By client: of 100 blocks of some 4 ms of operations, one took longer for each of its operations."""

    @property
    def met(self) -> bool:
        """Whether the target was reached."""
        return self.ratio <= self.target


@dataclass(frozen=True)
class Case:
    """A row to be measured."""

    name: str
    case: str
    """What clients call it."""
    against: str
    """Whose figure ours is divided by."""
    against_case: str
    target: float
    floor: str = ""
    """A case of ours that measures what is left when all that could be saved is saved."""


CASES = (
    Case("order intent to signed bytes", "sign 1", "ours", "c signature", 1.5),
    Case("batch of 20 orders, signed", "sign 20", "ours", "c signature", 1.6, "sign 20, the floor"),
    Case("20 x 20 book frame, bytes to Hummingbot's book", "book", "built-in", "book", 1 / 3, "book, the floor"),
    Case("fill to OrderFilled, 10 open orders", "fill 10", "built-in", "fill 10", 1.0),
    Case("fill to OrderFilled, 1,000 open orders", "fill 1000", "built-in", "fill 10", 1.0),
)
