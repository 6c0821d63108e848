"""What clients say on a WebSocket, as typed values (reference, section 8): subscriptions, pings, posts."""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

from hyperliquid_perpetual.sandbox.action_base import Address
from hyperliquid_perpetual.sandbox.info_requests import Interval


class Subscription(Struct, frozen=True, tag_field="type", tag=lambda name: name[:1].lower() + name[1:]):
    """One stream; equal values are the same stream. Fields carry the defaults that acknowledgements echo."""


class CoinSubscription(Subscription, frozen=True, kw_only=True):
    """About one market."""

    coin: str


class UserSubscription(Subscription, frozen=True, kw_only=True):
    """About one account."""

    user: Address


# ---------------------------------------------------------------------- markets


class AllMids(Subscription, frozen=True):
    dex: str | None = ""


class L2Book(CoinSubscription, frozen=True, kw_only=True):
    nSigFigs: int | None = None
    mantissa: int | None = None
    fast: bool | None = False


class Bbo(CoinSubscription, frozen=True):
    pass


class Trades(CoinSubscription, frozen=True):
    pass


class Candle(CoinSubscription, frozen=True, kw_only=True):
    interval: Interval


class ActiveAssetCtx(CoinSubscription, frozen=True):
    pass


class AssetCtxs(Subscription, frozen=True):
    dex: str | None = ""


class AllDexsAssetCtxs(Subscription, frozen=True):
    pass


class FastAssetCtxs(Subscription, frozen=True):
    pass


class SpotAssetCtxs(Subscription, frozen=True):
    pass


class OutcomeMetaUpdates(Subscription, frozen=True):
    pass


# ---------------------------------------------------------------------- accounts


class OrderUpdates(UserSubscription, frozen=True):
    pass


class UserEvents(UserSubscription, frozen=True):
    pass


class User(UserSubscription, frozen=True):
    """`userEvents` by the name of its channel, as some of the venue's pages and clients have it."""


class UserFills(UserSubscription, frozen=True, kw_only=True):
    aggregateByTime: bool | None = False


class UserFundings(UserSubscription, frozen=True):
    pass


class UserNonFundingLedgerUpdates(UserSubscription, frozen=True):
    pass


class UserHistoricalOrders(UserSubscription, frozen=True):
    pass


class ClearinghouseState(UserSubscription, frozen=True, kw_only=True):
    dex: str | None = ""


class AllDexsClearinghouseState(UserSubscription, frozen=True):
    pass


class OpenOrders(UserSubscription, frozen=True, kw_only=True):
    dex: str | None = ""


class SpotState(UserSubscription, frozen=True, kw_only=True):
    ignorePortfolioMargin: bool | None = False


class ActiveAssetData(UserSubscription, frozen=True, kw_only=True):
    coin: str


class UserTwapSliceFills(UserSubscription, frozen=True):
    pass


class UserTwapHistory(UserSubscription, frozen=True):
    pass


class TwapStates(UserSubscription, frozen=True, kw_only=True):
    dex: str | None = ""


class Notification(UserSubscription, frozen=True):
    pass


class WebData2(UserSubscription, frozen=True):
    pass


class WebData3(UserSubscription, frozen=True):
    pass


KnownSubscription = (
    AllMids
    | L2Book
    | Bbo
    | Trades
    | Candle
    | ActiveAssetCtx
    | AssetCtxs
    | AllDexsAssetCtxs
    | FastAssetCtxs
    | SpotAssetCtxs
    | OutcomeMetaUpdates
    | OrderUpdates
    | UserEvents
    | User
    | UserFills
    | UserFundings
    | UserNonFundingLedgerUpdates
    | UserHistoricalOrders
    | ClearinghouseState
    | AllDexsClearinghouseState
    | OpenOrders
    | SpotState
    | ActiveAssetData
    | UserTwapSliceFills
    | UserTwapHistory
    | TwapStates
    | Notification
    | WebData2
    | WebData3
)


# ---------------------------------------------------------------------- frames


class Frame(Struct, tag_field="method", tag=str.lower):
    """What a client sends."""


class Ping(Frame):
    pass


class Subscribe(Frame):
    subscription: KnownSubscription


class Unsubscribe(Frame):
    subscription: KnownSubscription


class PostRequest(Struct):
    type: Literal["info", "action"]
    payload: msgspec.Raw


class Post(Frame):
    id: Annotated[int, Meta(ge=0)]
    request: PostRequest


class _SubscriptionType(Struct):
    type: str


class _Outer(Struct):
    method: str
    subscription: _SubscriptionType


_frames = msgspec.json.Decoder(Ping | Subscribe | Unsubscribe | Post)
_outers = msgspec.json.Decoder(_Outer)


def decode_client_frame(text: str) -> Ping | Subscribe | Unsubscribe | Post | None:
    """The frame in a message, None when the venue could not parse it."""
    try:
        frame: Ping | Subscribe | Unsubscribe | Post = _frames.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    if isinstance(frame, Subscribe | Unsubscribe):
        frame.subscription = _normalised(frame.subscription)
    return frame


def _normalised(subscription: KnownSubscription) -> KnownSubscription:
    """Addresses in lower case, and null where a field has another default as if it were absent."""
    changes = {
        field.name: field.default
        for field in msgspec.structs.fields(subscription)
        if getattr(subscription, field.name) is None and field.default is not None
    }
    if isinstance(subscription, UserSubscription):
        changes["user"] = subscription.user.lower()
    return msgspec.structs.replace(subscription, **changes) if changes else subscription


def subscription_type(text: str) -> str | None:
    """The type that an unparsable frame wants to subscribe to, if it says."""
    try:
        return _outers.decode(text).subscription.type
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def as_json(subscription: Subscription) -> dict[str, Any]:
    """A subscription as acknowledgements echo it: defaults added, unknown keys dropped."""
    value: dict[str, Any] = msgspec.to_builtins(subscription)
    return value
