"""Prices and sizes against the rule itself (reference, section 6), counted digit by digit on text."""

from decimal import Context, Decimal, InvalidOperation, localcontext

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from hyperliquid_perpetual.venue.prices import (
    aggressive_price,
    ceil_price,
    finest_tick,
    floor_price,
    floor_size,
    is_valid_price,
    is_valid_size,
    lot_size,
    nearest_price,
    passive_price,
    price_tick,
)

SZ_DECIMALS = st.integers(0, 6)
PRICES = st.decimals("0.000001", "10000000", allow_nan=False, places=8)


def obeys_the_rule(price: str, sz_decimals: int) -> bool:
    """Section 6, read literally from plain digits. Shares no code and no arithmetic with the package."""
    whole, _, decimals = price.partition(".")
    decimals = decimals.rstrip("0")
    if not decimals:
        return True  # integers always
    figures = (whole + decimals).lstrip("0")
    return len(figures) <= 5 and len(decimals) <= 6 - sz_decimals


def units_to_text(units: int, decimals: int) -> str:
    """``units`` of 10^-decimals as plain digits."""
    if not decimals:
        return str(units)
    digits = str(units).rjust(decimals + 1, "0")
    return f"{digits[:-decimals]}.{digits[-decimals:]}"


@pytest.mark.parametrize(
    ("sz_decimals", "price", "valid"),
    [
        (0, "1234.5", True),
        (0, "1234.56", False),
        (0, "0.001234", True),
        (0, "0.0012345", False),
        (1, "0.01234", True),
        (1, "0.012345", False),
        (0, "123456", True),
        (3, "123456", True),
        (6, "123456", True),
        (0, "12345.6", False),
        (3, "12345.6", False),
        (5, "97123.5", False),
        (5, "97123", True),
        (5, "9712.3", True),
    ],
)
def test_prices_of_the_reference_table(sz_decimals: int, price: str, valid: bool) -> None:
    assert is_valid_price(Decimal(price), sz_decimals) is valid
    assert obeys_the_rule(price, sz_decimals) is valid, "the oracle of this file must agree with the table too"


@given(sz_decimals=SZ_DECIMALS, units=st.integers(1, 10**11))
def test_validity_equals_the_rule_counted_on_digits(sz_decimals: int, units: int) -> None:
    text = units_to_text(units, 6)
    assert is_valid_price(Decimal(text), sz_decimals) is obeys_the_rule(text, sz_decimals)


@given(sz_decimals=SZ_DECIMALS, figures=st.integers(1, 99_999), zeros=st.integers(0, 7), finer=st.integers(0, 999))
@example(sz_decimals=0, figures=99_999, zeros=3, finer=999)
@example(sz_decimals=6, figures=10_000, zeros=0, finer=1)
def test_floor_and_ceiling_are_the_nearest_valid_prices(sz_decimals: int, figures: int, zeros: int, finer: int) -> None:
    """Found by brute force: walk down (up) unit by unit until the text obeys the rule."""
    decimals = 6 - sz_decimals
    # Up to three figures more than the rule leaves, so that the walk takes at most a thousand steps.
    units = figures * 10**zeros if zeros > 3 else figures * 10**zeros * 1000 + finer
    assume(len(str(units)) <= 8)
    price = Decimal(units_to_text(units, decimals))

    below = units
    while below and not obeys_the_rule(units_to_text(below, decimals), sz_decimals):
        below -= 1
    above = units
    while not obeys_the_rule(units_to_text(above, decimals), sz_decimals):
        above += 1

    assert floor_price(price, sz_decimals) == Decimal(units_to_text(below, decimals))
    assert ceil_price(price, sz_decimals) == Decimal(units_to_text(above, decimals))


@given(price=PRICES, sz_decimals=SZ_DECIMALS)
def test_rounding_gives_valid_prices_on_the_right_side(price: Decimal, sz_decimals: int) -> None:
    low, high = floor_price(price, sz_decimals), ceil_price(price, sz_decimals)
    assert low <= price <= high
    assert high > 0
    assert obeys_the_rule(format(high, "f"), sz_decimals)
    assert low == 0 or obeys_the_rule(format(low, "f"), sz_decimals)
    assert high - low in (0, price_tick(price, sz_decimals))
    assert (high == low) is is_valid_price(price, sz_decimals)


