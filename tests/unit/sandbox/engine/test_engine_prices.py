"""Outside prices and marks: when a change of them is told, and how a HIP-3 mark moves on after midnight."""

from hyperliquid_perpetual.sandbox.engine.events import PriceChanged
from hyperliquid_perpetual.sandbox.engine.units import DAY
from tests.unit.sandbox.engine.venue import ALICE, BOB, NOON, Venue, px


def told(venue: Venue) -> list[PriceChanged]:
    return [event for event in venue.events if isinstance(event, PriceChanged)]


def test_prices_that_are_what_they_were_are_not_told() -> None:
    venue = Venue()
    venue.oracle("ETH", 4_000)
    assert told(venue) == []
    venue.oracle("ETH", 4_001)
    assert told(venue) == [PriceChanged(NOON, 1, px(4_001), px(4_001))]
    venue.oracle("ETH", 4_001)
    assert told(venue) == []


def test_oracle_that_moves_is_told_where_the_mark_stays() -> None:
    venue = Venue()
    venue.sell(BOB, "ETH", 4_000, 1)
    venue.buy(ALICE, "ETH", 4_000, 1)
    venue.oracle("ETH", 4_001, external=4_000)  # the last trade and the other venues are both at 4,000
    assert told(venue) == [PriceChanged(NOON, 1, px(4_001), px(4_000))]


def test_mark_of_a_hip3_market_has_another_ten_times_to_go_after_midnight() -> None:
    venue = Venue()
    market = venue.exchange.markets[110_000]
    venue.oracle("xyz:TSLA", 100_000)
    for _ in range(300):
        venue.tick(venue.now + 3_000)
    assert market.mark_px == px(4_000), "ten times the 400 of the beginning"
    midnight = (NOON // DAY + 1) * DAY
    venue.tick(midnight - 3_000)
    assert market.mark_px == px(4_000)
    venue.tick(midnight)
    assert market.mark_px == px(4_040)
    for _ in range(300):
        venue.tick(venue.now + 3_000)
    assert market.mark_px == px(40_000), "and ten times the 4,000 that this day began with"
