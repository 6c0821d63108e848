// How numbers, times and addresses are written: numbers from the venue's own strings, never through a float.

import { multiply, round, sign } from "./decimals.js";

/** A number with separators between its thousands, and a proper minus sign. */
export function grouped(text) {
  const [whole, fraction] = String(text).split(".");
  const negative = whole.startsWith("-");
  const digits = (negative ? whole.slice(1) : whole).replace(/\B(?=(\d{3})+$)/g, ",");
  return (negative ? "\u2212" : "") + digits + (fraction === undefined ? "" : "." + fraction);
}

/** Money to the cent; below one, to six decimals. The exact figure belongs into a title. */
export function money(text) {
  const small = /^-?0?\.(?!0*$)/.test(text);
  return grouped(small ? round(text, 6) : round(text, 2, true));
}

/** Money with a sign in front, for what is won or lost. */
export function signed(text) {
  return (sign(text) > 0 ? "+" : "") + money(text);
}

/** "up", "down" or "" for the colour of a number. */
export function tone(text) {
  return ["down", "", "up"][sign(text) + 1];
}

/** A ratio as a percentage. */
export function percent(text, places) {
  return grouped(round(multiply(text, "100"), places, true)) + " %";
}

const clock = new Intl.DateTimeFormat(undefined, {
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
  hourCycle: "h23",
});
const shortClock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
const day = new Intl.DateTimeFormat(undefined, { day: "2-digit", month: "short" });
const full = new Intl.DateTimeFormat(undefined, {
  year: "numeric",
  month: "short",
  day: "2-digit",
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
  fractionalSecondDigits: 3,
  hourCycle: "h23",
  timeZoneName: "short",
});

export function time(ms) {
  return clock.format(ms);
}

export function minute(ms) {
  return shortClock.format(ms);
}

export function date(ms) {
  return day.format(ms);
}

/** Date, time to the millisecond and zone. */
export function fullTime(ms) {
  return full.format(ms);
}

export function shortAddress(address) {
  return `${address.slice(0, 6)}\u2026${address.slice(-4)}`;
}

export function isAddress(text) {
  return /^0x[0-9a-fA-F]{40}$/.test(text);
}

export function sideWord(side) {
  return side === "B" ? "Buy" : "Sell";
}

export function sideTone(side) {
  return side === "B" ? "up" : "down";
}
