// The exchange's own figures, by its summary: blocks, clients, requests, weight, and the faults that have happened.

import { Rows, byId, make, setText, show } from "./dom.js";
import { fullTime, grouped, time } from "./text.js";

export class Counters {
  constructor() {
    this.figures = new Rows(byId("counters"), pair);
    this.faults = new Rows(byId("fault-counts"), pair);
    this.last = null;
  }

  show(summary, page) {
    const figures = {
      Traders: summary.market,
      Seed: String(summary.seed),
      "Its time": time(summary.time),
      Blocks: grouped(summary.blocks),
      "Blocks a second": this.rate(summary),
      WebSockets: grouped(summary.websockets),
      "Frames from clients": grouped(summary.messages),
      "Requests kept": grouped(summary.requests),
      "Weight used": grouped(summary.weight),
      "Refused by weight": grouped(summary.refusedByWeight),
      Accounts: grouped(summary.accounts.length),
      "Frames to page": grouped(page.frames),
      "Unreadable": grouped(page.unreadable),
    };
    const titles = { "Its time": fullTime(summary.time) };
    this.figures.update(Object.entries(figures), (row, text) => show(row.value, { text, title: titles[row.key] }));
    const faults = Object.entries(summary.faults).filter(([, count]) => count > 0);
    this.faults.update(faults, (row, count) => show(row.value, { text: grouped(count) }));
    byId("faults-none").hidden = faults.length > 0;
  }

  rate({ blocks }) {
    const now = performance.now();
    const { last } = this;
    this.last = { blocks, now };
    if (last === null || blocks < last.blocks) return "…";
    return ((blocks - last.blocks) / ((now - last.now) / 1_000)).toFixed(1);
  }
}

function pair(key) {
  const value = make("dd");
  const label = make("dt");
  setText(label, key.replaceAll("_", " "));
  return { key, value, node: make("div", {}, label, value) };
}
