"""What the sandbox says that it does not do, by the venue's names: the walks of other people's clients compare with it.

Every walk asks for these too, with parameters that are right. When the sandbox learns one of them, its name leaves this
table, and the reply is then held against what the client declares like all others.
"""

from typing import Final

INFO: Final = frozenset(
    (
        "allBorrowLendReserveStates",
        "borrowLendReserveState",
        "borrowLendUserState",
        "delegations",
        "delegatorHistory",
        "delegatorRewards",
        "delegatorSummary",
        "gossipPriorityAuctionStatus",
        "gossipRootIps",
        "isVip",
        "leadingVaults",
        "legalCheck",
        "liquidatable",
        "outcomeTemplates",
        "perpAnnotation",
        "perpCategories",
        "perpConciseAnnotations",
        "perpDeployAuctionStatus",
        "perpDexLimits",
        "portfolio",
        "preTransferCheck",
        "referral",
        "settledOutcome",
        "spotDeployState",
        "spotPairDeployAuctionStatus",
        "tokenDetails",
        "usdcRouting",
        "userBorrowLendInterest",
        "userToMultiSigSigners",
        "validatorL1Votes",
        "validatorSummaries",
        "vaultSummaries",
        "webData2",
    )
)
ACTIONS: Final = frozenset(
    (
        "activateOutcomeDeployer",
        "authorizeAqav2Role",
        "borrowLend",
        "cDeposit",
        "cSignerAction",
        "cValidatorAction",
        "cWithdraw",
        "claimRewards",
        "convertToMultiSigUser",
        "createVault",
        "evmUserModify",
        "finalizeEvmContract",
        "gossipPriorityBid",
        "hip3LiquidatorTransfer",
        "linkStakingUser",
        "multiSig",
        "perpDeploy",
        "registerReferrer",
        "reserveRequestWeight",
        "sendToEvmWithData",
        "setDisplayName",
        "setReferrer",
        "spotDeploy",
        "spotUser",
        "stakingLinkDisableTradingUser",
        "tokenDelegate",
        "userOutcome",
        "validatorL1Stream",
        "vaultDistribute",
        "vaultModify",
    )
)
SUBSCRIPTIONS: Final = frozenset(("fastAssetCtxs", "outcomeMetaUpdates", "spotAssetCtxs", "webData2", "webData3"))
PRIORITY_FEES: Final = True
"""Whether orders with a priority rate as their grouping are among what it does not do."""
