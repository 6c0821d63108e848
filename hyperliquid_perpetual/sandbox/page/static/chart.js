// The price chart: candles and volume, the account's fills as marks, its orders, entry and liquidation as lines.

import { Canvas, horizontal, tag, ticks } from "./canvas.js";
import { make, setText } from "./dom.js";
import { date, fullTime, grouped, minute, sideWord, time } from "./text.js";

const AXIS = 72;
const FOOT = 20;
const MOST_SHOWN = 400;
const LEAST_SHOWN = 15;
const FEW = 45;
const DAY = 86_400_000;

export class Chart {
  constructor({ canvas, values, state, now }) {
    this.values = values;
    this.state = state;
    this.now = now;
    this.candles = null;
    this.fills = [];
    this.lines = [];
    this.shown = 120;
    this.back = 0; // candles between the last one on show and the newest
    this.pointer = null;
    this.canvas = new Canvas(canvas, (...all) => this.draw(...all));
    this.listen(canvas);
    now.addEventListener("click", () => this.scroll(-this.back));
  }

  /** Show other candles; `text` says why there are none yet. */
  setCandles(candles, text) {
    if (this.candles !== candles) this.back = 0;
    this.candles = candles;
    setText(this.state, candles.list.length ? "" : text);
    this.canvas.repaint();
  }

  setFills(fills) {
    this.fills = fills;
    this.canvas.repaint();
  }

  /** @param lines [{px, label, kind: "order" | "entry" | "liquidation", side}] */
  setLines(lines) {
    this.lines = lines;
    this.canvas.repaint();
  }

  listen(node) {
    let dragged = null;
    node.addEventListener("pointermove", (event) => {
      this.pointer = { x: event.offsetX, y: event.offsetY };
      if (dragged !== null) {
        const width = this.step(node.clientWidth);
        const moved = Math.trunc((event.clientX - dragged) / width);
        if (moved !== 0) {
          dragged += moved * width;
          this.scroll(moved);
        }
      }
      this.canvas.repaint();
    });
    node.addEventListener("pointerdown", (event) => {
      dragged = event.clientX;
      node.setPointerCapture(event.pointerId);
    });
    for (const end of ["pointerup", "pointercancel"]) node.addEventListener(end, () => (dragged = null));
    node.addEventListener("pointerleave", () => {
      this.pointer = null;
      this.canvas.repaint();
    });
    node.addEventListener(
      "wheel",
      (event) => {
        if (!event.ctrlKey && Math.abs(event.deltaX) > Math.abs(event.deltaY)) {
          this.scroll(-Math.sign(event.deltaX) * 3);
        } else {
          this.zoom(event.deltaY > 0 ? 1.15 : 1 / 1.15);
        }
        event.preventDefault();
      },
      { passive: false },
    );
    node.addEventListener("keydown", (event) => {
      const steps = { ArrowLeft: 5, ArrowRight: -5, PageUp: 50, PageDown: -50, End: -this.back };
      if (event.key in steps) this.scroll(steps[event.key]);
      else if (event.key === "+" || event.key === "=") this.zoom(1 / 1.3);
      else if (event.key === "-") this.zoom(1.3);
      else return;
      event.preventDefault();
    });
  }

  scroll(candles) {
    const most = Math.max(0, (this.candles?.list.length ?? 0) - LEAST_SHOWN);
    this.back = Math.min(most, Math.max(0, this.back + candles));
    this.now.hidden = this.back === 0;
    this.canvas.repaint();
  }

  zoom(factor) {
    this.shown = Math.min(MOST_SHOWN, Math.max(LEAST_SHOWN, Math.round(this.shown * factor)));
    this.canvas.repaint();
  }

  step(width) {
    return (width - AXIS) / this.count(width);
  }

  /** How many candles have room: none is thinner than three pixels, and a few are not spread over a wide chart. */
  count(width) {
    const there = Math.max(FEW, this.candles?.list.length ?? 0);
    return Math.min(this.shown, there, Math.floor((width - AXIS) / 3));
  }

