"""Which faults can meet which columns of the table, and what they are narrowed to so that they do."""

from typing import Any

from hyperliquid_perpetual.sandbox.sandbox import DEMO_ADDRESS
from tests.chaos.table.cell import Column
from tests.chaos.table.rows import Row


def narrowed_to(column: Column, row: Row) -> dict[str, Any] | str:
    """What a fault is narrowed to in a column; in words why it cannot meet it."""
    match row.scope:
        case "requests":
            return "not a request" if column.group == "stream" else column.narrowed
        case "frames":
            return _frames(column, row)
        case "sockets":
            if column.group == "question":
                return "asked over HTTP"
            return {"user": DEMO_ADDRESS} if "sockets" in row.said else {}
        case _:
            return _exchange(column, row)


def _frames(column: Column, row: Row) -> dict[str, Any] | str:
    if column.group == "question":
        return "asked over HTTP"
    if column.frames is None:
        return "brings no frames"
    if row.kind == "lose_fills":
        return {} if column.fills else "nothing fills"
    if row.kind in ("lose_user_frames", "hold_user_frames"):
        return {} if column.is_of_account else "about no account"
    if row.kind == "reorder_frames":
        # It is overtaken by what the fault could have happened to as well.
        return {"user": DEMO_ADDRESS} if column.is_of_account else {"coin": "BTC"}
    return column.frames


def _exchange(column: Column, row: Row) -> dict[str, Any] | str:
    if row.kind == "stale_books" and not column.name.startswith(("bbo", "l2Book", "place market")):
        return "about books only"
    if row.kind == "clock_skew" and column.group == "question":
        return "no time stands in a question"
    if row.kind == "upgrade" and column.group != "command":
        return "questions and streams go on"
    return {}
