"""`make demo` and `make demos` as a user runs them: a real Hummingbot trades on a real sandbox, its books and the
exchange's agree, and nothing is left running afterwards."""

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path

import pytest

from hyperliquid_perpetual.homes import configurations
from hyperliquid_perpetual.homes.configurations import CONNECTOR
from hyperliquid_perpetual.report.writing import Choice, figures_of
from tests.hummingbot.features import HAS_HBOT, needs_hbot

pytestmark = pytest.mark.timeout(300)

FEW_SECONDS = 15
# A V1 strategy waits for its tenth tick before it does anything.
V1_SECONDS = 20
# Each bot needs about half a core while it starts.
SIDE_BY_SIDE = 3
ALL_SECONDS = 1200

STRATEGIES = list(configurations.all_configurations())


class Demo:
    """One run of the demo in its own process."""

    def __init__(self, output: Path, seconds: int, *options: str, **environment: str) -> None:
        self.output = output
        output.mkdir()
        self.printed = output / "printed.txt"
        command = [sys.executable, "-m", "hyperliquid_perpetual", "demo", *options]
        with self.printed.open("w") as file:
            self.process = subprocess.Popen(
                [*command, "--seconds", str(seconds), "--output", str(output)],
                stdout=file,
                stderr=subprocess.STDOUT,
                cwd=output,
                env={**os.environ, "COLUMNS": "200", **environment},
            )

    def wait(self, seconds: float = 240) -> int:
        return self.process.wait(timeout=seconds)

    def text(self) -> str:
        return self.printed.read_text()

    def until(self, condition: Callable[[], object], what: str) -> None:
        deadline = time.monotonic() + 120
        while not condition():
            assert self.process.poll() is None, f"the demo ended before {what}:\n{self.text()}"
            assert time.monotonic() < deadline, f"waited in vain for {what}:\n{self.text()}"
            time.sleep(0.1)

    def is_trading(self) -> bool:
        return re.search(r"^\[ *\d+/", self.text(), re.MULTILINE) is not None

    def processes(self) -> set[int]:
        """Every process that works in the demo's folder, apart from the demo itself."""
        found = set()
        for entry in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                if Path(os.readlink(entry / "cwd")).is_relative_to(self.output):
                    found.add(int(entry.name))
        return found - {self.process.pid}

    def end(self) -> None:
        """End what a failed test leaves."""
        leftovers = self.processes() | ({self.process.pid} if self.process.poll() is None else set())
        for pid in leftovers:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.process.wait()


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[Callable[..., Demo]]:
    """Starts demos, and ends what a failed test leaves."""
    started: list[Demo] = []

    def start(strategy: str, seconds: int, **environment: str) -> Demo:
        started.append(Demo(tmp_path / "demo", seconds, "--strategy", strategy, **environment))
        return started[-1]

    yield start
    for item in started:
        item.end()


