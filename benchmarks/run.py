"""`make bench`: runs the parts of the benchmarks one after the other, and puts what they found into one file.

    python benchmarks/run.py                                the whole, 15 minutes at most
    python benchmarks/run.py --parts beside engine          some; what was measured of the others before is kept
    python benchmarks/run.py --parts engine --quick         a short look

Each part is a process of its own and writes build/bench/<part>.json; the sum is build/bench/results.json. With --page,
docs/benchmarks.md and docs/scaling.md are made of it. Ends with 1 when a part failed, or when a row misses its target
without a reason that has a measured floor beside it.
"""

import argparse
import os
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

from page import publish
from reporting.merging import merge
from reporting.parts import BUILD, PARTS, ROOT, Part
from reporting.results import MISSED, Results, missed, read_results, write_results
from reporting.table import lines_without_rows

RESULTS = BUILD / "results.json"


def main() -> int:
    """0 when all parts ran and every judged row is met or explained."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    names = [part.name for part in PARTS]
    parser.add_argument("--parts", nargs="+", choices=names, default=names, metavar="PART", help=", ".join(names))
    parser.add_argument("--quick", action="store_true", help="shorter, for a look: the figures are worth little")
    parser.add_argument("--page", action="store_true", help="make the pages of docs/ of the results")
    arguments = parser.parse_args()
    seconds: dict[str, float] = {}
    failed = []
    for part in PARTS:
        if part.name not in arguments.parts:
            continue
        print(f"\n== {part.name}, at most {part.seconds / 60:.0f} minutes", flush=True)
        began = time.monotonic()
        problem = run(part, arguments.quick)
        if problem:
            failed.append(f"{part.name}: {problem}")
        else:
            seconds[part.name] = time.monotonic() - began
    command = "make bench" if arguments.page and not sys.argv[2:] else f"python benchmarks/run.py {_given()}".rstrip()
    results = merge(PARTS, seconds, command, read_results(RESULTS) if RESULTS.exists() else None)
    write_results(RESULTS, results)
    if arguments.page:
        publish(results)
    return report(results, failed)


def run(part: Part, is_quick: bool) -> str:
    """Runs a part; says what went wrong, empty when it has written its file.

    Its status is no measure of that: some parts end with 1 when a target is missed.
    """
    if not part.program.exists():
        return f"there is no benchmarks/{part.program.name}"
    before = _written(part.output)
    process = subprocess.Popen(part.command(is_quick), cwd=ROOT, start_new_session=True)
    try:
        status = process.wait(part.seconds)
    except subprocess.TimeoutExpired:
        return f"it was stopped after {part.seconds:g} s"
    finally:
        # What it started must not disturb the next part, however it ended.
        _end_group(process)
    return "" if _written(part.output) != before else f"it ended with {status} and has written nothing"


def report(results: Results, failed: list[str]) -> int:
    """Says what is not as it should be; the status to end with."""
    print(f"\n{len(results.rows)} rows in {RESULTS.relative_to(ROOT)}, measured in {results.seconds:.0f} s")
    for row in results.rows:
        if row.verdict:
            print(f"  {row.verdict:<26} {row.name}")
    for line in lines_without_rows(results.rows):
        print(f"  {'not measured':<26} {line.what}")
    problems = failed + results.problems() + [f"{row.name}: {MISSED}" for row in missed(results.rows)]
    for problem in problems:
        print(f"FAILED: {problem}")
    return 1 if problems else 0


def _given() -> str:
    return shlex.join(argument for argument in sys.argv[1:] if argument != "--page")


def _written(path: Path) -> int:
    return path.stat().st_mtime_ns if path.exists() else 0


def _end_group(process: subprocess.Popen[bytes]) -> None:
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        return
    process.wait()


if __name__ == "__main__":
    sys.exit(main())
