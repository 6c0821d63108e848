// Actions that the exchange may not do: what each of them would ask for.
export const unserved = ({ user, friend }) => ({
  activateOutcomeDeployer: [{ isDeactivate: false }],
  authorizeAqav2Role: [{ token: 0, role: "technical" }],
  borrowLend: [{ operation: "supply", token: 0, amount: "20" }],
  cDeposit: [{ wei: 100_000_000 }],
  cSignerAction: [{ jailSelf: null }],
  cValidatorAction: [{ unregister: null }],
  cWithdraw: [{ wei: 100_000_000 }],
  claimRewards: [],
  convertToMultiSigUser: [{ signers: { authorizedUsers: [friend], threshold: 1 } }],
  createVault: [{ name: "a vault", description: "for a test", initialUsd: 100_000_000 }],
  evmUserModify: [{ usingBigBlocks: true }],
  finalizeEvmContract: [{ token: 200, input: { create: { nonce: 0 } } }],
  gossipPriorityBid: [{ slotId: 0, ip: "1.2.3.4", maxGas: 100_000_000 }],
  hip3LiquidatorTransfer: [{ dex: "xyz", ntl: 1_000_000_000, isDeposit: true }],
  linkStakingUser: [{ user: friend, isFinalize: false }],
  perpDeploy: [{ haltTrading: { coin: "xyz:TSLA", isHalted: true } }],
  registerReferrer: [{ code: "SANDBOX" }],
  reserveRequestWeight: [{ weight: 10 }],
  sendToEvmWithData: [
    {
      token: "USDC",
      amount: "1",
      sourceDex: "spot",
      destinationRecipient: friend,
      addressEncoding: "hex",
      destinationChainId: 42161,
      gasLimit: 200_000,
      data: "0x",
    },
  ],
  setDisplayName: [{ displayName: "a name" }],
  setReferrer: [{ code: "SANDBOX" }],
  spotDeploy: [{ registerHyperliquidity: { spot: 0, startPx: "1", orderSz: "1", nOrders: 1 } }],
  spotUser: [{ toggleSpotDusting: { optOut: false } }],
  stakingLinkDisableTradingUser: [{ tradingUser: user }],
  tokenDelegate: [{ validator: friend, isUndelegate: false, wei: 100_000_000 }],
  userOutcome: [{ splitOutcome: { outcome: 0, amount: "1" } }],
  validatorL1Stream: [{ riskFreeRate: "0.05" }],
});

// The same, of a vault's leader.
export const unservedLeaders = ({ vault }) => ({
  vaultDistribute: [{ vaultAddress: vault, usd: 10_000_000 }],
  vaultModify: [{ vaultAddress: vault, allowDeposits: true, alwaysCloseOnWithdraw: false }],
});
