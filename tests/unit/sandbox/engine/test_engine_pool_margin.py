"""What everything that is margined together needs and is worth."""

import pytest

from hyperliquid_perpetual.sandbox.engine.margin import PoolMargin, pool_margin, position_margin
from tests.unit.sandbox.engine.venue import ALICE, BOB, Venue, money


def margin(venue: Venue) -> PoolMargin:
    return pool_margin(venue.house(ALICE).pool, venue.exchange.markets)


@pytest.mark.parametrize(("side", "price"), [("buy", 3_900), ("sell", 4_100)])
def test_orders_on_one_side_of_a_flat_position_need_their_margin(side: str, price: int) -> None:
    venue = Venue(deposits=1_000)
    venue.place(ALICE, venue.intent(side, "ETH", price, 2))
    found = margin(venue)
    assert (found.required, found.free) == (money(400), money(600))  # 2 x 4,000 at 20x
    assert (found.used, found.maintenance, found.withdrawable) == (0, 0, money(1_000)), "orders hold nothing back"


def test_equity_of_all_isolated_positions_counts() -> None:
    venue = Venue(deposits=10_000)
    for coin, price, size in (("ETH", 4_000, 2), ("BTC", 100_000, "0.1")):
        assert venue.leverage(ALICE, coin, 10, is_cross=False) is None
        venue.sell(BOB, coin, price, size)
        venue.buy(ALICE, coin, price, size)
    venue.oracle("ETH", 4_100, external=4_100)
    mark_px = venue.exchange.markets[1].mark_px
    eth = position_margin(venue.position(ALICE, "ETH"), mark_px)
    found = margin(venue)
    assert eth == money(800) + 2 * 10**4 * (mark_px - venue.of("ETH").oracle_px) * venue.of("ETH").lot_value
    assert found.isolated_value == eth + money(1_000)
    assert found.cross_value == venue.house(ALICE).raw_usd
    assert found.total == found.isolated_value + found.cross_value
