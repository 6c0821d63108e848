"""The table of what is aimed at, line by line, and which rows answer each line."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from .results import Row


@dataclass(frozen=True)
class Line:
    """A line of the design's table "How good"."""

    what: str
    others: str
    """What others were known to take when it was written."""
    aim: str
    rows: str
    """How the names of its rows begin, a regular expression."""

    def find(self, rows: Sequence[Row]) -> list[Row]:
        """The rows that answer it."""
        return [row for row in rows if re.match(self.rows, row.name, re.IGNORECASE)]


LINES = (
    Line(
        "order intent to signed bytes",
        "420 µs built-in, 325 µs official SDK, 24 µs the C signature alone",
        "at most 1.5 x the C signature",
        "order intent to signed bytes",
    ),
    Line(
        "batch of 20 orders, signed",
        "332 µs official SDK",
        "at most 1.6 x one C signature",
        "batch of 20 orders, signed",
    ),
    Line(
        "20x20 book frame, bytes to Hummingbot's book",
        "82 µs built-in",
        "at most 1/3 of the built-in",
        "20 ?x ?20 book frame",
    ),
    Line(
        "fill to OrderFilled event, 10 / 1,000 open orders",
        "16 / 60 µs built-in",
        "flat, below the built-in at 10",
        "fill to OrderFilled",
    ),
    Line(
        "request weight, start, 50 pairs on 8 dexs",
        "3,664-5,664 built-in; limit 1,200 a minute",
        "under 200",
        "request weight.* start",
    ),
    Line(
        "request weight a minute, 50 pairs, 50 orders, 2,000 old fills",
        "1,889-11,820 built-in",
        "under 30",
        "request weight.* minute",
    ),
    Line(
        "place-to-acknowledged on the sandbox, one order, p50 and p99 while 50 books stream",
        "built-in, same sandbox",
        "at most 1/2",
        "place.to.acknowledged",
    ),
    Line("ready from `start`, 50 pairs", "over 50 s built-in", "under 5 s", "ready from"),
    Line("sandbox, verified orders a second, one core", "none verifies", "5,000", "sandbox, verified orders"),
)


def lines_without_rows(rows: Sequence[Row]) -> list[Line]:
    """The lines that nothing was measured for."""
    return [line for line in LINES if not line.find(rows)]


def rows_beyond(rows: Sequence[Row]) -> list[Row]:
    """The rows that belong to no line."""
    judged = {row.name for line in LINES for row in line.find(rows)}
    return [row for row in rows if row.name not in judged]
