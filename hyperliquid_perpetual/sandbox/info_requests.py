"""The bodies of ``POST /info`` as typed values (reference, section 2)."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct

from hyperliquid_perpetual.sandbox.action_base import Address, Cloid
from hyperliquid_perpetual.sandbox.signed_requests import UNPARSABLE, WRONG_SHAPE, Malformed
from hyperliquid_perpetual.sandbox.unsupported import UNSUPPORTED_INFO

Time = Annotated[int, Meta(ge=0)]
Oid = Annotated[int, Meta(ge=0)]
Interval = Literal["1m", "3m", "5m", "15m", "30m", "1h", "2h", "4h", "8h", "12h", "1d", "3d", "1w", "1M"]


class InfoRequest(Struct, frozen=True, tag_field="type", tag=lambda name: name[:1].lower() + name[1:]):
    """Any of them; the type is the class's name."""


class DexRequest(InfoRequest, frozen=True):
    """About one perp dex; the first one when none is named."""

    dex: str | None = None


class UserRequest(InfoRequest, frozen=True, kw_only=True):
    """About one account."""

    user: Address


class UserTimesRequest(UserRequest, frozen=True, kw_only=True):
    """About one account in a range of time, both ends included."""

    startTime: Time
    endTime: Time | None = None


class UserLedgerRequest(UserRequest, frozen=True, kw_only=True):
    """The same, where clients of the venue leave the start out if they want all of it."""

    startTime: Time | None = None
    endTime: Time | None = None


# ---------------------------------------------------------------------- metadata


class Meta_(DexRequest, frozen=True, tag="meta"):  # noqa: N801 - msgspec's own Meta has the name
    pass


class MetaAndAssetCtxs(DexRequest, frozen=True):
    pass


class AllPerpMetas(InfoRequest, frozen=True):
    pass


class PerpDexs(InfoRequest, frozen=True):
    pass


class MarginTable(InfoRequest, frozen=True):
    id: int
    dex: str | None = None


class SpotMeta(InfoRequest, frozen=True):
    pass


class SpotMetaAndAssetCtxs(InfoRequest, frozen=True):
    pass


class OutcomeMeta(InfoRequest, frozen=True):
    pass


class PerpsAtOpenInterestCap(DexRequest, frozen=True):
    pass


class PerpDexStatus(InfoRequest, frozen=True):
    dex: str


class MaxMarketOrderNtls(InfoRequest, frozen=True):
    pass


class ExchangeStatus(InfoRequest, frozen=True):
    pass


# ---------------------------------------------------------------------- market data


class AllMids(DexRequest, frozen=True):
    pass


class L2Book(InfoRequest, frozen=True):
    coin: str
    nSigFigs: int | None = None
    mantissa: int | None = None


class CandleRange(Struct, frozen=True):
    coin: str
    interval: Interval
    startTime: Time
    endTime: Time | None = None


class CandleSnapshot(InfoRequest, frozen=True):
    req: CandleRange


class RecentTrades(InfoRequest, frozen=True):
    coin: str


class FundingHistory(InfoRequest, frozen=True):
    coin: str
    startTime: Time
    endTime: Time | None = None


class PredictedFundings(InfoRequest, frozen=True):
    pass


# ---------------------------------------------------------------------- accounts


class ClearinghouseState(UserRequest, frozen=True, kw_only=True):
    dex: str | None = None


class SpotClearinghouseState(UserRequest, frozen=True):
    pass


class ActiveAssetData(UserRequest, frozen=True, kw_only=True):
    coin: str


class UserAbstraction(UserRequest, frozen=True):
    pass


class UserDexAbstraction(UserRequest, frozen=True):
    pass


class UserRole(UserRequest, frozen=True):
    pass


class UserRateLimit(UserRequest, frozen=True):
    pass


class UserFees(UserRequest, frozen=True):
    pass


class ExtraAgents(UserRequest, frozen=True):
    pass


