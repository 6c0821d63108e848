"""`make bench`: this package's connector beside the others, on the same work in one run.

All clients run all the time, and are asked one after the other for a short while, round after round: whatever else the
machine does meets all of them alike. Ratios are taken within each round; their median is what is judged. Writes
build/bench/beside.json.
"""

import argparse
import json
import platform
import statistics
import sys
import time
from dataclasses import asdict
from pathlib import Path

from clients import CLIENTS, Worker
from rich.console import Console
from rich.table import Table
from rows import CASES, Case, Row

OUTPUT = Path("build/bench/beside.json")
ROUNDS = 15
SECONDS = 0.15


def main() -> int:
    """0 when every target was reached, 1 when one was not."""
    parser = argparse.ArgumentParser(prog="python benchmarks/beside", description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    arguments = parser.parse_args()
    workers = [Worker(client) for client in CLIENTS]
    try:
        measured = _measure(workers, arguments.rounds)
    finally:
        for worker in workers:
            worker.close()
    rows = [_row(case, measured) for case in CASES]
    _write(rows, workers, arguments.rounds)
    _show(rows)
    return 0 if all(row.met for row in rows) else 1


Figures = dict[tuple[str, str], list[list[float]]]
"""By client and case: of each round the blocks, microseconds of an operation."""


def _measure(workers: list[Worker], rounds: int) -> Figures:
    wanted = {name for case in CASES for name in (case.case, case.against_case, case.floor) if name}
    figures: Figures = {}
    for _ in range(rounds):
        for name in sorted(wanted):
            for worker in workers:
                if name in worker.cases:
                    figures.setdefault((worker.client.name, name), []).append(worker.measure(name, SECONDS))
    return figures


def _row(case: Case, figures: Figures) -> Row:
    medians = {key: [statistics.median(blocks) for blocks in rounds] for key, rounds in figures.items()}
    ours, base = medians["ours", case.case], medians[case.against, case.against_case]
    ratios = [mine / theirs for mine, theirs in zip(ours, base, strict=True)]
    others = {who: statistics.median(values) for (who, name), values in medians.items() if name == case.case}
    del others["ours"]
    against = f"{case.against}: {case.against_case}"
    others.setdefault(against, statistics.median(base))
    floor = statistics.median(medians["ours", case.floor]) if case.floor else None
    worst = {who: _p99(rounds) for (who, name), rounds in figures.items() if name == case.case}
    return Row(
        case.name, "us", statistics.median(ours), others, statistics.median(ratios), against, case.target, floor, worst
    )


def _p99(rounds: list[list[float]]) -> float:
    blocks = sorted(block for blocks in rounds for block in blocks)
    return blocks[len(blocks) * 99 // 100]


def _write(rows: list[Row], workers: list[Worker], rounds: int) -> None:
    OUTPUT.parent.mkdir(parents=True, exist_ok=True)
    versions = {name: version for worker in workers for name, version in worker.versions.items()}
    about = {"date": time.strftime("%Y-%m-%d"), "machine": platform.processor() or platform.machine()}
    content = {
        **about,
        "python": platform.python_version(),
        "versions": versions,
        "rounds": rounds,
        "rows": [{**asdict(row), "met": row.met} for row in rows],
    }
    OUTPUT.write_text(json.dumps(content, indent=2) + "\n")


def _show(rows: list[Row]) -> None:
    table = Table("what", "ours, us", "others, us", "ratio", "target", "")
    for row in rows:
        others = ", ".join(f"{who} {value:.1f}" for who, value in row.others.items())
        verdict = "met" if row.met else "[bold]not met[/]"
        table.add_row(row.name, f"{row.ours:.1f}", others, f"{row.ratio:.2f}", f"{row.target:.2f}", verdict)
    Console().print(table)


if __name__ == "__main__":
    sys.exit(main())
