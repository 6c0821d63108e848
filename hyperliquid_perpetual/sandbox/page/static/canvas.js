// What both charts share: a canvas that follows its box and the device's pixels, colours from the style sheet, scales.

import { beforePaint } from "./dom.js";

export class Canvas {
  /** @param draw called with (context, width, height, colours) when there is something new to see */
  constructor(node, draw) {
    this.node = node;
    this.work = () => this.paint(draw);
    this.colours = null;
    new ResizeObserver(() => this.repaint()).observe(node);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
      this.colours = null;
      this.repaint();
    });
  }

  repaint() {
    beforePaint(this.work);
  }

  paint(draw) {
    const { node } = this;
    const { clientWidth: width, clientHeight: height } = node;
    if (width === 0 || height === 0) return;
    const scale = devicePixelRatio || 1;
    const [w, h] = [Math.round(width * scale), Math.round(height * scale)];
    if (node.width !== w || node.height !== h) [node.width, node.height] = [w, h];
    const context = node.getContext("2d");
    context.setTransform(scale, 0, 0, scale, 0, 0);
    context.clearRect(0, 0, width, height);
    this.colours ??= readColours(node);
    context.font = `11px ${this.colours.font}`;
    context.textBaseline = "middle";
    draw(context, width, height, this.colours);
  }
}

function readColours(node) {
  const style = getComputedStyle(node);
  const names = ["text", "dim", "grid", "panel", "up", "down", "accent", "warn", "up-soft", "down-soft", "on-mark"];
  const colours = Object.fromEntries(names.map((name) => [name, style.getPropertyValue(`--${name}`).trim()]));
  return { ...colours, font: style.fontFamily };
}

/** Round values between two limits, about as many as asked for, and with how many decimals they are written. */
export function ticks(low, high, count) {
  const span = high - low || Math.abs(high) || 1;
  const magnitude = 10 ** Math.floor(Math.log10(span / count));
  const step = [1, 2, 5, 10].map((factor) => factor * magnitude).find((candidate) => span / candidate <= count);
  const places = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
  const values = [];
  for (let number = Math.ceil(low / step); number * step <= high; number += 1) values.push(number * step);
  return { values, places };
}

/** A line from left to right at half pixels, so that it is one pixel thin. */
export function horizontal(context, y, from, to) {
  const at = Math.round(y) + 0.5;
  context.beginPath();
  context.moveTo(from, at);
  context.lineTo(to, at);
  context.stroke();
}

/** Text on a filled box; `align` is "left" or "right" of x. Returns the width of the box. */
export function tag(context, text, x, y, fill, colour, align = "left") {
  const width = context.measureText(text).width + 8;
  const left = align === "left" ? x : x - width;
  context.fillStyle = fill;
  context.fillRect(left, y - 8, width, 16);
  context.fillStyle = colour;
  context.textAlign = "left";
  context.fillText(text, left + 4, y + 0.5);
  return width;
}
