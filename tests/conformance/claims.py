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
        "validatorL1Votes",
        "validatorSummaries",
        "vaultSummaries",
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
        "convertToMultiSigUser",
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
SUBSCRIPTIONS: Final[frozenset[str]] = frozenset()
PRIORITY_FEES: Final = False
"""Whether orders with a priority rate as their grouping are among what it does not do."""
