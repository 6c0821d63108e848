"""Every claim of the page about security has a test, and the tests that it names exist."""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "security.md"
ROW = re.compile(r"^\| (?P<number>[A-Z]\d+) \| (?P<claim>.+) \| (?P<tests>[^|]*) \|$")


def rows() -> dict[str, list[str]]:
    """The tests of each claim, by its number."""
    lines = PAGE.read_text(encoding="utf-8").splitlines()
    found = [match for match in map(ROW.match, lines) if match]
    assert len({match["number"] for match in found}) == len(found)
    return {match["number"]: re.findall(r"`([^`]+)`", match["tests"]) for match in found}


def functions_of(path: Path) -> list[str]:
    tree = ast.parse(path.read_text(encoding="utf-8")) if path.is_file() else ast.Module([], [])
    return [node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]


def test_every_claim_has_a_test() -> None:
    assert len(rows()) > 25
    assert [number for number, tests in rows().items() if not tests] == []


def test_every_line_of_a_table_is_a_claim() -> None:
    lines = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("| ")]
    assert [line for line in lines if not ROW.match(line) and line != "| no | claim | test |"] == []


def test_every_test_that_is_named_exists() -> None:
    named = [(number, *name.partition("::")[::2]) for number, tests in rows().items() for name in tests]
    assert [entry for entry in named if entry[2] not in functions_of(ROOT / "tests" / entry[1])] == []


def test_every_test_of_security_is_named() -> None:
    named = {name for tests in rows().values() for name in tests}
    there = {
        f"security/{path.name}::{name}"
        for path in (ROOT / "tests" / "security").glob("test_*.py")
        for name in functions_of(path)
        if name.startswith("test_")
    }
    assert there - named == set()
