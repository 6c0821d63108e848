// What is known of the account on show, as its streams tell it: states per dex, orders, fills, funding, ledger.

import { subtract } from "./decimals.js";

const MAX_FILLS = 2_000;

export class Account {
  /**
   * @param address whose account
   * @param dexs the names of all dexs, "" for the first
   * @param tell called with the name of what has changed ("states", "spot", "orders", "fills") and, for what happens
   *     at a moment, with "event" and an entry for the tape
   */
  constructor(address, dexs, tell) {
    this.address = address;
    this.dexs = dexs;
    this.tell = tell;
    this.states = new Map();
    this.orders = new Map();
    this.spot = null;
    this.fills = [];
    this.seen = new Set();
    this.updatesAreMine = false;
  }

  /** The streams that this account needs. */
  get subscriptions() {
    const user = this.address;
    return [
      { type: "userFills", user },
      { type: "orderUpdates", user },
      { type: "userFundings", user },
      { type: "userNonFundingLedgerUpdates", user },
      { type: "spotState", user },
      ...this.dexs.flatMap((dex) => [
        { type: "clearinghouseState", user, dex },
        { type: "openOrders", user, dex },
      ]),
    ];
  }

  get openOrders() {
    const found = new Map();
    for (const orders of this.orders.values()) for (const order of orders) found.set(order.oid, order);
    return [...found.values()].sort((a, b) => b.timestamp - a.timestamp || b.oid - a.oid);
  }

  get positions() {
    return this.dexs.flatMap((dex) => this.states.get(dex)?.assetPositions.map((entry) => entry.position) ?? []);
  }

  /** A socket has been lost: what comes of it is not known until the streams begin anew. */
  onLost() {
    this.updatesAreMine = false;
  }

  /** Order updates name no account: they are ours from the moment that our subscription to them is acknowledged. */
  onAcknowledged(method, subscription) {
    if (subscription.type === "orderUpdates" && method === "subscribe") {
      this.updatesAreMine = subscription.user === this.address;
    }
  }

  /** Take in a frame; true when it was one about accounts. */
  onFrame(channel, data) {
    if (channel === "orderUpdates") {
      if (this.updatesAreMine) for (const update of data) this.tell("event", { kind: "order", data: update });
      return true;
    }
    const take = this[`on_${channel}`];
    if (take === undefined) return false;
    if (data.user === this.address) take.call(this, data);
    return true;
  }

  on_clearinghouseState({ dex, clearinghouseState }) {
    this.states.set(dex, clearinghouseState);
    this.tell("states");
  }

  on_openOrders({ dex, orders }) {
    this.orders.set(dex, orders);
    this.tell("orders");
  }

  on_spotState({ spotState }) {
    this.spot = spotState;
    this.tell("spot");
  }

  on_userFills({ fills, isSnapshot }) {
    const known = this.fills.length;
    for (const fill of [...fills].sort((a, b) => a.time - b.time)) {
      // Two partial matches of the same orders share a tid, but not what the position was before.
      const key = `${fill.tid} ${fill.time} ${fill.oid} ${fill.startPosition}`;
      if (this.isNew(key)) {
        this.fills.push(fill);
        this.tell("event", { kind: "fill", data: fill });
        if (!isSnapshot) this.reduce(fill);
      }
    }
    if (this.fills.length > MAX_FILLS) this.fills.splice(0, this.fills.length - MAX_FILLS);
    if (this.fills.length !== known || known === 0) this.tell("fills");
  }

  /** What is left of an order after a fill; a partial fill is no news to the stream of open orders. */
  reduce({ oid, sz }) {
    for (const orders of this.orders.values()) {
      const order = orders.find((candidate) => candidate.oid === oid);
      if (order !== undefined) {
        order.sz = subtract(order.sz, sz);
        this.tell("orders");
      }
    }
  }

  on_userFundings({ fundings }) {
    for (const funding of [...fundings].sort((a, b) => a.time - b.time)) {
      if (this.isNew(`funding ${funding.time} ${funding.coin}`)) this.tell("event", { kind: "funding", data: funding });
    }
  }

  on_userNonFundingLedgerUpdates({ nonFundingLedgerUpdates: rows }) {
    for (const row of [...rows].sort((a, b) => a.time - b.time)) {
      if (this.isNew(`${row.hash} ${row.time} ${JSON.stringify(row.delta)}`)) {
        this.tell("event", { kind: row.delta.type === "liquidation" ? "liquidation" : "transfer", data: row });
      }
    }
  }

  /** Every subscription repeats what was before it; each thing counts once. */
  isNew(key) {
    if (this.seen.has(key)) return false;
    this.seen.add(key);
    if (this.seen.size > 3 * MAX_FILLS) this.seen.delete(this.seen.values().next().value);
    return true;
  }
}
