// What the account is worth, over time: as the venue states it now, and before that as fills and funding explain it.

import { Canvas, horizontal, ticks } from "./canvas.js";
import { subtract, sum } from "./decimals.js";
import { setText, show } from "./dom.js";
import { date, grouped, minute, money, signed, time, tone } from "./text.js";

const MOST_POINTS = 2_000;
const DAY = 86_400_000;
const SPOT_MODES = ["unifiedAccount", "portfolioMargin"];

/** Rows of balances and their sum: collateral tokens count as one USD each, other tokens are not counted. */
export function worthOf(account, mode, collaterals) {
  const inSpot = SPOT_MODES.includes(mode);
  const rows = [];
  const counted = [];
  for (const [dex, state] of account.states) {
    const { accountValue, totalMarginUsed } = state.marginSummary;
    const token = collaterals.get(dex) ?? "";
    const place = `${dex || "first dex"} (${token})`;
    rows.push({ place, token, value: inSpot ? null : accountValue, used: totalMarginUsed, free: inSpot ? null : state.withdrawable });
    if (!inSpot) counted.push(accountValue);
  }
  const tokens = new Set(collaterals.values());
  for (const { coin, total, hold } of account.spot?.balances ?? []) {
    rows.push({ place: `spot (${coin})`, token: coin, value: total, used: hold, free: subtract(total, hold) });
    if (tokens.has(coin)) counted.push(total);
  }
  return { rows, total: sum(counted) };
}

export class Equity {
  constructor({ canvas, state, value, change }) {
    this.nodes = { state, value, change, canvas };
    this.canvas = new Canvas(canvas, (...all) => this.draw(...all));
    this.clear();
  }

  clear() {
    this.points = [];
    this.past = [];
    this.first = null;
    show(this.nodes.value, { text: "", title: "" });
    show(this.nodes.change, { text: "" });
    setText(this.nodes.state, "Waiting for the account…");
    this.canvas.repaint();
  }

  add(at, text) {
    const value = Number(text);
    const last = this.points.at(-1);
    this.first ??= { at, text };
    if (last !== undefined && at - last.at < 1_000) Object.assign(last, { value });
    else this.points.push({ at, value });
    if (this.points.length > MOST_POINTS) this.points = this.points.filter((_, index) => index % 2 === 1);
    const change = subtract(text, this.first.text);
    show(this.nodes.value, { text: money(text), title: text });
    show(this.nodes.change, { text: `${signed(change)} since ${time(this.first.at)}`, tone: `note ${tone(change)}` });
    setText(this.nodes.state, "");
    this.canvas.repaint();
  }

  /** What was earned and paid before the first point, to draw how it came about. `changes` are [time, amount], in order. */
  setPast(changes) {
    if (this.first === null) return;
    let value = Number(this.first.text);
    this.past = [{ at: this.first.at, value }];
    for (const [at, amount] of changes.filter(([at]) => at < this.first.at).reverse()) {
      this.past.push({ at, value });
      value -= Number(amount);
      this.past.push({ at, value });
    }
    this.past.reverse();
    this.canvas.repaint();
  }

  draw(context, width, height, colours) {
    const points = [...this.past, ...this.points];
    if (points.length === 0) return;
    const [right, bottom] = [width - 64, height - 18];
    let low = Math.min(...points.map(({ value }) => value));
    let high = Math.max(...points.map(({ value }) => value));
    const room = (high - low) * 0.1 || Math.abs(high) * 0.0005 || 1;
    [low, high] = [low - room, high + room];
    const start = points[0].at;
    const end = Math.max(points.at(-1).at, start + 60_000);
    const xOf = (at) => ((at - start) / (end - start)) * (right - 2) + 1;
    const yOf = (value) => bottom - 4 - ((value - low) / (high - low)) * (bottom - 8);

    context.strokeStyle = colours.grid;
    context.fillStyle = colours.dim;
    context.textAlign = "left";
    const { values, places } = ticks(low, high, Math.max(2, Math.floor(bottom / 36)));
    for (const value of values) {
      horizontal(context, yOf(value), 0, right);
      context.fillText(grouped(value.toFixed(places)), right + 5, yOf(value) + 0.5);
    }
    horizontal(context, bottom, 0, right);
    const text = (at) => (end - start > DAY ? `${date(at)} ${minute(at)}` : time(at));
    context.fillText(text(start), 0, bottom + 10);
    context.textAlign = "right";
    context.fillText(text(end), right, bottom + 10);

    context.strokeStyle = colours.accent;
    context.lineWidth = 1.5;
    context.lineJoin = "round";
    context.setLineDash([3, 3]);
    line(context, this.past, xOf, yOf);
    context.setLineDash([]);
    line(context, this.points, xOf, yOf);
    const last = points.at(-1);
    context.fillStyle = colours.accent;
    context.beginPath();
    context.arc(xOf(last.at), yOf(last.value), 2.5, 0, 7);
    context.fill();
    context.lineWidth = 1;
  }
}

function line(context, points, xOf, yOf) {
  context.beginPath();
  for (const { at, value } of points) context.lineTo(xOf(at), yOf(value));
  context.stroke();
}
