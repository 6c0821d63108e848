"""The bodies of ``POST /info`` as typed values (reference, section 2)."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct

from hyperliquid_perpetual.sandbox.action_base import Address, Cloid
from hyperliquid_perpetual.sandbox.info_base import DexRequest as DexRequest
from hyperliquid_perpetual.sandbox.info_base import InfoRequest as InfoRequest
from hyperliquid_perpetual.sandbox.info_base import Time
from hyperliquid_perpetual.sandbox.info_base import UserLedgerRequest as UserLedgerRequest
from hyperliquid_perpetual.sandbox.info_base import UserRequest as UserRequest
from hyperliquid_perpetual.sandbox.info_base import UserTimesRequest as UserTimesRequest
from hyperliquid_perpetual.sandbox.overview_requests import KnownOverview
from hyperliquid_perpetual.sandbox.signed_requests import UNPARSABLE, WRONG_SHAPE, Malformed
from hyperliquid_perpetual.sandbox.unsupported import UNSUPPORTED_INFO

Oid = Annotated[int, Meta(ge=0)]
Interval = Literal["1m", "3m", "5m", "15m", "30m", "1h", "2h", "4h", "8h", "12h", "1d", "3d", "1w", "1M"]


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
    | KnownOverview
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
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise Malformed(400, UNPARSABLE) from None
    return request


def _why(body: bytes, error: msgspec.ValidationError) -> str:
    try:
        kind = _outers.decode(body).type
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        kind = ""
    if kind in UNSUPPORTED_INFO:
        return f"The sandbox does not do the info request {kind}."
    return f"{WRONG_SHAPE}: {error}"


def type_of(request: InfoRequest) -> str:
    """The `type` of a request, as on the wire."""
    tag = type(request).__struct_config__.tag
    return str(tag)
