// What a trading account does, in one go, by the library's own methods.
import { formatPrice, formatSize } from "@nktkas/hyperliquid/utils";
import { generatePrivateKey, privateKeyToAccount } from "viem/accounts";
import { until } from "./records.mjs";

const Gtc = { limit: { tif: "Gtc" } };
const Alo = { limit: { tif: "Alo" } };
const Ioc = { limit: { tif: "Ioc" } };
const Market = { limit: { tif: "FrontendMarket" } };
// Large ones: the library takes a cloid that is a small number for an oid.
export const cloidOf = (number) => "0x" + (2n ** 127n + BigInt(number)).toString(16);
const trigger = (triggerPx, tpsl, isMarket = true) => ({ trigger: { isMarket, triggerPx, tpsl } });
const statusesOf = (reply) => reply.response.data.statuses;

export class Actions {
  constructor(records, markets, mids, client, user) {
    Object.assign(this, { records, markets, mids, client, user });
  }

  // A client's answer, by default that of the account itself.
  act(label, method, parameters, options, client = this.client) {
    return this.records.ask(client, method, label, parameters, options);
  }

  // An order's fields; `distance` from the mid, 0.05 is 5% above it.
  order(coin, b, distance, size, t = Gtc, more = {}) {
    return { a: this.markets.getAssetId(coin), b, p: this.price(coin, distance), s: this.size(coin, size), r: false, t, ...more };
  }

  price(coin, distance) {
    return formatPrice(Number(this.mids[coin]) * (1 + distance), this.markets.getSzDecimals(coin));
  }

  size(coin, size) {
    return formatSize(size, this.markets.getSzDecimals(coin));
  }

  async positions() {
    await this.act("leverage", "updateLeverage", { asset: 0, isCross: true, leverage: 10 });
    await this.act("market buy", "order", { orders: [this.order("ETH", true, 0.05, 2, Market)] });
    await this.act("ioc sell", "order", { orders: [this.order("BTC", false, -0.02, 0.01, Ioc)] });
    await this.act("isolated leverage", "updateLeverage", { asset: 5, isCross: false, leverage: 5 });
    await this.act("isolated buy", "order", { orders: [this.order("SOL", true, 0.05, 10, Ioc)] });
    await this.act("isolated margin", "updateIsolatedMargin", { asset: 5, isBuy: true, ntli: 20_000_000 });
    const stx = this.markets.getAssetId("STX");
    await this.act("strict leverage", "updateLeverage", { asset: stx, isCross: false, leverage: 2 });
    await this.act("strict buy", "order", { orders: [this.order("STX", true, 0.05, 100, Ioc)] });
    await this.act("top up", "topUpIsolatedOnlyMargin", { asset: stx, leverage: "1.5" });
    await this.act("strict cross refused", "updateLeverage", { asset: stx, isCross: true, leverage: 2 });
    await this.act("other dex", "order", { orders: [this.order("xyz:TSLA", true, 0.05, 0.5, Ioc)] });
    await this.act("other dex close", "order", { orders: [this.order("xyz:TSLA", false, -0.05, 0.5, Ioc, { r: true })] });
  }

  async restingOrders() {
    const [{ resting }] = statusesOf(await this.act("rest", "order", { orders: [this.order("BTC", true, -0.03, 0.01)] }));
    await this.act("cancel", "cancel", { cancels: [{ a: 0, o: resting.oid }] });
    await this.act("cancel again", "cancel", { cancels: [{ a: 0, o: resting.oid }] });
    const c = cloidOf(7);
    await this.act("post-only", "order", { orders: [this.order("ETH", false, 0.03, 0.1, Alo, { c })] });
    const moved = this.order("ETH", false, 0.04, 0.2, Gtc, { c: cloidOf(8) });
    await this.act("modify by cloid", "modify", { oid: c, order: moved });
    await this.act("modify what is gone", "modify", { oid: c, order: moved });
    const again = this.order("ETH", false, 0.05, 0.2, Alo, { c: cloidOf(9) });
    await this.act("batch modify", "batchModify", { modifies: [{ oid: cloidOf(8), order: again }] });
    await this.act("cancel by cloid", "cancelByCloid", { cancels: [{ asset: 1, cloid: cloidOf(9) }] });
    await this.act("post-only that crosses", "order", { orders: [this.order("ETH", true, 0.03, 0.1, Alo)] });
    await this.act("one of three is bad", "order", {
      orders: [
        this.order("SOL", true, -0.05, 1),
        this.order("SOL", true, -0.05, 0.01),
        this.order("SOL", true, -0.06, 1, Gtc, { c: cloidOf(20) }),
      ],
    });
    await this.act("too dear", "order", { orders: [this.order("ATOM", true, -0.01, 1_000_000)] });
    // Stays open to the end, for the reads.
    await this.act("stays", "order", { orders: [this.order("BTC", true, -0.08, 0.01, Alo, { c: cloidOf(21) })] });
  }

