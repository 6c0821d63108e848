"""The integers the engine counts in, and the few conversions between them.

- price: 1e-6 USD (perpetual prices never have more than six decimals; reference, section 6)
- size: lots of 10^-szDecimals units of the coin
- money: 1e-12 USD, so that price x size is exact for every szDecimals up to 6
- rate (funding, premium): 1e-10, the ten decimals that the wire shows
- fee rate: 1e-9 of the notional
- time: Unix milliseconds
"""

PRICE_SCALE = 10**6
MONEY_SCALE = 10**12
RATE_SCALE = 10**10
FEE_SCALE = 10**9

MICRO_USD = 10**6
"""Money in 1e-6 USD: what fees are cut and funding is rounded to, and what the wire shows."""

SECOND = 1_000
HOUR = 3_600_000
DAY = 86_400_000


def divide_half_even(numerator: int, denominator: int) -> int:
    """`numerator / denominator` rounded to the nearest integer, ties to the even one; the denominator is positive."""
    quotient, remainder = divmod(numerator, denominator)
    twice = remainder * 2
    if twice > denominator or (twice == denominator and quotient & 1):
        quotient += 1
    return quotient


def round_to_micro_usd(money: int) -> int:
    """Money rounded half to even to a whole number of 1e-6 USD (still in units of 1e-12 USD)."""
    return divide_half_even(money, MICRO_USD) * MICRO_USD


def usd(amount: int) -> int:
    """Whole US dollars as money."""
    return amount * MONEY_SCALE


def price_text(price: int) -> str:
    """A price as the venue writes it inside its error texts: plain decimals, no trailing zeros (`1891.4`, `84143`)."""
    whole, fraction = divmod(price, PRICE_SCALE)
    return f"{whole}.{fraction:06d}".rstrip("0") if fraction else str(whole)


def dollars_text(money: int) -> str:
    """Money in dollars and cents, rounded down, as inside the venue's error texts (`704.86`); whole dollars bare."""
    dollars, rest = divmod(money, MONEY_SCALE)
    cents = rest * 100 // MONEY_SCALE
    return f"{dollars}.{cents:02d}" if rest else str(dollars)
