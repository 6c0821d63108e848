"""Everything that docs/sandbox.md shows is done here as it stands there, but for other ports and venues.

README.md, docs/faults.md and docs/getting-started.md show some of its commands again.
"""

import json
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from hyperliquid_perpetual.sandbox import Sandbox
from hyperliquid_perpetual.sandbox.thread import SandboxThread
from tests.docs.pages import ALL_BLOCKS
from tests.docs.shell import environment, run

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "sandbox.md").read_text()
BLOCKS = re.findall(r"^```(\w*)\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
PYTHON = [block for language, block in BLOCKS if language == "python"]
CONFTEST, BOT_TEST, MARKED_TEST, PROGRAM = PYTHON
SHELL = [line for language, block in BLOCKS if not language for line in block.splitlines()]
COMMANDS = list(dict.fromkeys(line for line in SHELL if line.startswith("hyperliquid-perpetual sandbox")))
RECORD = [line for line in SHELL if line.startswith("hyperliquid-perpetual record")]
CURL = [line for line in SHELL if line.startswith("curl")]
HUMMINGBOT = [
    "config rate_oracle_source hyperliquid_perpetual_sandbox",
    "connect hyperliquid_perpetual_sandbox",
    "import perpetual_market_making",
    "start",
]

MY_BOT = '''
import threading, time
import requests
from eth_account import Account
from tests.unit.sandbox.client import order, orders, signed_request

class Bot:
    """Buys, and sells when the price has fallen by a twentieth."""
    def __init__(self, url, key):
        self._url, self._signer = url, Account.from_key(key)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self):
        self._thread.start()

    def __exit__(self, *_):
        self._stop.set()
        self._thread.join(10)

    def _mid(self):
        return float(requests.post(self._url + "/info", json={"type": "allMids"}, timeout=5).json()["ETH"])

    def _trade(self, is_buy, reduce_only):
        px = str(round(self._mid() * (1.03 if is_buy else 0.97)))
        action = orders(order(1, is_buy, px, "0.1", tif="Ioc", reduce_only=reduce_only))
        requests.post(self._url + "/exchange", json=signed_request(self._signer, action), timeout=5)

    def _run(self):
        bought_at = self._mid()
        self._trade(True, False)
        while not self._stop.is_set():
            if self._mid() < 0.95 * bought_at:
                self._trade(False, True)
            time.sleep(0.2)
'''


@pytest.fixture(scope="module")
def venue() -> Iterator[SandboxThread]:
    """What stands for mainnet and testnet."""
    with Sandbox.in_thread(seed=5, market="calm") as thread:
        yield thread


def test_page_has_what_is_tested_here() -> None:
    known = {*COMMANDS, *RECORD, *CURL, *HUMMINGBOT}
    assert [line for line in SHELL if line not in known] == []
    assert len(COMMANDS) == 6
    assert len(RECORD) == 2
    assert len(CURL) == 3
    assert len([line for line in BOT_TEST.splitlines() if line]) <= 10


def test_commands_that_other_pages_show_are_among_them() -> None:
    again = [block for block in ALL_BLOCKS if block.tested == "tests/unit/test_sandbox_page.py"]
    assert {block.page.name for block in again} == {"README.md", "faults.md", "getting-started.md", "sandbox.md"}
    for block in again:
        if block.page.name != "sandbox.md":
            assert set(block.lines) <= set(SHELL), block


def test_tests_of_a_bot_pass(tmp_path: Path) -> None:
    (tmp_path / "my_bot.py").write_text(MY_BOT)
    (tmp_path / "conftest.py").write_text(CONFTEST)
    (tmp_path / "test_bot.py").write_text(BOT_TEST)
    (tmp_path / "test_hour.py").write_text(MARKED_TEST)
    strict = ["-W", "error::pytest.PytestUnknownMarkWarning"]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *strict],
        cwd=tmp_path,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=100,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "2 passed" in done.stdout


def test_exchange_lives_in_a_program(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], cwd=tmp_path, env=environment(), capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    assert re.match(r"http://127.0.0.1:\d+ \d+", done.stdout)


@pytest.mark.parametrize("line", COMMANDS)
def test_sandbox_starts_as_shown(line: str, venue: SandboxThread, tmp_path: Path) -> None:
    if "--replay" in line:
        assert "BTC" in [run(each, tmp_path, venue.url) for each in RECORD][-1]
    run(line, tmp_path, venue.url)


@pytest.mark.parametrize("line", CURL)
def test_sandbox_can_be_asked_from_anywhere(line: str, venue: SandboxThread, tmp_path: Path) -> None:
    assert json.loads(run(line, tmp_path, venue.url))
    venue.run(lambda exchange: exchange.faults.clear())


def test_fixture_waits_and_says_what_it_last_saw(venue: SandboxThread) -> None:
    began = time.monotonic()
    with pytest.raises(TimeoutError, match=r"not true within 0.05 s, the last answer was \(\)"):
        venue.until(lambda exchange: exchange.fills("0x" + "77" * 20), seconds=0.05)
    assert time.monotonic() - began < 10
