// The library @nktkas/hyperliquid, unmodified, on the exchange at a URL: every method it has, printed as JSON.
//
// Usage: node walk.mjs URL KEY FRIENDS_KEY VAULT. It says `FUNDING` on a line of its own when it wants the hour to end.
import { ExchangeClient, HttpTransport, InfoClient, SubscriptionClient, WebSocketTransport } from "@nktkas/hyperliquid";
import { SymbolConverter } from "@nktkas/hyperliquid/utils";
import { privateKeyToAccount } from "viem/accounts";
import WebSocket from "ws";
import { Actions, cloidOf } from "./actions.mjs";
import { Records, until } from "./records.mjs";
import { furtherReads, reads } from "./reads.mjs";
import { alone, subscriptions } from "./streams.mjs";
import { unserved, unservedLeaders } from "./unserved.mjs";

const [url, key, friendsKey, vault] = process.argv.slice(2);
globalThis.WebSocket ??= WebSocket; // Node has one of its own from version 22 on

const wallet = privateKeyToAccount(key);
const friendsWallet = privateKeyToAccount(friendsKey);
const user = wallet.address.toLowerCase();
const friend = friendsWallet.address.toLowerCase();
const transport = new HttpTransport({ apiUrl: url, isTestnet: true });
const connect = () => new WebSocketTransport({ url: url.replace(/^http/, "ws") + "/ws", isTestnet: true });
const socket = connect();
const info = new InfoClient({ transport });
const clientOf = (account) => new ExchangeClient({ transport, wallet: account });
const records = new Records();
const methodsOf = (kind) => Object.getOwnPropertyNames(kind.prototype).filter((name) => name !== "constructor");

await info.clearinghouseState({ user });
await info.clearinghouseState({ user: friend });

// Streams first, so that they see everything.
const listener = new SubscriptionClient({ transport: socket });
const open = [];
for (const [method, parameters] of Object.entries(subscriptions(user))) {
  open.push(await records.listen(listener, method, ...parameters));
}
for (const [method, parameters] of Object.entries(alone)) {
  const own = connect();
  await records.listen(new SubscriptionClient({ transport: own }), method, ...parameters);
  own.close();
}

const markets = await SymbolConverter.create({ transport, dexs: ["xyz", "km"] });
const mids = { ...(await info.allMids()), ...(await info.allMids({ dex: "xyz" })) };
const actions = new Actions(records, markets, mids, clientOf(wallet), user);
const { time: since } = await info.exchangeStatus();

await actions.positions();
await actions.restingOrders();
await actions.brackets();
await actions.twaps();
const sub = await actions.family({ friend, friendsClient: clientOf(friendsWallet), vault });
const { time: now } = await info.exchangeStatus();
await actions.rights({ friend, friendsClient: clientOf(friendsWallet), clientOf, now });
await actions.modes(clientOf, info);
for (const [method, parameters] of Object.entries(unserved({ user, friend }))) {
  await actions.act(method, method, ...parameters);
}
for (const [method, parameters] of Object.entries(unservedLeaders({ vault }))) {
  await actions.act(method, method, ...parameters, {}, clientOf(friendsWallet));
}

// The hour ends while positions are open.
console.log("FUNDING");
await until(() => records.streams.userFundings.frames.some((frame) => !frame.isSnapshot), "funding");

const stays = cloidOf(21);
const [order] = (await info.frontendOpenOrders({ user })).filter(({ cloid }) => cloid === stays);
const context = { user, friend, sub, vault, oid: order.oid, cloid: stays, since };
for (const [method, parameters] of Object.entries(reads(context))) await records.ask(info, method, "read", ...parameters);
for (const [method, parameters] of furtherReads(context)) await records.ask(info, method, JSON.stringify(parameters), ...parameters);

// The same over WebSocket post.
const posted = new ExchangeClient({ transport: socket, wallet });
const asked = new InfoClient({ transport: socket });
await records.ask(asked, "l2Book", "post", { coin: "BTC" });
await records.ask(asked, "l2Book", "post unknown", { coin: "NOSUCH" });
await records.ask(asked, "clearinghouseState", "post", { user });
await records.ask(asked, "metaAndAssetCtxs", "post unknown dex", { dex: "nosuch" });
const postOrder = await records.ask(posted, "order", "post", { orders: [actions.order("BTC", true, -0.06, 0.01)] });
const { oid } = postOrder.response.data.statuses[0].resting;
await records.ask(posted, "cancel", "post", { cancels: [{ a: 0, o: oid }] });
await records.ask(posted, "cancel", "post again", { cancels: [{ a: 0, o: oid }] });
await records.ask(posted, "createSubAccount", "post refused", { name: "second one" });

// What happened is on its way: the last order's end, and what comes at intervals.
const ended = ({ order, status }) => order.oid === oid && status === "canceled";
await until(() => records.streams.orderUpdates.frames.flat().some(ended), "the last update");
await until(() => records.streams.openOrders.frames.at(-1).orders.every((row) => row.oid !== oid), "the last orders");
await until(() => ["allMids", "candle", "assetCtxs"].every((name) => records.streams[name].frames.length > 0), "streams");
for (const subscription of open) await subscription?.unsubscribe();
socket.close();
console.log(
  JSON.stringify({
    user,
    friend,
    sub,
    oid: order.oid,
    asked: records.asked,
    streams: records.streams,
    methods: { info: methodsOf(InfoClient), exchange: methodsOf(ExchangeClient), subscription: methodsOf(SubscriptionClient) },
  }),
);
