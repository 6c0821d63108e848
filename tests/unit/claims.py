"""Pages that make claims in tables, each with the tests that would fail if it were not so."""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
_ROW = re.compile(r"^\| (?P<number>[A-Z]\d+) \| (?P<claim>.+) \| (?P<tests>[^|]*) \|$")


def claims_of(page: Path) -> dict[str, list[str]]:
    """The tests of each claim, by its number."""
    found = [match for match in map(_ROW.match, page.read_text(encoding="utf-8").splitlines()) if match]
    assert len({match["number"] for match in found}) == len(found)
    return {match["number"]: re.findall(r"`([^`]+)`", match["tests"]) for match in found}


def lines_that_are_no_claims(page: Path) -> list[str]:
    """The lines of its tables of claims (those whose first column is "no") that are none."""
    tables = [block for block in page.read_text(encoding="utf-8").split("\n\n") if block.startswith("| no |")]
    lines = [line for block in tables for line in block.splitlines()[1:] if line.startswith("| ")]
    return [line for line in lines if not _ROW.match(line)]


def functions_of(path: Path) -> list[str]:
    """The names of the functions of a Python file; none when it does not exist."""
    tree = ast.parse(path.read_text(encoding="utf-8")) if path.is_file() else ast.Module([], [])
    return [node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]


def missing_tests(page: Path) -> list[tuple[str, str]]:
    """The tests that a page names and that do not exist, each with the number of its claim."""
    named = [(number, name) for number, tests in claims_of(page).items() for name in tests]
    return [
        (number, name)
        for number, name in named
        if name.partition("::")[2] not in functions_of(ROOT / "tests" / name.partition("::")[0])
    ]
