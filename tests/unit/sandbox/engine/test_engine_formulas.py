"""Margin and liquidation against the reference's formulas (section 14), in fractions, over random accounts."""

from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st

from hyperliquid_perpetual.sandbox.engine.margin import (
    clearinghouse_margin,
    liquidation_px,
    maintenance_margin,
    pool_margin,
    position_margin,
)
from hyperliquid_perpetual.sandbox.engine.market_state import MarketState
from hyperliquid_perpetual.sandbox.engine.markets import MarginTable, MarginTier, Market
from hyperliquid_perpetual.sandbox.engine.state import Clearinghouse, Position
from tests.unit.sandbox.engine.venue import make_market, money

MICRO = Fraction(1, 10**6)
Tiers = list[tuple[int, int]]
"""(from this notional in USD, maximum leverage)."""

tiers = st.sampled_from(
    [[(0, 50)], [(0, 40), (150_000_000, 20)], [(0, 20), (10_000, 10), (100_000, 5)], [(0, 10), (3_000, 5)], [(0, 3)]]
)


def maintenance(notional: Fraction, of: Tiers) -> Fraction:
    """notional x rate - deduction; the deduction grows by lowerBound x (rate - rate before) from tier to tier."""
    rate, deduction = Fraction(1, 2 * of[0][1]), Fraction(0)
    for bound, leverage in of[1:]:
        if notional <= bound:
            break
        deduction += bound * (Fraction(1, 2 * leverage) - rate)
        rate = Fraction(1, 2 * leverage)
    return notional * rate - deduction


def rate_at(notional: Fraction, of: Tiers) -> Fraction:
    """1 / maintenance leverage of the tier."""
    return Fraction(1, 2 * [leverage for bound, leverage in of if notional >= bound][-1])


