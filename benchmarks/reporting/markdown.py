"""The page of the benchmarks: results as Markdown, in which nothing is typed by hand but what was tried in vain."""

import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from .figures import number, target_text, with_unit
from .parts import BENCHMARKS, ROOT
from .plots import IMAGES, plots_of
from .results import EXPLAINED, MET, MISSED, Results, Row
from .table import LINES, lines_without_rows, rows_beyond

TRIED = BENCHMARKS / "tried.toml"
PROFILES = ROOT / "docs" / "profiles"
ENGINE_AND_SANDBOX = ("engine", "sandbox")

INTRODUCTION = """# Benchmarks

<!-- made by benchmarks/page.py of docs/benchmarks.json: `make bench` measures first, `make bench-page` does not -->

This package's connector beside the one that Hummingbot ships, the official SDK and ccxt, on the same work in one run;
and the sandbox. Only ratios within one run are judged: the clients are asked in turn, round after round, so that
whatever else the machine does meets all of them alike. The figures are medians unless a row says p99; the p99 beside a
median is that of blocks of operations of some 4 ms.
"""

EXPLANATION = """
"Ratio" is ours by the figure it is judged against, the median of the ratios of all rounds. A floor is what nothing
could go beyond, measured in the same run. A target without a ratio is a bound for the figure itself.
"""

PROFILED = (
    "Made by `make bench-profiles`, on the day and with the versions that each file names: the figures are of that\n"
    "run and not those of the tables above. The first lines of each:"
)
MACHINE = "| machine | |\n|---|---|\n"


def page(results: Results) -> str:
    """The whole page."""
    sections = [
        INTRODUCTION,
        _about(results),
        "## What was aimed at\n",
        _targets(results),
        EXPLANATION,
        _images(results, ""),
        _beyond(results),
        _tried(),
        _profiles(),
    ]
    return "\n".join(section.strip("\n") + "\n" for section in sections if section.strip())


def _about(results: Results) -> str:
    machine = results.machine
    rows = [
        ("measured", f"{results.date}, by `{results.command}`, in {_duration(results.seconds)}"),
        ("processor", f"{machine.cpu}; {machine.cores} cores"),
        ("memory", machine.memory),
        ("system", f"{machine.kernel}, Python {machine.python}"),
        *((name, version) for name, version in sorted(results.versions.items())),
    ]
    rows += [
        (f"part `{name}`", f"measured before, on {run.date}" + (f" by `{run.command}`" if run.command else ""))
        for name, run in results.parts.items()
        if (run.date, run.command) != (results.date, results.command)
    ]
    return MACHINE + "\n".join(f"| {name} | {text} |" for name, text in rows)


def _targets(results: Results) -> str:
    lines = ["| what | ours | others | ratio | target | |", "|---|---|---|---|---|---|"]
    missing = lines_without_rows(results.rows)
    for line in LINES:
        if line in missing:
            lines.append(f"| {line.what} | | | | {line.aim} | not measured |")
        lines += [_row(row) for row in line.find(results.rows)]
    return "\n".join(lines)


def _row(row: Row) -> str:
    ratio = "" if row.ratio is None else number(row.ratio)
    if row.ratio is not None and len(row.others) > 1:
        ratio += f" of {row.against}"
    ours = with_unit(row.ours, row.unit) + _p99(row, "ours")
    cells = (row.name, ours, _others(row), ratio, target_text(row), _verdict(row))
    return f"| {' | '.join(cells)} |"


def _others(row: Row) -> str:
    return ", ".join(f"{who} {number(figure)}{_p99(row, who)}" for who, figure in row.others.items())


def _p99(row: Row, who: str) -> str:
    return f" (p99 {number(row.p99[who])})" if who in row.p99 else ""


def _verdict(row: Row) -> str:
    floor = f" (floor: {with_unit(row.floor, row.unit)})" if row.floor is not None else ""
    if row.verdict == MET:
        return MET
    if row.verdict == EXPLAINED:
        return f"**not met**: {row.note}{floor}"
    return f"**{MISSED}**{floor}" if row.verdict == MISSED else row.note


def _beyond(results: Results) -> str:
    rows = rows_beyond(results.rows)
    ours = [row for row in rows if row.name.startswith(ENGINE_AND_SANDBOX)]
    parts = [
        ("End to end", [row for row in rows if row not in ours], "end to end"),
        ("Growth", [], "growth"),
        ("Engine and sandbox", ours, "engine"),
    ]
    found = []
    for title, chosen, group in parts:
        body = "\n\n".join(part for part in (_figures(chosen), _images(results, group)) if part)
        if body:
            found.append(f"## {title}\n\n{body}")
    return "\n\n".join(found)


def _figures(rows: Sequence[Row]) -> str:
    if not rows:
        return ""
    with_others = any(row.others for row in rows)
    lines = ["| what | ours | others | ratio | |", "|---|---|---|---|---|"] if with_others else []
    lines = lines or ["| what | figure | |", "|---|---|---|"]
    for row in rows:
        cells = [row.name, with_unit(row.ours, row.unit)]
        if with_others:
            cells += [_others(row), "" if row.ratio is None else number(row.ratio)]
        judged = f"{target_text(row)}: {_verdict(row)}" if row.target is not None else row.note
        lines.append(f"| {' | '.join([*cells, judged])} |")
    return "\n".join(lines)


def _images(results: Results, group: str) -> str:
    folder = IMAGES.relative_to(ROOT / "docs")
    return "\n\n".join(f"![{plot.title}]({folder / plot.file})" for plot in plots_of(results) if plot.group == group)


def _tried() -> str:
    entries: list[dict[str, Any]] = tomllib.loads(TRIED.read_text())["tried"]
    lines = ["## What was tried, and what did not help", "", "| what | measured | verdict |", "|---|---|---|"]
    lines += [f"| {entry['what']} | {entry['measured']} | {entry['verdict']} |" for entry in entries]
    return "\n".join(lines)


def _profiles(folder: Path = PROFILES) -> str:
    files = sorted(folder.glob("*.txt"))
    if not files:
        return ""
    lines = ["## Where the time and the memory go", "", PROFILED, ""]
    lines += [f"- [{_first_line(file)}](profiles/{file.name})" for file in files]
    return "\n".join(lines)


def _first_line(file: Path) -> str:
    return file.read_text().partition("\n")[0]


def _duration(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} minutes"
