"""Run the project's checks in order, quickest first, and stop at the first that fails.

`python tools/checks.py` runs them all; naming some (`lint types`) runs those. The last lines are
pytest's own summaries.
"""

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
OLDER_BIN = ROOT / ".venv-20260616" / "bin"
COVERAGE_FOLDER = ROOT / "build" / "coverage"
PYTEST_SUMMARY = re.compile(r"^=+ .*\b(passed|failed|error|errors|skipped|deselected|no tests ran)\b.* in [\d.]+s")
COLOUR = re.compile(r"\x1b\[[0-9;]*m")

#: Left out on the older release: they are about the venue's rules and its time, whatever Hummingbot is there.
OLDER_RELEASE_LEAVES_OUT = (
    "tests/hummingbot/test_account_modes_on_the_sandbox.py",
    "tests/hummingbot/test_bots_of_one_machine.py",
    "tests/hummingbot/test_dead_mans_switch.py",
    "tests/hummingbot/test_differences_on_the_sandbox.py",
    "tests/hummingbot/test_outages_in_virtual_time.py",
    "tests/hummingbot/test_request_allowance.py",
    "tests/hummingbot/test_sweeps_on_the_sandbox.py",
    "tests/hummingbot/test_unconfirmed.py",
)

#: (what is held, the lowest coverage in percent, the files it is measured over)
COVERAGE_FLOORS = (
    ("the whole package", 85, "hyperliquid_perpetual/*"),
    ("venue", 90, "hyperliquid_perpetual/venue/*"),
    ("trading", 90, "hyperliquid_perpetual/trading/*"),
)


def main() -> None:
    checks: dict[str, tuple[str, Callable[[], bool]]] = {
        "lint": ("Lint (ruff check)", lambda: run("ruff", "check", ".")),
        "format": ("Format (ruff format --check)", lambda: run("ruff", "format", "--check", ".")),
        "imports": ("Import rules (import-linter)", lambda: run("lint-imports", "--no-logo")),
        "types": ("Types (mypy)", lambda: run("mypy")),
        "tests": ("Tests (pytest, with coverage)", run_tests),
        "coverage": ("Coverage", check_coverage),
        "compatibility": ("Hummingbot 20260616, the oldest supported release (pytest)", run_on_older_release),
    }
    wanted = sys.argv[1:] or list(checks)
    unknown = [name for name in wanted if name not in checks]
    if unknown:
        sys.exit(f"checks.py: no check named {', '.join(unknown)}; there are {', '.join(checks)}")
    started = time.monotonic()
    for name in wanted:
        title, check = checks[name]
        heading(title)
        began = time.monotonic()
        if not check():
            finish(f"FAILED: {title}")
            sys.exit(1)
        print(f"ok, {time.monotonic() - began:.0f} s", flush=True)
    finish(f"Every check passed in {time.monotonic() - started:.0f} s: {', '.join(wanted)}")


def run(program: str, *arguments: str) -> bool:
    return subprocess.run([BIN / program, *arguments], cwd=ROOT).returncode == 0


def run_tests() -> bool:
    """pytest over tests/, measuring coverage in this process and in the Python processes that the tests start."""
    shutil.rmtree(COVERAGE_FOLDER, ignore_errors=True)
    COVERAGE_FOLDER.mkdir(parents=True)
    return run_pytest(BIN, "--cov", "--cov-report=")


def run_on_older_release() -> bool:
    """The suites that run Hummingbot's own code, in the environment of the older release."""
    if not (OLDER_BIN / "python").exists():
        print("There is no environment of the older release: make older")
        return False
    left_out = [f"--ignore={name}" for name in OLDER_RELEASE_LEAVES_OUT]
    # The state machine has run at length on the newer release.
    fewer = {**os.environ, "AGREEMENT_EXAMPLES": "50"}
    return run_pytest(OLDER_BIN, "tests/hummingbot", "-p", "no:cacheprovider", *left_out, environment=fewer)


def run_pytest(place: Path, *arguments: str, environment: dict[str, str] | None = None) -> bool:
    """pytest in an environment; its summary is kept for the end."""
    colour = ["--color=yes"] if sys.stdout.isatty() else []
    # Most tests wait for something most of the time. A file stays together: its tests may share what is dear to make.
    # In their order, and not those with the most tests first: the longest files have one test, and would be run last.
    workers = ["-n", str((os.cpu_count() or 1) + 1), "--dist", "loadfile", "--no-loadscope-reorder"]
    command = [str(place / "python"), "-m", "pytest", *workers, *arguments, *colour]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, env=environment)
    assert process.stdout is not None
    for line in process.stdout:
        print(line, end="", flush=True)
        if PYTEST_SUMMARY.match(COLOUR.sub("", line)):
            summaries.append(line.rstrip())
    return process.wait() == 0


def check_coverage() -> bool:
    """Every floor is looked at, so that one run shows all that is missing."""
    results = []
    for name, floor, files in COVERAGE_FLOORS:
        print(f"\n{name}: at least {floor} %", flush=True)
        results.append(run("coverage", "report", f"--include={files}", f"--fail-under={floor}"))
    return all(results)


#: pytest's own last lines, kept to be shown again at the end
summaries: list[str] = []


def heading(title: str) -> None:
    width = min(shutil.get_terminal_size().columns, 100)
    print(f"\n{f'── {title} '.ljust(width, '─')}", flush=True)


def finish(verdict: str) -> None:
    print(f"\n{verdict}")
    for line in summaries:
        print(line)
    sys.stdout.flush()


if __name__ == "__main__":
    os.environ.pop("VIRTUAL_ENV", None)
    main()
