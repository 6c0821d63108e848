"""How figures are written: three digits that count, with their unit."""

from .results import Row

_UNITS = {"us": "µs"}


def number(value: float) -> str:
    """A figure as people read it: 1.32, 31.4, 4,812."""
    if value == 0:
        return "0"
    size = abs(value)
    decimals = 0 if size >= 100 else 1 if size >= 10 else 2 if size >= 0.1 else 4
    text = f"{value:,.{decimals}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def as_shown(value: float) -> float:
    """A figure with the digits that people see: what is computed from it can be computed again from the page."""
    return float(number(value).replace(",", ""))


def unit_text(unit: str) -> str:
    """A unit as people read it."""
    return _UNITS.get(unit, unit)


def with_unit(value: float, unit: str) -> str:
    """A figure and its unit."""
    return f"{number(value)} {unit_text(unit)}".rstrip()


def target_text(row: Row) -> str:
    """What was aimed at."""
    if row.target is None:
        return ""
    if row.ratio is not None:
        return f"≤ {number(row.target)}"
    return f"{'≥' if row.is_rate else '≤'} {with_unit(row.target, row.unit)}"
