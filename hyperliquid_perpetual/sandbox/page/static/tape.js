// The account's events as lines of text, the newest first.

import { absolute, sign } from "./decimals.js";
import { beforePaint, make, setText } from "./dom.js";
import { fullTime, grouped, shortAddress, sideTone, sideWord, signed, time, tone } from "./text.js";

const MOST_LINES = 300;

const KINDS = { orders: "Orders", fills: "Fills", money: "Funding and transfers" };

/** A list that takes new lines at its top and forgets old ones. */
export class Lines {
  constructor(list, state, most = MOST_LINES) {
    this.list = list;
    this.state = state;
    this.most = most;
    this.fresh = [];
    this.work = () => this.paint();
  }

  clear() {
    this.fresh = [];
    this.list.replaceChildren();
    this.state.hidden = false;
  }

  add(line) {
    this.fresh.push(line);
    if (this.fresh.length > this.most) this.fresh.shift();
    beforePaint(this.work);
  }

  paint() {
    if (this.fresh.length === 0) return;
    this.state.hidden = true;
    const nodes = this.fresh.splice(0).sort((a, b) => b.at - a.at).map(lineNode);
    this.list.prepend(...nodes);
    while (this.list.childElementCount > this.most) this.list.lastElementChild.remove();
  }
}

function lineNode({ at, group, word, mood, text, title }) {
  const stamp = make("time", { title: fullTime(at), dateTime: new Date(at).toISOString() }, time(at));
  const node = make("li", { title }, stamp, make("b", { className: mood }, word), make("span", {}, text));
  if (group) node.dataset.group = group;
  return node;
}

/** The trade of a market as a line. */
export function tradeLine({ side, px, sz, time: at }) {
  return { at, word: sideWord(side), mood: sideTone(side), text: `${grouped(sz)} at ${grouped(px)}` };
}

/** An event of the account as a line. */
export function eventLine({ kind, data }) {
  return { order: orderLine, fill: fillLine, funding: fundingLine, transfer: transferLine, liquidation: liquidationLine }[kind](data);
}

const WORDS = { open: "Open", filled: "Filled", canceled: "Canceled", rejected: "Rejected", triggered: "Triggered" };

function orderLine({ order, status, statusTimestamp }) {
  const word = WORDS[status] ?? (/Rejected$/.test(status) ? "Rejected" : /ancel/.test(status) ? "Canceled" : status);
  const why = WORDS[status] === undefined && word !== status ? ` (${status})` : "";
  const text = `${sideWord(order.side)} ${order.coin} ${grouped(order.origSz)} at ${grouped(order.limitPx)}${why}`;
  const mood = { Rejected: "warn", Canceled: "quiet", Filled: "quiet" }[word] ?? "";
  return { at: statusTimestamp, group: "orders", word, mood, text, title: `order ${order.oid}, left ${order.sz}` };
}

function fillLine(fill) {
  const role = fill.crossed ? "taker" : "maker";
  const parts = [`${fill.coin} ${grouped(fill.sz)} at ${grouped(fill.px)}`, `${fill.dir}, ${role}`, `fee ${grouped(fill.fee)} ${fill.feeToken}`];
  if (sign(fill.closedPnl) !== 0) parts.push(`closed ${signed(fill.closedPnl)}`);
  if (fill.liquidation) parts.push("liquidation");
  return {
    at: fill.time,
    group: "fills",
    word: sideWord(fill.side),
    mood: sideTone(fill.side),
    text: parts.join(" · "),
    title: `trade ${fill.tid}, order ${fill.oid}`,
  };
}

function fundingLine({ time: at, coin, usdc, szi, fundingRate }) {
  return { at, group: "money", word: "Funding", mood: tone(usdc), text: `${coin} ${signed(usdc)} on ${grouped(szi)} at ${fundingRate}` };
}

function transferLine({ time: at, delta }) {
  const amount = delta.usdc ?? delta.amount ?? delta.netWithdrawnUsd ?? "0";
  const places = [delta.sourceDex, delta.destinationDex].every((dex) => dex !== undefined)
    ? ` from ${delta.sourceDex || "first dex"} to ${delta.destinationDex || "first dex"}`
    : "";
  const other = delta.destination ? ` to ${shortAddress(delta.destination)}` : "";
  return { at, group: "money", word: "Transfer", mood: "", text: `${delta.type} ${grouped(amount)} ${delta.token ?? ""}${places}${other}` };
}

function liquidationLine({ time: at, delta }) {
  const positions = delta.liquidatedPositions.map(({ coin, szi }) => `${coin} ${sign(szi) < 0 ? "short" : "long"} ${grouped(absolute(szi))}`);
  return { at, group: "fills", word: "Liquidation", mood: "warn", text: `${positions.join(", ")}, worth ${grouped(delta.liquidatedNtlPos)}` };
}

/** Buttons that show and hide the groups of a list. */
export function groupButtons(parent, list) {
  for (const [group, label] of Object.entries(KINDS)) {
    const button = make("button", { type: "button", "aria-pressed": "true" });
    setText(button, label);
    button.addEventListener("click", () => {
      const shown = button.getAttribute("aria-pressed") !== "true";
      button.setAttribute("aria-pressed", String(shown));
      list.classList.toggle(`without-${group}`, !shown);
    });
    parent.append(button);
  }
}
