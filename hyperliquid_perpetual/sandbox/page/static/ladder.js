// The order book: what the deep, the fast and the best-price stream say together, and the account's own orders in it.

import { add, divide, subtract } from "./decimals.js";
import { beforePaint, make, setClass, setText, setTitle } from "./dom.js";
import { grouped, percent } from "./text.js";

const LEVELS = 10;

export class Ladder {
  constructor({ asks, bids, spread }) {
    this.spread = spread;
    this.sides = [
      { rows: makeRows(bids, "bid"), falls: true },
      { rows: makeRows(asks, "ask"), falls: false },
    ];
    this.work = () => this.paint();
    this.clear();
  }

  clear() {
    this.deep = this.fast = this.best = null;
    this.arrivals = 0;
    this.own = [];
    beforePaint(this.work);
  }

  onBook(data) {
    this.arrivals += 1;
    if (data.fast) this.fast = { at: this.arrivals, levels: data.levels };
    else this.deep = { at: this.arrivals, levels: data.levels };
    beforePaint(this.work);
  }

  onBest(data) {
    this.arrivals += 1;
    this.best = { at: this.arrivals, levels: data.bbo };
    beforePaint(this.work);
  }

  setOwn(orders) {
    this.own = orders.filter((order) => !order.isTrigger);
    beforePaint(this.work);
  }

  /** One side, the best level first. A newer frame is right for the prices that it covers. */
  levels(number) {
    const { falls } = this.sides[number];
    const isWorse = (px, than) => (falls ? +px < +than : +px > +than);
    let levels = this.deep?.levels[number] ?? [];
    const { deep, fast, best } = this;
    if (fast !== null && fast.at > (deep?.at ?? 0)) {
      const covered = fast.levels[number];
      levels = covered.length ? [...covered, ...levels.filter(({ px }) => isWorse(px, covered.at(-1).px))] : [];
    }
    if (best !== null && best.at > Math.max(deep?.at ?? 0, fast?.at ?? 0)) {
      const top = best.levels[number];
      levels = top ? [top, ...levels.filter(({ px }) => isWorse(px, top.px))] : [];
    }
    return levels.slice(0, LEVELS);
  }

  paint() {
    const books = [0, 1].map((number) => this.levels(number));
    const own = ["B", "A"].map((side) => ownSizes(this.own, side));
    const totals = books.map((levels) => {
      let total = "0";
      return levels.map(({ sz }) => (total = add(total, sz)));
    });
    const most = Math.max(...totals.map((list) => Number(list.at(-1) ?? 0)), 1e-12);
    books.forEach((levels, number) => {
      this.sides[number].rows.forEach((row, index) => {
        paintRow(row, levels[index], totals[number][index], most, own[number]);
      });
    });
    this.paintSpread(books[0][0], books[1][0]);
  }

  paintSpread(bid, ask) {
    if (bid === undefined || ask === undefined) {
      const isKnown = this.deep !== null || this.best !== null;
      const what = bid === ask ? "The book is empty." : `There are no ${bid === undefined ? "bids" : "asks"}.`;
      setText(this.spread, isKnown ? what : "Waiting for the book…");
      return;
    }
    const spread = subtract(ask.px, bid.px);
    setText(this.spread, `Spread ${grouped(spread)} (${percent(divide(spread, ask.px, 7), 4)})`);
  }
}

function ownSizes(orders, side) {
  const sizes = new Map();
  for (const order of orders) {
    if (order.side === side) sizes.set(+order.limitPx, add(sizes.get(+order.limitPx) ?? "0", order.sz));
  }
  return sizes;
}

function makeRows(list, kind) {
  const rows = Array.from({ length: LEVELS }, () => {
    const cells = [make("span"), make("span"), make("span"), make("span")];
    const bar = make("i", { className: "bar", "aria-hidden": "true" });
    return { node: make("li", {}, bar, ...cells), bar, cells, kind };
  });
  // Asks stand above, the best one at the bottom, next to the best bid.
  list.replaceChildren(...(kind === "ask" ? [...rows].reverse() : rows).map((row) => row.node));
  return rows;
}

function paintRow(row, level, total, most, own) {
  const mine = level && own.get(+level.px);
  setClass(row.node, `${row.kind}${level ? "" : " empty"}${mine ? " mine" : ""}`);
  const texts = level ? [grouped(level.px), grouped(level.sz), grouped(total), mine ? grouped(mine) : ""] : ["", "", "", ""];
  row.cells.forEach((cell, index) => setText(cell, texts[index]));
  setTitle(row.node, level ? `${level.n} orders at ${level.px}${mine ? `, of this account ${mine}` : ""}` : "");
  const share = level ? `${((Number(total) / most) * 100).toFixed(1)}%` : "0%";
  if (row.share !== share) {
    row.share = share;
    row.bar.style.width = share;
  }
}
