"""Shapes of orders, fills, positions and balances, written from the reference (sections 2.3 to 2.5, 8.3, 10 to 14)."""

from tests.conformance.shapes.language import (
    ADDRESS,
    CLOID,
    COIN,
    COUNT,
    FLAG,
    HASH,
    NUMBER,
    REAL,
    TEXT,
    TIME,
    TRUE,
    Anything,
    Arr,
    Maybe,
    Named,
    Obj,
    OneOf,
    Optional,
    Scalar,
    Tup,
    Words,
)

SIDE = Named("side", Words("B", "A"))

# ---------------------------------------------------------------------- orders

ORDER_TYPE = Named(
    "orderType",
    Words(
        "Market",
        "Limit",
        "Stop Market",
        "Stop Limit",
        "Take Profit Market",
        "Take Profit Limit",
        "Twap Slice",
        "Vault Close",
        "Spot Dust Conversion",
    ),
)
TIF = Named("tif", Maybe(Words("Gtc", "Ioc", "Alo", "FrontendMarket", "LiquidationMarket")))
STATUSES = (
    "open",
    "triggered",
    "filled",
    "canceled",
    "rejected",
    "marginCanceled",
    "vaultWithdrawalCanceled",
    "openInterestCapCanceled",
    "selfTradeCanceled",
    "reduceOnlyCanceled",
    "siblingFilledCanceled",
    "delistedCanceled",
    "liquidatedCanceled",
    "outcomeSettledCanceled",
    "scheduledCancel",
    "internalCancel",
    "perpMaxPositionCanceled",
    "tickRejected",
    "minTradeNtlRejected",
    "minTradeSpotNtlRejected",
    "perpMarginRejected",
    "reduceOnlyRejected",
    "badAloPxRejected",
    "iocCancelRejected",
    "badTriggerPxRejected",
    "marketOrderNoLiquidityRejected",
    "positionIncreaseAtOpenInterestCapRejected",
    "positionFlipAtOpenInterestCapRejected",
    "tooAggressiveAtOpenInterestCapRejected",
    "openInterestIncreaseRejected",
    "insufficientSpotBalanceRejected",
    "oracleRejected",
    "perpMaxPositionRejected",
    "tooManyOpenOrdersRejected",
    "outcomeSettledRejected",
)
STATUS = Named("status", Words(*STATUSES))

BASIC_ORDER = Named(
    "basicOrder",
    Obj(
        coin=COIN,
        side=SIDE,
        limitPx=NUMBER,
        sz=NUMBER,
        oid=COUNT,
        timestamp=TIME,
        origSz=NUMBER,
        cloid=Optional(CLOID),
        reduceOnly=Optional(TRUE),
    ),
)
FRONTEND_ORDER = Named("frontendOrder")
FRONTEND_ORDER.shape = Obj(
    coin=COIN,
    side=SIDE,
    limitPx=NUMBER,
    sz=NUMBER,
    oid=COUNT,
    timestamp=TIME,
    triggerCondition=OneOf(
        none=Words("N/A"),
        above=Scalar("above", str, r"Price above [0-9]+(?:\.[0-9]+)?"),
        below=Scalar("below", str, r"Price below [0-9]+(?:\.[0-9]+)?"),
    ),
    isTrigger=Words(True, False),
    triggerPx=NUMBER,
    children=Arr(FRONTEND_ORDER),
    isPositionTpsl=Words(True, False),
    reduceOnly=Words(True, False),
    orderType=ORDER_TYPE,
    origSz=NUMBER,
    tif=TIF,
    cloid=Maybe(CLOID),
)
ORDER_STATE = Named("orderState", Obj(order=FRONTEND_ORDER, status=STATUS, statusTimestamp=TIME))
ORDER_UPDATE = Named("orderUpdate", Obj(order=BASIC_ORDER, status=STATUS, statusTimestamp=TIME))

# ---------------------------------------------------------------------- fills

