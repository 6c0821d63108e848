"""What a market is: its names, its steps of price and size, its leverage and margin tiers, its funding terms."""

from decimal import Decimal
from typing import Literal

from msgspec import Struct

from .units import MONEY_SCALE, PRICE_SCALE, RATE_SCALE, usd

MAX_PRICE_DECIMALS = 6
SIGNIFICANT_FIGURES = 5
_POWERS: tuple[int, ...] = (1, 10, 100, 1_000, 10_000, 100_000, 1_000_000)

MarginMode = Literal["any", "noCross", "strictIsolated"]


class MarginTier(Struct, frozen=True):
    """From `lower_bound` of notional (money) on, at most `max_leverage` (reference, section 2.1)."""

    lower_bound: int
    max_leverage: int


class MarginTable(Struct, frozen=True):
    """A venue's margin table: tiers in ascending order, the first with lower bound 0."""

    id: int
    tiers: tuple[MarginTier, ...]
    description: str = ""


class FundingTerms(Struct, frozen=True):
    """How a market's funding is made (reference, section 12). Rates in 1e-10 per 8 hours, notional in money."""

    impact_notional: int = usd(6_000)
    interest: int = RATE_SCALE // 10_000
    clamp: int = 5 * RATE_SCALE // 10_000
    multiplier_percent: int = 100
    hourly_cap: int = 4 * RATE_SCALE // 100


class Market(Struct, frozen=True, kw_only=True):
    """The fixed facts of one perpetual.

    `coin` is the full name (`BTC`, `xyz:TSLA`), `asset` the id used in actions (reference, section 7), `dex` is empty
    for the first one. `collateral` is the token's name as in `feeToken`, `collateral_token` its index. `oracle_px` is
    the price to start from. `margin_table` None means the single tier of `max_leverage`. `fee_scale`, in
    millionths, is what the deployer of a HIP-3 dex adds to fees; `growth_mode` leaves a tenth of fees and of volume.
    """

    coin: str
    asset: int
    sz_decimals: int
    max_leverage: int
    oracle_px: int
    margin_table: MarginTable | None = None
    margin_mode: MarginMode = "any"
    dex: str = ""
    collateral: str = "USDC"
    collateral_token: int = 0
    is_delisted: bool = False
    funding: FundingTerms = FundingTerms()
    fee_scale: int = 0
    growth_mode: bool = False

    @property
    def only_isolated(self) -> bool:
        """Whether cross margin is refused here."""
        return self.margin_mode != "any"

    @property
    def px_step(self) -> int:
        """The smallest step of any price (1e-6 USD): 6 - szDecimals decimals. Marks and oracles are multiples of it."""
        return _POWERS[self.sz_decimals]

    @property
    def lot_value(self) -> int:
        """Money per lot and price unit: notional = price x size x lot_value."""
        return _POWERS[MAX_PRICE_DECIMALS - self.sz_decimals]

    def is_valid_px(self, px: int) -> bool:
        """Whether an order may have this price: whole dollars, or five significant figures and not too many decimals.

        Reference, section 6.
        """
        if px % PRICE_SCALE == 0:
            return True
        if px % _POWERS[self.sz_decimals]:
            return False
        excess = len(str(px)) - SIGNIFICANT_FIGURES
        return excess <= 0 or px % 10**excess == 0

    def round_px(self, px: int, up: bool) -> int:
        """The nearest price that an order may have, from `px` (positive) down or `up`."""
        excess = max(0, len(str(px)) - SIGNIFICANT_FIGURES)
        step: int = max(self.px_step, min(10**excess, PRICE_SCALE))
        return -(-px // step) * step if up else px // step * step

    def to_px(self, value: Decimal) -> int | None:
        """A decimal price in price units, or None if it has more than six decimals."""
        return _exact(value, PRICE_SCALE)

    def to_sz(self, value: Decimal) -> int | None:
        """A decimal size in lots, or None if it is not a whole number of them."""
        return _exact(value, _POWERS[self.sz_decimals])


def default_funding_terms(coin: str, dex: str = "") -> FundingTerms:
    """The venue's terms where a deployer has not chosen others: impact notional by coin, clamp by kind of dex."""
    if dex:
        return FundingTerms(clamp=3 * RATE_SCALE // 10_000)
    return FundingTerms(impact_notional=usd(20_000)) if coin in ("BTC", "ETH") else FundingTerms()


def to_money(value: Decimal) -> int | None:
    """A decimal amount as money, or None if it has more than twelve decimals."""
    return _exact(value, MONEY_SCALE)


MAX_DIGITS, MAX_DECIMALS = 30, 60
"""Digits before and after the point beyond which nothing can be meant."""


def _exact(value: Decimal, scale: int) -> int | None:
    """`value * scale` if that is a whole number of a size that can mean anything, computed without a context."""
    exponent = value.as_tuple().exponent
    # NaN and infinities have a letter in its place. Either bound keeps a power of ten from filling all memory.
    if not isinstance(exponent, int) or exponent < -MAX_DECIMALS or value.adjusted() > MAX_DIGITS:
        return None
    numerator, denominator = value.as_integer_ratio()
    whole, rest = divmod(numerator * scale, denominator)
    return whole if rest == 0 else None
