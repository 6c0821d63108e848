"""Numbers as they travel: exact decimals to wire strings and back.

Reference, sections 1.5 and 4.3. Strings are hashed as they are sent, so a trailing zero makes a valid signature wrong;
nothing here ever passes through a float.
"""

from decimal import Decimal, InvalidOperation

WIRE_DECIMALS = 8
"""The venue keeps at most this many decimals of a price or size."""

_SMALLEST_EXPONENT, _LARGEST_EXPONENT = -60, 30


def is_plausible(value: Decimal) -> bool:
    """Whether a number can be a price, a size, a rate or money: finite, below 10^31, and not finer than 10^-60.

    A decimal of a few characters can be longer than all memory when it is written out, and overflow every sum.
    """
    return value.is_finite() and _SMALLEST_EXPONENT <= value.adjusted() <= _LARGEST_EXPONENT


def to_wire(value: Decimal) -> str:
    """A price or size as the venue wants it: plain digits, no exponent, no trailing zero, no ``-0``.

    :raises ValueError: for NaN, infinities, and values with more than eight decimals: rounding is up to the caller.
    """
    whole, point, decimals = str(value).partition(".")
    # Nearly all prices and sizes print without sign and exponent.
    if whole.isdigit() and not point:
        return whole
    if whole.isdigit() and decimals.isdigit() and len(decimals) <= WIRE_DECIMALS:
        decimals = decimals.rstrip("0")
        return f"{whole}.{decimals}" if decimals else whole
    if not value.is_finite():
        raise ValueError(f"expected a finite number, got {value}")
    if not value:
        return "0"
    text = format(value, "f")
    if "." in text:
        text = text.rstrip("0")
        if text[-1] == ".":
            return text[:-1]
        if len(text) - text.index(".") - 1 > WIRE_DECIMALS:
            raise ValueError(f"expected at most {WIRE_DECIMALS} decimals, got {value}")
    return text


def to_decimal(printed: object) -> Decimal:
    """A number out of a reply: a text, as the venue prints them, or a JSON number, taken by its digits.

    :raises ValueError: when it is no decimal number, or none that can be meant (``is_plausible``).
    """
    if not isinstance(printed, str | int | float):
        raise ValueError(f"expected a decimal number, got {type(printed).__name__}")
    try:
        value = Decimal(str(printed))
    except InvalidOperation:
        raise ValueError(f"expected a decimal number, got {printed!r}") from None
    if not is_plausible(value):
        raise ValueError(f"expected a finite number, got {printed!r}")
    return value


def to_usd_integer(value: Decimal) -> int:
    """Dollars as the integer of 1e-6 USD that margin and transfer actions carry (section 4.3).

    :raises ValueError: when the amount is not finite or finer than a millionth of a dollar.
    """
    if not value.is_finite():
        raise ValueError(f"expected a finite amount, got {value}")
    numerator, denominator = value.as_integer_ratio()
    millionths, remainder = divmod(numerator * 10**6, denominator)
    if remainder:
        raise ValueError(f"expected at most 6 decimals of a dollar, got {value}")
    return millionths