DIR = Named(
    "dir",
    Words(
        "Open Long",
        "Open Short",
        "Close Long",
        "Close Short",
        "Long > Short",
        "Short > Long",
        "Buy",
        "Sell",
        "Auto-Deleveraging",
        "Net Child Vaults",
        "Spot Dust Conversion",
        "Settlement",
        "Split Outcome",
        "Merge Outcome",
        "Merge Question",
        "Negate Outcome",
        "Liquidated Isolated Long",
        "Liquidated Isolated Short",
        "Liquidated Cross Long",
        "Liquidated Cross Short",
    ),
)
LIQUIDATION = Obj(liquidatedUser=Optional(ADDRESS), markPx=NUMBER, method=Words("market", "backstop"))
FILL = Named(
    "fill",
    Obj(
        coin=COIN,
        px=NUMBER,
        sz=NUMBER,
        side=SIDE,
        time=TIME,
        startPosition=NUMBER,
        dir=DIR,
        closedPnl=NUMBER,
        hash=HASH,
        oid=COUNT,
        crossed=Words(True, False),
        fee=NUMBER,
        builderFee=Optional(NUMBER),
        tid=COUNT,
        cloid=Optional(CLOID),
        liquidation=Optional(LIQUIDATION),
        feeToken=TEXT,
        twapId=Maybe(COUNT),
    ),
)
TWAP_STATE = Named(
    "twapState",
    Obj(
        coin=COIN,
        user=ADDRESS,
        side=SIDE,
        sz=NUMBER,
        executedSz=NUMBER,
        executedNtl=NUMBER,
        minutes=COUNT,
        reduceOnly=Words(True, False),
        randomize=Words(True, False),
        timestamp=TIME,
        trigger=Maybe(Obj(px=NUMBER, above=FLAG)),
        stopPx=Maybe(NUMBER),
    ),
)
TWAP_ROW = Named(
    "twapRow",
    Obj(
        time=Scalar("a time in Unix seconds", int, r"[0-9]{10}"),
        state=TWAP_STATE,
        status=OneOf(
            plain=Obj(status=Words("finished", "activated", "terminated")),
            error=Obj(status=Words("error"), description=TEXT),
        ),
        twapId=COUNT,
    ),
)
SLICE_FILL = Named("sliceFill", Obj(fill=FILL, twapId=COUNT))

# ---------------------------------------------------------------------- funding and ledger

FUNDING = Obj(time=TIME, coin=COIN, usdc=NUMBER, szi=NUMBER, fundingRate=NUMBER, nSamples=Maybe(COUNT))
FUNDING_ROW = Obj(
    time=TIME,
    hash=HASH,
    delta=Obj(type=Words("funding"), coin=COIN, usdc=NUMBER, szi=NUMBER, fundingRate=NUMBER, nSamples=Maybe(COUNT)),
)
_SEND = {"fee": NUMBER, "nativeTokenFee": NUMBER, "nonce": Maybe(TIME), "feeToken": TEXT}
LEDGER_ROW = Named(
    "ledgerRow",
    Obj(
        time=TIME,
        hash=HASH,
        delta=OneOf(
            deposit=Obj(type=Words("deposit"), usdc=NUMBER),
            withdraw=Obj(type=Words("withdraw"), usdc=NUMBER, nonce=COUNT, fee=NUMBER),
            accountClassTransfer=Obj(type=Words("accountClassTransfer"), usdc=NUMBER, toPerp=Words(True, False)),
            internalTransfer=Obj(
                type=Words("internalTransfer"), usdc=NUMBER, user=ADDRESS, destination=ADDRESS, fee=NUMBER
            ),
            send=Obj(
                type=Words("send"),
                user=ADDRESS,
                destination=ADDRESS,
                sourceDex=TEXT,
                destinationDex=TEXT,
                token=TEXT,
                amount=NUMBER,
                usdcValue=NUMBER,
                **_SEND,
            ),
            spotTransfer=Obj(
                type=Words("spotTransfer"),
                token=TEXT,
                amount=NUMBER,
                usdcValue=NUMBER,
                user=ADDRESS,
                destination=ADDRESS,
                **_SEND,
            ),
            subAccountTransfer=Obj(type=Words("subAccountTransfer"), usdc=NUMBER, user=ADDRESS, destination=ADDRESS),
            liquidation=Obj(
                type=Words("liquidation"),
                liquidatedNtlPos=NUMBER,
                accountValue=NUMBER,
                leverageType=Words("Cross", "Isolated"),
                liquidatedPositions=Arr(Obj(coin=COIN, szi=NUMBER)),
            ),
            vaultCreate=Obj(type=Words("vaultCreate"), vault=ADDRESS, usdc=NUMBER, fee=NUMBER),
            vaultDeposit=Obj(type=Words("vaultDeposit"), vault=ADDRESS, usdc=NUMBER),
            vaultWithdraw=Obj(
                type=Words("vaultWithdraw"),
                vault=ADDRESS,
                user=ADDRESS,
                requestedUsd=NUMBER,
                commission=NUMBER,
                closingCost=NUMBER,
                basis=NUMBER,
                netWithdrawnUsd=NUMBER,
            ),
            vaultDistribution=Obj(type=Words("vaultDistribution"), vault=ADDRESS, usdc=NUMBER),
            vaultLeaderCommission=Obj(type=Words("vaultLeaderCommission"), user=ADDRESS, usdc=NUMBER),
            rewardsClaim=Obj(type=Words("rewardsClaim"), amount=NUMBER, token=TEXT),
            borrowLend=Obj(type=Words("borrowLend"), token=TEXT, operation=TEXT, amount=NUMBER, interestAmount=NUMBER),
            cStakingTransfer=Obj(type=Words("cStakingTransfer"), token=TEXT, amount=NUMBER, isDeposit=FLAG),
            spotGenesis=Obj(type=Words("spotGenesis"), token=TEXT, amount=NUMBER),
            deployGasAuction=Obj(type=Words("deployGasAuction"), token=TEXT, amount=NUMBER),
            activateDexAbstraction=Obj(type=Words("activateDexAbstraction"), dex=TEXT, token=TEXT, amount=NUMBER),
        ),
    ),
)

