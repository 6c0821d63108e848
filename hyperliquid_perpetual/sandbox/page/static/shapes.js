// What frames look like, as far as the page reads them (a fault may put a value of another type anywhere in one): a
// frame that is not whole is left out whole, so that nothing wrong stays among what is shown.

const text = (value) => typeof value === "string";
const decimal = (value) => text(value) && /^-?\d+(\.\d+)?$/.test(value);
const whole = (value) => Number.isSafeInteger(value);
const flag = (value) => typeof value === "boolean";
const side = (value) => value === "A" || value === "B";
const orNull = (check) => (value) => value === null || value === undefined || check(value);
const list = (check) => (value) => Array.isArray(value) && value.every(check);
const record = (fields) => {
  const checks = Object.entries(fields);
  return (value) => typeof value === "object" && value !== null && checks.every(([name, check]) => check(value[name]));
};

const level = record({ px: decimal, sz: decimal, n: whole });

const fill = record({
  coin: text, px: decimal, sz: decimal, side, time: whole, startPosition: decimal, dir: text, closedPnl: decimal,
  oid: whole, crossed: flag, fee: decimal, tid: whole, feeToken: text,
});

const openOrder = record({
  coin: text, side, limitPx: decimal, sz: decimal, oid: whole, timestamp: whole, triggerCondition: text,
  isTrigger: flag, triggerPx: decimal, reduceOnly: flag, orderType: text, origSz: decimal, tif: orNull(text),
  cloid: orNull(text),
});

const position = record({
  coin: text, szi: decimal, leverage: record({ type: text, value: whole }), entryPx: orNull(decimal),
  unrealizedPnl: decimal, returnOnEquity: decimal, liquidationPx: orNull(decimal), marginUsed: decimal,
  cumFunding: record({ sinceOpen: decimal }),
});

const delta = record({
  type: text, usdc: orNull(decimal), amount: orNull(decimal), netWithdrawnUsd: orNull(decimal), token: orNull(text),
  sourceDex: orNull(text), destinationDex: orNull(text), destination: orNull(text),
  liquidatedNtlPos: orNull(decimal), liquidatedPositions: orNull(list(record({ coin: text, szi: decimal }))),
});

const SHAPES = {
  error: text,
  subscriptionResponse: record({ method: text, subscription: record({ type: text }) }),
  l2Book: record({ coin: text, levels: (value) => list(list(level))(value) && value.length === 2 }),
  bbo: record({ coin: text, bbo: (value) => list(orNull(level))(value) && value.length === 2 }),
  trades: list(record({ coin: text, side, px: decimal, sz: decimal, time: whole, tid: whole })),
  candle: record({ t: whole, s: text, i: text, o: decimal, h: decimal, l: decimal, c: decimal, v: decimal, n: whole }),
  activeAssetCtx: record({
    coin: text,
    ctx: record({
      funding: decimal, openInterest: decimal, prevDayPx: decimal, dayNtlVlm: decimal, oraclePx: decimal,
      markPx: decimal,
    }),
  }),
  orderUpdates: list(record({
    order: record({ coin: text, side, limitPx: decimal, sz: decimal, oid: whole, origSz: decimal }),
    status: text,
    statusTimestamp: whole,
  })),
  userFills: record({ user: text, fills: list(fill) }),
  userFundings: record({
    user: text,
    fundings: list(record({ time: whole, coin: text, usdc: decimal, szi: decimal, fundingRate: decimal })),
  }),
  userNonFundingLedgerUpdates: record({
    user: text,
    nonFundingLedgerUpdates: list(record({ time: whole, hash: text, delta })),
  }),
  clearinghouseState: record({
    user: text,
    dex: text,
    clearinghouseState: record({
      marginSummary: record({ accountValue: decimal, totalMarginUsed: decimal }),
      withdrawable: decimal,
      assetPositions: list(record({ position })),
      time: whole,
    }),
  }),
  openOrders: record({ user: text, dex: text, orders: list(openOrder) }),
  spotState: record({
    user: text,
    spotState: record({ balances: list(record({ coin: text, total: decimal, hold: decimal })) }),
  }),
};

/** Whether the data of a channel can be read; channels that the page does not read are nobody's business. */
export function isReadable(channel, data) {
  return !Object.hasOwn(SHAPES, channel) || SHAPES[channel](data);
}