  draw(context, width, height, colours) {
    const list = this.candles?.list ?? [];
    if (list.length === 0) return this.describe(null, []);
    const count = this.count(width);
    const last = list.length - 1 - this.back;
    const first = Math.max(0, last - count + 1);
    const visible = list.slice(first, last + 1);
    const right = width - AXIS;
    const bottom = height - FOOT;
    const step = this.step(width);
    // Few candles stand at the right, where the next one will come.
    const xOf = (index) => right - (last - index + 0.5) * step - Math.min(8, step);
    const marks = this.marks(first, last);
    const [low, high] = range(visible, marks);
    const yOf = (px) => bottom - 8 - ((px - low) / (high - low)) * (bottom - 16);

    this.drawGrid(context, { low, high, right, bottom, visible, first, xOf, yOf, colours });
    drawVolume(context, visible, first, xOf, step, bottom, colours);
    drawCandles(context, visible, first, xOf, yOf, step, colours);
    context.save();
    context.beginPath();
    context.rect(0, 0, width, bottom);
    context.clip();
    this.drawLines(context, { low, high, right, yOf, colours });
    const newest = list.at(-1);
    if (newest.close >= low && newest.close <= high) {
      const colour = newest.close >= newest.open ? colours.up : colours.down;
      tag(context, grouped(newest.c), right + 2, yOf(newest.close), colour, colours["on-mark"]);
    }
    for (const mark of marks) drawMark(context, xOf(mark.index), yOf(+mark.fill.px), mark.fill, colours);
    context.restore();
    this.drawPointer(context, { low, high, right, bottom, first, last, xOf, step, colours });
  }

  /** The fills that lie in the candles on show, with the candle of each. */
  marks(first, last) {
    const { candles } = this;
    const from = candles.list[first].t;
    const found = [];
    for (let number = this.fills.length - 1; number >= 0; number -= 1) {
      const fill = this.fills[number];
      if (fill.time < from) break;
      const index = candles.indexAt(fill.time);
      if (index >= first && index <= last) found.push({ index, fill });
    }
    return found.reverse();
  }

  drawGrid(context, { low, high, right, bottom, visible, first, xOf, yOf, colours }) {
    context.strokeStyle = colours.grid;
    context.fillStyle = colours.dim;
    context.lineWidth = 1;
    context.textAlign = "left";
    const { values, places } = ticks(low, high, Math.max(2, Math.floor(bottom / 48)));
    for (const value of values) {
      horizontal(context, yOf(value), 0, right);
      context.fillText(grouped(value.toFixed(places)), right + 6, yOf(value) + 0.5);
    }
    context.textAlign = "center";
    let free = -Infinity;
    const { length } = this.candles;
    visible.forEach(({ t }, offset) => {
      const x = xOf(first + offset);
      const every = length < 60_000 ? 60_000 : length * Math.max(1, roundSteps(length, right, visible.length));
      const local = t - new Date(t).getTimezoneOffset() * 60_000;
      if (local % every !== 0 || x < free || x < 24 || x > right - 16) return;
      context.beginPath();
      context.moveTo(Math.round(x) + 0.5, 0);
      context.lineTo(Math.round(x) + 0.5, bottom);
      context.stroke();
      context.fillText(length >= DAY || local % DAY === 0 ? date(t) : minute(t), x, bottom + FOOT / 2 + 1);
      free = x + 64;
    });
    horizontal(context, bottom, 0, right);
  }

  drawLines(context, { low, high, right, yOf, colours }) {
    const inside = this.lines.filter(({ px }) => +px >= low && +px <= high).sort((a, b) => b.px - a.px);
    const colourOf = ({ kind, side }) => ({ liquidation: colours.warn, entry: colours.accent, order: colours[side] })[kind];
    for (const line of inside) {
      context.strokeStyle = colourOf(line);
      context.setLineDash({ order: [5, 4], entry: [], liquidation: [1, 4] }[line.kind]);
      context.lineWidth = line.kind === "liquidation" ? 2 : 1;
      horizontal(context, yOf(+line.px), 0, right);
    }
    context.setLineDash([]);
    context.lineWidth = 1;
    let taken = -Infinity;
    for (const line of inside) {
      const y = yOf(+line.px);
      if (y - taken < 17) continue;
      tag(context, line.label, 4, y, colours.panel, colourOf(line));
      taken = y;
    }
  }

  drawPointer(context, { low, high, right, bottom, first, last, xOf, step, colours }) {
    const { pointer } = this;
    const { list } = this.candles;
    if (pointer === null || pointer.x > right || pointer.y > bottom) return this.describe(list[last], last);
    const index = Math.min(last, Math.max(first, last - Math.round((xOf(last) - pointer.x) / step)));
    context.strokeStyle = colours.dim;
    context.setLineDash([2, 3]);
    horizontal(context, pointer.y, 0, right);
    context.beginPath();
    context.moveTo(Math.round(xOf(index)) + 0.5, 0);
    context.lineTo(Math.round(xOf(index)) + 0.5, bottom);
    context.stroke();
    context.setLineDash([]);
    const px = low + ((bottom - 8 - pointer.y) / (bottom - 16)) * (high - low);
    const { places } = ticks(low, high, 100);
    tag(context, grouped(px.toFixed(places)), right + 2, pointer.y, colours.dim, colours.panel);
    tag(context, time(list[index].t), Math.min(xOf(index), right - 60), bottom + FOOT / 2 + 1, colours.dim, colours.panel);
    this.describe(list[index], index);
  }

