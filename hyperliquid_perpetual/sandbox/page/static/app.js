// The page: which market and which account are on show, and where every frame of the exchange goes.

import { Account } from "./account.js";
import { Candles, INTERVALS, historyOf } from "./candles.js";
import { Chart } from "./chart.js";
import { Controls } from "./controls.js";
import { Counters } from "./counters.js";
import { add, subtract } from "./decimals.js";
import { beforePaint, byId, make, setText, show } from "./dom.js";
import { Equity, worthOf } from "./equity.js";
import { FaultPanel } from "./faults.js";
import { Ladder } from "./ladder.js";
import { readMarkets } from "./markets.js";
import { info, read } from "./requests.js";
import { Socket } from "./socket.js";
import { Stats } from "./stats.js";
import { Tables, accountLabel } from "./tables.js";
import { Lines, eventLine, groupButtons, tradeLine } from "./tape.js";
import { grouped, isAddress, shortAddress, sideTone, sideWord } from "./text.js";

const SUMMARY_MS = 2_000;
const NOTICE_MS = 15_000;
const MOST_MARKS = 10;
const SOME_FILLS_AT_START = 50;

class Page {
  constructor() {
    this.choice = readChoice();
    this.listing = null;
    this.summary = null;
    this.loaded = null; // the summary of when everything was read
    this.shownRun = null; // of which run of the exchange the account on show is
    this.quirks = {};
    this.account = null;
    this.context = null;
    this.marks = new Map();
    this.isTyping = false;
    this.candles = new Candles(this.choice.interval);
    this.run = 0; // counts what is on show, so that late answers about something else are dropped

    this.stats = new Stats();
    this.counters = new Counters();
    this.tables = new Tables((coin) => this.chooseMarket(coin));
    this.chart = new Chart({
      canvas: byId("chart"), values: byId("chart-values"), state: byId("chart-state"), now: byId("chart-now"),
    });
    this.ladder = new Ladder({ asks: byId("asks"), bids: byId("bids"), spread: byId("spread") });
    this.equity = new Equity({
      canvas: byId("equity"), state: byId("equity-state"), value: byId("equity-value"), change: byId("equity-change"),
    });
    this.trades = new Lines(byId("trades"), byId("trades-state"), 60);
    this.events = new Lines(byId("events"), byId("events-state"));
    this.seenTrades = new Set();
    groupButtons(byId("event-kinds"), byId("events"));

    const page = this;
    const view = {
      get coin() { return page.choice.coin; },
      get address() { return page.choice.address; },
      get context() { return page.context; },
      get places() { return page.listing?.places ?? []; },
    };
    this.controls = new Controls(view, () => this.readSummary());
    this.faults = new FaultPanel(() => this.readSummary());
    const url = `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/ws`;
    this.socket = new Socket(url, (...frame) => this.onFrame(...frame), (...state) => this.onState(...state));
    this.works = {
      account: () => this.paintAccount(),
      lines: () => this.paintLines(),
    };
  }

  start() {
    this.fillIntervals();
    byId("market").addEventListener("change", ({ target }) => this.chooseMarket(target.value));
    byId("account").addEventListener("change", ({ target }) => this.onAccountPicked(target.value));
    byId("other").addEventListener("submit", (event) => {
      event.preventDefault();
      this.onAddressTyped(byId("other-address"));
    });
    addEventListener("hashchange", () => this.onHash());
    this.socket.connect();
    this.readSummary();
    setInterval(() => document.hidden || this.readSummary(), SUMMARY_MS);
  }

  // ------------------------------------------------------------------ the connection

  onState(state, wait) {
    const node = byId("connection");
    node.dataset.state = state;
    if (state === "open") {
      setText(node, "Live");
      this.load();
      return;
    }
    if (state === "waiting") {
      this.run += 1;
      this.account?.onLost();
    }
    setText(node, state === "waiting" ? `Connection lost, again in ${(wait / 1_000).toFixed(1)} s` : "Connecting…");
  }

  /** After every connection: what is listed may have changed, and the exchange may be a new one. */
  async load() {
    const run = ++this.run;
    this.loaded = null;
    try {
      const [listing, quirks] = await Promise.all([readMarkets(), read("/sandbox/quirks").catch(() => ({}))]);
      if (run !== this.run) return;
      this.quirks = quirks;
      this.listing = listing;
    } catch (error) {
      if (run !== this.run) return;
      this.say(`What is listed could not be read (${error.message}); trying again.`);
      setTimeout(() => run === this.run && this.load(), 3_000);
      return;
    }
    this.say("");
    await this.readSummary();
    if (run !== this.run) return;
    const { address } = this.choice;
    const isSame = this.summary !== null && this.summary.run === this.shownRun;
    this.shownRun = this.summary?.run;
    this.loaded = this.summary;
    this.choose(this.choice);
    this.fillMarkets();
    this.fillAccounts();
    this.faults.load();
    this.controls.show();
    this.showMarket();
    if (isSame && this.account && address === this.choice.address) this.account.dexs = this.listing.dexs;
    else this.showAccount();
    this.subscribe();
  }

