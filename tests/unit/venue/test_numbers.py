"""Wire numbers: exact text, and nothing through a float (reference, sections 1.5 and 4.3)."""

import re
from decimal import Context, Decimal, localcontext

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hyperliquid_perpetual.venue.numbers import WIRE_DECIMALS, is_plausible, to_decimal, to_usd_integer, to_wire

# Plain digits, no leading zero but the one before the point, no trailing zero behind it, no minus zero.
CANONICAL = re.compile(r"-?(0|[1-9]\d*)(\.\d{0,7}[1-9])?").fullmatch


@given(st.integers(-(10**30), 10**30), st.integers(-5, WIRE_DECIMALS))
def test_wire_text_is_canonical_and_exact(digits: int, decimals: int) -> None:
    value = Decimal(digits).scaleb(-decimals, Context(prec=60))
    text = to_wire(value)
    assert CANONICAL(text)
    assert text != "-0"
    assert Decimal(text) == value


@pytest.mark.parametrize(
    ("value", "wire"),
    [
        ("100.0", "100"),
        ("29000.0", "29000"),
        ("0.00001231", "0.00001231"),
        ("670.1", "670.1"),
        ("1E+5", "100000"),
        ("1.2300E-3", "0.00123"),
        ("0", "0"),
        ("-0", "0"),
        ("0.00000000", "0"),
        ("-0.0", "0"),
        ("0E+3", "0"),
        ("1.10000000000", "1.1"),
        ("10", "10"),
        ("-1.50", "-1.5"),
    ],
)
def test_wire_text_of_particular_numbers(value: str, wire: str) -> None:
    assert to_wire(Decimal(value)) == wire


@pytest.mark.parametrize(
    "text", ["123456789012345.12345678", "99999999999.00000001", "4503599627370497.5", "0.1", "0.30000000"]
)
def test_digits_that_a_float_would_lose_arrive(text: str) -> None:
    """D16: numbers went through a float, which drops digits of large ones and refuses others without need."""
    assert Decimal(to_wire(Decimal(text))) == Decimal(text)


@pytest.mark.parametrize("text", ["0.123456789", "4E-9", "1.000000001", "1E-30"])
def test_more_decimals_than_the_wire_has_are_refused_and_not_rounded(text: str) -> None:
    """D16: rounding an order is a decision, which this function must not take in silence."""
    with pytest.raises(ValueError, match="at most 8 decimals"):
        to_wire(Decimal(text))


@pytest.mark.parametrize("text", ["NaN", "sNaN", "Infinity", "-Infinity"])
def test_what_is_no_number_does_not_reach_the_wire(text: str) -> None:
    with pytest.raises(ValueError, match="finite"):
        to_wire(Decimal(text))


def test_the_decimal_context_of_the_caller_does_not_round_the_wire() -> None:
    with localcontext(Context(prec=3)):
        assert to_wire(Decimal("118234.56789")) == "118234.56789"
        assert to_usd_integer(Decimal("118234.56789")) == 118234567890


@given(st.decimals(allow_nan=False, allow_infinity=False, places=8))
def test_texts_of_the_venue_come_back_unchanged(value: Decimal) -> None:
    assert to_decimal(format(value, "f")) == value


@pytest.mark.parametrize("text", ["84143.0", "0.0", "-0.00064134", "170043721737.450012207", "1e-7", "25"])
def test_replies_are_read_as_they_are_printed(text: str) -> None:
    assert to_decimal(text) == Decimal(text)


@pytest.mark.parametrize(
    "text", ["", "abc", "1,5", "0x10", "NaN", "Infinity", "-inf", "None", None, True, [], {}, float("nan")]
)
def test_what_is_no_number_in_a_reply_is_a_value_error(text: object) -> None:
    with pytest.raises(ValueError, match="expected a"):
        to_decimal(text)


def test_error_about_what_is_neither_text_nor_number_names_its_kind() -> None:
    with pytest.raises(ValueError, match="expected a decimal number, got list"):
        to_decimal([])


@pytest.mark.parametrize(("number", "text"), [(1891.4, "1891.4"), (0.1, "0.1"), (25, "25"), (1e-7, "0.0000001")])
def test_numbers_that_are_not_printed_as_text_keep_their_digits(number: float, text: str) -> None:
    assert to_decimal(number) == Decimal(text)


@given(st.integers(-(10**40), 10**40))
def test_dollars_become_millionths_exactly(millionths: int) -> None:
    dollars = Decimal(millionths).scaleb(-6, Context(prec=60))
    assert to_usd_integer(dollars) == millionths


@pytest.mark.parametrize("text", ["0.0000001", "1.2345678", "NaN", "Infinity", "-Infinity"])
def test_dollars_that_are_no_millionths_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="expected"):
        to_usd_integer(Decimal(text))


@pytest.mark.parametrize(
    "text", ["1e999999999", "-1e999999999", "1e-999999999", "0e999999999", "1" + "0" * 31, "9e-61"]
)
def test_number_beyond_all_measure_is_none(text: str) -> None:
    assert not is_plausible(Decimal(text))
    with pytest.raises(ValueError, match="expected a finite number"):
        to_decimal(text)


@pytest.mark.parametrize("text", ["0", "0.0", "-0.00000001", "9" * 31, "0.0000000000000000001", "1e-60", "1e30"])
def test_number_that_can_be_meant_is_plausible(text: str) -> None:
    assert is_plausible(Decimal(text))


def test_zeros_at_the_end_of_decimals_alone_are_dropped() -> None:
    assert to_wire(Decimal("0.500")) == "0.5"
    assert to_wire(Decimal("100")) == "100"
    assert to_wire(Decimal("100.00")) == "100"
