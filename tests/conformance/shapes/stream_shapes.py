"""Every frame of a WebSocket (reference, section 8), by its channel, and the acknowledgements by subscription."""

from tests.conformance.shapes import account_shapes as acc
from tests.conformance.shapes import market_shapes as mkt
from tests.conformance.shapes.info_shapes import USER_STATE, WEB_DATA_2
from tests.conformance.shapes.language import (
    ADDRESS,
    COIN,
    COUNT,
    FLAG,
    NUMBER,
    TEXT,
    TRUE,
    Anything,
    Arr,
    Map,
    Maybe,
    Obj,
    OneOf,
    Optional,
    Scalar,
    Shape,
    Tup,
    Words,
)

_HEAD = {"user": ADDRESS, "isSnapshot": Optional(TRUE)}
_OF_DEX = {"dex": TEXT, "user": ADDRESS}

ACKNOWLEDGED: dict[str, dict[str, Shape]] = {
    "allMids": {"dex": TEXT},
    "l2Book": {"coin": COIN, "nSigFigs": Maybe(COUNT), "mantissa": Maybe(COUNT), "fast": FLAG},
    "bbo": {"coin": COIN},
    "trades": {"coin": COIN},
    "candle": {"coin": COIN, "interval": Words(*mkt.INTERVALS)},
    "activeAssetCtx": {"coin": COIN},
    "assetCtxs": {"dex": TEXT},
    "allDexsAssetCtxs": {},
    "fastAssetCtxs": {},
    "spotAssetCtxs": {},
    "outcomeMetaUpdates": {},
    "orderUpdates": {"user": ADDRESS},
    "userEvents": {"user": ADDRESS},
    "user": {"user": ADDRESS},
    "userFills": {"user": ADDRESS, "aggregateByTime": FLAG},
    "userFundings": {"user": ADDRESS},
    "userNonFundingLedgerUpdates": {"user": ADDRESS},
    "userHistoricalOrders": {"user": ADDRESS},
    "userTwapSliceFills": {"user": ADDRESS},
    "userTwapHistory": {"user": ADDRESS},
    "twapStates": {"user": ADDRESS, "dex": TEXT},
    "clearinghouseState": {"user": ADDRESS, "dex": TEXT},
    "allDexsClearinghouseState": {"user": ADDRESS},
    "openOrders": {"user": ADDRESS, "dex": TEXT},
    "spotState": {"user": ADDRESS, "ignorePortfolioMargin": FLAG},
    "activeAssetData": {"user": ADDRESS, "coin": COIN},
    "notification": {"user": ADDRESS},
    "webData2": {"user": ADDRESS},
    "webData3": {"user": ADDRESS},
}

CHANNELS: dict[str, Shape] = {
    "subscriptionResponse": Obj(
        method=Words("subscribe", "unsubscribe"),
        subscription=OneOf(**{kind: Obj(type=Words(kind), **fields) for kind, fields in ACKNOWLEDGED.items()}),
    ),
    "error": TEXT,
    "post": Obj(
        id=COUNT,
        response=OneOf(
            info=Obj(type=Words("info"), payload=Obj(type=TEXT, data=Anything())),
            action=Obj(type=Words("action"), payload=Obj(status=Words("ok", "err"), response=Anything())),
            error=Obj(type=Words("error"), payload=Scalar("a status and a text", str, r"[45]\d\d [A-Z][^:]*: (?s:.*)")),
        ),
    ),
    "allMids": Obj(mids=mkt.MIDS, dex=Optional(TEXT)),
    "l2Book": OneOf(whole=mkt.BOOK, fast=mkt.FAST_BOOK),
    "bbo": Obj(coin=COIN, time=Scalar("a time", int), bbo=Tup(Maybe(mkt.LEVEL), Maybe(mkt.LEVEL))),
    "trades": Arr(mkt.TRADE),
    "candle": mkt.CANDLE,
    "activeAssetCtx": Obj(coin=COIN, ctx=mkt.CONTEXT),
    "assetCtxs": Obj(dex=TEXT, ctxs=Arr(mkt.CONTEXT)),
    "allDexsAssetCtxs": Obj(ctxs=Arr(Tup(TEXT, Arr(mkt.CONTEXT)))),
    "fastAssetCtxs": Map(mkt.QUICK_PRICE),
    "spotAssetCtxs": Arr(Anything()),
    "outcomeMetaUpdates": Obj(updates=Arr(Anything())),
    "orderUpdates": Arr(acc.ORDER_UPDATE),
    "user": OneOf(
        fills=Obj(fills=Arr(acc.FILL)),
        funding=Obj(funding=acc.FUNDING),
        liquidation=Obj(liquidation=acc.USER_LIQUIDATION),
        nonUserCancel=Obj(nonUserCancel=Arr(Obj(coin=COIN, oid=COUNT))),
        twapHistory=Obj(twapHistory=Arr(acc.TWAP_ROW)),
        twapSliceFills=Obj(twapSliceFills=Arr(acc.SLICE_FILL)),
    ),
    "userFills": Obj(**_HEAD, fills=Arr(acc.FILL)),
    "userFundings": Obj(**_HEAD, fundings=Arr(acc.FUNDING)),
    "userNonFundingLedgerUpdates": Obj(**_HEAD, nonFundingLedgerUpdates=Arr(acc.LEDGER_ROW)),
    "userHistoricalOrders": Obj(**_HEAD, orderHistory=Arr(acc.ORDER_STATE)),
    "userTwapSliceFills": Obj(**_HEAD, twapSliceFills=Arr(acc.SLICE_FILL)),
    "userTwapHistory": Obj(**_HEAD, history=Arr(acc.TWAP_ROW)),
    "twapStates": Obj(**_OF_DEX, states=Arr(Tup(COUNT, acc.TWAP_STATE))),
    "clearinghouseState": Obj(**_OF_DEX, clearinghouseState=acc.CLEARINGHOUSE_STATE),
    "allDexsClearinghouseState": Obj(user=ADDRESS, clearinghouseStates=Arr(Tup(TEXT, acc.CLEARINGHOUSE_STATE))),
    "openOrders": Obj(**_OF_DEX, orders=Arr(acc.FRONTEND_ORDER)),
    "spotState": Obj(user=ADDRESS, spotState=acc.SPOT_STATE),
    "activeAssetData": acc.ACTIVE_ASSET_DATA,
    "notification": Obj(notification=TEXT),
    "webData2": WEB_DATA_2,
    "webData3": Obj(
        userState=USER_STATE,
        perpDexStates=Arr(
            Obj(
                totalVaultEquity=NUMBER,
                perpsAtOpenInterestCap=Optional(Arr(COIN)),
                leadingVaults=Optional(acc.LEADING_VAULTS),
            )
        ),
    ),
}
