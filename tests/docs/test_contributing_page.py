"""docs/contributing.md names only files, modules and names that there are."""

import re

from tests.docs.pages import ROOT, inline_code

PAGE = ROOT / "docs" / "contributing.md"
CODE = inline_code(PAGE)
PLACES = (ROOT, ROOT / "hyperliquid_perpetual")


def test_files_exist() -> None:
    named = [code for code in CODE if re.fullmatch(r"[\w*./-]+/[\w*.-]+\.\w+|[\w*-]+\.py", code)]
    assert len(named) > 15
    for name in named:
        found = [path for place in PLACES for pattern in (name, f"sandbox/{name}") for path in place.glob(pattern)]
        assert found, f"{name} is nowhere"


def test_names_of_code_exist() -> None:
    source = "".join(
        path.read_text("utf-8") for place in ("hyperliquid_perpetual", "tests") for path in (ROOT / place).rglob("*.py")
    )
    names = {code for code in CODE if re.fullmatch(r"_?[A-Z][A-Za-z_]+(\.\w+)?|[a-z]+[A-Z]\w+", code)}
    assert len(names) > 8
    for name in names:
        for part in name.split("."):
            assert re.search(rf"\b{part}\b", source), f"{name} is nowhere in the code"
