"""Funding: when it is paid and what it comes to.

Reference, section 12. Rates in the venue's contexts are hourly fractions, and positive means that longs pay shorts.
"""

from decimal import Decimal

INTERVAL_SECONDS = 3600
"""Every market pays every hour, on the hour, UTC."""


def next_funding_time(now_seconds: float) -> int:
    """The next whole UTC hour after ``now_seconds``, in Unix seconds.

    Computed here because the venue's own prediction names the hour just past.
    """
    return (int(now_seconds) // INTERVAL_SECONDS + 1) * INTERVAL_SECONDS


def payment(signed_size: Decimal, oracle_price: Decimal, hourly_rate: Decimal) -> Decimal:
    """The cash flow of a position's owner in USD: negative is paid, positive received."""
    return -signed_size * oracle_price * hourly_rate
