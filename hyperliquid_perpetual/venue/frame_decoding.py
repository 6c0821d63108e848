"""WebSocket frames decoded once into typed values.

Reference, section 8. The frequent ones are tried whole first, in one step. A frame that is another, or not as it should
be, is decoded in two steps, envelope first, so that one channel's surprise cannot touch another, and lists are read
item by item when they do not decode as a whole: one malformed item costs only itself.
"""

from collections.abc import Callable
from typing import Any, Protocol

import msgspec

from .frames import (
    PONG,
    Candles,
    DexClearinghouseState,
    ErrorFrame,
    Message,
    OrderUpdates,
    PostResponse,
    SubscriptionResponse,
    Trades,
    Unreadable,
    UserEvent,
    UserFills,
    UserFundings,
    UserTwapHistory,
)
from .lists import CANNOT_READ, ListOf
from .messages import (
    FILL_DETAILS,
    ActiveAssetContext,
    ActiveAssetData,
    AllDexsClearinghouseState,
    Bbo,
    CanceledByVenue,
    Candle,
    Fill,
    FundingPayment,
    L2Book,
    OrderUpdate,
    SpotState,
    Trade,
)
from .states import ALL_STATES, SPOT_STATE, STATE
from .twaps import TwapRecord, TwapSliceFill


class Envelope(msgspec.Struct, frozen=True):
    """A frame whose data is not decoded yet."""

    channel: str
    data: msgspec.Raw = msgspec.Raw(b"null")


_envelope = msgspec.json.Decoder(Envelope).decode
_l2_book = msgspec.json.Decoder(L2Book).decode
_bbo = msgspec.json.Decoder(Bbo).decode
_asset_context = msgspec.json.Decoder(ActiveAssetContext).decode
_active_asset_data = msgspec.json.Decoder(ActiveAssetData).decode
_subscription = msgspec.json.Decoder(SubscriptionResponse).decode
_text = msgspec.json.Decoder(str).decode
_raw_object = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode


class _PostResponseBody(msgspec.Struct, frozen=True):
    type: str
    payload: Any = None


class _PostData(msgspec.Struct, frozen=True):
    id: int
    response: _PostResponseBody


_post = msgspec.json.Decoder(_PostData).decode


_order_updates = ListOf(OrderUpdate)
_trades = ListOf(Trade)
_candles = ListOf(Candle)
_candle = msgspec.json.Decoder(Candle).decode
_fills = ListOf(Fill, expendable=FILL_DETAILS)
_fundings = ListOf(FundingPayment)
_canceled = ListOf(CanceledByVenue)
_twap_records = ListOf(TwapRecord)
_twap_fills = ListOf(TwapSliceFill)
_funding = msgspec.json.Decoder(FundingPayment).decode
_any_object = msgspec.json.Decoder(dict[str, Any]).decode


class _Whole(msgspec.Struct, frozen=True, tag_field="channel"):
    """A frame of a channel, envelope and all."""


class _WholeMessage(_Whole, frozen=True):
    """One whose data is the message."""

    data: L2Book | Bbo | ActiveAssetContext

    def message(self) -> Message:
        return self.data


class _WholeBook(_WholeMessage, frozen=True, tag="l2Book"):
    data: L2Book


class _WholeBbo(_WholeMessage, frozen=True, tag="bbo"):
    data: Bbo


class _WholeContext(_WholeMessage, frozen=True, tag="activeAssetCtx"):
    data: ActiveAssetContext


class _WholeTrades(_Whole, frozen=True, tag="trades"):
    data: list[Trade]

    def message(self) -> Message:
        return Trades(self.data)


class _WholeUpdates(_Whole, frozen=True, tag="orderUpdates"):
    data: list[OrderUpdate]

    def message(self) -> Message:
        return OrderUpdates(self.data)


class _FillsData(msgspec.Struct, frozen=True):
    fills: list[Fill]
    user: str = ""
    isSnapshot: bool = False


class _WholeFills(_Whole, frozen=True, tag="userFills"):
    data: _FillsData

    def message(self) -> Message:
        return UserFills(self.data.user, self.data.fills, self.data.isSnapshot)


class _Told(Protocol):
    def message(self) -> Message: ...


_whole: Callable[[bytes | str], _Told] = msgspec.json.Decoder(
    _WholeBook | _WholeBbo | _WholeContext | _WholeTrades | _WholeUpdates | _WholeFills
).decode


def decode_frame(frame: bytes | str) -> Message:
    """A frame as a typed message. Never raises: what cannot be read comes back as ``Unreadable``."""
    try:
        return _whole(frame).message()
    except CANNOT_READ:
        return _decode_in_steps(frame)


def _decode_in_steps(frame: bytes | str) -> Message:
    try:
        envelope = _envelope(frame)
    except CANNOT_READ as error:
        return Unreadable("", str(error), frame if isinstance(frame, bytes) else frame.encode(errors="replace"))
    decode = _DECODERS.get(envelope.channel)
    if decode is None:
        return Unreadable(envelope.channel, "unknown channel", bytes(envelope.data))
    try:
        return decode(envelope.data)
    except CANNOT_READ as error:
        return Unreadable(envelope.channel, str(error), bytes(envelope.data))


