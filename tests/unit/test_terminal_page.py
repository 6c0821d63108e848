"""The pictures of the page about the terminal are there, and ask nobody for anything."""

import re

from tests.unit.claims import ROOT

PAGE = ROOT / "docs" / "terminal.md"
PICTURES = ROOT / "docs" / "images" / "terminal"


def test_every_picture_that_is_shown_is_a_screen_that_the_test_keeps() -> None:
    shown = re.findall(r"\(images/terminal/([\w-]+)\.svg\)", PAGE.read_text(encoding="utf-8"))
    kept = re.findall(r'terminal\.keep\("([\w-]+)"\)', (ROOT / "tests/terminal/test_terminal.py").read_text("utf-8"))
    assert len(shown) > 8
    assert set(shown) <= set(kept)
    assert {picture.stem for picture in PICTURES.glob("*.svg")} == set(kept)


def test_no_picture_fetches_anything_or_shows_a_key() -> None:
    for picture in PICTURES.glob("*.svg"):
        text = picture.read_text(encoding="utf-8")
        assert re.findall(r"(?:href|src|url)\s*[=(]\s*[\"']?(?!#)https?:", text) == [], picture.name
        assert "0" * 40 not in text, picture.name
