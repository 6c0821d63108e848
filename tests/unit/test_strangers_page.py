"""`docs/strangers.md` says what really runs: the pinned releases, and the flows of the session files."""

import ast
import json
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
CONFORMANCE = ROOT / "tests" / "conformance"
PAGE = (ROOT / "docs" / "strangers.md").read_text(encoding="utf-8")


def rows(header: str) -> list[list[str]]:
    """The cells of the table under a header line."""
    lines = PAGE.splitlines()
    start = lines.index(header) + 2
    found = []
    for line in lines[start:]:
        if not line.startswith("|"):
            break
        found.append([cell.strip() for cell in line.strip("|").split("|")])
    return found


def test_releases_are_the_pinned_ones() -> None:
    releases = [(row[1], ROOT / row[2].strip("`")) for row in rows("| client | release | pinned in | in |")]
    assert len(releases) == 4
    for release, file in releases:
        text = file.read_text(encoding="utf-8")
        if file.suffix == ".json":
            assert json.loads(text)["dependencies"]["@nktkas/hyperliquid"] == release
        else:
            assert f"=={release}\n" in text, file


def test_examples_that_run_are_those_of_the_session() -> None:
    tree = ast.parse((CONFORMANCE / "official_sdk_examples_session.py").read_text(encoding="utf-8"))
    (flows,) = [
        node.value
        for node in tree.body
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and node.targets[0].id == "FLOWS"
    ]
    assert isinstance(flows, ast.Tuple)
    names = {element.id for element in flows.elts if isinstance(element, ast.Name)}
    listed = [(name, row[1]) for row in rows("| example | here |") for name in re.findall(r"`(\w+)`", row[0])]
    assert len(listed) == len(dict(listed)), "each once"
    # These two are the session of the market maker.
    assert {name for name, here in listed if here == "runs"} == names | {"basic_adding", "basic_ws"}


def test_defects_of_the_stock_connector_are_those_that_are_tested() -> None:
    tests = [
        (ROOT / "tests" / "hummingbot" / name).read_text()
        for name in ("test_stock_connector.py", "test_stock_connector_trades.py")
    ]
    tested = set(re.findall(r'"""(D\d+)[:.]', "\n".join(tests))) | {"D1"}
    (sentence,) = re.findall(r"the sandbox shows ([^.]*)\.", PAGE)
    assert set(re.findall(r"D\d+", sentence)) == tested
