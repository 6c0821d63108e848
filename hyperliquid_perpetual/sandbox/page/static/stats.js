// The line of figures above the chart: what the venue says of the market now.

import { divide, sign, subtract } from "./decimals.js";
import { Rows, byId, make, setText, show } from "./dom.js";
import { grouped, money, percent, tone } from "./text.js";

const YEAR_HOURS = 24 * 365;

export class Stats {
  constructor() {
    this.rows = new Rows(byId("stats"), (key) => {
      const value = make("dd");
      const label = make("dt");
      setText(label, key);
      return { value, node: make("div", {}, label, value) };
    });
  }

  /** @param context the market's figures, null while they are not known; `market` is how it is listed */
  show(context, market) {
    if (context === null) {
      this.rows.update([["Mark", ""]], ({ value }) => show(value, { text: "…", tone: "" }));
      return;
    }
    const change = sign(context.prevDayPx) === 0 ? "0" : divide(subtract(context.markPx, context.prevDayPx), context.prevDayPx, 6);
    const funding = percent(context.funding, 4);
    const yearly = Math.round(Number(context.funding) * YEAR_HOURS * 100);
    const figures = [
      ["Mark", { text: grouped(context.markPx), tone: "big" }],
      ["Oracle", { text: grouped(context.oraclePx), tone: "" }],
      ["24 h", { text: (sign(change) > 0 ? "+" : "") + percent(change, 2), tone: tone(change), title: `from ${context.prevDayPx}` }],
      ["24 h volume", { text: money(context.dayNtlVlm), tone: "", title: `${context.dayNtlVlm} ${market.collateral}` }],
      ["Open interest", { text: grouped(context.openInterest), tone: "", title: `in ${market.coin}` }],
      ["Funding, hourly", { text: funding, tone: tone(context.funding), title: `${context.funding}, about ${yearly} % a year` }],
      ["Most leverage", { text: `${market.maxLeverage}x`, tone: "" }],
    ];
    if (market.isDelisted) figures.push(["Delisted", { text: "no trading", tone: "down" }]);
    this.rows.update(figures, (row, shown) => show(row.value, shown));
  }
}