  async brackets() {
    const exit = (coin, distance, tpsl, size) =>
      this.order(coin, false, distance, size, trigger(this.price(coin, distance), tpsl), { r: true });
    await this.act("stop", "order", { orders: [{ ...exit("ETH", -0.1, "sl", 1), c: cloidOf(30) }] });
    const limit = trigger(this.price("ETH", 0.1), "tp", false);
    await this.act("take-profit limit", "order", { orders: [this.order("ETH", false, 0.1, 1, limit, { r: true })] });
    await this.act("bracket", "order", {
      orders: [this.order("ETH", true, -0.02, 0.1), exit("ETH", 0.05, "tp", 0.1), exit("ETH", -0.08, "sl", 0.1)],
      grouping: "normalTpsl",
    });
    await this.act("position stop", "order", { orders: [exit("SOL", -0.1, "sl", 10)], grouping: "positionTpsl" });
    await this.act("trigger that opens", "order", {
      orders: [{ ...exit("ETH", -0.1, "sl", 1), r: false }],
    });
  }

  async twaps() {
    const twap = { a: 1, b: false, s: "0.5", r: true, m: 5, t: false };
    const reply = await this.act("twap", "twapOrder", { twap });
    const t = reply.response.data.status.running.twapId;
    await until(() => this.records.streams.userTwapSliceFills.frames.some((frame) => !frame.isSnapshot), "a slice");
    await this.act("twap cancel", "twapCancel", { a: 1, t });
    await this.act("twap cancel again", "twapCancel", { a: 1, t });
    await this.act("small twap", "twapOrder", { twap: { ...twap, s: "0.001", r: false } });
  }

  async family({ friend, friendsClient, vault }) {
    const created = await this.act("sub-account", "createSubAccount", { name: "second" });
    const sub = created.response.data;
    await this.act("renamed", "subAccountModify", { subAccountUser: sub, name: "second one" });
    await this.act("to sub-account", "subAccountTransfer", { subAccountUser: sub, isDeposit: true, usd: 500_000_000 });
    await this.act("from sub-account", "subAccountTransfer", { subAccountUser: sub, isDeposit: false, usd: 5_000_000 });
    await this.act("order of sub-account", "order", { orders: [this.order("BTC", true, -0.03, 0.001)] }, { vaultAddress: sub });
    await this.act("to spot", "usdClassTransfer", { amount: "60", toPerp: false });
    await this.act("to perp", "usdClassTransfer", { amount: "10", toPerp: true });
    const token = "USDC:0x6d1e7cde53ba9467b783cb7c530ce054";
    await this.act("spot to sub-account", "subAccountSpotTransfer", { subAccountUser: sub, isDeposit: true, token, amount: "4" });
    await this.act("usd send", "usdSend", { destination: friend, amount: "7" });
    await this.act("usd send of too much", "usdSend", { destination: friend, amount: "70000000" });
    await this.act("spot send", "spotSend", { destination: friend, token, amount: "3.25" });
    await this.act("send asset", "sendAsset", {
      destination: friend, sourceDex: "", destinationDex: "xyz", token, amount: "11", fromSubAccount: "",
    });
    await this.act("withdraw", "withdraw3", { destination: friend, amount: "2" });
    await this.act("vault deposit", "vaultTransfer", { vaultAddress: vault, isDeposit: true, usd: 100_000_000 });
    const led = { orders: [this.order("BTC", true, -0.03, 0.001)] };
    await this.act("order of vault", "order", led, { vaultAddress: vault }, friendsClient);
    await this.act("order of another's vault", "order", led, { vaultAddress: vault });
    return sub;
  }