  /** The candle under the pointer, or the newest, and the fills in it, in words. */
  describe(candle, index) {
    if (candle === null) return setText(this.values, "");
    const within = this.fills.filter((fill) => this.candles.indexAt(fill.time) === index);
    const figures = [["O", candle.o], ["H", candle.h], ["L", candle.l], ["C", candle.c], ["V", candle.v]];
    const parts = [`${candle.n} trades`];
    if (within.length === 1) parts.push(fillText(within[0]));
    else if (within.length > 1) parts.push(`${within.length} fills of the account`);
    const key = JSON.stringify([candle.t, figures, parts]);
    if (this.described === key) return;
    this.described = key;
    this.values.title = fullTime(candle.t);
    this.values.replaceChildren(
      ...figures.flatMap(([name, text]) => [make("b", {}, name), ` ${grouped(text)} `]),
      parts.join(", "),
    );
  }
}

function fillText(fill) {
  return `${sideWord(fill.side)} ${grouped(fill.sz)} at ${grouped(fill.px)} as ${fill.crossed ? "taker" : "maker"}`;
}

function range(visible, marks) {
  let low = Math.min(...visible.map((candle) => candle.low));
  let high = Math.max(...visible.map((candle) => candle.high));
  for (const { fill } of marks) {
    low = Math.min(low, +fill.px);
    high = Math.max(high, +fill.px);
  }
  const room = (high - low) * 0.08 || high * 0.0005;
  return [low - room, high + room];
}

/** After how many candles a time is written below: a round number of them, with room for the text. */
function roundSteps(length, right, count) {
  const wanted = (count * 80) / right;
  return [1, 2, 5, 10, 15, 30, 60, 120, 240, 1440].find((steps) => steps >= wanted && DAY % (steps * length) === 0) ?? 1440;
}

function drawVolume(context, visible, first, xOf, step, bottom, colours) {
  const most = Math.max(...visible.map((candle) => candle.volume));
  if (most === 0) return;
  const wide = Math.max(1, step * 0.7);
  visible.forEach((candle, offset) => {
    const tall = (candle.volume / most) * bottom * 0.14;
    context.fillStyle = candle.close >= candle.open ? colours["up-soft"] : colours["down-soft"];
    context.fillRect(xOf(first + offset) - wide / 2, bottom - tall, wide, tall);
  });
}

function drawCandles(context, visible, first, xOf, yOf, step, colours) {
  const wide = Math.max(1, Math.floor(step * 0.7));
  visible.forEach((candle, offset) => {
    const x = Math.round(xOf(first + offset));
    const rises = candle.close >= candle.open;
    context.fillStyle = context.strokeStyle = rises ? colours.up : colours.down;
    context.fillRect(x - 0.5, yOf(candle.high), 1, Math.max(1, yOf(candle.low) - yOf(candle.high)));
    const [top, tall] = [yOf(Math.max(candle.open, candle.close)), Math.abs(yOf(candle.open) - yOf(candle.close))];
    if (rises && wide >= 5 && tall >= 3) {
      // Rising candles are hollow, so that they differ without colour.
      context.fillStyle = colours.panel;
      context.fillRect(x - wide / 2, top, wide, tall);
      context.strokeRect(x - wide / 2 + 0.5, top + 0.5, wide - 1, tall - 1);
    } else {
      context.fillRect(x - wide / 2, top, wide, Math.max(1, tall));
    }
  });
}

/** A triangle: up for a buy, down for a sell, solid for a taker, hollow for a maker; its tip is at the price. */
function drawMark(context, x, y, fill, colours) {
  const isBuy = fill.side === "B";
  const tall = isBuy ? 10 : -10;
  context.beginPath();
  context.moveTo(x, y);
  context.lineTo(x + 5.5, y + tall);
  context.lineTo(x - 5.5, y + tall);
  context.closePath();
  context.lineJoin = "round";
  context.strokeStyle = colours.panel;
  context.lineWidth = 4;
  context.stroke();
  context.strokeStyle = isBuy ? colours.up : colours.down;
  context.fillStyle = fill.crossed ? context.strokeStyle : colours.panel;
  context.fill();
  context.lineWidth = 1.5;
  context.stroke();
  context.lineWidth = 1;
}
