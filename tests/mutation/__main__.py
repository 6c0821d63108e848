"""`make mutation`: small faults are built into the code, one at a time, and the tests have to notice each.

Runs mutmut in .venv-mutation on a copy below build/mutation, where it goes on from where it was stopped. A part passes
when at least 85 % of its mutants are killed and each survivor is judged in ``judged.toml``.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from tests.mutation.parts import PARTS, Part
from tests.mutation.survivors import Result, judge, make_mutants, names_of_survivors, result_of

ROOT = Path(__file__).resolve().parents[2]
OUTPUT = ROOT / "build/mutation"
COPIED = ("hyperliquid_perpetual", "tests", "docs", "conf", "setup.py", "pyproject.toml")
ENOUGH = 0.85


def main() -> int:
    """0 when all parts that were asked for pass, 1 when one does not."""
    names = [part.name for part in PARTS]
    parser = argparse.ArgumentParser(prog="python -m tests.mutation", description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="part", help=f"any of {', '.join(names)}; all if none is named")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="how many mutants are tested at a time")
    parser.add_argument("--every", type=int, default=1, help="try only each n-th mutant, drawn evenly")
    parser.add_argument("--survivors", action="store_true", help="try only those that survived before, after new tests")
    parser.add_argument("--judge", action="store_true", help="only read what an earlier run has found")
    arguments = parser.parse_args()
    if unknown := set(arguments.parts) - set(names):
        parser.error(f"no part {', '.join(sorted(unknown))}; there are {', '.join(names)}")
    passed = True
    for part in PARTS:
        if arguments.parts and part.name not in arguments.parts:
            continue
        folder = OUTPUT / part.name
        if not arguments.judge:
            _copy(folder, part)
            _run(folder, arguments.jobs, _chosen(folder, arguments.every, survivors=arguments.survivors))
        passed &= _tell(part, result_of(folder))
    return 0 if passed else 1


def _chosen(folder: Path, every: int, *, survivors: bool) -> list[str]:
    """What to try, by name; none for all that an earlier run has left, which mutmut knows itself."""
    if survivors:
        return names_of_survivors(folder)
    return make_mutants(folder)[::every] if every > 1 else []


def _copy(folder: Path, part: Part) -> None:
    # Python looks for the plugin there, and does not look again where there was no folder when it started.
    (folder / "mutants").mkdir(parents=True, exist_ok=True)
    for name in COPIED:
        # Times of files are kept: mutmut makes the mutants of a file anew when it has changed.
        if (ROOT / name).is_dir():
            ignored = shutil.ignore_patterns("__pycache__", "node_modules")
            shutil.copytree(ROOT / name, folder / name, ignore=ignored, dirs_exist_ok=True)
        else:
            shutil.copy2(ROOT / name, folder / name)
    settings = {
        "source_paths": ["hyperliquid_perpetual"],
        "only_mutate": list(part.modules),
        "pytest_add_cli_args_test_selection": list(part.tests),
        "pytest_add_cli_args": [
            *("-p", "no:cacheprovider", "-p", "tests.mutation.fast_first", "-o", "addopts=--import-mode=importlib")
        ],
        "also_copy": ["docs", "conf", "setup.py"],
        # What only developers read, and only when they ask for it.
        "do_not_mutate_patterns": [r"logger\.debug"],
        # A mutant must not meet what an earlier one has left in the process.
        "process_isolation": "forkserver",
        "use_git_change_detection": False,
        # A mutant without end takes this many times as long as its tests.
        "timeout_multiplier": 2.0,
    }
    lines = [f"{key} = {json.dumps(value)}" for key, value in settings.items()]
    with (folder / "pyproject.toml").open("a") as file:
        file.write("\n[tool.mutmut]\n" + "\n".join(lines) + "\n")


def _run(folder: Path, jobs: int, names: list[str]) -> None:
    environment = os.environ | {
        "HYPERLIQUID_SDK_PYTHON": str(ROOT / ".venv-sdk/bin/python"),
        "PYTHONPATH": str(folder / "mutants"),
    }
    command = [str(Path(sys.executable).with_name("mutmut")), "run", "--max-children", str(jobs), *names]
    # It fails when mutants survive, and stops when the tests themselves do not pass.
    subprocess.run(command, cwd=folder, env=environment)


def _tell(part: Part, result: Result) -> bool:
    if result.unchecked == result.total:
        print(f"{part.name}: nothing was tried; do the tests pass in {OUTPUT / part.name / 'mutants'}?")
        return False
    judged, open_ = judge(result.survivors)
    tried = result.total - result.unchecked
    share = result.killed / tried
    print(
        f"{part.name}: {result.killed} of {tried} mutants killed ({share:.1%}), {len(judged)} survivors judged, "
        f"{len(open_)} not; {result.unchecked} mutants not tried"
    )
    listing = OUTPUT / f"{part.name}-survivors.txt"
    listing.write_text("\n".join(map(str, open_)) + "\n")
    if open_:
        print(f"   the survivors that nobody has judged: {listing}")
    return share >= ENOUGH and not open_


if __name__ == "__main__":
    sys.exit(main())
