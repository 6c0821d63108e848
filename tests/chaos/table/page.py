"""The fault table as a page. ``python -m tests.chaos.table.page`` writes it to docs/reliability-table.md."""

import re
from pathlib import Path

from tests.chaos.table.cell import Column
from tests.chaos.table.commands import COMMANDS
from tests.chaos.table.expected import EXCEPTIONS, expected
from tests.chaos.table.meeting import narrowed_to
from tests.chaos.table.questions import QUESTIONS
from tests.chaos.table.rows import ROWS, Row
from tests.chaos.table.streams import STREAMS

PAGE = Path(__file__).resolve().parents[3] / "docs" / "reliability-table.md"
COLUMNS = [*COMMANDS, *QUESTIONS, *STREAMS]

_INTRODUCTION = """\
# Every fault at every command

What comes of it when something goes wrong while a bot asks the exchange to do something, asks it something, or
listens. Each cell is lived through in `tests/chaos/test_fault_table.py`: a bot with a database on a sandbox of its
own, one fault, and the assertion that the fault really happened. After each cell, bot, database and exchange agree on
orders, fills, positions, balances and leverage, and nothing is left running. This page is written by `python -m
tests.chaos.table.page`, and a test holds it against the table.

The faults are those of [faults on demand](faults.md), with the parameters that make a difference. Faults that come to
the same in all columns share a line. In brackets stands why a fault cannot meet a column.
"""
_COMMANDS = """\
## Commands

What a strategy is told after 0.4 s where that is not the end already, then what it is told in the end. *Asked for*:
the exchange was asked what became of it. *Nonce used up*: a `noop` with the order's nonce has made sure that the
order can never arrive. A pending order is never sent again; FAILED always has the venue's word. Of a setting
(leverage, margin) the second half says how it is at the venue.
"""
_QUESTIONS = """\
## Questions

Info requests. Those that answer with *ready* are asked while a bot starts that has lived before: it has an order and
a position, and a part of the order has filled while it was away. *Ready* means that it trades again and knows of that
fill. *Not asked again* where something failed means that the bot starts without the answer, or that what could not be
read was passed over. The others are asked twice, the first time into the fault: no answer changes nothing that is
known.
"""
_STREAMS = """\
## Streams

Something happens at the venue that the stream tells. *Right*: the bot knows it after 0.4 s. *Behind, then right*: it
knows it later, by the next frame, another stream or a request; some streams tell what is new only every half second
or less often. *Reconnected*: the socket was replaced.
"""


def text() -> str:
    """The whole page."""
    parts = [_unwrapped(_INTRODUCTION)]
    for heading, columns in ((_COMMANDS, COMMANDS), (_QUESTIONS, QUESTIONS), (_STREAMS, STREAMS)):
        parts += [_unwrapped(heading), _table(columns)]
    parts += ["## Exceptions\n", "What does not follow from the kinds of fault and command alone:\n"]
    for (column, fault), (found, why) in EXCEPTIONS.items():
        parts.append(f"- {column}, {fault}: *{found}*, because {why}.")
    parts.append("")
    return "\n".join(parts)


def _unwrapped(text: str) -> str:
    return re.sub(r"(?<!\n)\n(?!\n|$)", " ", text)


def _table(columns: list[Column]) -> str:
    lines: dict[tuple[str, ...], list[str]] = {}
    for row in ROWS:
        lines.setdefault(tuple(words(row, column) for column in columns), []).append(row.name)
    head = f"| fault | {' | '.join(column.name for column in columns)} |\n|---|{'---|' * len(columns)}\n"
    return head + "".join(
        f"| {'<br>'.join(f'`{name}`' for name in names)} | {' | '.join(cells)} |\n" for cells, names in lines.items()
    )


def words(row: Row, column: Column) -> str:
    """A cell."""
    narrowed = narrowed_to(column, row)
    return f"({narrowed})" if isinstance(narrowed, str) else expected(row, column)


if __name__ == "__main__":
    PAGE.write_text(text(), encoding="utf-8")
