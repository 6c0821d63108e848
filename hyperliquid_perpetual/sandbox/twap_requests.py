"""TWAP orders as clients send them, in canonical key order (reference, section 3.9), and as the engine takes them."""

from msgspec import Struct

from hyperliquid_perpetual.sandbox.action_base import U64, Action, AssetId
from hyperliquid_perpetual.sandbox.engine.market_state import MarketState
from hyperliquid_perpetual.sandbox.engine.twap_commands import CancelTwap, PlaceTwap, TwapIntent, TwapTrigger
from hyperliquid_perpetual.sandbox.refusals import NotPrevalidated
from hyperliquid_perpetual.sandbox.wire import PRICE_DECIMALS, canonical_decimal, scaled


class Twap(Struct):
    a: AssetId
    b: bool
    s: str
    r: bool
    m: U64
    t: bool


class TwapTriggerPrice(Struct):
    p: str
    a: bool


class TwapDetails(Struct):
    """Both keys are always there, and nil when they say nothing (section 4.1)."""

    t: TwapTriggerPrice | None
    s: str | None


class TwapOrderAction(Action, tag="twapOrder"):
    twap: Twap
    details: TwapDetails | None = None

    def normalise(self) -> None:
        self.twap.s = canonical_decimal(self.twap.s)
        if self.details is not None:
            if self.details.t is not None:
                self.details.t.p = canonical_decimal(self.details.t.p)
            if self.details.s is not None:
                self.details.s = canonical_decimal(self.details.s)


class TwapCancelAction(Action, tag="twapCancel"):
    a: AssetId
    t: U64


KnownTwapAction = TwapOrderAction | TwapCancelAction


def twap_command(action: KnownTwapAction, state: MarketState | None) -> PlaceTwap | CancelTwap:
    """The command of a TWAP action in a market; an unknown market (None) is the engine's to refuse.

    :raises NotPrevalidated: when a size or a price has more decimals than there can be.
    """
    if isinstance(action, TwapCancelAction):
        return CancelTwap("", action.a, action.t)
    twap, details = action.twap, action.details
    sz = 0 if state is None else scaled(twap.s, state.market.sz_decimals)
    if sz is None:
        raise NotPrevalidated("Order has invalid size.")
    trigger, stop_px = None, None
    if details is not None and details.t is not None:
        trigger = TwapTrigger(_px(details.t.p), details.t.a)
    if details is not None and details.s is not None:
        stop_px = _px(details.s)
    return PlaceTwap("", TwapIntent(twap.a, twap.b, sz, twap.r, twap.m, twap.t, trigger, stop_px))


def _px(text: str) -> int:
    px = scaled(text, PRICE_DECIMALS)
    if px is None:
        raise NotPrevalidated("Order has invalid price.")
    return px
