"""docs/troubleshooting.md quotes what the program says, and has every warning and every error of the connector."""

import re
from importlib.util import find_spec
from pathlib import Path

import pytest

from hyperliquid_perpetual.venue.replies import RejectCode, classify_rejection
from tests.docs.messages import GAP, Message, literals, messages
from tests.docs.pages import ROOT

PAGE = ROOT / "docs" / "troubleshooting.md"
TEXT, _, OTHERS = PAGE.read_text("utf-8").partition("## What the venue says")
VENUE, _, HUMMINGBOT = OTHERS.partition("## Hummingbot's own words")
ROWS = [row.split(" | ")[0] for row in re.findall(r"^\| (`.*) \|$", TEXT, re.MULTILINE)]
QUOTES = [quote for row in ROWS for quote in re.findall(r"`([^`]+)`", row)]
LITERALS = sorted(set(literals()))
EXPLAINED = {"warning", "error", "exception", "CredentialError", "SettingsError"}
SHORTEST = 6
"""Letters that a quote has beside its gaps; less would be found anywhere."""


def is_said(quote: str, text: str) -> bool:
    """Whether what a quote has beside its gaps stands in a text in this order, from its beginning."""
    parts = [part for part in quote.split(GAP) if part.strip()]
    at = 0
    for part in parts:
        found = text.find(part, at)
        if found < 0:
            return False
        at = found + len(part)
    return quote.startswith(GAP) or text.startswith(parts[0])


def letters(quote: str) -> int:
    return sum(each.isalpha() for each in quote)


@pytest.mark.parametrize("quote", QUOTES)
def test_message_is_one_of_the_programs(quote: str) -> None:
    assert any(is_said(quote, text) for text in LITERALS), quote


@pytest.mark.parametrize("message", list(messages(EXPLAINED)), ids=str)
def test_warning_of_the_connector_is_explained(message: Message) -> None:
    found = [quote for quote in QUOTES if letters(quote) >= SHORTEST and is_said(quote, message.text)]
    assert found, f"{message} is not on the page"


def test_the_venues_words_have_the_name_that_the_page_says() -> None:
    rows = re.findall(r"^\| `([^`]+)`[^|]*\((\w+)\) \|", VENUE, re.MULTILINE)
    assert len(rows) > 8
    for words, name in rows:
        assert classify_rejection(words) is RejectCode[name], words


@pytest.fixture(scope="module")
def hummingbots_sources() -> bytes:
    """Its own code, and screens of it: what was compiled cannot be read."""
    (folder,) = find_spec("hummingbot").submodule_search_locations  # type: ignore[union-attr, misc]
    files = [*Path(folder, "cli").rglob("*.py"), *Path(folder, "core").rglob("*.py")]
    files += [
        Path(folder, "connector", "markets_recorder.py"),
        Path(folder, "client", "performance.py"),
        *(ROOT / "docs" / "images" / "terminal").glob("*.svg"),
    ]
    return b"".join(file.read_bytes() for file in files).replace(b"&#160;", b" ")


@pytest.mark.parametrize(
    "quote", re.findall(r"`([^`]+)`", " ".join(re.findall(r"^\| (`.*?) \|", HUMMINGBOT, re.MULTILINE)))
)
def test_hummingbots_words_are_in_its_sources(quote: str, hummingbots_sources: bytes) -> None:
    parts = [part for part in quote.split(GAP) if letters(part) >= SHORTEST]
    assert parts, quote
    for part in parts:
        assert part.encode() in hummingbots_sources, part
