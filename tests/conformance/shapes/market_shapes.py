"""Shapes of metadata and market data, written from the reference (sections 2.1, 2.2 and 8.2)."""

from tests.conformance.shapes.language import (
    ADDRESS,
    COIN,
    COUNT,
    HASH,
    NUMBER,
    TEXT,
    TIME,
    TRUE,
    Anything,
    Arr,
    Map,
    Maybe,
    Named,
    Obj,
    Optional,
    Scalar,
    Tup,
    Words,
)

ISO_TIME = Scalar("an ISO time without a zone", str, r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?")
MARGIN_TABLE = Named(
    "marginTable",
    Obj(description=TEXT, marginTiers=Arr(Obj(lowerBound=NUMBER, maxLeverage=COUNT))),
)
META = Named(
    "meta",
    Obj(
        universe=Arr(
            Obj(
                name=COIN,
                szDecimals=COUNT,
                maxLeverage=COUNT,
                marginTableId=COUNT,
                onlyIsolated=Optional(TRUE),
                marginMode=Optional(Words("strictIsolated", "noCross")),
                isDelisted=Optional(TRUE),
                growthMode=Optional(Words("enabled")),
                deployerFeeScale=Optional(NUMBER),
                lastFeeScaleChangeTime=Optional(ISO_TIME),
            )
        ),
        marginTables=Arr(Tup(COUNT, MARGIN_TABLE)),
        collateralToken=COUNT,
    ),
)
CONTEXT = Named(
    "context",
    Obj(
        funding=NUMBER,
        openInterest=NUMBER,
        prevDayPx=NUMBER,
        dayNtlVlm=NUMBER,
        premium=Maybe(NUMBER),
        oraclePx=NUMBER,
        markPx=NUMBER,
        midPx=Maybe(NUMBER),
        impactPxs=Maybe(Tup(NUMBER, NUMBER)),
        dayBaseVlm=NUMBER,
    ),
)
PERP_DEX = Obj(
    name=TEXT,
    fullName=TEXT,
    deployer=ADDRESS,
    oracleUpdater=Maybe(ADDRESS),
    feeRecipient=Maybe(ADDRESS),
    assetToStreamingOiCap=Arr(Tup(COIN, NUMBER)),
    subDeployers=Arr(Tup(TEXT, Arr(ADDRESS))),
    deployerFeeScale=NUMBER,
    lastDeployerFeeScaleChangeTime=ISO_TIME,
    assetToFundingMultiplier=Arr(Tup(COIN, NUMBER)),
    assetToFundingInterestRate=Arr(Tup(COIN, NUMBER)),
    assetToFundingClamp=Optional(Arr(Tup(COIN, NUMBER))),
)
SPOT_META = Named(
    "spotMeta",
    Obj(
        universe=Arr(Obj(tokens=Tup(COUNT, COUNT), name=TEXT, index=COUNT, isCanonical=Words(True, False))),
        tokens=Arr(
            Obj(
                name=TEXT,
                szDecimals=COUNT,
                weiDecimals=COUNT,
                index=COUNT,
                tokenId=Scalar("a token's id", str, r"0x[0-9a-f]{1,32}"),
                isCanonical=Words(True, False),
                evmContract=Maybe(Anything()),
                fullName=Maybe(TEXT),
                deployerTradingFeeShare=NUMBER,
            )
        ),
    ),
)
DEX_LIMITS = Maybe(
    Obj(totalOiCap=NUMBER, oiSzCapPerPerp=NUMBER, maxTransferNtl=NUMBER, coinToOiCap=Arr(Tup(COIN, NUMBER)))
)
MIDS = Map(NUMBER, r"(?:[a-z0-9]+:)?[A-Za-z0-9/]+|[@#][0-9]+")
LEVEL = Named("level", Obj(px=NUMBER, sz=NUMBER, n=COUNT))
LEVELS = Tup(Arr(LEVEL, 20), Arr(LEVEL, 20))
BOOK = Named("book", Obj(coin=COIN, time=TIME, levels=LEVELS, spread=Optional(NUMBER)))
FAST_BOOK = Obj(coin=COIN, time=TIME, levels=Tup(Arr(LEVEL, 5), Arr(LEVEL, 5)), fast=TRUE)
INTERVALS = ("1m", "3m", "5m", "15m", "30m", "1h", "2h", "4h", "8h", "12h", "1d", "3d", "1w", "1M")
CANDLE = Named(
    "candle",
    Obj(
        t=TIME,
        T=TIME,
        s=COIN,
        i=Words(*INTERVALS),
        o=NUMBER,
        c=NUMBER,
        h=NUMBER,
        l=NUMBER,
        v=NUMBER,
        n=COUNT,
    ),
)
TRADE = Named(
    "trade",
    Obj(
        coin=COIN,
        side=Words("B", "A"),
        px=NUMBER,
        sz=NUMBER,
        time=TIME,
        hash=HASH,
        tid=COUNT,
        users=Tup(ADDRESS, ADDRESS),
    ),
)
FUNDING_RATE = Obj(coin=COIN, fundingRate=NUMBER, premium=NUMBER, time=TIME)
PREDICTED = Arr(
    Tup(
        COIN,
        Arr(
            Tup(
                Words("BinPerp", "HlPerp", "BybitPerp"),
                Maybe(Obj(fundingRate=NUMBER, nextFundingTime=TIME, fundingIntervalHours=COUNT)),
            )
        ),
    )
)
EXCHANGE_STATUS = Obj(time=TIME, specialStatuses=Maybe(Anything()))
ANNOTATION = Obj(category=TEXT, description=TEXT)
CONCISE_ANNOTATION = Obj(category=TEXT, displayName=Optional(TEXT), keywords=Optional(Arr(TEXT)))
QUICK_PRICE = Obj(markPx=Optional(NUMBER), midPx=Optional(Maybe(NUMBER)))
