"""Margin: the venue's recorded account states, what an order needs, leverage, and isolated positions."""

from decimal import Decimal

import pytest

from hyperliquid_perpetual.sandbox.engine.commands import Deposit, UpdateLeverage
from hyperliquid_perpetual.sandbox.engine.events import BalanceChanged, Filled, LeverageChanged, Resting
from hyperliquid_perpetual.sandbox.engine.margin import (
    asset_capacity,
    clearinghouse_margin,
    liquidation_px,
    maintenance_margin,
    position_margin,
)
from hyperliquid_perpetual.sandbox.engine.market_state import MarketState
from hyperliquid_perpetual.sandbox.engine.markets import MarginTable, MarginTier
from hyperliquid_perpetual.sandbox.engine.state import Clearinghouse, Position
from tests.unit.sandbox.engine.venue import ALICE, BOB, CAROL, Venue, error_of, make_market, money, oid_of, px

INSUFFICIENT = "Insufficient margin to place order."


def recorded_2024() -> tuple[Clearinghouse, dict[int, MarketState]]:
    """The account of the reference, section 2.3: 0.0335 ETH isolated 20x, marked at 2985.9."""
    market = make_market("ETH", 1, "2985.9", sz_decimals=4, max_leverage=50)
    house = Clearinghouse("")
    house.raw_usd = money("13104.514502")
    position = Position(market, is_cross=False, leverage=20)
    position.szi = 335
    position.cost = money(Decimal("2986.3") * Decimal("0.0335"))
    position.isolated_usd = money("-95.059824")
    house.positions[1] = position
    return house, {1: MarketState(market, 10, 10)}


def test_margin_figures_of_a_recorded_isolated_account() -> None:
    house, markets = recorded_2024()
    margin = clearinghouse_margin(house, markets)
    assert margin.summary.account_value == money("13109.482328")
    assert margin.summary.total_ntl_pos == money("100.02765")
    assert margin.summary.total_raw_usd == money("13009.454678")
    assert margin.summary.total_margin_used == money("4.967826")
    assert margin.cross.account_value == margin.cross.total_raw_usd == money("13104.514502")
    assert margin.cross.total_ntl_pos == margin.cross.total_margin_used == 0
    assert margin.cross_maintenance_margin_used == 0
    assert margin.withdrawable == money("13104.514502")
    position = house.positions[1]
    assert position_margin(position, px("2985.9")) == money("4.967826")
    assert position.unrealized_pnl(px("2985.9")) == money("-0.0134")
    # recorded with eight decimals: 2866.26936529
    assert liquidation_px(position, house, markets) == px("2866.269365")


RECORDED_2023 = [
    # coin, szi, entry, position value, unrealized pnl, margin used; all 20x cross, recorded 2023-03-27
    ("BTC", "-0.00785", "26951.0", "211.64542", "-0.08007", "10.582271"),
    ("ETH", "0.1334", "1705.82", "227.675114", "0.118726", "11.383755"),
    ("ATOM", "-0.45", "10.787", "4.86", "-0.00585", "0.243"),
    ("MATIC", "76.6", "1.03483", "79.3576", "0.089622", "3.96788"),
    ("DYDX", "-121.2", "2.36808", "287.244", "-0.232704", "14.3622"),
    ("SOL", "7.39", "19.6789", "145.5091", "0.082029", "7.275455"),
    ("AVAX", "28.3", "16.3839", "464.12", "0.45563", "23.206"),
    ("BNB", "1.916", "306.509", "588.0204", "0.749156", "29.40102"),
    ("APE", "-131.8", "3.86082", "509.5388", "-0.682724", "25.47694"),
    ("OP", "-76.4", "2.04459", "156.238", "-0.031324", "7.8119"),
    ("LTC", "5.33", "88.0926", "469.7862", "0.252642", "23.48931"),
    ("ARB", "246.5", "1.17991", "290.8207", "-0.027115", "14.541035"),
]


def recorded_2023() -> tuple[Clearinghouse, dict[int, MarketState]]:
    """A recorded account with twelve cross positions."""
    house = Clearinghouse("")
    house.raw_usd = money("86.549602")
    markets = {}
    for asset, (coin, szi, entry, value, _, _) in enumerate(RECORDED_2023):
        size = Decimal(szi)
        decimals = max(0, -int(size.as_tuple().exponent))
        mark = Decimal(value) / abs(size)
        market = make_market(coin, asset, mark, sz_decimals=decimals, max_leverage=50)
        position = Position(market, is_cross=True, leverage=20)
        position.szi = int(size.scaleb(decimals))
        position.cost = money(abs(size) * Decimal(entry))
        house.positions[asset] = position
        markets[asset] = MarketState(market, 10, 10)
    return house, markets