class MaxBuilderFee(UserRequest, frozen=True, kw_only=True):
    builder: Address


class ApprovedBuilders(UserRequest, frozen=True):
    pass


class SubAccounts(UserRequest, frozen=True):
    pass


class SubAccounts2(UserRequest, frozen=True):
    pass


class UserVaultEquities(UserRequest, frozen=True):
    pass


class VaultDetails(InfoRequest, frozen=True):
    vaultAddress: Address
    user: Address | None = None


# ---------------------------------------------------------------------- orders and history


class OpenOrders(UserRequest, frozen=True, kw_only=True):
    dex: str | None = None


class FrontendOpenOrders(UserRequest, frozen=True, kw_only=True):
    dex: str | None = None


class OrderStatus(UserRequest, frozen=True, kw_only=True):
    oid: Oid | Cloid


class HistoricalOrders(UserRequest, frozen=True):
    pass


class TwapHistory(UserRequest, frozen=True):
    pass


class UserFills(UserRequest, frozen=True, kw_only=True):
    aggregateByTime: bool | None = None


class UserFillsByTime(UserTimesRequest, frozen=True, kw_only=True):
    aggregateByTime: bool | None = None
    reversed: bool | None = None


class UserTwapSliceFills(UserRequest, frozen=True):
    pass


class UserTwapSliceFillsByTime(UserTimesRequest, frozen=True):
    pass


class UserFunding(UserLedgerRequest, frozen=True):
    pass


class UserNonFundingLedgerUpdates(UserLedgerRequest, frozen=True):
    pass


KnownInfo = (
    Meta_
    | MetaAndAssetCtxs
    | AllPerpMetas
    | PerpDexs
    | MarginTable
    | SpotMeta
    | SpotMetaAndAssetCtxs
    | OutcomeMeta
    | PerpsAtOpenInterestCap
    | PerpDexStatus
    | MaxMarketOrderNtls
    | ExchangeStatus
    | AllMids
    | L2Book
    | CandleSnapshot
    | RecentTrades
    | FundingHistory
    | PredictedFundings
    | ClearinghouseState
    | SpotClearinghouseState
    | ActiveAssetData
    | UserAbstraction
    | UserDexAbstraction
    | UserRole
    | UserRateLimit
    | UserFees
    | ExtraAgents
    | MaxBuilderFee
    | ApprovedBuilders
    | SubAccounts
    | SubAccounts2
    | UserVaultEquities
    | VaultDetails
    | OpenOrders
    | FrontendOpenOrders
    | OrderStatus
    | HistoricalOrders
    | TwapHistory
    | UserFills
    | UserFillsByTime
    | UserTwapSliceFills
    | UserTwapSliceFillsByTime
    | UserFunding
    | UserNonFundingLedgerUpdates
)


class _Outer(Struct):
    type: str


_requests = msgspec.json.Decoder(KnownInfo)
_outers = msgspec.json.Decoder(_Outer)


def decode_info(body: bytes) -> InfoRequest:
    """The request in a body.

    :raises Malformed: HTTP 400 for what is no JSON, 422 for what is no request.
    """
    try:
        request: InfoRequest = _requests.decode(body)
    except msgspec.ValidationError as error:
        raise Malformed(422, _why(body, error)) from None
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise Malformed(400, UNPARSABLE) from None
    if isinstance(request, UserFills | UserFillsByTime) and request.aggregateByTime:
        raise Malformed(422, "The sandbox does not do aggregateByTime.")
    return request


def _why(body: bytes, error: msgspec.ValidationError) -> str:
    try:
        kind = _outers.decode(body).type
    except (msgspec.DecodeError, UnicodeDecodeError):
        kind = ""
    if kind in UNSUPPORTED_INFO:
        return f"The sandbox does not do the info request {kind}."
    return f"{WRONG_SHAPE}: {error}"


def type_of(request: InfoRequest) -> str:
    """The `type` of a request, as on the wire."""
    tag = type(request).__struct_config__.tag
    return str(tag)
