"""Commands that start and end TWAP orders (reference, section 3.9)."""

from msgspec import Struct

from .command_base import AccountCommand


class TwapTrigger(Struct, frozen=True):
    """The mark price at which a TWAP order starts: when it is at `px` (1e-6 USD) or beyond, on the side told."""

    px: int
    is_above: bool

    def is_met(self, mark_px: int) -> bool:
        """Whether the mark is there."""
        return mark_px >= self.px if self.is_above else mark_px <= self.px


class TwapIntent(Struct, frozen=True):
    """A size (lots) that somebody wants to trade evenly over some minutes; nothing of it is checked yet.

    `stop_px` ends it early: a purchase when the mark is there or higher, a sale when it is there or lower.
    """

    asset: int
    is_buy: bool
    sz: int
    reduce_only: bool
    minutes: int
    randomize: bool
    trigger: TwapTrigger | None = None
    stop_px: int | None = None


class PlaceTwap(AccountCommand, frozen=True):
    """Start a TWAP order; answered with one status."""

    intent: TwapIntent


class CancelTwap(AccountCommand, frozen=True):
    """End a TWAP order; the asset must be the order's. Answered with one status."""

    asset: int
    twap_id: int


AnyTwapCommand = PlaceTwap | CancelTwap