def test_margin_figures_of_a_recorded_cross_account() -> None:
    house, markets = recorded_2023()
    margin = clearinghouse_margin(house, markets)
    assert margin.summary.account_value == money("1182.312496")
    assert margin.summary.total_ntl_pos == money("3434.815334")
    assert margin.summary.total_margin_used == money("171.740766")
    assert margin.summary == margin.cross
    assert margin.summary.total_raw_usd == money("86.549602")
    # today's rule for transfers out: a tenth of the notional is more than the initial margin at 20x
    assert margin.withdrawable == money(Decimal("1182.312496") - Decimal("343.4815334"))


@pytest.mark.parametrize("asset", range(len(RECORDED_2023)))
def test_figures_of_recorded_positions(asset: int) -> None:
    house, markets = recorded_2023()
    _, _, _, value, pnl, margin_used = RECORDED_2023[asset]
    mark_px = markets[asset].mark_px
    position = house.positions[asset]
    assert abs(position.notional(mark_px)) == money(value)
    assert position.unrealized_pnl(mark_px) == money(pnl)
    assert position_margin(position, mark_px) == money(margin_used)


def test_flat_position_has_no_liquidation_price_and_a_safe_one_neither() -> None:
    venue = Venue()
    venue.sell(BOB, "ETH", 4_000, 1)
    venue.buy(ALICE, "ETH", 4_000, 1)
    assert liquidation_px(venue.position(ALICE, "ETH"), venue.house(ALICE), venue.exchange.markets) is None
    venue.buy(BOB, "ETH", 4_000, 1)
    venue.sell(ALICE, "ETH", 4_000, 1)
    assert liquidation_px(venue.position(ALICE, "ETH"), venue.house(ALICE), venue.exchange.markets) is None


@pytest.mark.parametrize("side", ["buy", "sell"])
def test_at_the_liquidation_price_account_value_equals_maintenance(side: str) -> None:
    venue = Venue(deposits=1_000)
    other = "sell" if side == "buy" else "buy"
    venue.place(BOB, venue.intent(other, "ETH", 4_000, 3))
    venue.place(ALICE, venue.intent(side, "ETH", 4_000, 3))
    position, house = venue.position(ALICE, "ETH"), venue.house(ALICE)
    price = liquidation_px(position, house, venue.exchange.markets)
    assert price is not None
    equity = house.raw_usd + position.notional(price)
    assert abs(equity - maintenance_margin(position.market, abs(position.notional(price)))) < money("0.00001")


def test_order_needs_notional_at_mark_over_leverage() -> None:
    venue = Venue(deposits=1_000)  # 20x: 20,000 of notional, 5 ETH at 4,000
    assert error_of(venue.buy(ALICE, "ETH", 3_900, "5.0001")) == f"{INSUFFICIENT} asset=1"
    assert [name for _, name in venue.updates()] == ["perpMarginRejected"]
    assert isinstance(venue.buy(ALICE, "ETH", 3_900, 5), Resting)
    assert error_of(venue.buy(ALICE, "BTC", 99_000, "0.001")) == f"{INSUFFICIENT} asset=0"


def test_only_the_worse_side_of_resting_orders_counts() -> None:
    venue = Venue(deposits=1_000)
    assert isinstance(venue.buy(ALICE, "ETH", 3_900, 5), Resting)
    assert isinstance(venue.sell(ALICE, "ETH", 4_100, 5), Resting)
    assert isinstance(venue.sell(ALICE, "ETH", 4_100, "0.01"), type(venue.buy(ALICE, "ETH", 3_900, "0.01")))
    assert INSUFFICIENT in error_of(venue.sell(ALICE, "ETH", 4_100, "0.01"))


def test_canceled_and_filled_orders_give_their_margin_back() -> None:
    venue = Venue(deposits=1_000)
    oid = oid_of(venue.buy(ALICE, "ETH", 3_900, 5))
    venue.cancel(ALICE, "ETH", oid)
    assert isinstance(venue.buy(ALICE, "BTC", 99_000, "0.2"), Resting)
    position = venue.position(ALICE, "ETH")
    assert (position.resting_buys, position.resting_sells) == (0, 0)


