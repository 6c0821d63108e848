"""The branches of the shapes that the sandbox does not show, as patterns, each with the reason.

In a pattern `*` stands for anything, brackets included.
"""

NO_SPOT = "no spot market is traded here"
NO_OUTCOME = "there is no outcome market here"
NO_STAKING = "there is no staking here"
NO_LABELS = "markets have no categories and annotations here"
NO_BORROWING = "nothing is borrowed here"

NOT_SHOWN: dict[str, str] = {
    # orders
    "orderType = Vault Close": "vaults close nothing by themselves here",
    "orderType = Spot Dust Conversion": NO_SPOT,
    "status = vaultWithdrawalCanceled": "a vault's leader makes room for withdrawals here",
    "status = openInterestCapCanceled": "orders at a cap are refused when they come, and not canceled later",
    "status = outcomeSettled*": NO_OUTCOME,
    "status = internalCancel": "an internal error of the venue",
    "status = perpMaxPositionCanceled": "known from reverse engineering alone; when it happens is not",
    "status = minTradeSpotNtlRejected": NO_SPOT,
    "status = insufficientSpotBalanceRejected": NO_SPOT,
    "status = tooAggressiveAtOpenInterestCapRejected": "the rule behind it is not documented",
    "status = openInterestIncreaseRejected": "the rule behind it is not documented",
    # fills
    "dir = Buy": NO_SPOT,
    "dir = Sell": NO_SPOT,
    "dir = Spot Dust Conversion": NO_SPOT,
    "dir = Net Child Vaults": "there are no vaults of vaults here",
    "dir = *Outcome": NO_OUTCOME,
    "dir = Merge Question": NO_OUTCOME,
    "fill.liquidation.liquidatedUser absent": "where the venue leaves it out is not documented",
    "*nSamples is not null": "rows are not aggregated later; hourly rows have null",
    # ledger
    "ledgerRow.delta as activateDexAbstraction": "the mode is discontinued; its row is not known to the bit",
    "ledgerRow.delta<activateDexAbstraction>*": "as above",
    "ledgerRow.delta as borrowLend": NO_BORROWING,
    "ledgerRow.delta<borrowLend>*": NO_BORROWING,
    "ledgerRow.delta as cStakingTransfer": NO_STAKING,
    "ledgerRow.delta<cStakingTransfer>*": NO_STAKING,
    "ledgerRow.delta as deployGasAuction": "nothing is deployed here",
    "ledgerRow.delta<deployGasAuction>*": "nothing is deployed here",
    "ledgerRow.delta as spotGenesis": NO_SPOT,
    "ledgerRow.delta<spotGenesis>*": NO_SPOT,
    # markets
    "meta.universe*.lastFeeScaleChangeTime present": "the fee scale of a dex never changes here",
    "info perpDexs*.assetToFundingClamp*": "dexs have no funding parameters of their own here",
    "info perpDexs*.assetToFundingInterestRate*": "dexs have no funding parameters of their own here",
    "info perpDexs*.assetToFundingMultiplier*": "dexs have no funding parameters of their own here",
    "info perpDexs*.feeRecipient is null": "every dex pays its deployer here",
    "info perpDexs*.oracleUpdater is not null": "deployers update their oracles themselves here",
    "info perpDexs*.subDeployers*": "dexs have one deployer here",
    "info perpCategories*": NO_LABELS,
    "info perpConciseAnnotations*": NO_LABELS,
    "info perpAnnotation is not null": NO_LABELS,
    "info spotMetaAndAssetCtxs*": NO_SPOT,
    "spotMeta.universe*": NO_SPOT,
    "spotMeta.tokens*.evmContract is not null": "tokens have no contracts here",
    "spotMeta.tokens*.fullName is not null": "tokens have no long names here",
    "spotMeta.tokens*.isCanonical = False": "all tokens listed here are canonical",
    # accounts
    "info delegat*": NO_STAKING,
    "info extraAgents*.validUntil is null": "agents have an end here, by default after 180 days",
    "info isVip is null": "nobody is a VIP here, and it is known of everybody",
    "info referral.rewardHistory*": "there is no history of rewards here",
    "info referral.referrerState*.tokenToState*": "who was referred is told in USDC",
    "info outcomeMeta*": NO_OUTCOME,
    "info subAccounts2*.abstraction present": "when it is there is not known; userAbstraction tells the mode",
    "info userDexAbstraction is null": "what null means is not known",
    "info userFees.nextTrialAvailableTimestamp is not null": "there are no trials here",
    "info userFees.trial is not null": "there are no trials here",
    "info userFees.stakingLink is not null": NO_STAKING,
    "info userToMultiSigSigners*": "there is no multi-sig here",
    "info vaultDetails.relationship*": "there are no vaults of vaults here",
    "spotState.balances*.borrowed present": NO_BORROWING,
    "spotState.balances*.supplied present": NO_BORROWING,
    "spotState.balances*.ltv present": NO_BORROWING,
    "spotState.balances*.spotHold present": NO_SPOT,
    "spotState.balances*.token absent": NO_OUTCOME,
    "spotState.evmEscrows*": "there is no EVM here",
    "spotState.tokenToPortfolio*": NO_BORROWING,
    # overviews
    "*optOutOfSpotDusting*": NO_SPOT,
    "* webData2.perpsAtOpenInterestCap absent": "always there, empty if need be",
    "* webData2.spotState absent": "always there",
    "* webData2.spotAssetCtxs*": NO_SPOT,
    "channel spotAssetCtxs*": NO_SPOT,
    "channel outcomeMetaUpdates*": NO_OUTCOME,
}
