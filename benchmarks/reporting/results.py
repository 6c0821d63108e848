"""The shapes of results: rows, series, and the file that holds all of them."""

from collections.abc import Iterable
from pathlib import Path

import msgspec
from msgspec import Struct

NOT_JUDGED = ""
MET = "met"
EXPLAINED = "not met, with the reason"
MISSED = "not met"


class Row(Struct, forbid_unknown_fields=True, omit_defaults=True):
    """A line of a table: a figure of ours, those of others, and what was aimed at.

    With a ``ratio`` the target is the largest ratio allowed. Without one it is a bound for ``ours``: the least for a
    rate (a unit like ``orders/s``), the most for everything else.
    """

    name: str
    unit: str
    ours: float
    others: dict[str, float]
    ratio: float | None
    target: float | None
    met: bool | None
    against: str = ""
    """Whose figure ours was divided by."""
    note: str = ""
    """Why the target is not met."""
    floor: float | None = None
    """What nothing could go below (for a rate: above), measured in the same run, in the row's unit."""
    p99: dict[str, float] = {}
    """By client, ours among them, in the row's unit."""

    @property
    def is_rate(self) -> bool:
        """Whether more is better."""
        return self.unit.endswith(("/s", " a second"))

    @property
    def verdict(self) -> str:
        """One of the four words above. A miss is explained by a note with a measured floor beside it."""
        if self.target is None:
            return NOT_JUDGED
        if self.met:
            return MET
        return EXPLAINED if self.note and self.floor is not None else MISSED

    @property
    def share_of_target(self) -> float | None:
        """How much of what is allowed is used: above 1 the target is missed. None without a target."""
        if self.target is None:
            return None
        if self.ratio is not None:
            return self.ratio / self.target
        return self.target / self.ours if self.is_rate else self.ours / self.target

    def problem(self) -> str:
        """What contradicts itself in this row; empty when nothing does."""
        share = self.share_of_target
        if (self.met is None) is not (share is None):
            return "a row has a target and a verdict, or neither"
        if share is not None and self.met is not (share <= 1):
            return f"met is {self.met}, but {share:.3g} of the target is used"
        if self.ratio is not None and not self.against:
            return "a ratio needs to say against whom"
        return ""


class Series(Struct, forbid_unknown_fields=True):
    """How figures grow: lines over the same x, with None where one was not measured."""

    x_label: str
    y_label: str
    x: list[float]
    lines: dict[str, list[float | None]]

    def problem(self) -> str:
        """What is wrong with it; empty when nothing is."""
        uneven = [label for label, values in self.lines.items() if len(values) != len(self.x)]
        return f"{', '.join(uneven)}: not as many values as there are on the x axis" if uneven else ""


class PartResult(Struct):
    """What a part of the benchmarks writes; whatever else is in its file is its own."""

    rows: list[Row]
    series: dict[str, Series] = {}
    versions: dict[str, str] = {}


class Machine(Struct, forbid_unknown_fields=True):
    """What the figures were measured on."""

    cpu: str
    cores: int
    memory: str
    kernel: str
    python: str


class PartRun(Struct, forbid_unknown_fields=True):
    """When a part last ran, by which command and for how long; empty and None when that is not known."""

    date: str
    command: str
    seconds: float | None


class Results(Struct, forbid_unknown_fields=True):
    """Everything that the page is made of."""

    date: str
    command: str
    seconds: float
    machine: Machine
    versions: dict[str, str]
    parts: dict[str, PartRun]
    rows: list[Row]
    series: dict[str, Series]

    def row(self, name: str) -> Row | None:
        """The row of that name."""
        return next((row for row in self.rows if row.name == name), None)

    def problems(self) -> list[str]:
        """What contradicts itself anywhere."""
        named = [(row.name, row.problem()) for row in self.rows]
        named += [(name, series.problem()) for name, series in self.series.items()]
        names = [row.name for row in self.rows]
        named += [(name, "is there twice") for name in dict.fromkeys(names) if names.count(name) > 1]
        return [f"{name}: {problem}" for name, problem in named if problem]


def missed(rows: Iterable[Row]) -> list[Row]:
    """The rows whose target is not met, and whose note and floor do not say why."""
    return [row for row in rows if row.verdict == MISSED]


def read_results(path: Path) -> Results:
    """:raises msgspec.ValidationError: when the file has another shape."""
    return msgspec.json.decode(path.read_bytes(), type=Results)


def write_results(path: Path, results: Results) -> None:
    """Writes them for people to read and for git to compare."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(msgspec.json.format(msgspec.json.encode(results), indent=2) + b"\n")
