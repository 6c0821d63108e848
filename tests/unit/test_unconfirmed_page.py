"""docs/unconfirmed.md and the sandbox's switches tell the same, and the tests that the page names exist."""

import re
from pathlib import Path

from hyperliquid_perpetual.sandbox.engine.quirks import VenueQuirks

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "unconfirmed.md").read_text()
HERE = "tests/hummingbot/test_unconfirmed.py"
ROWS = [
    [cell.strip() for cell in line.strip("| ").split(" | ")]
    for line in PAGE.partition("## Switches")[2].partition("## Facts without")[0].splitlines()
    if line.startswith("| ") and not line.startswith("| fact ")
]


def test_every_switch_has_one_row_and_every_row_a_switch() -> None:
    assert {len(row) for row in ROWS} == {6}, "a row has a cell too many or too few"
    named = [row[3].strip("`") for row in ROWS]
    assert sorted(named) == sorted(choice.name for choice in VenueQuirks().choices)


def test_tests_that_the_page_names_exist_and_run_every_value() -> None:
    for row in ROWS:
        path, _, name = row[4].strip("`").rpartition("::")
        if "/" in name:
            path, name = name, ""
        source = ROOT / (path or HERE)
        assert source.is_file(), row[4]
        assert not name or f"async def {name}(" in source.read_text(), row[4]


def test_sections_are_those_that_the_switches_name() -> None:
    sections = {row[3].strip("`"): row[1] for row in ROWS}
    source = (ROOT / "hyperliquid_perpetual" / "sandbox" / "engine" / "quirks.py").read_text()
    for name, text in re.findall(r'^    (\w+): Literal.*\n    """(.*)"""', source, re.MULTILINE):
        told = re.search(r"section ([\d.]+\d|\d+)", text)
        assert told is None or told[1] == sections[name], name
