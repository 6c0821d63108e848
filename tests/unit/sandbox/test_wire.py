from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hyperliquid_perpetual.sandbox.wire import (
    canonical_decimal,
    divide_half_even,
    float_text,
    money_text,
    price_text,
    ratio_text,
    scaled,
)


@pytest.mark.parametrize(
    ("sent", "canonical"),
    [
        ("29000", "29000"),
        ("29000.0", "29000"),
        ("0.010", "0.01"),
        ("007.50", "7.5"),
        ("100", "100"),
        ("0", "0"),
        ("-0", "0"),
        ("-0.0", "0"),
        ("-1.50", "-1.5"),
        ("+2", "2"),
        (".5", "0.5"),
        ("5.", "5"),
        ("0.00001231", "0.00001231"),
    ],
)
def test_numbers_are_spelled_in_the_venues_shortest_form(sent: str, canonical: str) -> None:
    assert canonical_decimal(sent) == canonical


@pytest.mark.parametrize(
    "sent", ["", ".", "-", "1e3", "NaN", "Infinity", " 1", "1 ", "1,5", "0x1", "--1", "1.2.3", "٣"]
)
def test_what_is_no_plain_decimal_is_refused(sent: str) -> None:
    with pytest.raises(ValueError, match="not a decimal"):
        canonical_decimal(sent)


@given(st.decimals(allow_nan=False, allow_infinity=False, places=8, min_value=-(10**12), max_value=10**12))
def test_canonical_form_keeps_the_value_and_is_stable(value: Decimal) -> None:
    spelled = canonical_decimal(f"{value:f}")
    assert Decimal(spelled) == value
    assert canonical_decimal(spelled) == spelled
    assert not ("." in spelled and spelled.endswith("0"))


@given(st.integers(-(10**24), 10**24), st.integers(0, 12))
def test_printed_numbers_hold_the_exact_value_and_look_like_floats(value: int, decimals: int) -> None:
    text = float_text(value, decimals)
    assert Decimal(text) == Decimal(value) / Decimal(10) ** decimals
    assert "." in text
    assert "e" not in text.lower()


@given(st.integers(0, 10**18), st.integers(0, 8))
def test_reading_is_the_reverse_of_printing(value: int, decimals: int) -> None:
    assert scaled(canonical_decimal(float_text(value, decimals)), decimals) == value


def test_whole_prices_keep_their_point_zero() -> None:
    assert price_text(84_143_000_000) == "84143.0"
    assert price_text(4_321) == "0.004321"
    assert float_text(12, -2) == "1200.0"


def test_more_decimals_than_the_scale_are_not_rounded_away() -> None:
    assert scaled("1.0000001", 6) is None
    assert scaled("1.000001", 6) == 1_000_001


def test_money_is_printed_with_six_decimals_half_to_even() -> None:
    assert money_text(1_500_000) == "0.000002"
    assert money_text(2_500_000) == "0.000002"
    assert money_text(-1_500_000) == "-0.000002"
    assert money_text(100_027_650_000_000) == "100.02765"
    assert money_text(400_000) == "0.0"
    assert money_text(-400_000) == "0.0"


@given(st.integers(-(10**9), 10**9), st.integers(-(10**6), 10**6).filter(bool))
def test_division_agrees_with_decimals_half_even(numerator: int, denominator: int) -> None:
    exact = (Decimal(numerator) / Decimal(denominator)).quantize(Decimal(1), rounding="ROUND_HALF_EVEN")
    assert divide_half_even(numerator, denominator) == int(exact)


def test_a_ratio_to_nothing_is_zero() -> None:
    assert ratio_text(5, 0) == "0.0"
    assert ratio_text(-1, 3) == "-0.33333333"
