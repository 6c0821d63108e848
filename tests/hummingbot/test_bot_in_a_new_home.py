"""docs/getting-started.md: the bot home that it makes, and the first trade in it, typed as it stands on the page.

The environment has nothing that a newcomer's has not: the home alone says where prices for fees come from.
"""

import os
import pty
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from hyperliquid_perpetual.sandbox.sandbox import DEMO_ADDRESS, Sandbox
from hyperliquid_perpetual.sandbox.thread import SandboxThread
from hyperliquid_perpetual.venue.networks import SANDBOX_URL_VARIABLE
from tests.docs.pages import ROOT, Block, blocks_of
from tests.hummingbot.features import needs_hbot
from tests.hummingbot.processes import clean_environment

pytestmark = [needs_hbot, pytest.mark.timeout(300)]

PAGE = ROOT / "docs" / "getting-started.md"
MAKES, TRADES = (block for block in blocks_of(PAGE) if block.tested == "tests/hummingbot/test_bot_in_a_new_home.py")


class Shell:
    """Types commands where the page has come to."""

    def __init__(self, folder: Path, url: str) -> None:
        self.folder = folder
        self._environment = clean_environment({SANDBOX_URL_VARIABLE: url})
        for name in ("HBOT_PASSWORD", "CONFIG_PASSWORD"):
            self._environment.pop(name, None)

    def type(self, line: str) -> str:
        """Runs a line of the page, and returns what it printed; Enter answers each question."""
        words = shlex.split(line)
        if words[0] == "cd":
            self.folder /= words[1]
            return ""
        if words[0] == "export":
            name, _, value = words[1].partition("=")
            self._environment[name] = value
            return ""
        if words[0].endswith("bin/hyperliquid-perpetual"):
            words[:1] = [sys.executable, "-m", "hyperliquid_perpetual"]
        status, said = self.run(words)
        assert status == 0, f"{line}: {status}\n{said}"
        return said

    def type_all(self, block: Block) -> None:
        for line in block.lines:
            self.type(line)

    def run(self, words: list[str]) -> tuple[int, str]:
        """Exit status and output, on a terminal of its own, where Hummingbot asks; Enter answers."""
        leader, follower = pty.openpty()
        with subprocess.Popen(
            words, cwd=self.folder, env=self._environment, stdin=follower, stdout=follower, stderr=follower
        ) as process:
            os.close(follower)
            said = b""
            try:
                while part := os.read(leader, 4096):
                    said += part
                    if said.endswith(b": "):
                        os.write(leader, b"\n")
            except OSError:
                pass  # a terminal that nobody holds any more
            status = process.wait(180)
        os.close(leader)
        return status, said.decode(errors="replace")


@pytest.fixture(scope="module")
def exchange() -> Iterator[SandboxThread]:
    with Sandbox.in_thread(seed=5, market="still") as thread:
        yield thread


@pytest.fixture(scope="module")
def shell(tmp_path_factory: pytest.TempPathFactory, exchange: SandboxThread) -> Iterator[Shell]:
    shell = Shell(tmp_path_factory.mktemp("somewhere"), exchange.url)
    shell.type_all(MAKES)
    yield shell
    shell.run(["./hbot", "stop"])


def test_first_trade_is_made_by_the_commands_of_the_page(shell: Shell, exchange: SandboxThread) -> None:
    lines = list(TRADES.lines)
    while not lines[0].startswith("./hbot status"):
        shell.type(lines.pop(0))
    exchange.until(lambda sandbox: len(sandbox.open_orders(DEMO_ADDRESS)) == 6, 60)
    bid = max((order for order in exchange.open_orders() if order.is_buy), key=lambda order: order.price)
    exchange.fill(bid.oid)
    exchange.until(lambda sandbox: any(order.reduce_only for order in sandbox.open_orders(DEMO_ADDRESS)), 30)
    assert "BTC-USD" in shell.type(lines.pop(0))
    (fill,) = exchange.fills()
    (row,) = [line for line in shell.type(lines.pop(0)).splitlines() if "| BTC-USD" in line]
    assert f"| {fill.size:f} " in row
    shell.type(lines.pop(0))
    assert lines == []
    assert not exchange.open_orders()
    log = (shell.folder / "logs" / "logs_perpetual_market_making.log").read_text()
    assert "completely filled" in log
    assert "Error calculating fee" not in log


def test_controller_is_started_again_as_strategies_md_says(shell: Shell, exchange: SandboxThread) -> None:
    page = (ROOT / "docs" / "strategies.md").read_text()
    (command,) = {line for line in page.split("`") if line.startswith("hbot start --controller")}
    for _ in range(2):
        shell.type("./" + command.replace("NAME", "inventory_quotes"))
        exchange.until(lambda sandbox: bool(sandbox.open_orders(DEMO_ADDRESS)), 60)
        shell.type("./hbot stop")
        assert not exchange.open_orders()