  onFrame(channel, data) {
    if (channel === "subscriptionResponse") {
      this.account?.onAcknowledged(data.method, data.subscription);
      return;
    }
    if (channel === "error") {
      if (!/^Already /.test(data)) this.say(`The exchange refused something: ${data}`, NOTICE_MS);
      return;
    }
    if (this.account?.onFrame(channel, data)) return;
    const { coin } = this.choice;
    switch (channel) {
      case "l2Book":
        if (data.coin === coin) this.ladder.onBook(data);
        break;
      case "bbo":
        if (data.coin === coin) this.ladder.onBest(data);
        break;
      case "trades":
        this.onTrades(data.filter((trade) => trade.coin === coin));
        break;
      case "candle":
        if (data.s === coin && data.i === this.candles.interval) {
          this.candles.take([data]);
          this.chart.setCandles(this.candles, "");
        }
        break;
      case "activeAssetCtx":
        this.marks.set(data.coin, data.ctx.markPx);
        if (data.coin === coin) {
          this.context = data.ctx;
          this.stats.show(data.ctx, this.listing.markets.get(coin));
        }
        beforePaint(this.works.account);
        break;
    }
  }

  onTrades(trades) {
    const fresh = trades.filter(({ tid, time }) => {
      const key = `${tid} ${time}`;
      return !this.seenTrades.has(key) && this.seenTrades.add(key);
    });
    fresh.sort((a, b) => a.time - b.time);
    for (const trade of fresh) this.trades.add(tradeLine(trade));
    for (const key of this.seenTrades) {
      if (this.seenTrades.size <= 500) break;
      this.seenTrades.delete(key);
    }
    if (this.candles.isOfTrades && fresh.length) {
      this.candles.addTrades(fresh);
      this.chart.setCandles(this.candles, "");
    }
  }

  // ------------------------------------------------------------------ what is on show

  chooseMarket(coin) {
    this.choose({ ...this.choice, coin });
    byId("market").value = this.choice.coin;
    this.controls.show();
    this.showMarket();
  }

  onAccountPicked(value) {
    this.isTyping = value === "other";
    byId("other").hidden = !this.isTyping;
    if (this.isTyping) byId("other-address").focus();
    else this.chooseAccount(value);
  }

  onAddressTyped(input) {
    const address = input.value.trim().toLowerCase();
    const isRight = isAddress(address);
    input.setCustomValidity(isRight ? "" : "An address is 0x and 40 hexadecimal digits.");
    if (!isRight) {
      input.reportValidity();
      input.addEventListener("input", () => input.setCustomValidity(""), { once: true });
      return;
    }
    this.isTyping = false;
    this.chooseAccount(address);
  }

  chooseAccount(address) {
    this.choose({ ...this.choice, address });
    this.fillAccounts();
    this.showAccount();
  }

  onHash() {
    const wanted = readChoice();
    const { choice } = this;
    if (this.listing === null || JSON.stringify(wanted) === JSON.stringify(choice)) return;
    if (wanted.interval !== choice.interval) this.chooseInterval(wanted.interval);
    if (wanted.coin !== choice.coin) this.chooseMarket(wanted.coin);
    if (wanted.address && wanted.address !== choice.address) this.chooseAccount(wanted.address);
  }

  /** Take a choice, put right where it names what is not there, and keep it in the address of the page. */
  choose({ coin, address, interval }) {
    const { markets } = this.listing;
    this.choice = {
      coin: markets.has(coin) ? coin : (markets.keys().next().value ?? ""),
      address: address || this.summary?.demo || "",
      interval,
    };
    const hash = new URLSearchParams({ market: this.choice.coin, account: this.choice.address, interval });
    history.replaceState(null, "", `#${hash}`);
    document.title = `${this.choice.coin} · Hyperliquid sandbox`;
  }