def test_account_can_always_reduce_even_without_margin() -> None:
    venue = Venue(deposits=1_000)
    venue.sell(CAROL, "ETH", 4_000, "4.9")
    venue.buy(ALICE, "ETH", 4_000, "4.9")
    venue.oracle("ETH", 3_890)
    venue.tick(venue.now + 200_000)
    assert clearinghouse_margin(venue.house(ALICE), venue.exchange.markets).summary.account_value < money(500)
    assert INSUFFICIENT in error_of(venue.buy(ALICE, "ETH", 3_800, "0.01"))
    assert isinstance(venue.sell(ALICE, "ETH", 3_900, "2"), Resting)
    assert isinstance(venue.sell(ALICE, "ETH", 3_900, "2", reduce_only=True), Resting)


def test_capacity_is_exactly_what_an_order_may_be() -> None:
    venue = Venue(deposits=1_000)
    venue.sell(CAROL, "ETH", 4_000, 1)
    venue.buy(ALICE, "ETH", 4_000, 1)
    venue.buy(ALICE, "BTC", 99_000, "0.01")
    venue.buy(ALICE, "ETH", 3_900, "0.5")
    venue.sell(ALICE, "ETH", 4_100, "0.25")
    capacity = asset_capacity(venue.position(ALICE, "ETH"), venue.house(ALICE), venue.exchange.markets)
    for side, lots, price in (("buy", capacity.buy_sz, 3_900), ("sell", capacity.sell_sz, 4_100)):
        over = venue.place(ALICE, venue.intent(side, "ETH", price, Decimal(lots + 1).scaleb(-4)))[0]
        assert INSUFFICIENT in error_of(over)
        exact = venue.place(ALICE, venue.intent(side, "ETH", price, Decimal(lots).scaleb(-4)))[0]
        venue.cancel(ALICE, "ETH", oid_of(exact))
    assert capacity.sell_sz > capacity.buy_sz  # selling closes the long first


def test_fill_far_from_mark_is_refused_when_the_loss_eats_the_margin() -> None:
    venue = Venue(deposits=1_000)
    venue.sell(BOB, "ETH", 4_000, 1)
    venue.sell(BOB, "ETH", 4_600, 3)
    status = venue.buy(ALICE, "ETH", 4_600, 4, "Ioc")
    assert isinstance(status, Filled)
    assert status.total_sz == 10_000  # 3 more at 4,600 would lose 1,800 at mark
    assert venue.status(ALICE, status.oid) == "marginCanceled"
    refused = venue.buy(ALICE, "ETH", 4_600, 3)
    assert error_of(refused) == f"{INSUFFICIENT} asset=1"
    assert len(venue.asks("ETH")) == 1


@pytest.mark.parametrize(("deposit", "fits"), [("201.8", True), ("201.799999", False)])
def test_fill_may_use_the_margin_to_the_last_micro_dollar(deposit: str, fits: bool) -> None:
    venue = Venue(deposits=0)
    venue.apply(Deposit(ALICE, money(deposit)))  # 200 of margin for 4,000 at 20x, and 1.8 of fee
    venue.apply(Deposit(BOB, money(1_000)))
    venue.sell(BOB, "ETH", 4_000, 1)
    assert isinstance(venue.buy(ALICE, "ETH", 4_000, 1), Filled) is fits


def test_resting_order_without_margin_is_canceled_at_the_match() -> None:
    venue = Venue(deposits=1_000)
    venue.sell(CAROL, "ETH", 4_000, "2.5")
    venue.buy(ALICE, "ETH", 4_000, "2.5")
    stale = oid_of(venue.buy(ALICE, "ETH", 3_700, "2.4"))
    venue.oracle("ETH", 3_750)
    venue.tick(venue.now + 200_000)
    status = venue.sell(BOB, "ETH", 3_700, "1")
    assert venue.status(ALICE, stale) == "marginCanceled"
    assert isinstance(status, Resting)
    assert venue.szi(ALICE, "ETH") == Decimal("2.5")


