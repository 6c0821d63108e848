"""What an account can still trade in an asset, and the prices at which there is no liquidation any more."""

import pytest

from hyperliquid_perpetual.sandbox.engine.margin import AssetCapacity, asset_capacity, liquidation_px
from hyperliquid_perpetual.sandbox.engine.market_state import MarketState
from hyperliquid_perpetual.sandbox.engine.state import Clearinghouse, Position
from tests.unit.sandbox.engine.venue import ALICE, BOB, ETH, Venue, make_market, money, oid_of, px


def capacity(venue: Venue, coin: str) -> AssetCapacity:
    return asset_capacity(venue.position(ALICE, coin), venue.house(ALICE), venue.exchange.markets)


def test_capacity_is_cut_to_whole_lots_and_its_margin_follows_from_them() -> None:
    venue = Venue(deposits=1_000)
    venue.oracle("ETH", "3999.7")
    assert venue.leverage(ALICE, "ETH", 7) is None
    # 7,000 buy 17,501.3 lots of 0.39997; 17,501 of them are worth 6,999.87497, a seventh of which is 999.98213857142857
    margin = money("999.982138571428")
    found = capacity(venue, "ETH")
    assert found == AssetCapacity(margin, margin, 17_501, 17_501)
    for figure in (found.buy_margin, found.sell_margin, found.buy_sz, found.sell_sz):
        assert isinstance(figure, int)


def test_capacity_counts_what_is_held_and_what_rests() -> None:
    venue = Venue(deposits=1_000)
    venue.leverage(ALICE, "ETH", 10)
    venue.sell(BOB, "ETH", 4_000, 1)
    venue.buy(ALICE, "ETH", 4_000, 1)  # fee 1.80: 998.20 x 10 are 2.4955 coins in all
    venue.buy(ALICE, "ETH", 3_900, "0.25")
    venue.sell(ALICE, "ETH", 4_100, "0.5")
    found = capacity(venue, "ETH")
    assert (found.buy_sz, found.sell_sz) == (12_455, 29_955)
    assert (found.buy_margin, found.sell_margin) == (money("498.2"), money("1198.2"))


def test_account_under_water_can_buy_nothing() -> None:
    venue = Venue(deposits=1_000)
    venue.cancel(ALICE, "DOGE", oid_of(venue.buy(ALICE, "DOGE", "0.19", 1_000)))
    venue.sell(BOB, "ETH", 4_000, "4.9")
    venue.buy(ALICE, "ETH", 4_000, "4.9")
    venue.oracle("ETH", 3_890)  # 452.18 left, 953.05 needed
    assert capacity(venue, "DOGE") == AssetCapacity(0, 0, 0, 0)
    venue.sell(ALICE, "ETH", 4_100, "4.9")  # which closes; what is left would carry 452.18 x 20 / 3,890 beyond that
    assert (capacity(venue, "ETH").buy_sz, capacity(venue, "ETH").sell_sz) == (0, 23_248)


@pytest.mark.parametrize(
    ("debt", "price"), [("0", None), ("0.00000098", "0.000001"), ("0.00000196", "0.000002"), ("-1", None)]
)
def test_what_is_paid_in_full_has_no_liquidation_price(debt: str, price: str | None) -> None:
    """One coin: at the price p there are p - debt, and 2 % of p are needed, so that p = debt / 0.98."""
    house = Clearinghouse("")
    house.raw_usd = -money(debt)
    position = Position(ETH, is_cross=True, leverage=20)
    position.szi, position.cost = 10_000, money(4_000)
    house.positions[1] = position
    found = liquidation_px(position, house, {1: MarketState(ETH, 10, 10)})
    assert found == (None if price is None else px(price))


@pytest.mark.parametrize("side", [1, -1])
def test_single_lot_has_the_liquidation_price_of_its_side(side: int) -> None:
    """200 beside one coin at 4,000: long the price p with p - 3,800 = p / 50, short that with 4,200 - p = p / 50."""
    gold = make_market("GOLD", 7, 4_000, sz_decimals=0, max_leverage=25)
    house = Clearinghouse("")
    house.raw_usd = money(200) - side * money(4_000)
    position = Position(gold, is_cross=True, leverage=20)
    position.szi, position.cost = side, money(4_000)
    house.positions[7] = position
    found = liquidation_px(position, house, {7: MarketState(gold, 10, 10)})
    assert found == px("3877.551020" if side > 0 else "4117.647059")
