"""The parts of the benchmarks: how each is run, what it writes, and how that becomes rows."""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from .results import PartResult, Row, Series

ROOT = Path(__file__).resolve().parents[2]
BENCHMARKS = ROOT / "benchmarks"
BUILD = ROOT / "build" / "bench"

SIGNATURE = "C signature"
LABELS = {("ours", "c signature"): SIGNATURE, ("built-in", "fill 10"): "built-in at 10"}
"""What a client with another case than the row's is called."""
VERIFIED_ORDERS = "sandbox, verified orders a second, one core"


@dataclass(frozen=True)
class Part:
    """A program of ``benchmarks/`` that measures something and writes ``build/bench/<name>.json``."""

    name: str
    arguments: tuple[str, ...]
    quick: tuple[str, ...]
    """Arguments added for a short look, whose figures are worth little."""
    seconds: float
    """It is stopped after so long."""
    read: Callable[[Any], PartResult]

    @property
    def program(self) -> Path:
        """A folder with a ``__main__``, or a file."""
        folder = BENCHMARKS / self.name
        return folder if folder.is_dir() else folder.with_suffix(".py")

    @property
    def output(self) -> Path:
        """What it writes."""
        return BUILD / f"{self.name}.json"

    def command(self, is_quick: bool) -> list[str]:
        """How it is started, in the project's folder."""
        return [sys.executable, str(self.program), *self.arguments, *(self.quick if is_quick else ())]

    def result(self) -> PartResult:
        """What it has written.

        :raises msgspec.MsgspecError: when that has another shape.
        """
        return self.read(msgspec.json.decode(self.output.read_bytes()))


def read_common(content: Any) -> PartResult:
    """A file that has the common shape already."""
    return msgspec.convert(content, PartResult)


def read_beside(content: Any) -> PartResult:
    """Rows of ``benchmarks/beside``, which names clients with their cases; a C signature is the floor of signing."""
    rows = []
    for given in content["rows"]:
        others = dict(given["others"])
        against, figure = given.get("against", ""), others.pop(given.get("against", ""), None)
        if figure is not None:
            client, _, case = against.partition(": ")
            # The same client with another case is somebody else, for a reader.
            against = client if others.get(client) == figure else _label(client, case)
            others.setdefault(against, figure)
        known = {key: value for key, value in given.items() if key in Row.__struct_fields__}
        floor = given.get("floor") or others.get(SIGNATURE)
        rows.append(msgspec.convert(known | {"others": others, "against": against, "floor": floor}, Row))
    rest = {key: content[key] for key in ("series", "versions") if key in content}
    return msgspec.convert({"rows": msgspec.to_builtins(rows), **rest}, PartResult)


def _label(client: str, case: str) -> str:
    return LABELS.get((client, case), f"{client} ({case})")


def read_sandbox_orders(content: Any) -> PartResult:
    """Orders a second of a core by load and clients; the slowest of them is what is judged."""
    loads, target = content["rows"], content["target"]
    slowest = min(loads, key=lambda load: load["per_core_second"])
    judged = _rate(VERIFIED_ORDERS, slowest["per_core_second"])
    judged.target, judged.met, judged.floor = target, judged.ours >= target, slowest["floor"]
    rows = [_rate(f"sandbox, {load['name']}, {_clients(load['sockets'])}", load["per_core_second"]) for load in loads]
    x = sorted({load["sockets"] for load in loads})
    found = {(load["name"], load["sockets"]): load["per_core_second"] for load in loads}
    names = dict.fromkeys(load["name"] for load in loads)
    lines = {name: [found.get((name, sockets)) for sockets in x] for name in names}
    grown = {"sandbox, verified orders a second of a core": Series("clients", "orders/s", x, lines)}
    return PartResult([judged, *rows], grown if len(x) > 1 else {})


def _rate(name: str, ours: float) -> Row:
    return Row(name, "orders/s", ours, {}, None, None, None)


def _clients(count: int) -> str:
    return f"{count} client" if count == 1 else f"{count} clients"


PARTS = (
    Part("beside", (), ("--rounds", "3"), 240, read_beside),
    Part("end_to_end", (), ("--quick",), 800, read_common),
    Part(
        "sandbox_orders", ("--orders", "3000", "--sockets", "1", "4", "50"), ("--runs", "1"), 300, read_sandbox_orders
    ),
    Part("engine", (), ("--rounds", "2"), 120, read_common),
)
"""In the order in which they run. Together they have fifteen minutes."""