  subscribe() {
    const { coin, interval } = this.choice;
    const market = [
      { type: "l2Book", coin },
      { type: "bbo", coin },
      { type: "trades", coin },
      { type: "activeAssetCtx", coin },
    ];
    // Where the exchange is set not to have the fast book, asking for it may cost the connection.
    if ((this.quirks.fast_book?.value ?? "served") === "served") market.push({ type: "l2Book", coin, fast: true });
    if (!this.candles.isOfTrades) market.push({ type: "candle", coin, interval });
    const others = (this.account?.positions ?? []).map((position) => position.coin).filter((name) => name !== coin);
    const marks = others.slice(0, MOST_MARKS).map((name) => ({ type: "activeAssetCtx", coin: name }));
    this.socket.wantOnly([...market, ...marks, ...(this.account?.subscriptions ?? [])]);
  }

  showMarket() {
    const { coin } = this.choice;
    this.context = null;
    this.stats.show(null, null);
    this.ladder.clear();
    this.ladder.setOwn(this.ownOrders());
    this.trades.clear();
    this.seenTrades.clear();
    setText(byId("chart-title"), coin);
    this.showCandles();
    this.paintLines();
    this.chart.setFills(this.ownFills());
  }

  async showCandles() {
    const { coin, interval } = this.choice;
    const candles = new Candles(interval);
    this.candles = candles;
    this.chart.setCandles(candles, candles.isOfTrades ? "Candles of seconds are made of trades as they come: waiting for one…" : "Waiting for candles…");
    if (candles.isOfTrades) this.seenTrades.clear();
    this.subscribe();
    if (candles.isOfTrades) return;
    for (let wait = 1_000; candles === this.candles; wait = Math.min(2 * wait, 15_000)) {
      try {
        const rows = await info("candleSnapshot", historyOf(coin, interval, this.summary?.time ?? Date.now()));
        if (candles !== this.candles) return;
        const newest = candles.list.at(-1);
        candles.take(newest === undefined ? rows : rows.filter(({ t }) => t < newest.t));
        this.chart.setCandles(candles, "No candles yet.");
        return;
      } catch (error) {
        this.chart.setCandles(candles, `The candles could not be read (${error.message}); trying again.`);
        await new Promise((resolve) => setTimeout(resolve, wait));
      }
    }
  }

  chooseInterval(interval) {
    this.choose({ ...this.choice, interval });
    this.fillIntervals();
    this.showCandles();
  }

  showAccount() {
    const { address } = this.choice;
    this.equity.clear();
    this.events.clear();
    this.account = address && this.makeAccount(address);
    this.subscribe();
    this.paintAccount();
    this.chart.setFills([]);
    this.ladder.setOwn([]);
    this.paintLines();
  }

  makeAccount(address) {
    let early = [];
    const account = new Account(address, this.listing.dexs, (what, entry) => {
      if (account !== this.account) return;
      if (what === "event") {
        if (early === null || entry.kind !== "fill") this.events.add(eventLine(entry));
        else early.push(entry);
      } else if (what === "fills") {
        // Of the fills from before only some are told, and all of them are drawn.
        for (const fill of early?.slice(-SOME_FILLS_AT_START) ?? []) this.events.add(eventLine(fill));
        early = null;
        this.chart.setFills(this.ownFills());
      } else if (what === "orders") {
        this.ladder.setOwn(this.ownOrders());
        beforePaint(this.works.lines);
        beforePaint(this.works.account);
      } else {
        beforePaint(this.works.account);
        beforePaint(this.works.lines);
      }
    });
    return account;
  }

  // ------------------------------------------------------------------ painting

  ownOrders() {
    return this.account ? this.account.openOrders.filter(({ coin }) => coin === this.choice.coin) : [];
  }

  ownFills() {
    return this.account ? this.account.fills.filter(({ coin }) => coin === this.choice.coin) : [];
  }

  paintAccount() {
    const { account } = this;
    if (!account) {
      for (const part of ["positions", "orders", "equity"]) setText(byId(`${part}-state`), "Choose an account above.");
      return;
    }
    const isKnown = account.states.size === this.listing.dexs.length;
    const { positions } = account;
    this.tables.showPositions(positions, this.marks, isKnown);
    this.tables.showOrders(account.openOrders, account.orders.size === this.listing.dexs.length);
    const { rows, total } = worthOf(account, this.modeOf(account.address), this.listing.collaterals);
    this.tables.showBalances(rows);
    if (isKnown && account.spot !== null) this.paintEquity(account, total);
    const coins = positions.map(({ coin }) => coin).join();
    if (coins !== account.coins) {
      account.coins = coins;
      this.subscribe();
    }
  }

  paintEquity(account, total) {
    const at = Math.max(...[...account.states.values()].map(({ time }) => time));
    const isFirst = this.equity.first === null;
    this.equity.add(at, total);
    if (isFirst) this.equity.setPast(account.fills.map(({ time, closedPnl, fee }) => [time, subtract(closedPnl, fee)]));
  }