@given(price=PRICES, sz_decimals=SZ_DECIMALS)
def test_rounding_twice_changes_nothing(price: Decimal, sz_decimals: int) -> None:
    for rounding in (floor_price, ceil_price):
        once = rounding(price, sz_decimals)
        assert rounding(once, sz_decimals) == once


@given(price=PRICES, sz_decimals=SZ_DECIMALS)
def test_a_price_becomes_zero_only_below_the_finest_tick(price: Decimal, sz_decimals: int) -> None:
    """D14: the price of an order is never rounded to nothing while the venue has a price to give it."""
    assert (floor_price(price, sz_decimals) == 0) is (price < finest_tick(sz_decimals))


@pytest.mark.parametrize("exponent", range(-5, 7))
@pytest.mark.parametrize("sz_decimals", range(7))
def test_the_tick_changes_at_powers_of_ten(exponent: int, sz_decimals: int) -> None:
    finest = Decimal(10) ** (sz_decimals - 6)
    power = Decimal(10) ** exponent
    just_below = power - power / 10**9
    expected_at = max(finest, min(Decimal(1), power / 10**4))
    expected_below = max(finest, min(Decimal(1), power / 10**5))

    assert price_tick(power, sz_decimals) == expected_at
    assert price_tick(just_below, sz_decimals) == expected_below
    assert ceil_price(just_below, sz_decimals) == max(power, finest), "rounding up may cross the power of ten"
    if power >= finest:
        assert is_valid_price(power, sz_decimals)
        assert floor_price(just_below, sz_decimals) == power - expected_below


@pytest.mark.parametrize(
    ("price", "floor", "ceiling"),
    [
        ("1.9534", "1.9534", "1.9534"),
        ("2.0512", "2.0512", "2.0512"),
        ("0.04", "0.04", "0.04"),
        ("1.9987", "1.9987", "1.9987"),
        ("1.99914", "1.9991", "1.9992"),
    ],
)
def test_tick_depends_on_the_price_and_not_on_how_the_mark_was_printed(price: str, floor: str, ceiling: str) -> None:
    """D12: after a mark price of "2.0" the tick of XRP (szDecimals 0) was taken for 0.1, which made 1.9534 into 2."""
    assert floor_price(Decimal(price), 0) == Decimal(floor)
    assert ceil_price(Decimal(price), 0) == Decimal(ceiling)
    assert price_tick(Decimal("2.0"), 0) == price_tick(Decimal("2.0000"), 0) == Decimal("0.0001")


@pytest.mark.parametrize("price", ["118234", "118237", "99999", "100001", "1234567"])
def test_integers_above_99999_keep_every_digit(price: str) -> None:
    """D13: 118234 became 118230, as if the five significant figures held for integers."""
    assert is_valid_price(Decimal(price), 5)
    assert floor_price(Decimal(price), 5) == Decimal(price) == ceil_price(Decimal(price), 5)
    assert price_tick(Decimal(price), 5) == 1 or Decimal(price) < 100_000


def test_large_prices_lose_their_decimals_and_nothing_else() -> None:
    assert floor_price(Decimal("118234.9"), 0) == 118234
    assert ceil_price(Decimal("118234.1"), 0) == 118235


@given(price=PRICES, sz_decimals=SZ_DECIMALS)
def test_quotes_round_away_from_the_other_side(price: Decimal, sz_decimals: int) -> None:
    """D14: rounding half up raised bids and lowered asks, so that post-only quotes crossed and were refused."""
    assert passive_price(price, sz_decimals, is_buy=True) <= price
    assert passive_price(price, sz_decimals, is_buy=False) >= price
    assert aggressive_price(price, sz_decimals, is_buy=True) >= price
    assert aggressive_price(price, sz_decimals, is_buy=False) <= price


@given(sz_decimals=SZ_DECIMALS, price=PRICES)
def test_no_valid_price_is_closer_than_the_nearest_one(sz_decimals: int, price: Decimal) -> None:
    below, above = floor_price(price, sz_decimals), ceil_price(price, sz_decimals)
    nearest = nearest_price(price, sz_decimals)
    assert nearest in (below, above)
    assert is_valid_price(nearest, sz_decimals)
    if below > 0:
        assert abs(nearest - price) == min(price - below, above - price)


