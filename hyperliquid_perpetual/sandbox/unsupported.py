"""What the venue has and the sandbox does not do: answered by name, not as if it were unknown."""

UNSUPPORTED_ACTIONS = frozenset(
    (
        "activateOutcomeDeployer",
        "authorizeAqav2Role",
        "borrowLend",
        "cDeposit",
        "convertToMultiSigUser",
        "CSignerAction",
        "CValidatorAction",
        "cWithdraw",
        "finalizeEvmContract",
        "hip3LiquidatorTransfer",
        "linkStakingUser",
        "multiSig",
        "perpDeploy",
        "sendToEvmWithData",
        "setDisplayName",
        "spotDeploy",
        "spotUser",
        "stakingLinkDisableTradingUser",
        "tokenDelegate",
        "userOutcome",
        "validatorL1Stream",
    )
)
UNSUPPORTED_INFO = frozenset(
    (
        "allBorrowLendReserveStates",
        "borrowLendReserveState",
        "borrowLendUserState",
        "gossipPriorityAuctionStatus",
        "gossipRootIps",
        "liquidatable",
        "outcomeTemplates",
        "perpDeployAuctionStatus",
        "preTransferCheck",
        "settledOutcome",
        "spotDeployState",
        "spotPairDeployAuctionStatus",
        "tokenDetails",
        "usdcRouting",
        "userBorrowLendInterest",
        "userPoints",
        "validatorL1Votes",
        "validatorStats",
        "validatorSummaries",
        "vaultSummaries",
    )
)
UNSUPPORTED_SUBSCRIPTIONS = frozenset(
    (
        "explorerBlock",
        "explorerTxs",
    )
)
