"""The switches for what the venue's reference leaves open: chosen by name, checked before anything is set."""

import re

import pytest

from hyperliquid_perpetual.sandbox.engine.commands import SetQuirk
from hyperliquid_perpetual.sandbox.engine.quirks import QuirkChoice, VenueQuirks, quirks_of
from tests.unit.sandbox.engine.venue import ALICE, Venue


def test_choices_are_the_defaults_but_for_what_is_chosen() -> None:
    quirks = quirks_of({"greeting": "sent", "post_weight": "charged"})
    assert quirks == VenueQuirks(greeting="sent", post_weight="charged")
    assert QuirkChoice("greeting", "sent", ("none", "sent")) in quirks.choices
    assert quirks_of(None) == quirks_of({}) == VenueQuirks()


def test_unknown_switch_is_refused_with_all_that_there_are() -> None:
    names = ", ".join(choice.name for choice in VenueQuirks().choices)
    text = f"there is no switch 'greetings'; there are {names}"
    assert names.startswith("partial_gtc_reply, small_reduce_only_close, refused_modify, ")
    with pytest.raises(ValueError, match=f"^{re.escape(text)}$"):
        quirks_of({"greetings": "sent"})


def test_unknown_value_is_refused_with_those_of_its_switch() -> None:
    text = "rate_limit_body can be null, text, empty, not 'none'"
    with pytest.raises(ValueError, match=f"^{text}$"):
        quirks_of({"rate_limit_body": "none"})


def test_switch_is_moved_while_the_exchange_runs() -> None:
    quirks = VenueQuirks()
    venue = Venue(quirks=quirks)
    venue.apply(SetQuirk("asset_suffix", "absent"))
    assert quirks == VenueQuirks(asset_suffix="absent")
    assert "asset=" not in str(venue.buy(ALICE, "ETH", 4_000, "0.0001"))
    with pytest.raises(ValueError, match="asset_suffix can be present, absent"):
        venue.apply(SetQuirk("asset_suffix", "gone"))
    assert quirks == VenueQuirks(asset_suffix="absent")
