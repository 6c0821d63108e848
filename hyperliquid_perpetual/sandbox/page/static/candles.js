// The candles on show, from history and stream, or for seconds made of the trades that come in.

import { add } from "./decimals.js";

export const INTERVALS = ["5s", "1m", "5m", "15m", "1h", "4h", "1d"];
const SECONDS_5 = "5s";
const HISTORY = 400;
const MAX_CANDLES = 1_500;

const LENGTHS = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

function lengthOf(interval) {
  return Number(interval.slice(0, -1)) * LENGTHS[interval.slice(-1)];
}

/** The body of the question for an interval's history up to now. */
export function historyOf(coin, interval, now) {
  return { req: { coin, interval, startTime: now - HISTORY * lengthOf(interval), endTime: now } };
}

export class Candles {
  constructor(interval) {
    this.interval = interval;
    this.length = lengthOf(interval);
    this.list = [];
  }

  get isOfTrades() {
    return this.interval === SECONDS_5;
  }

  /** Take in candles in any order; those for the same time replace each other. */
  take(rows) {
    for (const row of rows) this.put(row);
    if (this.list.length > MAX_CANDLES) this.list.splice(0, this.list.length - MAX_CANDLES);
  }

  put({ t, o, h, l, c, v, n }) {
    const candle = { t, o, h, l, c, v, n, open: +o, high: +h, low: +l, close: +c, volume: +v };
    const { list } = this;
    let index = list.length;
    while (index > 0 && list[index - 1].t > t) index -= 1;
    if (index > 0 && list[index - 1].t === t) list[index - 1] = candle;
    else list.splice(index, 0, candle);
  }

  /** Make candles of trades, oldest first; a time without a trade stays flat at the last price. */
  addTrades(trades) {
    for (const { px, sz, time } of trades) {
      const start = Math.floor(time / this.length) * this.length;
      let last = this.list.at(-1);
      if (last !== undefined && start < last.t) continue;
      if (last !== undefined && start - last.t > 60 * this.length) this.list = [];
      else if (last !== undefined) {
        for (let t = last.t + this.length; t < start; t += this.length) {
          this.put({ t, o: last.c, h: last.c, l: last.c, c: last.c, v: "0.0", n: 0 });
        }
      }
      last = this.list.at(-1);
      if (last?.t === start) {
        const h = +px > last.high ? px : last.h;
        const l = +px < last.low ? px : last.l;
        this.put({ t: start, o: last.o, h, l, c: px, v: add(last.v, sz), n: last.n + 1 });
      } else {
        this.put({ t: start, o: px, h: px, l: px, c: px, v: sz, n: 1 });
      }
    }
    if (this.list.length > MAX_CANDLES) this.list.splice(0, this.list.length - MAX_CANDLES);
  }

  /** The index of the candle that a moment falls into; -1 before the first. */
  indexAt(time) {
    const { list } = this;
    let [low, high] = [0, list.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (list[middle].t <= time) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }
}