def _decode_trades(data: msgspec.Raw) -> Trades:
    return Trades(*_trades.decode(data))


def _decode_candles(data: msgspec.Raw) -> Candles:
    # The documentation shows a list, the wire one object (section 8.2).
    if bytes(data).lstrip().startswith(b"["):
        return Candles(*_candles.decode(data))
    return Candles([_candle(data)])


def _decode_order_updates(data: msgspec.Raw) -> OrderUpdates:
    return OrderUpdates(*_order_updates.decode(data))


def _user_list[T: msgspec.Struct](data: msgspec.Raw, name: str, items: ListOf[T]) -> tuple[str, list[T], bool, int]:
    """The list of that name in a user's data: the user, the items, whether it is a snapshot, how many are malformed."""
    fields = _raw_object(data)
    found, malformed = items.decode(fields[name]) if name in fields else ([], 0)
    return _optional_text(fields, "user"), found, _is_true(fields, "isSnapshot"), malformed


def _decode_user_fills(data: msgspec.Raw) -> UserFills:
    return UserFills(*_user_list(data, "fills", _fills))


def _decode_user_fundings(data: msgspec.Raw) -> UserFundings:
    return UserFundings(*_user_list(data, "fundings", _fundings))


def _decode_twap_history(data: msgspec.Raw) -> UserTwapHistory:
    return UserTwapHistory(*_user_list(data, "history", _twap_records))


def _decode_twap_fills(data: msgspec.Raw) -> UserFills:
    user, fills, is_snapshot, malformed = _user_list(data, "twapSliceFills", _twap_fills)
    return UserFills(user, [fill.named() for fill in fills], is_snapshot, malformed)


def _decode_user_event(data: msgspec.Raw) -> UserEvent:
    # Each member apart: a cancel that cannot be read must not cost the fill beside it.
    fields = _raw_object(data)
    malformed = 0

    def member[T](name: str, decode: Callable[[msgspec.Raw], T]) -> T | None:
        nonlocal malformed
        try:
            return decode(fields[name]) if name in fields else None
        except CANNOT_READ:
            malformed += 1
            return None

    fills, malformed_fills = member("fills", _fills.decode) or ([], 0)
    canceled, malformed_cancels = member("nonUserCancel", _canceled.decode) or ([], 0)
    twap_fills, malformed_twap_fills = member("twapSliceFills", _twap_fills.decode) or ([], 0)
    twap_records, malformed_records = member("twapHistory", _twap_records.decode) or ([], 0)
    funding = member("funding", _funding)
    liquidation = member("liquidation", _any_object)
    return UserEvent(
        fills=[*fills, *(fill.named() for fill in twap_fills)],
        twap_records=twap_records,
        funding=funding,
        liquidation=liquidation,
        non_user_cancels=canceled,
        malformed=malformed + malformed_fills + malformed_cancels + malformed_twap_fills + malformed_records,
    )


def _decode_all_states(data: msgspec.Raw) -> AllDexsClearinghouseState:
    return ALL_STATES.decode(data)[0]


def _decode_dex_state(data: msgspec.Raw) -> DexClearinghouseState:
    fields = _raw_object(data)
    state, _ = STATE.decode(fields.get("clearinghouseState", msgspec.Raw(b"null")))
    return DexClearinghouseState(_optional_text(fields, "user"), _optional_text(fields, "dex"), state)


def _decode_spot_state(data: msgspec.Raw) -> SpotState:
    return SPOT_STATE.decode(data)[0]


def _decode_error(data: msgspec.Raw) -> ErrorFrame:
    try:
        return ErrorFrame(_text(data))
    except msgspec.DecodeError:
        return ErrorFrame(bytes(data).decode(errors="replace"))


def _decode_post(data: msgspec.Raw) -> PostResponse:
    post = _post(data)
    return PostResponse(post.id, post.response.type, post.response.payload)


def _optional_text(fields: dict[str, msgspec.Raw], name: str) -> str:
    try:
        return _text(fields[name])
    except (KeyError, *CANNOT_READ):
        return ""


def _is_true(fields: dict[str, msgspec.Raw], name: str) -> bool:
    return name in fields and bytes(fields[name]) == b"true"


_DECODERS: dict[str, Callable[[msgspec.Raw], Message]] = {
    "l2Book": _l2_book,
    "bbo": _bbo,
    "trades": _decode_trades,
    "candle": _decode_candles,
    "activeAssetCtx": _asset_context,
    "orderUpdates": _decode_order_updates,
    "userFills": _decode_user_fills,
    "userFundings": _decode_user_fundings,
    "userTwapHistory": _decode_twap_history,
    "userTwapSliceFills": _decode_twap_fills,
    "user": _decode_user_event,
    "userEvents": _decode_user_event,
    "activeAssetData": _active_asset_data,
    "allDexsClearinghouseState": _decode_all_states,
    "clearinghouseState": _decode_dex_state,
    "spotState": _decode_spot_state,
    "subscriptionResponse": _subscription,
    "error": _decode_error,
    "pong": lambda _data: PONG,
    "post": _decode_post,
}
