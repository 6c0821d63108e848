"""Client order ids that more than one open order has, where the exchange accepts that (`live_cloid`)."""

import pytest

from hyperliquid_perpetual.sandbox.engine.events import Resting, Success
from hyperliquid_perpetual.sandbox.engine.quirks import VenueQuirks
from tests.unit.sandbox.engine.venue import ALICE, BOB, Venue, oid_of

CLOID = f"0x{1:032x}"


@pytest.mark.parametrize("ends", ["filled", "canceled"])
def test_earlier_order_of_a_cloid_is_found_by_it_when_the_later_one_has_ended(ends: str) -> None:
    venue = Venue(quirks=VenueQuirks(live_cloid="accepted"))
    earlier = oid_of(venue.buy(ALICE, "BTC", 99_000, "0.1", cloid=CLOID))
    later = oid_of(venue.buy(ALICE, "BTC", 99_500, "0.1", cloid=CLOID))
    assert venue.record(ALICE, CLOID).oid == later
    if ends == "filled":
        venue.sell(BOB, "BTC", 99_500, "0.1")
    else:
        venue.cancel(ALICE, "BTC", later)
    assert venue.status(ALICE, later) == ends
    assert (venue.record(ALICE, CLOID).oid, venue.status(ALICE, CLOID)) == (earlier, "open")
    assert venue.cancel(ALICE, "BTC", CLOID) == Success()
    assert venue.open_oids(ALICE) == []
    assert isinstance(venue.buy(ALICE, "BTC", 99_000, "0.1", cloid=CLOID), Resting)
