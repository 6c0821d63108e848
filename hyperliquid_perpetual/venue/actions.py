"""The signed requests, one builder per action, each a dict in the venue's canonical key order.

Reference, section 3. The order of the keys is part of what is signed: the venue packs the action in its own field order
before it recovers the signer. Optional keys are left out, never sent as null. Orders, of which there are many, are
structs, which are made faster.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final, Literal, get_args

import msgspec

from .addresses import normalize_address
from .numbers import to_usd_integer, to_wire

Action = dict[str, Any]
Tif = Literal["Gtc", "Ioc", "Alo", "FrontendMarket"]
TpSl = Literal["tp", "sl"]
Grouping = Literal["na", "normalTpsl", "positionTpsl"]

CLOID_HEX_DIGITS: Final = 32
MAX_BUILDER_FEE: Final = 100
"""Tenths of a basis point: what a builder may take of perpetual trades at most (section 13)."""

_is_cloid = re.compile(rf"0x[0-9a-f]{{{CLOID_HEX_DIGITS}}}").fullmatch


class OrderWire(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """The order object of section 3.1, in the order of its keys."""

    a: int
    """Asset id."""
    b: bool
    """Whether it buys."""
    p: str
    """Price, USD."""
    s: str
    """Size, base units."""
    r: bool
    """Reduce-only."""
    t: "_Limit | _Trigger"
    c: str | None = None
    """Client order id."""


class _Tif(msgspec.Struct, frozen=True, gc=False):
    tif: str


class _Limit(msgspec.Struct, frozen=True, gc=False):
    limit: _Tif


class _TriggerTerms(msgspec.Struct, frozen=True, gc=False):
    isMarket: bool
    triggerPx: str
    tpsl: str


class _Trigger(msgspec.Struct, frozen=True, gc=False):
    trigger: _TriggerTerms


_LIMITS = {tif: _Limit(_Tif(tif)) for tif in get_args(Tif)}


@dataclass(frozen=True, slots=True)
class Trigger:
    """When a stop-loss or take-profit order becomes active, against the mark price (section 3.1)."""

    price: Decimal
    is_market: bool
    tpsl: TpSl


class OrderRequest(msgspec.Struct, frozen=True, gc=False):
    """One order as the venue understands it: price and size already obey the market's rules (see ``prices``)."""

    asset_id: int
    is_buy: bool
    price: Decimal
    size: Decimal
    reduce_only: bool
    tif: Tif = "Gtc"
    cloid: str | None = None
    trigger: Trigger | None = None

    @property
    def is_post_only(self) -> bool:
        """Whether the venue ranks it among the orders that cannot take liquidity (section 15)."""
        return self.tif == "Alo" and self.trigger is None

    @property
    def can_replace(self) -> bool:
        """Whether it may take the place of a resting order in an amendment (section 3.3)."""
        return self.tif in ("Alo", "Gtc") and self.trigger is None

    def to_wire(self) -> OrderWire:
        """As the venue takes it.

        :raises ValueError: when a number has no form on the wire, or the client order id is none.
        """
        trigger, cloid = self.trigger, self.cloid
        return OrderWire(
            self.asset_id,
            self.is_buy,
            to_wire(self.price),
            to_wire(self.size),
            self.reduce_only,
            _LIMITS[self.tif]
            if trigger is None
            else _Trigger(_TriggerTerms(trigger.is_market, to_wire(trigger.price), trigger.tpsl)),
            cloid if cloid is None or _is_cloid(cloid) else check_cloid(cloid),
        )


@dataclass(frozen=True, slots=True)
class BuilderCode:
    """A builder the user chose to pay, fee in tenths of a basis point. Never added unless the user configured it."""

    address: str
    """Lower case."""
    fee_tenths_of_bp: int

    def __post_init__(self) -> None:
        """:raises ValueError: when the address is none, or the fee is not 1 to 100."""
        object.__setattr__(self, "address", normalize_address(self.address))
        fee = self.fee_tenths_of_bp
        if not isinstance(fee, int) or isinstance(fee, bool) or not 1 <= fee <= MAX_BUILDER_FEE:
            raise ValueError(f"expected a builder fee of 1 to {MAX_BUILDER_FEE} tenths of a basis point, got {fee!r}")

    @property
    def rate(self) -> Decimal:
        """The fee as a fraction of the notional."""
        return Decimal(self.fee_tenths_of_bp) / 100_000