# ---------------------------------------------------------------------- states

LEVERAGE = Named(
    "leverage",
    OneOf(
        cross=Obj(type=Words("cross"), value=COUNT),
        isolated=Obj(type=Words("isolated"), value=COUNT, rawUsd=NUMBER),
    ),
)
_SUMMARY = Obj(accountValue=NUMBER, totalNtlPos=NUMBER, totalRawUsd=NUMBER, totalMarginUsed=NUMBER)
CLEARINGHOUSE_STATE = Named(
    "clearinghouseState",
    Obj(
        marginSummary=_SUMMARY,
        crossMarginSummary=_SUMMARY,
        crossMaintenanceMarginUsed=NUMBER,
        withdrawable=NUMBER,
        assetPositions=Arr(
            Obj(
                type=Words("oneWay"),
                position=Obj(
                    coin=COIN,
                    szi=NUMBER,
                    leverage=LEVERAGE,
                    entryPx=NUMBER,
                    positionValue=NUMBER,
                    unrealizedPnl=NUMBER,
                    returnOnEquity=NUMBER,
                    liquidationPx=Maybe(NUMBER),
                    marginUsed=NUMBER,
                    maxLeverage=COUNT,
                    cumFunding=Obj(allTime=NUMBER, sinceOpen=NUMBER, sinceChange=NUMBER),
                ),
            )
        ),
        time=TIME,
    ),
)
TOKEN_AMOUNTS = Arr(Tup(COUNT, NUMBER))
SPOT_STATE = Named(
    "spotState",
    Obj(
        balances=Arr(
            Obj(
                coin=TEXT,
                token=Optional(COUNT),
                total=NUMBER,
                hold=NUMBER,
                entryNtl=NUMBER,
                spotHold=Optional(NUMBER),
                ltv=Optional(NUMBER),
                borrowed=Optional(NUMBER),
                supplied=Optional(NUMBER),
            )
        ),
        portfolioMarginEnabled=Optional(TRUE),
        portfolioMarginRatio=Optional(NUMBER),
        tokenToAvailableAfterMaintenance=Optional(TOKEN_AMOUNTS),
        tokenToPortfolioBorrowRatio=Optional(TOKEN_AMOUNTS),
        tokenToPortfolioSupplyRatio=Optional(TOKEN_AMOUNTS),
        evmEscrows=Optional(Arr(Obj(coin=TEXT, token=COUNT, total=NUMBER))),
    ),
)
ACTIVE_ASSET_DATA = Named(
    "activeAssetData",
    Obj(
        user=ADDRESS,
        coin=COIN,
        leverage=LEVERAGE,
        maxTradeSzs=Tup(NUMBER, NUMBER),
        availableToTrade=Tup(NUMBER, NUMBER),
        markPx=NUMBER,
    ),
)
MODE = Named("mode", Words("default", "disabled", "unifiedAccount", "portfolioMargin", "dexAbstraction"))
ROLE = OneOf(
    plain=Obj(role=Words("user", "vault", "missing")),
    agent=Obj(role=Words("agent"), data=Obj(user=ADDRESS)),
    subAccount=Obj(role=Words("subAccount"), data=Obj(master=ADDRESS)),
)
RATE_LIMIT = Obj(cumVlm=NUMBER, nRequestsUsed=COUNT, nRequestsCap=COUNT, nRequestsSurplus=COUNT)
USER_FEES = Obj(
    dailyUserVlm=Arr(
        Obj(date=Scalar("a date", str, r"\d{4}-\d\d-\d\d"), userCross=NUMBER, userAdd=NUMBER, exchange=NUMBER)
    ),
    feeSchedule=Obj(
        cross=NUMBER,
        add=NUMBER,
        spotCross=NUMBER,
        spotAdd=NUMBER,
        tiers=Obj(
            vip=Arr(Obj(ntlCutoff=NUMBER, cross=NUMBER, add=NUMBER, spotCross=NUMBER, spotAdd=NUMBER)),
            mm=Arr(Obj(makerFractionCutoff=NUMBER, add=NUMBER)),
        ),
        referralDiscount=NUMBER,
        stakingDiscountTiers=Arr(Obj(bpsOfMaxSupply=NUMBER, discount=NUMBER)),
    ),
    userCrossRate=NUMBER,
    userAddRate=NUMBER,
    userSpotCrossRate=NUMBER,
    userSpotAddRate=NUMBER,
    activeReferralDiscount=NUMBER,
    trial=Maybe(Anything()),
    feeTrialEscrow=NUMBER,
    nextTrialAvailableTimestamp=Maybe(TIME),
    stakingLink=Maybe(Anything()),
    activeStakingDiscount=Obj(bpsOfMaxSupply=NUMBER, discount=NUMBER),
)
_SUB_ACCOUNT = {"name": TEXT, "subAccountUser": ADDRESS, "master": ADDRESS}
SUB_ACCOUNTS = Maybe(Arr(Obj(**_SUB_ACCOUNT, clearinghouseState=CLEARINGHOUSE_STATE, spotState=SPOT_STATE)))
SUB_ACCOUNTS_2 = Maybe(
    Arr(
        Obj(
            **_SUB_ACCOUNT,
            dexToClearinghouseState=Arr(Tup(TEXT, CLEARINGHOUSE_STATE)),
            spotState=SPOT_STATE,
            abstraction=Optional(MODE),
        )
    )
)
_HISTORY = Arr(Tup(TIME, NUMBER))
PERIOD = Named("period", Obj(accountValueHistory=_HISTORY, pnlHistory=_HISTORY, vlm=NUMBER))
PERIODS = ("day", "week", "month", "allTime", "perpDay", "perpWeek", "perpMonth", "perpAllTime")
PORTFOLIO = Tup(*(Tup(Words(name), PERIOD) for name in PERIODS))
FOLLOWER = Named(
    "follower",
    Obj(
        user=ADDRESS,
        # The reference has JSON numbers in this reply; clients of the venue read these three as texts.
        vaultEquity=NUMBER,
        pnl=NUMBER,
        allTimePnl=NUMBER,
        daysFollowing=COUNT,
        vaultEntryTime=TIME,
        lockupUntil=TIME,
    ),
)
VAULT_DETAILS = Maybe(
    Obj(
        name=TEXT,
        vaultAddress=ADDRESS,
        leader=ADDRESS,
        description=TEXT,
        portfolio=PORTFOLIO,
        apr=REAL,
        followerState=Maybe(FOLLOWER),
        leaderFraction=REAL,
        leaderCommission=REAL,
        followers=Arr(FOLLOWER),
        maxDistributable=REAL,
        maxWithdrawable=REAL,
        isClosed=Words(True, False),
        relationship=OneOf(
            normal=Obj(type=Words("normal")), family=Obj(type=Words("child", "parent"), data=Anything())
        ),
        allowDeposits=Words(True, False),
        alwaysCloseOnWithdraw=Words(True, False),
    )
)
VAULT_EQUITIES = Arr(Obj(vaultAddress=ADDRESS, equity=NUMBER, lockedUntilTimestamp=TIME))
AGENTS = Arr(Obj(name=TEXT, address=ADDRESS, validUntil=Maybe(TIME)))
LEADING_VAULTS = Arr(Obj(address=ADDRESS, name=TEXT))
_REFERRED = {"cumVlm": NUMBER, "cumRewardedFeesSinceReferred": NUMBER, "cumFeesRewardedToReferrer": NUMBER}
_REWARDS = {"cumVlm": NUMBER, "unclaimedRewards": NUMBER, "claimedRewards": NUMBER, "builderRewards": NUMBER}
REFERRAL = Obj(
    referredBy=Maybe(Obj(referrer=ADDRESS, code=TEXT)),
    **_REWARDS,
    referrerState=OneOf(
        ready=Obj(
            stage=Words("ready"),
            data=Obj(
                code=TEXT,
                nReferrals=COUNT,
                referralStates=Arr(
                    Obj(**_REFERRED, timeJoined=TIME, user=ADDRESS, tokenToState=Arr(Tup(COUNT, Obj(**_REFERRED))))
                ),
            ),
        ),
        needToCreateCode=Obj(stage=Words("needToCreateCode")),
        needToTrade=Obj(stage=Words("needToTrade"), data=Obj(required=NUMBER)),
    ),
    rewardHistory=Arr(Obj(earned=NUMBER, vlm=NUMBER, referralVlm=NUMBER, time=TIME)),
    tokenToState=Arr(Tup(COUNT, Obj(**_REWARDS))),
)
USER_LIQUIDATION = Obj(
    lid=COUNT,
    liquidator=ADDRESS,
    liquidated_user=ADDRESS,
    liquidated_ntl_pos=NUMBER,
    liquidated_account_value=NUMBER,
)
