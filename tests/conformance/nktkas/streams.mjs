// Every subscription that the library has, each with parameters that the exchange can serve if it serves the stream.
export const subscriptions = (user) => ({
  activeAssetCtx: [{ coin: "BTC" }],
  activeAssetData: [{ coin: "ETH", user }],
  allDexsAssetCtxs: [],
  allDexsClearinghouseState: [{ user }],
  allMids: [],
  assetCtxs: [{ dex: "xyz" }],
  bbo: [{ coin: "BTC" }],
  candle: [{ coin: "BTC", interval: "1m" }],
  clearinghouseState: [{ user, dex: "" }],
  fastAssetCtxs: [],
  l2Book: [{ coin: "ETH", nSigFigs: 4 }],
  notification: [{ user }],
  openOrders: [{ user }],
  orderUpdates: [{ user }],
  outcomeMetaUpdates: [],
  spotAssetCtxs: [],
  spotState: [{ user }],
  trades: [{ coin: "BTC" }],
  twapStates: [{ user }],
  userEvents: [{ user }],
  userFills: [{ user }],
  userFundings: [{ user }],
  userHistoricalOrders: [{ user }],
  userNonFundingLedgerUpdates: [{ user }],
  userTwapHistory: [{ user }],
  userTwapSliceFills: [{ user }],
  webData3: [{ user }],
});

// The exchange breaks the socket of who subscribes to a coin that it does not list, so this one has its own.
export const alone = { activeSpotAssetCtx: [{ coin: "@1" }] };