  async rights({ friend, friendsClient, clientOf, now }) {
    const agent = privateKeyToAccount(generatePrivateKey());
    await this.act("named agent", "approveAgent", { agentAddress: agent.address, agentName: "bot" });
    const byAgent = clientOf(agent);
    await this.act("order by agent", "order", { orders: [this.order("BTC", true, -0.07, 0.001)] }, {}, byAgent);
    await this.act("agent may not send", "usdSend", { destination: friend, amount: "1" }, {}, byAgent);
    const asset = { destination: friend, sourceDex: "", destinationDex: "xyz", token: "USDC", amount: "1", fromSubAccount: "" };
    await this.act("agent sends to another", "agentSendAsset", asset, {}, byAgent);
    await this.act("agent moves between dexs", "agentSendAsset", { ...asset, destination: this.user }, {}, byAgent);
    const unnamed = privateKeyToAccount(generatePrivateKey()).address;
    await this.act("unnamed agent", "approveAgent", { agentAddress: unnamed, agentName: null });
    const dated = privateKeyToAccount(generatePrivateKey()).address;
    await this.act("dated agent", "approveAgent", { agentAddress: dated, agentName: `dated valid_until ${now + 86_400_000}` });
    const stranger = clientOf(privateKeyToAccount(generatePrivateKey()));
    await this.act("stranger", "cancel", { cancels: [{ a: 0, o: 1 }] }, {}, stranger);
    const withBuilder = { orders: [this.order("ETH", true, 0.05, 0.1, Ioc)], builder: { b: friend, f: 10 } };
    await this.act("builder unapproved", "order", withBuilder);
    await this.act("builder", "approveBuilderFee", { builder: friend, maxFeeRate: "0.01%" });
    await this.act("order with builder", "order", withBuilder);
    await this.act("noop", "noop", { nonce: now + 1 });
    await this.act("noop again", "noop", { nonce: now + 1 });
    await this.act("expired", "order", { orders: [this.order("BTC", true, -0.07, 0.001)] }, { expiresAfter: now - 60_000 });
    await this.act("not expired", "order", { orders: [this.order("BTC", true, -0.07, 0.001)] }, { expiresAfter: now + 60_000 });
    await this.act("dead man's switch", "scheduleCancel", { time: now + 600_000 });
    await this.act("switch taken back", "scheduleCancel", {});
    await this.act("switch too soon", "scheduleCancel", { time: now + 1_000 });
    await this.act("legacy dex abstraction", "userDexAbstraction", { user: friend, enabled: true }, {}, friendsClient);
  }

  async modes(clientOf, info) {
    for (const [label, method, parameters] of [
      ["unified by agent", "agentSetAbstraction", () => ({ abstraction: "u" })],
      ["unified", "userSetAbstraction", (user) => ({ user, abstraction: "unifiedAccount" })],
      ["portfolio margin", "userPortfolioMargin", (user) => ({ user, enabled: true })],
      ["dex abstraction by agent", "agentEnableDexAbstraction", () => undefined],
    ]) {
      const account = privateKeyToAccount(generatePrivateKey());
      await info.clearinghouseState({ user: account.address });
      const client = clientOf(account);
      const given = parameters(account.address);
      await this.records.ask(client, method, label, ...(given === undefined ? [] : [given]));
      await this.records.ask(info, "userAbstraction", label, { user: account.address });
      await this.records.ask(info, "spotClearinghouseState", label, { user: account.address });
      await this.records.ask(info, "clearinghouseState", label, { user: account.address });
      if (label === "unified") await this.act("class transfer when unified", "usdClassTransfer", { amount: "1", toPerp: false }, {}, client);
    }
  }
}