def test_order_beyond_the_margin_tier_of_its_leverage_is_rejected() -> None:
    table = MarginTable(51, (MarginTier(0, 10), MarginTier(money(100_000), 5)))
    venue = Venue(make_market("TIER", 0, 10, sz_decimals=2, max_leverage=10, margin_table=table))
    assert isinstance(venue.buy(ALICE, "TIER", "9.9", 9_000), Resting)
    status = venue.buy(ALICE, "TIER", "9.9", 1_000)
    assert error_of(status) == "Order would cause position to exceed margin tier limit at current leverage asset=0"
    assert [name for _, name in venue.updates()] == ["perpMaxPositionRejected"]
    assert venue.leverage(ALICE, "TIER", 5) is None
    assert isinstance(venue.buy(ALICE, "TIER", "9.9", 1_000), Resting)


def test_each_dex_has_its_own_cash() -> None:
    venue = Venue(deposits=1_000)
    venue.sell(BOB, "xyz:TSLA", 400, 1)
    venue.buy(ALICE, "xyz:TSLA", 400, 1)
    assert venue.house(ALICE).raw_usd == money(1_000)
    assert venue.house(ALICE, "xyz").raw_usd == money(600) - money("0.18")
    assert venue.exchange.fees_collected("xyz") == money("0.24")
    assert venue.exchange.fees_collected("") == 0
    venue.buy(ALICE, "xyz:TSLA", 390, 20)
    assert [record.coin for record in venue.exchange.open_orders(ALICE)] == ["xyz:TSLA"]
    assert venue.exchange.open_orders(ALICE, "") == []
    assert isinstance(venue.buy(ALICE, "ETH", 3_900, 5), Resting)  # all of the first dex is free


@pytest.mark.parametrize(
    ("coin", "leverage", "is_cross", "error"),
    [
        ("BTC", 40, True, None),
        ("BTC", 1, False, None),
        ("BTC", 41, True, "Invalid leverage value"),
        ("BTC", 0, True, "Invalid leverage value"),
        ("BTC", -3, True, "Invalid leverage value"),
        ("STRICT", 5, True, "Cross margin is not allowed for this asset."),
        ("STRICT", 5, False, None),
    ],
)
def test_leverage_limits(coin: str, leverage: int, is_cross: bool, error: str | None) -> None:
    venue = Venue()
    before = venue.exchange.config.default_leverage
    assert venue.leverage(ALICE, coin, leverage, is_cross) == error
    position = venue.position(ALICE, coin)
    if error is None:
        assert (position.is_cross, position.leverage) == (is_cross, leverage)
        told = next(event for event in venue.events if isinstance(event, LeverageChanged))
        assert (told.is_cross, told.leverage, told.asset) == (is_cross, leverage, venue.of(coin).asset)
    else:
        assert position.leverage == min(before, venue.of(coin).max_leverage)
        assert position.is_cross is (coin != "STRICT")


def test_default_leverage_is_capped_by_the_market() -> None:
    venue = Venue()
    venue.buy(ALICE, "DOGE", "0.19", 1_000)
    venue.buy(ALICE, "STRICT", "9.9", 10)
    assert (venue.position(ALICE, "DOGE").leverage, venue.position(ALICE, "DOGE").is_cross) == (10, True)
    assert (venue.position(ALICE, "STRICT").leverage, venue.position(ALICE, "STRICT").is_cross) == (5, False)


def test_leverage_of_an_unknown_asset_is_refused() -> None:
    venue = Venue()
    assert venue.reply(UpdateLeverage(ALICE, 77, True, 5)).error == "Invalid leverage value"


def test_margin_mode_cannot_change_under_a_position() -> None:
    venue = Venue()
    venue.sell(BOB, "ETH", 4_000, 1)
    venue.buy(ALICE, "ETH", 4_000, 1)
    assert venue.leverage(ALICE, "ETH", 10, is_cross=False) == "Cannot switch leverage type with open position."
    assert venue.leverage(ALICE, "ETH", 10) is None


def test_leverage_cannot_fall_below_what_the_margin_carries() -> None:
    venue = Venue(deposits=1_000)
    venue.sell(BOB, "ETH", 4_000, 2)
    venue.buy(ALICE, "ETH", 4_000, 2)
    text = "Cross position does not have sufficient margin available to decrease leverage."
    assert venue.leverage(ALICE, "ETH", 8) == text
    assert venue.position(ALICE, "ETH").leverage == 20
    assert venue.leverage(ALICE, "ETH", 9) is None


