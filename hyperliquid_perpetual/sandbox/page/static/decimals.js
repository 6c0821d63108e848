// Decimal strings of the venue, added, subtracted, multiplied and compared exactly: integers of a power of ten.

/** The parts of a decimal string such as "-12.50": an integer and how many of its digits are decimals. */
function parse(text) {
  const match = /^(-?)(\d*)\.?(\d*)$/.exec(text);
  if (match === null || match[2] + match[3] === "") throw new Error(`not a decimal number: ${text}`);
  return { units: BigInt(match[1] + (match[2] + match[3])), places: match[3].length };
}

function atPlaces(number, places) {
  return number.units * 10n ** BigInt(places - number.places);
}

function print(units, places) {
  const digits = (units < 0n ? -units : units).toString().padStart(places + 1, "0");
  const whole = digits.slice(0, digits.length - places);
  const fraction = places ? digits.slice(-places).replace(/0+$/, "") : "";
  return (units < 0n ? "-" : "") + whole + (fraction ? "." + fraction : "");
}

function combine(left, right, operation) {
  const [a, b] = [parse(left), parse(right)];
  const places = Math.max(a.places, b.places);
  return operation(atPlaces(a, places), atPlaces(b, places), places);
}

export function add(left, right) {
  return combine(left, right, (a, b, places) => print(a + b, places));
}

export function subtract(left, right) {
  return combine(left, right, (a, b, places) => print(a - b, places));
}

export function multiply(left, right) {
  const [a, b] = [parse(left), parse(right)];
  return print(a.units * b.units, a.places + b.places);
}

/** Cut off after `places` decimals. */
export function divide(left, right, places) {
  const [a, b] = [parse(left), parse(right)];
  return print((a.units * 10n ** BigInt(places + b.places)) / (b.units * 10n ** BigInt(a.places)), places);
}

/** -1, 0 or 1. */
export function sign(text) {
  const { units } = parse(text);
  return units > 0n ? 1 : units < 0n ? -1 : 0;
}

export function absolute(text) {
  return text.startsWith("-") ? text.slice(1) : text;
}

export function sum(texts) {
  return texts.reduce(add, "0");
}

/** Rounded to at most `places` decimals, half away from zero; zeros are added up to `places` when `fill` says so. */
export function round(text, places, fill = false) {
  const number = parse(text);
  let { units } = number;
  if (number.places > places) {
    const scale = 10n ** BigInt(number.places - places);
    const half = units < 0n ? -scale / 2n : scale / 2n;
    units = (units + half) / scale;
  } else {
    units = atPlaces(number, places);
  }
  const printed = print(units, places);
  if (!fill || places === 0) return printed;
  const [whole, fraction = ""] = printed.split(".");
  return `${whole}.${fraction.padEnd(places, "0")}`;
}

/** How many decimals a string is written with, a lone ".0" not counted. */
export function decimals(text) {
  const fraction = text.split(".")[1] ?? "";
  return fraction === "0" ? 0 : fraction.length;
}
