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
        "gossipPriorityAuctionStatus",
        "outcomeMeta",
        "perpDeployAuctionStatus",
        "settledOutcome",
        "spotDeployState",
        "spotPairDeployAuctionStatus",
        "tokenDetails",
        "userPoints",
        "validatorStats",
        "validatorSummaries",
        "vaultSummaries",
    )
)
UNSUPPORTED_SUBSCRIPTIONS = frozenset(("explorerBlock", "explorerTxs"))
