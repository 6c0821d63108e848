"""docs/options.md is what the models say, and the models keep to what it says."""

import re
from decimal import Decimal

import pytest

from hyperliquid_perpetual.trading.settings import SettingsError, parse_settings
from tests.docs import options
from tests.docs.pages import ROOT

TEXT = options.PAGE.read_text(encoding="utf-8")
SETTINGS = options.settings()
RANGE = re.compile(r"(?P<low>[\d.]+) to (?P<high>[\d.]+)")
OPEN_RANGE = re.compile(r"(?P<at_low>above|from) (?P<low>[\d.]+) and (?P<at_high>up to|below) (?P<high>[\d.]+)")


def accepted(name: str, value: object) -> bool:
    try:
        parse_settings(f"all: {{{name}: {value}}}", "all", "a test")
    except SettingsError:
        return False
    return True


def test_page_is_current() -> None:
    assert options.text() == TEXT, "write it with python -m tests.docs.options"


def test_every_option_has_a_meaning() -> None:
    rows = re.findall(r"^\| `([\w.]+)` \| (.*) \| (.*) \| (.*) \|$", TEXT, re.MULTILINE)
    assert len(rows) > 20
    assert [row for row in rows if not all(cell.strip() for cell in row)] == []


@pytest.mark.parametrize("option", SETTINGS, ids=lambda option: option.name)
def test_default_is_valid(option: options.Option) -> None:
    if option.default != "as below":
        assert accepted(option.name, option.default.strip("`"))


@pytest.mark.parametrize("option", [each for each in SETTINGS if "number" in each.valid], ids=lambda each: each.name)
def test_range_of_a_number_is_kept(option: options.Option) -> None:
    step = Decimal(1) if "whole" in option.valid else Decimal("0.0001")
    found = OPEN_RANGE.search(option.valid) or RANGE.search(option.valid)
    assert found is not None
    words = found.groupdict()
    low, high = Decimal(words["low"]), Decimal(words["high"])
    assert accepted(option.name, low) is (words.get("at_low") != "above")
    assert accepted(option.name, high) is (words.get("at_high") != "below")
    assert accepted(option.name, low + step)
    assert accepted(option.name, high - step)
    assert not accepted(option.name, low - step)
    assert not accepted(option.name, high + step)
    assert accepted(option.name, "null") is ("`null`" in option.valid)


WORDS = [each for each in SETTINGS if each.valid.startswith(("`", "for each pair: `"))]


@pytest.mark.parametrize("option", WORDS, ids=lambda option: option.name)
def test_words_are_those_that_are_listed(option: options.Option) -> None:
    choices = [each for each in re.findall(r"`(\w+)`", option.valid) if each != "null"]
    for word in choices:
        value = f"{{BTC-USD: {word}}}" if option.valid.startswith("for each pair") else word
        assert accepted(option.name, value), word
    assert not accepted(option.name, "sideways")


def test_every_environment_variable_is_on_the_page() -> None:
    sources = [path.read_text("utf-8") for path in (ROOT / "hyperliquid_perpetual").rglob("*.py")]
    read = {name for source in sources for name in re.findall(r'= "(HYPERLIQUID_[A-Z_]+)"', source)}
    assert read == set(re.findall(r"`(HYPERLIQUID_[A-Z_]+)`", TEXT))
