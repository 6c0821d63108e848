"""How numbers look on the venue's wire, in both directions: the sandbox's own rules, shared with no client.

Requests carry decimal strings which the venue parses and prints again in its own shortest form before it hashes them,
so a trailing zero changes the signature (reference, sections 1.5 and 4.1). Replies carry strings that look like printed
floats: a whole number keeps its ``.0``. Inside the sandbox every amount is an integer with a known number of decimals.
"""

import re
from functools import lru_cache

PRICE_DECIMALS = 6
"""A price is an integer of 1e-6 of the quote token."""
MONEY_DECIMALS = 12
"""Money is an integer of 1e-12 of the collateral token."""
PRINTED_MONEY_DECIMALS = 6
"""The venue prints money with at most this many decimals."""

_CANONICAL = re.compile(r"(?:0|[1-9][0-9]{0,27})(?:\.[0-9]{0,17}[1-9])?")
_DECIMAL = re.compile(r"([+-]?)([0-9]{0,28})(?:\.([0-9]{0,28}))?")


def canonical_decimal(text: str) -> str:
    """The venue's own spelling of a decimal string: no exponent, no superfluous zero, no ``-0``.

    :raises ValueError: when the text is not a plain decimal number.
    """
    if _CANONICAL.fullmatch(text):
        return text
    match = _DECIMAL.fullmatch(text)
    if match is None or not (match[2] or match[3]):
        raise ValueError(f"not a decimal number: {text!r}")
    whole = match[2].lstrip("0") or "0"
    fraction = (match[3] or "").rstrip("0")
    spelled = f"{whole}.{fraction}" if fraction else whole
    return "-" + spelled if match[1] == "-" and spelled != "0" else spelled


def scaled(text: str, decimals: int) -> int | None:
    """A canonical decimal string as an integer of 10^-decimals, or None when it has more decimals than that."""
    whole, _, fraction = text.partition(".")
    if len(fraction) > decimals:
        return None
    return int(whole + fraction.ljust(decimals, "0"))


def float_text(value: int, decimals: int) -> str:
    """An integer of 10^-decimals as the venue prints numbers: shortest form, at least one decimal (``"84143.0"``)."""
    if decimals <= 0:
        return f"{value * 10**-decimals}.0"
    sign = "-" if value < 0 else ""
    whole, fraction = divmod(abs(value), 10**decimals)
    if not fraction:
        return f"{sign}{whole}.0"
    return f"{sign}{whole}." + str(fraction).zfill(decimals).rstrip("0")


# Books, orders and fills print the same prices and sizes again and again; money is hardly ever the same twice.


@lru_cache(maxsize=1 << 13)
def price_text(price: int) -> str:
    """A price in micro-dollars as the venue prints it."""
    return float_text(price, PRICE_DECIMALS)


@lru_cache(maxsize=1 << 13)
def size_text(lots: int, sz_decimals: int) -> str:
    """A size in lots as the venue prints it."""
    return float_text(lots, sz_decimals)


def money_text(money: int) -> str:
    """Money in 1e-12 units as the venue prints it: rounded to six decimals, half to even."""
    return float_text(divide_half_even(money, 10 ** (MONEY_DECIMALS - PRINTED_MONEY_DECIMALS)), PRINTED_MONEY_DECIMALS)


def ratio_text(numerator: int, denominator: int, decimals: int = 8) -> str:
    """The quotient of two integers as the venue prints ratios; ``0.0`` when there is nothing to divide by."""
    if denominator == 0:
        return "0.0"
    return float_text(divide_half_even(numerator * 10**decimals, denominator), decimals)


def divide_half_even(numerator: int, denominator: int) -> int:
    """Integer division that rounds to the nearest, a tie to the even neighbour."""
    if denominator < 0:
        numerator, denominator = -numerator, -denominator
    quotient, remainder = divmod(numerator, denominator)
    twice = 2 * remainder
    if twice > denominator or (twice == denominator and quotient % 2):
        return quotient + 1
    return quotient
