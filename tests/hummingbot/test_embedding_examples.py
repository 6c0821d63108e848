"""The examples of docs/embedding.md run as they stand, each in a process of its own."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from hyperliquid_perpetual.homes.bot_home import BotHome
from hyperliquid_perpetual.sandbox.sandbox import Sandbox
from hyperliquid_perpetual.sandbox.thread import SandboxThread
from hyperliquid_perpetual.venue.networks import SANDBOX_URL_VARIABLE
from tests.hummingbot.processes import run_script

PAGE = Path(__file__).resolve().parents[2] / "docs" / "embedding.md"
EXAMPLES = re.findall(r"^```python\n(.*?)^```$", PAGE.read_text(), re.DOTALL | re.MULTILINE)
PRINTS = (r"\d+ pairs\n\{'BTC-USD': \d", r"OrderState\.OPEN \d+\n\[.*success=True", r"^5 orders rest$")

pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def exchange() -> Iterator[SandboxThread]:
    with Sandbox.in_thread(seed=3, market="calm") as thread:
        yield thread


def test_every_example_is_known() -> None:
    assert len(EXAMPLES) == len(PRINTS)


@pytest.mark.parametrize(("example", "prints"), zip(EXAMPLES, PRINTS, strict=False))
def test_example_runs_and_leaves_nothing_open(
    example: str, prints: str, exchange: SandboxThread, tmp_path: Path
) -> None:
    places = {SANDBOX_URL_VARIABLE: exchange.url}
    process = run_script(BotHome.create(tmp_path).path, example, **places)
    assert process.returncode == 0, process.stderr
    assert re.search(prints, process.stdout, re.MULTILINE), process.stdout
    for complaint in ("Traceback", "Unclosed", "never awaited", "ERROR"):
        assert complaint not in process.stderr
