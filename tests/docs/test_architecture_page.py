"""docs/architecture.md shows the engine's one object as it is, and has a row for every room and module it speaks of."""

import ast
import inspect
import re

from hyperliquid_perpetual.sandbox.engine.exchange import Exchange
from tests.docs.pages import ROOT, blocks_of

PAGE = ROOT / "docs" / "architecture.md"


def signature(function: ast.FunctionDef) -> str:
    """Names, types and what is returned; no body and no names for what types are imported as."""
    returned = ast.unparse(function.returns) if function.returns else ""
    return f"{function.name}({ast.unparse(function.args)}) -> {returned}"


def methods(source: str) -> dict[str, str]:
    (cls,) = ast.parse(source).body
    assert isinstance(cls, ast.ClassDef)
    return {each.name: signature(each) for each in cls.body if isinstance(each, ast.FunctionDef)}


def test_exchange_has_the_methods_that_are_shown() -> None:
    (shown,) = [block.text for block in blocks_of(PAGE) if block.language == "python"]
    real = methods(inspect.getsource(Exchange))
    for name, wanted in methods(shown).items():
        assert real[name] == wanted


def test_modules_of_venue_trading_and_demo_that_have_a_row_exist() -> None:
    text = PAGE.read_text("utf-8")
    for room, heading in (("venue", "## venue"), ("trading", "## trading"), ("demo", "## Demo")):
        _, _, section = text.partition(f"{heading}\n")
        section = section.partition("\n## ")[0]
        rows = re.findall(r"^\| (`[^|]*) \|", section, re.MULTILINE)
        named = {name for row in rows for name in re.findall(r"`(\w+)`", row)}
        there = {path.stem for path in (ROOT / "hyperliquid_perpetual" / room).glob("*.py")}
        assert named <= there, f"{room}: {sorted(named - there)} are no modules"
        assert len(named) > 5
