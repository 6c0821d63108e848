"""How figures are written for people: money, sizes, shares, durations and times."""

from datetime import UTC, datetime
from decimal import Decimal

NONE = "\N{EN DASH}"
"""Where a figure has no value."""


def plain(value: Decimal) -> str:
    """A decimal without exponent and trailing zeros: `0`, `-0.000012`."""
    text = f"{value.normalize():f}"
    return "0" if text == "-0" else text


def money(value: Decimal, *, signed: bool = False) -> str:
    """USD with two decimals, or with four where it is less than ten: `12,345.68`, `+0.0123`."""
    decimals = 2 if abs(value) >= 10 else 4
    text = f"{value:+,.{decimals}f}" if signed else f"{value:,.{decimals}f}"
    return text.replace("+0.0000", "0.0000").replace("-0.0000", "0.0000")


def price(value: Decimal) -> str:
    """A price with all its digits, in thousands: `86,346`, `0.004567`."""
    whole, point, decimals = plain(value).partition(".")
    return f"{int(whole):,}{point}{decimals}"


def basis_points(value: Decimal | None) -> str:
    """A fraction in hundredths of a percent: `1.25 bp`; a dash for none."""
    return NONE if value is None else f"{value * 10_000:.2f} bp"


def percent(value: Decimal | None) -> str:
    """A fraction in percent: `93.4 %`; a dash for none."""
    return NONE if value is None else f"{value * 100:.1f} %"


def seconds(milliseconds: float | None) -> str:
    """A short time: `12 ms`, `1.25 s`; a dash for none."""
    if milliseconds is None:
        return NONE
    return f"{milliseconds:.0f} ms" if abs(milliseconds) < 1000 else f"{milliseconds / 1000:.2f} s"


def duration(milliseconds: int) -> str:
    """A long time in its two largest units: `45 s`, `3 min 12 s`, `2 h 5 min`, `3 d 4 h`."""
    whole = max(0, round(milliseconds / 1000))
    units = ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s"))
    for place, (size, name) in enumerate(units):
        if whole >= size:
            count, rest = divmod(whole, size)
            smaller = units[place + 1] if place + 1 < len(units) else None
            tail = f" {rest // smaller[0]} {smaller[1]}" if smaller is not None and rest >= smaller[0] else ""
            return f"{count} {name}{tail}"
    return "0 s"


def moment(time_ms: int) -> str:
    """A time as people of every zone read it: `2026-11-28 00:09:53 UTC`."""
    return f"{datetime.fromtimestamp(time_ms / 1000, UTC):%Y-%m-%d %H:%M:%S} UTC"


def count(number: int, singular: str, plural: str | None = None) -> str:
    """A number of things: `1 fill`, `3 fills`."""
    return f"{number:,} {singular if number == 1 else plural or f'{singular}s'}"
