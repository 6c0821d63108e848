"""The body of ``POST /exchange`` as typed values whose msgpack form is the venue's canonical one.

Decoding does three things the venue does before it looks at a signature: it refuses what does not have the right shape
(HTTP 422, reference section 1.4), drops keys it does not know, and spells numbers, cloids and addresses in its own way.
The field order of the structs here *is* the canonical key order of section 3, so `canonical_bytes` is what gets hashed.
"""

import re
from typing import Any, Literal

import msgspec
from msgspec import Struct

from hyperliquid_perpetual.sandbox.account_requests import KnownAccountAction
from hyperliquid_perpetual.sandbox.action_base import U64, Action, Address, AssetId, Cloid, HexNumber
from hyperliquid_perpetual.sandbox.service_requests import KnownServiceAction
from hyperliquid_perpetual.sandbox.twap_requests import KnownTwapAction
from hyperliquid_perpetual.sandbox.unsupported import UNSUPPORTED_ACTIONS
from hyperliquid_perpetual.sandbox.user_signed import KnownUserSigned
from hyperliquid_perpetual.sandbox.wire import canonical_decimal

MAX_U64 = 2**64 - 1


class Malformed(Exception):
    """The body cannot be what the caller claims it is; `status` and `text` are the venue's HTTP answer."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status
        self.text = text


class LimitType(Struct, frozen=True):
    tif: Literal["Alo", "Ioc", "Gtc", "FrontendMarket"]


class TriggerType(Struct):
    isMarket: bool
    triggerPx: str
    tpsl: Literal["tp", "sl"]


class OrderType(Struct, omit_defaults=True):
    limit: LimitType | None = None
    trigger: TriggerType | None = None


class Order(Struct, omit_defaults=True):
    a: AssetId
    b: bool
    p: str
    s: str
    r: bool
    t: OrderType
    c: Cloid | None = None

    def normalise(self) -> None:
        """Spell numbers and the cloid as the venue does; ValueError when a number is none."""
        self.p = canonical_decimal(self.p)
        self.s = canonical_decimal(self.s)
        if self.c is not None:
            self.c = self.c.lower()
        if (self.t.limit is None) == (self.t.trigger is None):
            raise ValueError("an order is either limit or trigger")
        if self.t.trigger is not None:
            self.t.trigger.triggerPx = canonical_decimal(self.t.trigger.triggerPx)


class Builder(Struct):
    b: Address
    f: U64


class Priority(Struct):
    p: U64


class Cancel(Struct):
    a: AssetId
    o: U64


class CancelByCloid(Struct):
    asset: AssetId
    cloid: Cloid


class Modification(Struct):
    oid: U64 | Cloid
    order: Order

    def normalise(self) -> None:
        if isinstance(self.oid, str):
            self.oid = self.oid.lower()
        self.order.normalise()


class OrderAction(Action, tag="order"):
    orders: list[Order]
    grouping: Literal["na", "normalTpsl", "positionTpsl"] | Priority
    builder: Builder | None = None

    def normalise(self) -> None:
        for order in self.orders:
            order.normalise()
        if self.builder is not None:
            self.builder.b = self.builder.b.lower()

    @property
    def items(self) -> int:
        return len(self.orders)


class CancelAction(Action, tag="cancel"):
    cancels: list[Cancel]
    f: bool | None = None

    @property
    def items(self) -> int:
        return len(self.cancels)


class CancelByCloidAction(Action, tag="cancelByCloid"):
    cancels: list[CancelByCloid]
    f: bool | None = None

    def normalise(self) -> None:
        for cancel in self.cancels:
            cancel.cloid = cancel.cloid.lower()

    @property
    def items(self) -> int:
        return len(self.cancels)


class ModifyAction(Action, tag="modify"):
    oid: U64 | Cloid
    order: Order
    a: bool | None = None

    def normalise(self) -> None:
        if isinstance(self.oid, str):
            self.oid = self.oid.lower()
        self.order.normalise()


class BatchModifyAction(Action, tag="batchModify"):
    modifies: list[Modification]
    a: bool | None = None

    def normalise(self) -> None:
        for modification in self.modifies:
            modification.normalise()

    @property
    def items(self) -> int:
        return len(self.modifies)


class ScheduleCancelAction(Action, tag="scheduleCancel"):
    time: U64 | None = None


class UpdateLeverageAction(Action, tag="updateLeverage"):
    asset: AssetId
    isCross: bool
    leverage: U64


class NoopAction(Action, tag="noop"):
    pass


KnownAction = (
    OrderAction
    | CancelAction
    | CancelByCloidAction
    | ModifyAction
    | BatchModifyAction
    | ScheduleCancelAction
    | UpdateLeverageAction
    | KnownAccountAction
    | KnownServiceAction
    | NoopAction
    | KnownTwapAction
    | KnownUserSigned
)


class Signature(Struct):
    r: HexNumber
    s: HexNumber
    v: U64


class SignedRequest(Struct):
    """The envelope of section 1.2, with the action already in canonical form."""

    action: KnownAction
    nonce: U64
    signature: Signature
    vaultAddress: Address | None = None
    expiresAfter: U64 | None = None


class _OuterAction(Struct):
    type: str


class _Outer(Struct):
    action: _OuterAction


UNPARSABLE = "Failed to parse the request body as JSON"
WRONG_SHAPE = "Failed to deserialize the JSON body into the target type"

_requests = msgspec.json.Decoder(SignedRequest)
_outers = msgspec.json.Decoder(_Outer)
_LONG_NUMBER = re.compile(rb"[0-9]{20}")
"""Whatever does not fit 64 bits has at least so many digits; few bodies do, and only those are looked at closely."""
_packer = msgspec.msgpack.Encoder()


class Unsupported(Exception):
    """A well-known action that the sandbox does not do; the text is a top-level error of a 200 reply."""


def decode_request(body: bytes) -> SignedRequest:
    """The request in a body, in canonical form.

    :raises Malformed: when the venue would answer with HTTP 400 or 422.
    :raises Unsupported: when the action exists on the venue but not here.
    """
    try:
        request = _requests.decode(body)
        request.action.normalise()
        if request.vaultAddress is not None:
            request.vaultAddress = request.vaultAddress.lower()
        if _LONG_NUMBER.search(body):
            _refuse_numbers_beyond_64_bits(request)
        return request
    except msgspec.ValidationError as error:
        _refuse_unsupported(body)
        raise Malformed(422, f"{WRONG_SHAPE}: {error}") from None
    except (msgspec.DecodeError, RecursionError):
        raise Malformed(400, UNPARSABLE) from None
    except (ValueError, UnicodeDecodeError) as error:
        raise Malformed(422, f"{WRONG_SHAPE}: {error}") from None


def _refuse_numbers_beyond_64_bits(request: SignedRequest) -> None:
    """:raises ValueError: when there is one; neither msgpack nor a uint64 of a user-signed action can hold it."""
    waiting = [msgspec.to_builtins(request)]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            waiting += value.values()
        elif isinstance(value, list):
            waiting += value
        elif isinstance(value, int) and value > MAX_U64:
            raise ValueError("a number does not fit 64 bits")


def canonical_bytes(action: Action) -> bytes:
    """The msgpack form of an L1 action, as the venue hashes it (section 4.1)."""
    return _packer.encode(action)


def _refuse_unsupported(body: bytes) -> None:
    try:
        kind = _outers.decode(body).action.type
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return
    if kind in UNSUPPORTED_ACTIONS:
        raise Unsupported(f"The sandbox does not do the action {kind}.")


def plain(action: Action) -> dict[str, Any]:
    """The action as plain JSON values, for records and diagnoses."""
    value: dict[str, Any] = msgspec.to_builtins(action)
    return value
