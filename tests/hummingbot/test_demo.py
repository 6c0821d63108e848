"""`make demo` as a user runs it: a real Hummingbot trades on a real sandbox, and nothing is left running afterwards."""

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
from typing import Any

import pytest

from tests.hummingbot.features import HAS_HBOT, needs_hbot

pytestmark = pytest.mark.timeout(300)

FEW_SECONDS = 15
# The V1 strategy waits for its tenth tick before it does anything.
V1_SECONDS = 30


class Demo:
    """One run of the demo in its own process."""

    def __init__(self, output: Path, strategy: str, seconds: int, **environment: str) -> None:
        self.output = output
        output.mkdir()
        self.printed = output / "printed.txt"
        with self.printed.open("w") as file:
            self.process = subprocess.Popen(
                [
                    *(sys.executable, "-m", "hyperliquid_perpetual", "demo"),
                    *("--strategy", strategy, "--seconds", str(seconds), "--output", str(output)),
                ],
                stdout=file,
                stderr=subprocess.STDOUT,
                cwd=output,
                env={**os.environ, "COLUMNS": "200", **environment},
            )

    def wait(self) -> int:
        return self.process.wait(timeout=240)

    def text(self) -> str:
        return self.printed.read_text()

    def summary(self) -> dict[str, Any]:
        result: dict[str, Any] = json.loads((self.output / "summary.json").read_text())
        return result

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


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[Callable[..., Demo]]:
    """Starts demos, and ends what a failed test leaves."""
    started: list[Demo] = []

    def start(strategy: str, seconds: int, **environment: str) -> Demo:
        started.append(Demo(tmp_path / "demo", strategy, seconds, **environment))
        return started[-1]

    yield start
    for item in started:
        leftovers = item.processes() | ({item.process.pid} if item.process.poll() is None else set())
        for pid in leftovers:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        item.process.wait()


@needs_hbot
@pytest.mark.parametrize(
    ("strategy", "seconds"), [("perpetual_market_making", V1_SECONDS), ("inventory_quotes", FEW_SECONDS)]
)
def test_a_strategy_trades_and_the_books_agree(demo: Callable[..., Demo], strategy: str, seconds: int) -> None:
    run = demo(strategy, seconds)

    assert run.wait() == 0, run.text()
    summary = run.summary()
    assert summary["strategy"] == strategy
    assert summary["hummingbot"] == "20260922"
    assert 0 < summary["ready_seconds"] < 120
    assert summary["fills_bot"] == summary["fills_exchange"] > 0
    assert summary["orders_created"] >= summary["orders_cancelled"] > 0
    nothing = {"fill_differences": 0, "position_difference": "0", "fee_difference": "0"}
    assert nothing.items() <= summary.items()
    assert summary["orders_left_open"] == summary["errors_logged"] == 0
    assert run.processes() == set()


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
