"""docs/architecture.md shows the engine's one object as it is, and has a row for every room and module it speaks of."""

import ast
import importlib.util
import inspect
import re
import sys
from types import ModuleType

import pytest

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


def test_modules_of_these_rooms_that_have_a_row_exist() -> None:
    text = PAGE.read_text("utf-8")
    rooms = (("venue", "## venue", 5), ("trading", "## trading", 5), ("homes", "## Homes", 2), ("demo", "## Demo", 5))
    for room, heading, more_than in rooms:
        _, _, section = text.partition(f"{heading}\n")
        section = section.partition("\n## ")[0]
        rows = re.findall(r"^\| (`[^|]*) \|", section, re.MULTILINE)
        named = {name for row in rows for name in re.findall(r"`(\w+)`", row)}
        there = {path.stem for path in (ROOT / "hyperliquid_perpetual" / room).glob("*.py")}
        assert named <= there, f"{room}: {sorted(named - there)} are no modules"
        assert len(named) > more_than


@pytest.fixture(scope="module")
def drawings() -> ModuleType:
    """The program that draws."""
    spec = importlib.util.spec_from_file_location("draw_architecture", ROOT / "tools" / "draw_architecture.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look themselves up there
    spec.loader.exec_module(module)
    return module


def test_pictures_are_current(drawings: ModuleType) -> None:
    for name, draw in drawings.PICTURES.items():
        drawn = (ROOT / "docs" / "images" / name).read_text(encoding="utf-8")
        assert drawn == draw().svg(), f"{name}: draw it with python tools/draw_architecture.py"
        assert f"(images/{name})" in PAGE.read_text("utf-8")


def test_pictures_name_rooms_and_modules_that_there_are(drawings: ModuleType) -> None:
    package = ROOT / "hyperliquid_perpetual"
    rooms = {path.name for path in package.iterdir() if (path / "__init__.py").exists()}
    named = set(re.findall(r'class="code" x="[\d.]+" y="[\d.]+">(\w+)<', drawings.house().svg()))
    assert named - {"hyperliquid_perpetual_"} == rooms
    steps = {step.name for _, journey, _ in drawings.JOURNEYS for step in journey if step.kind == "io"}
    assert len(steps) > 8
    assert steps <= {path.stem for path in (package / "trading").glob("*.py")}
