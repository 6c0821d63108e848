"""Fills under `aggregateByTime`: what one crossing order matched in one moment, as one fill (section 2.5).

Size, fee and realized profit are summed up and the price is their average by size, rounded to the sixth decimal; the
position before is that of the first match. The reference says no more than that partial fills are merged: that the
first `tid` stays, and that a part with another `dir` (an order that closes a position and then opens the other way)
stays apart, is unconfirmed.
"""

from collections.abc import Iterable

from msgspec.structs import replace

from hyperliquid_perpetual.sandbox.engine.records import Fill
from hyperliquid_perpetual.sandbox.wire import divide_half_even

_Key = tuple[int, int, str, bool]


def aggregated(fills: Iterable[Fill]) -> list[Fill]:
    """Fills, oldest first, with those of one crossing order at one time made one at the place of its first."""
    groups: dict[_Key | int, list[Fill]] = {}
    for number, fill in enumerate(fills):
        key: _Key | int = (fill.oid, fill.time, fill.dir, fill.liquidation is None) if fill.crossed else number
        groups.setdefault(key, []).append(fill)
    return [_merged(group) for group in groups.values()]


def _merged(group: list[Fill]) -> Fill:
    first = group[0]
    if len(group) == 1:
        return first
    size = sum(fill.sz for fill in group)
    return replace(
        first,
        px=divide_half_even(sum(fill.px * fill.sz for fill in group), size),
        sz=size,
        closed_pnl=sum(fill.closed_pnl for fill in group),
        fee=sum(fill.fee for fill in group),
        builder_fee=sum(fill.builder_fee for fill in group),
    )
