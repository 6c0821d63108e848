"""Steps of price and size, conversions, and the margin tiers of a market."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hyperliquid_perpetual.sandbox.engine.margin import maintenance_margin, max_leverage_at
from hyperliquid_perpetual.sandbox.engine.markets import MarginTable, MarginTier, default_funding_terms, to_money
from hyperliquid_perpetual.sandbox.engine.units import (
    divide_half_even,
    dollars_text,
    price_text,
    round_to_micro_usd,
    usd,
)
from tests.unit.sandbox.engine.venue import make_market, money, px


@pytest.mark.parametrize(
    ("sz_decimals", "price", "valid"),
    [
        (0, "1234.5", True),
        (0, "1234.56", False),
        (0, "0.001234", True),
        (1, "0.01234", True),
        (1, "0.012345", False),
        (0, "123456", True),
        (3, "123456", True),
        (6, "123456", True),
        (0, "12345.6", False),
        (5, "97123.5", False),
        (5, "97123", True),
        (5, "9712.3", True),
        (5, "971.23", False),
        (0, "0.000001", True),
        (2, "0.0001", True),
        (2, "0.00011", False),
        (0, "100000000", True),
    ],
)
def test_price_rule_of_the_reference(sz_decimals: int, price: str, valid: bool) -> None:
    assert make_market("X", 0, 1, sz_decimals=sz_decimals).is_valid_px(px(price)) is valid


@given(st.integers(0, 6), st.decimals("0.000001", "2000000", places=6))
def test_price_rule_agrees_with_its_wording_in_decimals(sz_decimals: int, price: Decimal) -> None:
    digits = price.normalize().as_tuple()
    assert isinstance(digits.exponent, int)
    decimals = max(0, -digits.exponent)
    worded = decimals == 0 or (decimals <= 6 - sz_decimals and len(digits.digits) <= 5)
    assert make_market("X", 0, 1, sz_decimals=sz_decimals).is_valid_px(px(price)) is worded


def test_values_that_are_not_whole_in_the_engines_units_are_refused() -> None:
    market = make_market("BTC", 0, 100_000)
    assert market.to_px(Decimal("0.123456")) == 123_456
    assert market.to_px(Decimal("0.1234567")) is None
    assert market.to_px(Decimal("NaN")) is None
    assert market.to_px(Decimal("Infinity")) is None
    assert market.to_px(Decimal("1E+1000000")) is None
    assert market.to_sz(Decimal("0.00001")) == 1
    assert market.to_sz(Decimal("0.000011")) is None
    assert market.to_sz(Decimal("1.23456000000000000000000000000000001")) is None
    assert to_money(Decimal("0.000000000001")) == 1
    assert to_money(Decimal("1E-13")) is None


def test_values_may_have_thirty_digits_and_sixty_decimals_written_out() -> None:
    assert to_money(Decimal("1E+30")) == 10**42
    assert to_money(Decimal("1E+31")) is None
    assert to_money(Decimal("1." + "0" * 60)) == 10**12
    assert to_money(Decimal("1." + "0" * 61)) is None


@given(st.integers(0, 6), st.integers(1, 10**12), st.integers(1, 10**9))
def test_notional_is_exact_for_every_size_decimals(sz_decimals: int, price: int, lots: int) -> None:
    market = make_market("X", 0, 1, sz_decimals=sz_decimals)
    exact = Decimal(price).scaleb(-6) * Decimal(lots).scaleb(-sz_decimals)
    assert Decimal(price * lots * market.lot_value).scaleb(-12) == exact


def test_funding_terms_follow_coin_and_dex() -> None:
    assert default_funding_terms("BTC").impact_notional == usd(20_000)
    assert default_funding_terms("ETH").impact_notional == usd(20_000)
    assert default_funding_terms("DOGE").impact_notional == usd(6_000)
    assert default_funding_terms("BTC", "hyna").impact_notional == usd(6_000)
    assert default_funding_terms("TSLA", "xyz").clamp == 3_000_000  # 0.0003 in 1e-10
    assert isinstance(default_funding_terms("TSLA", "xyz").clamp, int), "rates are never floats"
    assert default_funding_terms("DOGE").clamp == 5_000_000


@pytest.mark.parametrize(
    ("notional", "expected"),
    [
        ("1000000", "12500"),  # 1/80
        ("150000000", "1875000"),
        ("200000000", "3125000"),  # 1,875,000 + 50M / 40; also 200M / 40 - 150M * (1/40 - 1/80)
    ],
)
def test_maintenance_margin_steps_up_by_tier(notional: str, expected: str) -> None:
    table = MarginTable(56, (MarginTier(0, 40), MarginTier(money(150_000_000), 20)))
    market = make_market("BTC", 0, 100_000, margin_table=table)
    assert maintenance_margin(market, money(notional)) == money(expected)


def test_maximum_leverage_falls_with_the_notional() -> None:
    table = MarginTable(56, (MarginTier(0, 40), MarginTier(money(150_000_000), 20)))
    market = make_market("BTC", 0, 100_000, margin_table=table)
    assert max_leverage_at(market, money("149999999.99")) == 40
    assert max_leverage_at(market, money(150_000_000)) == 20
    assert max_leverage_at(make_market("ETH", 1, 4_000, max_leverage=25), money(10**9)) == 25


@given(st.integers(-(10**20), 10**20), st.integers(1, 10**12))
def test_division_rounds_half_to_even(numerator: int, denominator: int) -> None:
    rounded = divide_half_even(numerator, denominator)
    error = abs(rounded * denominator - numerator) * 2
    assert error < denominator or (error == denominator and rounded % 2 == 0)


def test_money_is_rounded_to_the_micro_dollar_half_to_even() -> None:
    assert round_to_micro_usd(money("0.0000005")) == 0
    assert round_to_micro_usd(money("0.0000015")) == money("0.000002")
    assert round_to_micro_usd(money("-0.0000025")) == money("-0.000002")


def test_texts_of_prices_and_dollars() -> None:
    assert price_text(px("1891.4")) == "1891.4"
    assert price_text(px(84143)) == "84143"
    assert price_text(px("0.000120")) == "0.00012"
    assert dollars_text(money(10)) == "10"
    assert dollars_text(money("704.869")) == "704.86"
    assert dollars_text(money("0.5")) == "0.50"


@pytest.mark.parametrize(
    ("sz_decimals", "price", "down", "up"),
    [
        (4, "4120.03", "4120", "4120.1"),
        (4, "4120.1", "4120.1", "4120.1"),
        (5, "97123.4", "97123", "97124"),
        (5, "99999.5", "99999", "100000"),
        (2, "0.12341", "0.1234", "0.1235"),
        (0, "123456.7", "123456", "123457"),
        (0, "0.000001", "0.000001", "0.000001"),
    ],
)
def test_price_is_rounded_to_the_next_that_an_order_may_have(sz_decimals: int, price: str, down: str, up: str) -> None:
    market = make_market("X", 0, 1, sz_decimals=sz_decimals)
    assert market.round_px(px(price), up=False) == px(down)
    assert market.round_px(px(price), up=True) == px(up)


@given(st.integers(0, 6), st.integers(1, 10**12), st.booleans())
def test_rounded_price_is_one_that_an_order_may_have_and_no_other_lies_between(
    sz_decimals: int, price: int, up: bool
) -> None:
    market = make_market("X", 0, 1, sz_decimals=sz_decimals)
    rounded = market.round_px(price, up)
    assert market.is_valid_px(rounded)
    assert rounded >= price if up else rounded <= price
    assert (rounded == price) is market.is_valid_px(price)
    if abs(rounded - price) > 1:
        assert not market.is_valid_px((rounded + price) // 2)