def isolated_venue() -> Venue:
    """Alice is long 2 ETH isolated at 10x from 4,000."""
    venue = Venue(deposits=1_000)
    assert venue.leverage(ALICE, "ETH", 10, is_cross=False) is None
    venue.sell(BOB, "ETH", 4_000, 2)
    assert isinstance(venue.buy(ALICE, "ETH", 4_000, 2), Filled)
    return venue


def test_isolated_position_takes_its_margin_out_of_the_cash() -> None:
    venue = isolated_venue()
    position = venue.position(ALICE, "ETH")
    assert position.isolated_usd == money(800 - 8_000)
    assert position_margin(position, px(4_000)) == money(800)
    assert venue.house(ALICE).raw_usd == money(200) - money("3.6")
    venue.buy(BOB, "ETH", 3_900, 5)
    assert INSUFFICIENT in error_of(venue.buy(ALICE, "ETH", 3_900, "0.5"))  # needs 200
    assert isinstance(venue.buy(ALICE, "ETH", 3_900, "0.49"), Resting)


def test_capacity_of_an_isolated_asset_counts_free_cash_and_what_closing_releases() -> None:
    venue = isolated_venue()  # 200 - 3.6 of cash are left: 196.4 x 10 / 4,000 = 0.491 ETH
    capacity = asset_capacity(venue.position(ALICE, "ETH"), venue.house(ALICE), venue.exchange.markets)
    assert capacity.buy_sz == 4_910
    assert capacity.buy_margin == money("196.4")
    assert capacity.sell_sz == 4_910 + 2 * 20_000
    assert INSUFFICIENT in error_of(venue.buy(ALICE, "ETH", 3_900, "0.4911"))
    assert isinstance(venue.buy(ALICE, "ETH", 3_900, "0.491"), Resting)


def test_isolated_margin_is_released_in_proportion_when_closing() -> None:
    venue = isolated_venue()
    venue.buy(BOB, "ETH", 4_100, 2)
    cash = venue.house(ALICE).raw_usd
    venue.sell(ALICE, "ETH", 4_100, 1)
    fee = venue.fills()[1].fee
    assert venue.house(ALICE).raw_usd == cash + money(500) - fee  # half of 800 + 200 profit
    assert position_margin(venue.position(ALICE, "ETH"), px(4_100)) == money(500)
    assert any(isinstance(event, BalanceChanged) and event.account == ALICE for event in venue.events)
    venue.sell(ALICE, "ETH", 4_100, 1)
    assert venue.position(ALICE, "ETH").isolated_usd == 0


def test_isolated_position_that_turns_starts_with_fresh_margin() -> None:
    venue = isolated_venue()
    venue.buy(BOB, "ETH", 4_000, 3)
    venue.sell(ALICE, "ETH", 4_000, 3)
    position = venue.position(ALICE, "ETH")
    assert position.szi == -10_000
    assert position.isolated_usd == money(400 + 4_000)
    assert venue.house(ALICE).raw_usd == money(1_000 - 400) - money("3.6") - money("5.4")


@pytest.mark.parametrize(("size", "fits"), [("4.4708", True), ("4.4709", False)])
def test_isolated_position_may_turn_into_what_its_released_margin_carries(size: str, fits: bool) -> None:
    venue = isolated_venue()  # 196.4 of cash and 800 released, for 10x and 1.8 of fee per ETH
    venue.buy(BOB, "ETH", 4_000, size)
    status = venue.sell(ALICE, "ETH", 4_000, size, "Ioc")
    assert isinstance(status, Filled) is fits
    assert venue.szi(ALICE, "ETH") == (2 - Decimal(size) if fits else 2)


def test_less_leverage_moves_cash_into_the_isolated_position() -> None:
    venue = isolated_venue()
    text = "Isolated position does not have sufficient margin available to decrease leverage."
    assert venue.leverage(ALICE, "ETH", 8, is_cross=False) == text  # needs 1,000
    assert venue.leverage(ALICE, "ETH", 9, is_cross=False) is None
    assert position_margin(venue.position(ALICE, "ETH"), px(4_000)) == money("888.888888")
    assert venue.house(ALICE).raw_usd + venue.position(ALICE, "ETH").isolated_usd == money(1_000 - 8_000) - money("3.6")
    before = venue.house(ALICE).raw_usd
    assert venue.leverage(ALICE, "ETH", 25, is_cross=False) is None
    assert venue.house(ALICE).raw_usd == before