@st.composite
def holdings(draw: st.DrawFn) -> tuple[int, int, int, bool, int, int, Tiers]:
    """Mark (1e-6 USD), signed lots, entry, whether cross, leverage, margin of an isolated one (micro USD), tiers."""
    of: Tiers = draw(tiers)
    mark = draw(st.integers(1, 9_999)) * 10_000
    lots = draw(st.integers(1, 10**6)) * draw(st.sampled_from([-1, 1]))
    entry = max(10_000, mark + draw(st.integers(-50, 50)) * mark // 1_000)
    leverage = draw(st.integers(1, of[0][1]))
    margin = abs(lots) * mark // 10**4 // leverage * draw(st.integers(60, 300)) // 100
    return mark, lots, entry, draw(st.booleans()), leverage, margin, of


def market_of(asset: int, mark: int, of: Tiers) -> Market:
    table = MarginTable(90 + asset, tuple(MarginTier(money(bound), leverage) for bound, leverage in of))
    price = Fraction(mark, 10**6)
    return make_market(
        f"C{asset}", asset, f"{float(price):.6f}", sz_decimals=4, max_leverage=of[0][1], margin_table=table
    )


@settings(max_examples=150, deadline=None)
@given(st.lists(holdings(), min_size=1, max_size=4), st.integers(0, 10**12))
def test_account_is_what_the_formulas_say(held: list[tuple[int, int, int, bool, int, int, Tiers]], cash: int) -> None:
    house, markets = Clearinghouse(""), {}
    house.raw_usd = cash * 10**6
    raw = Fraction(cash, 10**6)
    value, used, kept, notional = Fraction(0), Fraction(0), Fraction(0), Fraction(0)
    isolated_value, isolated_raw = Fraction(0), Fraction(0)
    for asset, (mark_units, lots, entry, is_cross, leverage, margin, of) in enumerate(held):
        market = market_of(asset, mark_units, of)
        markets[asset] = MarketState(market, 1, 1)
        position = house.positions[asset] = Position(market, is_cross, leverage)
        position.szi, position.cost = lots, abs(lots) * entry * market.lot_value
        mark, size = Fraction(mark_units, 10**6), Fraction(lots, 10**4)
        assert Fraction(position.unrealized_pnl(mark_units), 10**12) == size * (mark - Fraction(entry, 10**6))
        if is_cross:
            # A bought position has cost its notional, a sold one brought it in.
            house.raw_usd -= lots * entry * market.lot_value
            raw -= size * Fraction(entry, 10**6)
            value += size * mark
            notional += abs(size) * mark
            used += abs(size) * mark / leverage // MICRO * MICRO
            kept += maintenance(abs(size) * mark, of)
        else:
            position.isolated_usd = margin * 10**6 - lots * entry * market.lot_value
            own = Fraction(margin, 10**6) - size * Fraction(entry, 10**6)
            isolated_raw += own
            isolated_value += own + size * mark
            assert Fraction(position_margin(position, mark_units), 10**12) == own + size * mark
        exact = maintenance(abs(size) * mark, of)
        found = Fraction(maintenance_margin(market, abs(position.notional(mark_units))), 10**12)
        assert 0 <= exact - found < MICRO + Fraction(len(of), 10**12)
    margin_now = clearinghouse_margin(house, markets)
    total = pool_margin(house.pool, markets)

    def units(amount: Fraction) -> int:
        assert (amount * 10**12).denominator == 1
        return int(amount * 10**12)

    assert margin_now.cross.account_value == units(raw + value)
    assert margin_now.cross.total_raw_usd == units(raw)
    assert margin_now.cross.total_ntl_pos == units(notional)
    assert margin_now.cross.total_margin_used == units(used)
    assert margin_now.summary.account_value == units(raw + value + isolated_value)
    assert margin_now.summary.total_raw_usd == units(raw + isolated_raw)
    assert margin_now.summary.total_margin_used == units(used + isolated_value)
    withdrawable = max(Fraction(0), raw + value - max(used, notional / 10))
    assert 0 <= withdrawable * 10**12 - margin_now.withdrawable < 1
    assert (total.cross_value, total.withdrawable) == (margin_now.cross.account_value, margin_now.withdrawable)
    used_up = Fraction(total.maintenance, 10**12)
    assert 0 <= kept - used_up < len(held) * 2 * MICRO

    for asset, (mark_units, lots, _, is_cross, _, _, of) in enumerate(held):
        position, mark, size = house.positions[asset], Fraction(mark_units, 10**6), Fraction(lots, 10**4)
        side = 1 if size > 0 else -1
        if is_cross:
            available = raw + value - used_up
        else:
            own = Fraction(position.isolated_usd, 10**12) + size * mark
            available = own - Fraction(maintenance_margin(position.market, abs(position.notional(mark_units))), 10**12)
        price = mark - side * available / abs(size) / (1 - rate_at(abs(size) * mark, of) * side)
        told = liquidation_px(position, house, markets)
        if told is None:
            assert price < MICRO
        else:
            assert abs(price - Fraction(told, 10**6)) <= MICRO


@settings(max_examples=100, deadline=None)
@given(holdings(), st.integers(1, 10**9))
def test_at_its_liquidation_price_an_account_has_just_its_maintenance_margin(
    held: tuple[int, int, int, bool, int, int, Tiers], cash: int
) -> None:
    mark_units, lots, entry, is_cross, leverage, margin, of = held
    single = of[:1]  # the formula is exact only within a tier
    market = market_of(0, mark_units, single)
    house, markets = Clearinghouse(""), {0: MarketState(market, 1, 1)}
    position = house.positions[0] = Position(market, is_cross, leverage)
    position.szi, position.cost = lots, abs(lots) * entry * market.lot_value
    own = (cash if is_cross else margin) * 10**6 - lots * entry * market.lot_value
    if is_cross:
        house.raw_usd = own
    else:
        position.isolated_usd = own
    px = liquidation_px(position, house, markets)
    if px is None:
        return
    equity = Fraction(own + position.notional(px), 10**12)
    needed = Fraction(abs(position.notional(px)), 10**12) / (2 * single[0][1])
    assert abs(equity - needed) <= MICRO * (2 + abs(Fraction(lots, 10**4)))
