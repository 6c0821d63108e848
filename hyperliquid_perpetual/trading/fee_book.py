"""What trading costs this account: its own rates, by market, and what its fills show of the referral discount.

Reference, section 13. Whether the stated rates contain an active referral discount is contested. So they are taken as
they are, which never promises too little, until a fill of the account shows what is charged: rates with the discount,
or without.
"""

from decimal import Decimal

from ..venue.markets import Market
from ..venue.messages import Fill, UserFees

_CLOSE_ENOUGH = Decimal("0.01")
"""A fill tells what it was charged if its rate is this near, as a fraction: fees are rounded to 0.000001 USD, and the
discount is 4 %."""


class FeeBook:
    """The account's fee rates, as fractions of the notional."""

    def __init__(self) -> None:
        self._fees: UserFees | None = None
        self.discount_is_apart = False
        """Whether fills have shown that the referral discount comes on top of the stated rates."""

    @property
    def is_known(self) -> bool:
        """Whether the venue has told the rates."""
        return self._fees is not None

    def update(self, fees: UserFees) -> None:
        """Takes the rates that the venue states."""
        if not fees.activeReferralDiscount:
            self.discount_is_apart = False
        self._fees = fees

    def rate(self, market: Market, is_maker: bool) -> Decimal | None:
        """What a trade on a market costs, without a builder's fee; negative for a rebate; None while not known."""
        if self._fees is None:
            return None
        rate = self._stated_rate(self._fees, market, is_maker)
        return rate * (1 - self._fees.activeReferralDiscount) if self.discount_is_apart and rate > 0 else rate

    def observe(self, fill: Fill, market: Market) -> None:
        """Learns from what one of the account's fills was charged."""
        fees = self._fees
        notional = fill.px * fill.sz
        if fees is None or not fees.activeReferralDiscount or not notional:
            return
        full = self._stated_rate(fees, market, not fill.crossed)
        charged = (fill.fee - (fill.builderFee or 0)) / notional
        for is_apart, expected in ((False, full), (True, full * (1 - fees.activeReferralDiscount))):
            if expected > 0 and abs(charged / expected - 1) < _CLOSE_ENOUGH:
                self.discount_is_apart = is_apart

    @staticmethod
    def _stated_rate(fees: UserFees, market: Market, is_maker: bool) -> Decimal:
        rate = fees.userAddRate if is_maker else fees.userCrossRate
        return rate * (market.fee_multiplier if rate > 0 else market.rebate_multiplier)
