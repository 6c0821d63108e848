"""The page that answers each defect of the stock connector is complete, and the tests that it names exist."""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "compatibility.md"
ROW = re.compile(r"^\| D(\d+) \| (?P<answer>[^|]+) \| (?P<tests>[^|]*) \|$")
DEFECTS = 82


def rows() -> dict[int, tuple[str, list[str]]]:
    """Of each defect, the answer and the tests that show it."""
    found = {}
    for line in PAGE.read_text(encoding="utf-8").splitlines():
        match = ROW.match(line)
        if match:
            found[int(match[1])] = (match["answer"], re.findall(r"`([^`]+)`", match["tests"]))
    return found


def test_every_defect_has_one_answer() -> None:
    assert sorted(rows()) == list(range(1, DEFECTS + 1))
    lines = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if ROW.match(line)]
    assert len(lines) == DEFECTS


def test_every_defect_has_a_test_or_does_not_apply() -> None:
    assert [number for number, (answer, tests) in rows().items() if not tests and "does not apply" not in answer] == []


def test_every_test_that_is_named_exists() -> None:
    missing = []
    for number, (_, tests) in rows().items():
        for name in tests:
            file, _, function = name.partition("::")
            path = ROOT / "tests" / file
            tree = ast.parse(path.read_text(encoding="utf-8")) if path.is_file() else ast.Module([], [])
            functions = [n.name for n in ast.walk(tree) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)]
            if function not in functions:
                missing.append((number, name))
    assert missing == []
