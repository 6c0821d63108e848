"""What a match costs each side, as a rate on its notional; replaceable as a whole."""

from dataclasses import dataclass
from typing import Protocol

from .markets import Market
from .state import Account


class FeeSchedule(Protocol):
    """Decides the fee rate of one side of a match."""

    def rate(self, account: Account, market: Market, crossed: bool) -> int:
        """Fee in 1e-9 of the notional, for the taker (`crossed`) or the maker; negative for a rebate."""
        ...


@dataclass(frozen=True, slots=True)
class TierZeroFees:
    """The venue's lowest tier for everybody: 0.045 % taker, 0.015 % maker (reference, section 13)."""

    taker: int = 450_000
    maker: int = 150_000

    def rate(self, account: Account, market: Market, crossed: bool) -> int:
        """The same for every account and market."""
        return self.taker if crossed else self.maker
