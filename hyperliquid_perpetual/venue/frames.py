"""What WebSocket frames say, as typed values: one type for each channel, and those for what cannot be read.

Reference, section 8. ``frame_decoding`` makes them of bytes.
"""

from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

from .messages import (
    ActiveAssetContext,
    ActiveAssetData,
    AllDexsClearinghouseState,
    Bbo,
    CanceledByVenue,
    Candle,
    ClearinghouseState,
    Fill,
    FundingPayment,
    L2Book,
    OrderUpdate,
    SpotState,
    Trade,
)
from .twaps import TwapRecord


class OrderUpdates(msgspec.Struct, frozen=True):
    """Changes of orders of the subscribed user."""

    updates: list[OrderUpdate]
    malformed: int = 0


class Trades(msgspec.Struct, frozen=True):
    """Public trades."""

    trades: list[Trade]
    malformed: int = 0


class Candles(msgspec.Struct, frozen=True):
    """Candles in the making, usually one."""

    candles: list[Candle]
    malformed: int = 0


class UserFills(msgspec.Struct, frozen=True):
    """Fills of a user; the first frame after subscribing repeats old ones and says so."""

    user: str
    fills: list[Fill]
    is_snapshot: bool = False
    malformed: int = 0


class UserFundings(msgspec.Struct, frozen=True):
    """Funding payments of a user."""

    user: str
    fundings: list[FundingPayment]
    is_snapshot: bool = False
    malformed: int = 0


class UserTwapHistory(msgspec.Struct, frozen=True):
    """How TWAPs of a user began and ended; the first frame after subscribing repeats old rows and says so."""

    user: str
    records: list[TwapRecord]
    is_snapshot: bool = False
    malformed: int = 0


class UserEvent(msgspec.Struct, frozen=True):
    """What the ``user`` channel says: fills, those of TWAP slices included, funding, liquidation, cancels nobody asked
    for, TWAPs that begin and end."""

    fills: list[Fill] = []
    twap_records: list[TwapRecord] = []
    funding: FundingPayment | None = None
    liquidation: dict[str, Any] | None = None
    non_user_cancels: list[CanceledByVenue] = []
    malformed: int = 0


class DexClearinghouseState(msgspec.Struct, frozen=True):
    """What an account has on one dex, as the stream pushes it."""

    user: str
    dex: str
    clearinghouseState: ClearinghouseState


class SubscriptionResponse(msgspec.Struct, frozen=True):
    """The acknowledgement of a (un)subscription; ``subscription`` is echoed with defaults added."""

    method: str
    subscription: dict[str, Any]


@dataclass(frozen=True, slots=True)
class ErrorFrame:
    """The server refused something; the text may quote the request."""

    text: str


@dataclass(frozen=True, slots=True)
class Pong:
    """The answer to a ping."""


@dataclass(frozen=True, slots=True)
class PostResponse:
    """The answer to a request sent over the socket; ``kind`` is info, action or error."""

    id: int
    kind: str
    payload: Any


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A frame that could not be decoded, or of a channel this package does not know."""

    channel: str
    reason: str
    raw: bytes = field(repr=False, default=b"")


PONG: Final = Pong()

Message = (
    L2Book
    | Bbo
    | Trades
    | Candles
    | ActiveAssetContext
    | ActiveAssetData
    | OrderUpdates
    | UserFills
    | UserFundings
    | UserTwapHistory
    | UserEvent
    | AllDexsClearinghouseState
    | DexClearinghouseState
    | SpotState
    | SubscriptionResponse
    | ErrorFrame
    | Pong
    | PostResponse
    | Unreadable
)
