"""What a match costs each side, as a rate on its notional; replaceable as a whole."""

from dataclasses import dataclass
from typing import Protocol

from .fee_tiers import BASE_MAKER, BASE_TAKER, REFERRAL_PERCENT, REFERRAL_VOLUME, hip3_factor
from .markets import Market
from .quirks import VenueQuirks
from .state import Account
from .units import divide_half_even


class FeeSchedule(Protocol):
    """Decides the fee rate of one side of a match."""

    def rate(self, account: Account, market: Market, crossed: bool) -> int:
        """Fee in 1e-9 of the notional, for the taker (`crossed`) or the maker; negative for a rebate."""
        ...


@dataclass(frozen=True, slots=True)
class TierZeroFees:
    """The venue's lowest tier for everybody: 0.045 % taker, 0.015 % maker (reference, section 13)."""

    taker: int = BASE_TAKER
    maker: int = BASE_MAKER

    def rate(self, account: Account, market: Market, crossed: bool) -> int:
        """The same for every account and market."""
        return self.taker if crossed else self.maker


class VenueFees:
    """The venue's own: tiers, rebates and stakes by the account's standing, referrals, HIP-3 scale and growth mode.

    Everybody has a referral discount while the quirk `referral_discount` is not "none".
    """

    __slots__ = ("_known", "_quirks")

    def __init__(self, quirks: VenueQuirks) -> None:
        self._quirks = quirks
        self._known: dict[tuple[int, int, bool], int] = {}
        """By rate, asset and discount; there are few of each."""

    def rate(self, account: Account, market: Market, crossed: bool) -> int:
        """Fee in 1e-9 of the notional, rounded half to even once, at the end."""
        standing = account.fee_standing
        base = standing.taker if crossed else standing.maker
        key = (base, market.asset, self.has_discount(account))
        found = self._known.get(key)
        if found is None:
            found = self._known[key] = _scaled(base, market, key[2])
        return found

    def has_discount(self, account: Account) -> bool:
        """Whether an account's fees are cut because it was referred; sub-accounts and vaults never were."""
        if self._quirks.referral_discount != "none":
            return True
        referral = account.referral
        return referral is not None and referral.referrer is not None and account.volume < REFERRAL_VOLUME


def _scaled(base: int, market: Market, is_discounted: bool) -> int:
    numerator, denominator = hip3_factor(base, market.fee_scale, market.growth_mode) if market.dex else (1, 1)
    if is_discounted and base > 0:
        numerator, denominator = numerator * (100 - REFERRAL_PERCENT), denominator * 100
    return divide_half_even(base * numerator, denominator)
