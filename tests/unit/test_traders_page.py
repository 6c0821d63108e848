"""docs/traders.md says what the traders really are."""

import re
from pathlib import Path

from hyperliquid_perpetual.cli.sandbox import Market
from hyperliquid_perpetual.sandbox.traders import REGIMES
from hyperliquid_perpetual.sandbox.traders.parameters import tables

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "traders.md").read_text()


def test_the_page_has_every_parameter_of_every_regime() -> None:
    assert tables() in PAGE, "print the tables with python -m hyperliquid_perpetual.sandbox.traders.parameters"
    assert tables().count("\n| `") > 60


def test_the_page_and_the_command_know_every_regime() -> None:
    described = set(re.findall(r"^\| `([a-z]+)` \| [A-Z]", PAGE, re.MULTILINE))
    assert set(REGIMES) <= described
    assert {market.value for market in Market} == set(REGIMES)


def test_every_module_of_a_kind_of_trader_is_described() -> None:
    kinds = re.findall(r"^\| `([a-z_]+)` \| ", PAGE, re.MULTILINE)
    folder = ROOT / "hyperliquid_perpetual" / "sandbox" / "traders"
    for path in folder.glob("*.py"):
        if "Parameters:" in path.read_text() and path.stem != "regimes":
            assert path.stem in kinds, path.stem


def test_files_and_modules_that_the_page_names_exist() -> None:
    for path in re.findall(r"(?:benchmarks|tests|docs)/[\w/]+\.(?:py|md)", PAGE):
        assert (ROOT / path).is_file(), path


def test_sandboxes_of_the_page_can_be_made() -> None:
    (text,) = re.findall(r"^```python\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
    exec(text, {})  # noqa: S102 - what the page tells its reader to run
