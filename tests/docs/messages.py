"""What the connector tells its users: warnings and errors in the log, and exceptions whose text reaches them."""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.docs.pages import ROOT

PACKAGE = ROOT / "hyperliquid_perpetual"
GAP = "…"
"""What stands for a value that differs."""


@dataclass(frozen=True)
class Message:
    """A text with gaps, and where it comes from."""

    text: str
    path: Path
    line: int

    def __str__(self) -> str:
        return f"{self.path.relative_to(ROOT)}:{self.line}: {self.text}"


def messages(calls: set[str]) -> Iterator[Message]:
    """Every text that the connector hands to one of these: methods of loggers, and exceptions."""
    sources = [*sorted(PACKAGE.glob("hyperliquid_perpetual_*.py")), *sorted((PACKAGE / "trading").glob("*.py"))]
    for path in sources:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and node.args and _name(node.func) in calls:
                for text in texts(node.args[0]):
                    yield Message(text, path, node.lineno)


def literals() -> Iterator[str]:
    """Every text in the package, with gaps: messages are put together in more ways than can be told."""
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Constant | ast.JoinedStr):
                yield from texts(node)


def texts(node: ast.expr) -> Iterator[str]:
    """What an expression may say; nothing when that is in no text here."""
    match node:
        case ast.Constant(value=str(text)):
            yield re.sub(r"%[-+.0-9]*[srdgf]", GAP, text).replace("%%", "%")
        case ast.JoinedStr(values=values):
            yield "".join(str(each.value) if isinstance(each, ast.Constant) else GAP for each in values)
        case ast.IfExp(body=body, orelse=orelse):
            yield from texts(body)
            yield from texts(orelse)
        case _:
            return


def _name(function: ast.expr) -> str:
    match function:
        case ast.Attribute(attr=name) | ast.Name(id=name):
            return name
        case _:
            return ""
