"""Aggregated books: which precision a user wants, and how its levels go together with exact best prices.

Reference, sections 2.2 and 8.2. The venue rounds the prices of aggregated levels away from the middle, bids down and
asks up, so that the first level stands for everything from the best price to its own. What of it rests at the best
price itself is known exactly, and is taken out of it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Any

import msgspec

from ..venue.messages import Bbo, L2Book, Level
from ..venue.numbers import to_decimal


@dataclass(frozen=True, slots=True)
class Precision:
    """How far the venue rounds the prices of a book."""

    n_sig_figs: int
    """Significant figures, 2 to 5."""
    mantissa: int | None = None
    """With five figures, whether the last one goes in steps of 2 or 5."""

    @property
    def wire(self) -> dict[str, Any]:
        """As requests and subscriptions take it."""
        wire: dict[str, Any] = {"nSigFigs": self.n_sig_figs}
        return wire if self.mantissa is None else wire | {"mantissa": self.mantissa}


type PrecisionOf = Callable[[str], Precision | None]
"""What is wanted for a coin; None for full precision."""


def exact_at_the_top(frame: L2Book, best: Bbo | None, precision: Precision) -> L2Book | None:
    """An aggregated book whose first levels are the exact best prices.

    None when the best prices that are known do not lie in its first levels: they belong to another moment. None as well
    when a number that is needed is none.
    """
    if best is None:
        return None
    try:
        bids, asks = (
            _split(levels, exact, precision, is_bid)
            for levels, exact, is_bid in zip(frame.levels, best.bbo, (True, False), strict=True)
        )
    except (ArithmeticError, ValueError):
        return None
    if bids is None or asks is None:
        return None
    return msgspec.structs.replace(frame, levels=(bids, asks))


def _split(levels: list[Level], best: Level | None, precision: Precision, is_bid: bool) -> list[Level] | None:
    if best is None or not levels:
        return [] if best is None and not levels else None
    first, price = to_decimal(levels[0].px), to_decimal(best.px)
    if _rounded(price, precision, is_bid) != first:
        return None
    if price == first:
        return levels
    rest = to_decimal(levels[0].sz) - to_decimal(best.sz)
    beyond = [Level(levels[0].px, f"{rest:f}", max(0, levels[0].n - best.n))] if rest > 0 else []
    return [best, *beyond, *levels[1:]]


def _rounded(price: Decimal, precision: Precision, is_bid: bool) -> Decimal:
    step = (precision.mantissa or 1) * Decimal(10) ** (price.adjusted() - precision.n_sig_figs + 1)
    return (price / step).to_integral_value(ROUND_FLOOR if is_bid else ROUND_CEILING) * step
