"""Margin arithmetic: what a position ties up, and where it is liquidated.

Reference, section 14.
"""

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class MarginTier:
    """From a position notional of ``lower_bound`` USD on, at most this leverage."""

    lower_bound: Decimal
    max_leverage: int

    @property
    def maintenance_rate(self) -> Decimal:
        """Half of the initial margin at the tier's maximum leverage, as a fraction of the notional."""
        return 1 / (2 * Decimal(self.max_leverage))


@dataclass(frozen=True, slots=True)
class MarginTable:
    """The tiers of a market, by rising lower bound."""

    tiers: tuple[MarginTier, ...]

    def tier(self, notional: Decimal) -> MarginTier:
        """The tier that a position of this notional (USD, not negative) falls into."""
        found = self.tiers[0]
        for tier in self.tiers[1:]:
            if notional < tier.lower_bound:
                break
            found = tier
        return found

    def maintenance_margin(self, notional: Decimal) -> Decimal:
        """Maintenance margin of a position in USD: notional x rate - deduction.

        The deduction of a tier makes the margin continuous: it accumulates ``lower_bound x (rate_n - rate_n-1)``.
        """
        deduction = Decimal(0)
        current = self.tiers[0]
        for tier in self.tiers[1:]:
            if notional < tier.lower_bound:
                break
            deduction += tier.lower_bound * (tier.maintenance_rate - current.maintenance_rate)
            current = tier
        return notional * current.maintenance_rate - deduction


def initial_margin(notional: Decimal, leverage: int) -> Decimal:
    """What opening a position ties up, in USD."""
    return notional / leverage


def liquidation_price(
    mark_price: Decimal, signed_size: Decimal, margin_available: Decimal, max_leverage: int
) -> Decimal | None:
    """Where the position is liquidated, in USD; None when no positive price would do it.

    ``price - side x margin_available / size / (1 - l x side)`` with ``l = 1 / (2 x max leverage)``.

    :param margin_available: account value (cross) or isolated margin, less the maintenance margin required now, in USD.
    """
    if not signed_size:
        return None
    side = 1 if signed_size > 0 else -1
    rate = 1 / (2 * Decimal(max_leverage))
    price = mark_price - side * margin_available / abs(signed_size) / (1 - rate * side)
    return price if price > 0 else None
