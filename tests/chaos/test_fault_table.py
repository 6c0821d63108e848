"""Every fault at every command, question and stream has the outcome that the table says; both sides agree after it."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from hyperliquid_perpetual.sandbox.faults.kinds import KINDS
from hyperliquid_perpetual.sandbox.faults.specification import REQUEST_KINDS
from hyperliquid_perpetual.sandbox.subscriptions import Subscription
from hyperliquid_perpetual.venue import actions
from tests.chaos.table.cell import CellError, Cells, Column
from tests.chaos.table.commands import COMMANDS
from tests.chaos.table.expected import EXCEPTIONS, expected
from tests.chaos.table.meeting import narrowed_to
from tests.chaos.table.page import COLUMNS, PAGE, text
from tests.chaos.table.questions import QUESTIONS
from tests.chaos.table.rows import ROWS
from tests.chaos.table.streams import STREAMS

PACKAGE = Path(actions.__file__).resolve().parents[1]


@pytest.mark.timeout(300)
@pytest.mark.parametrize("column", COLUMNS, ids=[f"{column.group}: {column.name}" for column in COLUMNS])
def test_each_fault_has_the_expected_outcome_and_both_sides_agree_afterwards(column: Column) -> None:
    wrong = []
    with Cells() as cells:
        if column.group == "question" and column.at_start:
            cells.live(column, None, {})
        for row in ROWS:
            narrowed = narrowed_to(column, row)
            if isinstance(narrowed, str):
                continue
            try:
                found = cells.live(column, row, narrowed)
            except CellError as problem:
                found = str(problem)
            if found != expected(row, column):
                wrong.append(f"{row.name}: expected {expected(row, column)!r}, found {found!r}")
    assert not wrong, "\n".join(wrong)


def test_page_is_what_the_table_says() -> None:
    assert PAGE.read_text(encoding="utf-8") == text(), "python -m tests.chaos.table.page writes it"


def test_every_kind_of_fault_is_in_the_table_and_meets_something() -> None:
    assert {row.kind for row in ROWS} == set(KINDS)
    for row in ROWS:
        assert any(not isinstance(narrowed_to(column, row), str) for column in COLUMNS), row.name


def test_every_exception_is_about_a_cell_that_is_lived_through() -> None:
    names = {column.name for column in COLUMNS}
    for column, fault in EXCEPTIONS:
        assert column in names, column
        assert fault in {row.name for row in ROWS} | {row.about for row in ROWS}, fault


def _texts(*folders: Path) -> Iterator[str]:
    """Every text in the code, but for docstrings."""
    for path in [path for folder in folders for path in sorted(folder.glob("*.py"))]:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        docs = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docs:
                yield node.value


def _kinds_of_streams(kind: type[Subscription] = Subscription) -> Iterator[str]:
    for child in kind.__subclasses__():
        yield str(child.__struct_config__.tag)
        yield from _kinds_of_streams(child)


def test_every_action_that_can_be_sent_is_a_command_of_the_table() -> None:
    built = {
        node.values[node.keys.index(key)].value  # type: ignore[attr-defined]
        for node in ast.walk(ast.parse(Path(actions.__file__).read_text(encoding="utf-8")))
        if isinstance(node, ast.Dict)
        for key in node.keys
        if isinstance(key, ast.Constant) and key.value == "type"
    }
    # One order is modified as a batch of one.
    assert built - {"modify"} == {column.narrowed["kind"] for column in COMMANDS}


def test_every_question_that_is_asked_is_in_the_table() -> None:
    streams, built = set(_kinds_of_streams()), {column.narrowed["kind"] for column in COMMANDS}
    asked = {text for text in _texts(PACKAGE, PACKAGE / "trading") if text in REQUEST_KINDS} - built
    known = {column.name for column in QUESTIONS}
    assert known <= asked
    assert asked - known <= streams, "a new question: give it a column"


def test_every_stream_that_is_subscribed_to_is_in_the_table() -> None:
    named = {text for text in _texts(PACKAGE, PACKAGE / "trading") if text in set(_kinds_of_streams())}
    known = {column.name for column in STREAMS}
    assert known <= named
    # `user` is another name of userEvents; the others are asked for only, or a key of something else.
    assert named - known <= {"user", "clearinghouseState", "allMids"}, "a new stream: give it a column"