@pytest.mark.parametrize(
    ("price", "sz_decimals", "nearest"),
    [
        ("1234.54", 0, "1234.5"),
        ("1234.56", 0, "1234.6"),
        ("1234.55", 0, "1234.5"),  # in the middle: the lower one
        ("0.4", 6, "1"),  # there is none below
        ("0.9", 6, "1"),
        ("1.4", 6, "1"),
        ("1.6", 6, "2"),
    ],
)
def test_nearest_price_in_particular(price: str, sz_decimals: int, nearest: str) -> None:
    assert nearest_price(Decimal(price), sz_decimals) == Decimal(nearest)


@pytest.mark.parametrize("rounding", [floor_price, ceil_price, floor_size])
def test_nan_and_infinity_pass_through_rounding(rounding: object) -> None:
    """D14: NaN raised a TypeError out of the order path."""
    assert callable(rounding)
    assert rounding(Decimal("NaN"), 3).is_nan()
    assert rounding(Decimal("Infinity"), 3) == Decimal("Infinity")


@pytest.mark.parametrize("text", ["NaN", "sNaN", "Infinity", "-Infinity", "0", "-0", "-1", "-0.001"])
def test_what_is_no_positive_number_is_no_valid_price_or_size(text: str) -> None:
    assert not is_valid_price(Decimal(text), 3)
    assert not is_valid_size(Decimal(text), 3)
    for sz_decimals in (0, 3):
        assert price_tick(Decimal(text), sz_decimals) == finest_tick(sz_decimals)


@pytest.mark.parametrize("text", ["1E+40", "1E+400", "12345678901234567890123456789", "9" * 60])
def test_integers_of_any_length_are_prices_and_sizes(text: str) -> None:
    assert is_valid_price(Decimal(text), 2)
    assert is_valid_size(Decimal(text), 2)
    assert floor_price(Decimal(text), 2) == ceil_price(Decimal(text), 2) == floor_size(Decimal(text), 2)
    assert floor_price(Decimal(text), 2) == Decimal(text)


def test_numbers_longer_than_a_decimal_context_are_rounded_exactly() -> None:
    price = Decimal("12345678901234567890123456789.57")
    assert floor_price(price, 2) == Decimal("12345678901234567890123456789")
    assert ceil_price(price, 2) == Decimal("12345678901234567890123456790")
    assert floor_size(price, 1) == Decimal("12345678901234567890123456789.5")
    assert not is_valid_price(price, 2)
    assert ceil_price(Decimal("9" * 29 + ".5"), 2) == Decimal("1E+29")


def test_the_decimal_context_of_the_caller_does_not_matter() -> None:
    with localcontext(Context(prec=3)) as theirs:
        theirs.traps[InvalidOperation] = False
        assert floor_price(Decimal("12345.67"), 0) == Decimal("12345")
        assert ceil_price(Decimal("1.23456"), 0) == Decimal("1.2346")
        assert is_valid_price(Decimal("12345"), 0)
        assert floor_size(Decimal("123456.789"), 2) == Decimal("123456.78")


@pytest.mark.parametrize("sz_decimals", range(7))
def test_lot_and_finest_tick_are_powers_of_ten(sz_decimals: int) -> None:
    assert lot_size(sz_decimals) == Decimal(1).scaleb(-sz_decimals)
    assert finest_tick(sz_decimals) == Decimal(1).scaleb(sz_decimals - 6)


def test_sizes_of_the_reference() -> None:
    assert is_valid_size(Decimal("1.001"), 3)
    assert not is_valid_size(Decimal("1.0001"), 3)


@given(lots=st.integers(0, 10**15), rest=st.integers(0, 999), sz_decimals=SZ_DECIMALS)
def test_sizes_are_cut_to_whole_lots_towards_zero(lots: int, rest: int, sz_decimals: int) -> None:
    size = Decimal(lots * 1000 + rest).scaleb(-sz_decimals - 3)
    expected = Decimal(lots).scaleb(-sz_decimals)
    assert floor_size(size, sz_decimals) == expected
    assert floor_size(-size, sz_decimals) == -expected
    assert is_valid_size(size, sz_decimals) is (rest == 0 and lots > 0)