@pytest.fixture(scope="module")
def all_demos(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """Every configuration, some side by side, when they have ended."""
    output = tmp_path_factory.mktemp("demos") / "all"
    started = Demo(output, V1_SECONDS, "--all", "--jobs", str(SIDE_BY_SIDE))
    try:
        started.wait(ALL_SECONDS)
        yield started
    finally:
        started.end()


@needs_hbot
@pytest.mark.timeout(ALL_SECONDS + 60)
@pytest.mark.parametrize("strategy", STRATEGIES)
def test_a_strategy_trades_and_the_books_agree(all_demos: Demo, strategy: str) -> None:
    file = all_demos.output / strategy / "summary.json"
    printed = [line for line in all_demos.text().splitlines() if line.startswith(f"{strategy}: ")]
    assert file.exists(), printed
    summary = json.loads(file.read_text())

    assert summary["strategy"] == strategy
    assert summary["hummingbot"] == "20260922"
    assert summary["ready_seconds"] > 0
    assert summary["fills_bot"] == summary["fills_exchange"] > 0
    assert summary["orders_created"] > 0
    nothing = {"fill_differences": 0, "position_difference": "0", "fee_difference": "0"}
    assert nothing.items() <= summary.items(), printed
    assert summary["orders_left_open"] == summary["errors_logged"] == 0, printed


@needs_hbot
@pytest.mark.timeout(ALL_SECONDS + 60)
@pytest.mark.parametrize("strategy", STRATEGIES)
def test_a_demo_ends_with_a_report_that_has_what_its_summary_has(all_demos: Demo, strategy: str) -> None:
    folder = all_demos.output / strategy
    summary = json.loads((folder / "summary.json").read_text())

    assert f"{strategy}:   report   {folder / 'report.html'}" in all_demos.text()
    assert (folder / "report.html").read_text().startswith("<!doctype html>")
    assert (folder / "report.png").stat().st_size > 10_000
    figures = figures_of(folder, Choice(connector=CONNECTOR))
    assert sum(len(pair.fills) for pair in figures.pairs) == summary["fills_bot"]
    assert figures.outcomes.total() - figures.outcomes["refused"] == summary["orders_created"]
    assert len(figures.incidents_of("error")) == 0
    accepted = next(latency for latency in figures.latencies if latency.name == "order accepted")
    assert len(accepted.samples) > 0


@needs_hbot
@pytest.mark.timeout(ALL_SECONDS + 60)
def test_all_together_end_well_and_leave_nothing_running(all_demos: Demo) -> None:
    assert all_demos.process.returncode == 0, all_demos.text()
    rows = [line.split() for line in all_demos.text().splitlines() if line.rstrip().endswith(" OK")]
    assert sorted(row[0] for row in rows) == sorted(STRATEGIES)
    assert all_demos.processes() == set()


@needs_hbot
def test_ctrl_c_stops_everything(demo: Callable[..., Demo]) -> None:
    run = demo("inventory_quotes", 600)
    run.until(run.is_trading, "it trades")
    assert len(run.processes()) >= 2, "bot and sandbox run"

    run.process.send_signal(signal.SIGINT)

    assert run.wait() == 128 + signal.SIGINT, run.text()
    assert run.processes() == set()
    assert "Interrupted" in run.text()
    assert str(run.output / "home" / "logs") in run.text()
    assert not (run.output / "summary.json").exists()


@needs_hbot
def test_an_exchange_that_dies_fails_the_demo_and_stops_the_bot(demo: Callable[..., Demo]) -> None:
    run = demo("inventory_quotes", 600)
    run.until(lambda: "Starting Hummingbot" in run.text(), "Hummingbot starts")
    run.until(lambda: len(run.processes()) >= 2, "bot and sandbox run")
    sandbox = next(pid for pid in run.processes() if b"sandbox" in Path(f"/proc/{pid}/cmdline").read_bytes())

    os.kill(sandbox, signal.SIGKILL)

    assert run.wait() == 1, run.text()
    assert "The sandbox ended unexpectedly" in run.text()
    assert run.processes() == set()


@needs_hbot
def test_without_our_connector_it_says_how_to_enable_it(demo: Callable[..., Demo]) -> None:
    run = demo("inventory_quotes", FEW_SECONDS, HYPERLIQUID_PERPETUAL_PLUGIN="0")

    assert run.wait() == 1, run.text()
    assert "HYPERLIQUID_PERPETUAL_PLUGIN" in run.text()
    assert run.processes() == set()


@pytest.mark.skipif(HAS_HBOT, reason="this release of Hummingbot has the `hbot` command")
def test_without_hbot_it_says_that_the_release_is_too_old_for_the_demo(demo: Callable[..., Demo]) -> None:
    run = demo("inventory_quotes", FEW_SECONDS)

    assert run.wait() == 1, run.text()
    assert f"Hummingbot {version('hummingbot')} has no hbot command" in run.text()
    assert run.processes() == set()
