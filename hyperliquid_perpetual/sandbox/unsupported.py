"""What the venue has and the sandbox does not do: answered by name, not as if it were unknown."""

UNSUPPORTED_ACTIONS = frozenset(
    (
        "cDeposit",
        "cWithdraw",
        "convertToMultiSigUser",
        "linkStakingUser",
        "multiSig",
        "perpDeploy",
        "spotDeploy",
        "tokenDelegate",
    )
)
UNSUPPORTED_INFO = frozenset(
    (
        "borrowLendUserState",
        "delegations",
        "delegatorHistory",
        "delegatorRewards",
        "delegatorSummary",
        "gossipPriorityAuctionStatus",
        "isVip",
        "leadingVaults",
        "legalCheck",
        "outcomeMeta",
        "perpAnnotation",
        "perpCategories",
        "perpConciseAnnotations",
        "perpDeployAuctionStatus",
        "perpDexLimits",
        "portfolio",
        "referral",
        "settledOutcome",
        "spotDeployState",
        "spotPairDeployAuctionStatus",
        "tokenDetails",
        "userPoints",
        "userToMultiSigSigners",
        "validatorStats",
        "validatorSummaries",
        "vaultSummaries",
        "webData2",
    )
)
UNSUPPORTED_SUBSCRIPTIONS = frozenset(
    (
        "fastAssetCtxs",
        "outcomeMetaUpdates",
        "spotAssetCtxs",
        "webData2",
        "webData3",
    )
)