def check_cloid(cloid: str) -> str:
    """The cloid itself, in lower case.

    :raises ValueError: unless it is ``0x`` and 32 hex digits, the only form the venue takes (section 3.1).
    """
    lower = cloid.lower()
    if not _is_cloid(lower):
        raise ValueError(f"expected a client order id of 0x and {CLOID_HEX_DIGITS} hex digits, got {cloid!r}")
    return lower


def order(orders: Sequence[OrderRequest], grouping: Grouping = "na", builder: BuilderCode | None = None) -> Action:
    """Places orders, all in one action (section 3.1)."""
    action: Action = {"type": "order", "orders": [item.to_wire() for item in orders], "grouping": grouping}
    if builder is not None:
        action["builder"] = {"b": builder.address, "f": builder.fee_tenths_of_bp}
    return action


def cancel(orders: Sequence[tuple[int, int]]) -> Action:
    """Cancels by (asset id, oid) (section 3.2)."""
    return {"type": "cancel", "cancels": [{"a": asset_id, "o": oid} for asset_id, oid in orders]}


def cancel_by_cloid(orders: Sequence[tuple[int, str]]) -> Action:
    """Cancels by (asset id, cloid) (section 3.2; note the long key names)."""
    return {
        "type": "cancelByCloid",
        "cancels": [{"asset": asset_id, "cloid": check_cloid(cloid)} for asset_id, cloid in orders],
    }


def modify(oid: int | str, replacement: OrderRequest) -> Action:
    """Replaces one order, named by oid or cloid; the reply carries no new oid (section 3.3)."""
    return {"type": "modify", "oid": _order_name(oid), "order": replacement.to_wire()}


def batch_modify(modifications: Sequence[tuple[int | str, OrderRequest]]) -> Action:
    """Replaces orders, each named by oid or cloid; the reply is like that of ``order`` (section 3.3)."""
    return {
        "type": "batchModify",
        "modifies": [{"oid": _order_name(oid), "order": new.to_wire()} for oid, new in modifications],
    }


def schedule_cancel(time_ms: int | None) -> Action:
    """Arms the dead man's switch for a time in Unix milliseconds, or clears it (section 3.4)."""
    return {"type": "scheduleCancel"} if time_ms is None else {"type": "scheduleCancel", "time": time_ms}


def update_leverage(asset_id: int, is_cross: bool, leverage: int) -> Action:
    """Sets leverage and margin mode of a market for the account (section 3.5)."""
    return {"type": "updateLeverage", "asset": asset_id, "isCross": is_cross, "leverage": leverage}


def update_isolated_margin(asset_id: int, usd: Decimal) -> Action:
    """Adds (or with a negative amount removes) isolated margin, in USD (section 3.5)."""
    return {"type": "updateIsolatedMargin", "asset": asset_id, "isBuy": True, "ntli": to_usd_integer(usd)}


def twap_order(asset_id: int, is_buy: bool, size: Decimal, reduce_only: bool, minutes: int, randomize: bool) -> Action:
    """Starts a TWAP over 5 to 1440 minutes (section 3.9)."""
    return {
        "type": "twapOrder",
        "twap": {
            "a": asset_id,
            "b": is_buy,
            "s": to_wire(size),
            "r": reduce_only,
            "m": minutes,
            "t": randomize,
        },
    }


def twap_cancel(asset_id: int, twap_id: int) -> Action:
    """Stops a TWAP (section 3.9)."""
    return {"type": "twapCancel", "a": asset_id, "t": twap_id}


def noop() -> Action:
    """Does nothing but use its nonce: the way to kill an action in flight (section 3.10)."""
    return {"type": "noop"}


def _order_name(oid: int | str) -> int | str:
    return check_cloid(oid) if isinstance(oid, str) else oid
