"""The page that says what the sandbox claims says it of everything that the sandbox takes, and of nothing else."""

import re
from pathlib import Path
from typing import Any, get_args

import pytest

from hyperliquid_perpetual.sandbox import info_requests, signed_requests, subscriptions, unsupported
from hyperliquid_perpetual.sandbox.engine.quirks import VenueQuirks

DOCS = Path(__file__).resolve().parents[2] / "docs"
PAGE = (DOCS / "sandbox-compatibility.md").read_text(encoding="utf-8")
ROW = re.compile(r"^\| `(?P<name>\w+)` \| (?P<claimed>[^|]+) \| (?P<differs>[^|]*) ?\|$", re.MULTILINE)
PARTS: dict[str, tuple[Any, frozenset[str]]] = {
    "Info requests": (info_requests.KnownInfo, unsupported.UNSUPPORTED_INFO),
    "Actions": (signed_requests.KnownAction, unsupported.UNSUPPORTED_ACTIONS),
    "WebSocket": (subscriptions.KnownSubscription, unsupported.UNSUPPORTED_SUBSCRIPTIONS),
}


def part(title: str) -> str:
    """A part of the page, without its title."""
    return PAGE.split(f"\n## {title}\n")[1].split("\n## ")[0]


@pytest.mark.parametrize("title", PARTS)
def test_everything_that_is_taken_is_claimed_once_and_nothing_else(title: str) -> None:
    taken = {member.__struct_config__.tag for member in get_args(PARTS[title][0])}
    claimed = [match["name"] for match in ROW.finditer(part(title))]
    assert sorted(claimed) == sorted(taken)


@pytest.mark.parametrize("title", PARTS)
def test_everything_that_is_refused_by_name_is_listed_as_not_done_and_nothing_else(title: str) -> None:
    listed = re.findall(r"`(\w+)`", part(title).split("\nNot done, ")[1].split(":\n", 1)[1])
    assert sorted(listed) == sorted(PARTS[title][1])


def test_nothing_is_both_taken_and_refused() -> None:
    for union, refused in PARTS.values():
        assert not {member.__struct_config__.tag for member in get_args(union)} & refused


def test_pages_that_are_pointed_at_exist() -> None:
    for target in re.findall(r"\]\(([^)#]+)", PAGE):
        assert (DOCS / target).is_file(), target
    assert VenueQuirks().choices, "what a switch is, the other page says"
