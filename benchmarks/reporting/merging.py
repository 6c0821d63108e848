"""Puts what the parts have written into one file."""

import time
import tomllib
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from .machine import this_machine
from .parts import BENCHMARKS, Part
from .results import PartRun, Results, Row

NOTES = BENCHMARKS / "notes.toml"


def merge(
    parts: Iterable[Part],
    seconds: Mapping[str, float],
    command: str,
    earlier: Results | None = None,
    say: Callable[[str], None] = print,
) -> Results:
    """One file of results out of those of the parts; a part that has none is left out.

    :param seconds: how long each part took that has just run. :param earlier: says when the others did.
    """
    today = time.strftime("%Y-%m-%d")
    results = Results(today, command, round(sum(seconds.values()), 1), this_machine(), {}, {}, [], {})
    for part in parts:
        if not part.output.exists():
            say(f"{part.name}: has never run")
            continue
        found = part.result()
        results.rows += found.rows
        results.series |= found.series
        results.versions |= found.versions
        if part.name in seconds:
            results.parts[part.name] = PartRun(today, command, round(seconds[part.name], 1))
        else:
            written = time.strftime("%Y-%m-%d", time.localtime(part.output.stat().st_mtime))
            known = earlier.parts.get(part.name) if earlier is not None else None
            results.parts[part.name] = known or PartRun(written, "", None)
    add_notes(results.rows, read_notes())
    return results


def read_notes(path: Path = NOTES) -> dict[str, str]:
    """Why targets are not met, by the name of the row."""
    return {entry["row"]: entry["why"] for entry in tomllib.loads(path.read_text()).get("note", [])}


def add_notes(rows: Iterable[Row], notes: Mapping[str, str]) -> None:
    """Gives rows that miss their target the reason that was written down for them, unless they bring their own."""
    for row in rows:
        if row.met is False and not row.note:
            row.note = notes.get(row.name, "")