  paintLines() {
    const { coin } = this.choice;
    const byPrice = new Map();
    for (const order of this.ownOrders()) {
      const what = order.isTrigger ? order.orderType : sideWord(order.side);
      const px = order.isTrigger ? order.triggerPx : order.limitPx;
      const key = `${px} ${what}`;
      const sz = add(byPrice.get(key)?.sz ?? "0", order.sz);
      byPrice.set(key, { px, sz, what, kind: "order", side: sideTone(order.side) });
    }
    const lines = [...byPrice.values()].map((line) => ({ ...line, label: `${line.what} ${grouped(line.sz)}` }));
    const position = this.account?.positions?.find((held) => held.coin === coin);
    if (position?.entryPx) lines.push({ px: position.entryPx, kind: "entry", label: `Entry ${grouped(position.szi)}` });
    if (position?.liquidationPx) lines.push({ px: position.liquidationPx, kind: "liquidation", label: "Liquidation" });
    this.chart.setLines(lines);
  }

  modeOf(address) {
    return this.summary?.accounts.find((account) => account.address === address)?.mode ?? "default";
  }

  // ------------------------------------------------------------------ the exchange's own figures

  async readSummary() {
    let summary;
    try {
      summary = await read("/sandbox/summary");
    } catch (error) {
      this.close(error.status === 403 ? `The exchange lets nobody here: ${error.message}.` : "");
      return;
    }
    this.close("");
    this.summary = summary;
    this.counters.show(summary, this.socket);
    this.controls.showMaintenance(summary.maintenance);
    this.faults.onSummary();
    if (this.listing !== null) this.fillAccounts();
    const listed = ({ run, dexs, listed, delisted }) => [run, dexs, listed, delisted].join();
    if (this.loaded !== null && listed(this.loaded) !== listed(summary)) this.load();
  }

  /** What a caller from elsewhere may not use says so, and stays out of the way. */
  close(reason) {
    for (const panel of document.querySelectorAll(".world, .faults, .counters")) {
      panel.classList.toggle("is-closed", reason !== "");
      const note = panel.querySelector(".closed");
      note.hidden = reason === "";
      setText(note, reason);
    }
  }

  /** Say something above everything else, for good or for some milliseconds. */
  say(text, lasts = 0) {
    const banner = byId("banner");
    clearTimeout(this.notice);
    banner.hidden = text === "";
    setText(banner, text);
    if (lasts > 0) this.notice = setTimeout(() => this.say(""), lasts);
  }

  // ------------------------------------------------------------------ what can be chosen

  fillMarkets() {
    const select = byId("market");
    const groups = this.listing.dexs.map((dex) => {
      const markets = [...this.listing.markets.values()].filter((market) => market.dex === dex);
      const options = markets.map(({ coin, isDelisted }) => make("option", { value: coin }, isDelisted ? `${coin} (delisted)` : coin));
      const label = `${dex || "First dex"} · ${this.listing.collaterals.get(dex) ?? ""}`;
      return options.length ? make("optgroup", { label }, ...options) : "";
    });
    select.replaceChildren(...groups.filter(Boolean));
    select.value = this.choice.coin;
    select.disabled = false;
  }

  fillAccounts() {
    const select = byId("account");
    const known = this.summary?.accounts ?? [];
    const { address } = this.choice;
    const labels = known.map((account) => [account.address, accountLabel(account, this.summary.demo)]);
    if (address && !known.some((account) => account.address === address)) labels.push([address, shortAddress(address)]);
    labels.push(["other", "Another address…"]);
    const key = JSON.stringify(labels);
    if (this.accountsShown !== key) {
      this.accountsShown = key;
      select.replaceChildren(...labels.map(([value, label]) => make("option", { value }, label)));
      select.disabled = false;
    }
    select.title = address;
    if (this.isTyping) return;
    select.value = address || "other";
    byId("other").hidden = address !== "";
  }

  fillIntervals() {
    byId("intervals").replaceChildren(
      ...INTERVALS.map((interval) => {
        const pressed = String(interval === this.choice.interval);
        const button = make("button", { type: "button", "aria-pressed": pressed }, interval);
        button.addEventListener("click", () => this.listing && this.chooseInterval(interval));
        return button;
      }),
    );
  }
}

function readChoice() {
  const hash = new URLSearchParams(location.hash.slice(1));
  const address = (hash.get("account") ?? "").toLowerCase();
  const interval = hash.get("interval") ?? "";
  return {
    coin: hash.get("market") ?? "",
    address: isAddress(address) ? address : "",
    interval: INTERVALS.includes(interval) ? interval : "1m",
  };
}

new Page().start();
