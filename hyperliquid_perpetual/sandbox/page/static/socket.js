// One WebSocket to the exchange that comes back by itself. What it had subscribed to is over then: another exchange may
// listen there by now, and asking for a market that it does not have would cost the connection again.

import { isReadable } from "./shapes.js";

const PING_MS = 15_000;
const SILENCE_MS = 40_000; // the exchange answers pings, so a silent socket is a dead one
const FIRST_RETRY_MS = 500;
const LAST_RETRY_MS = 10_000; // no more than the 30 new connections that an address may open in a minute
const QUICK_MS = 5_000;

export class Socket {
  /**
   * @param url where to
   * @param onFrame called with (channel, data) of every frame that can be read
   * @param onState called with "connecting", "open" or "waiting" (for the next attempt) and the milliseconds to wait
   */
  constructor(url, onFrame, onState) {
    this.url = url;
    this.onFrame = onFrame;
    this.onState = onState;
    this.wanted = new Map();
    this.frames = 0;
    this.unreadable = 0;
    this.failures = 0;
    this.socket = null;
    this.timer = 0;
    setInterval(() => this.watch(), 5_000);
    addEventListener("online", () => this.hurry());
    document.addEventListener("visibilitychange", () => document.hidden || this.hurry());
  }

  connect() {
    clearTimeout(this.timer);
    this.onState("connecting", 0);
    const socket = new WebSocket(this.url);
    this.socket = socket;
    this.heard = this.pinged = this.began = performance.now();
    socket.onopen = () => this.onState("open", 0);
    socket.onmessage = (message) => {
      this.heard = performance.now();
      this.read(message.data);
    };
    socket.onclose = () => this.lost();
  }

  /** Be subscribed to these and to nothing else, as long as this connection lives. */
  wantOnly(subscriptions) {
    if (this.socket?.readyState !== WebSocket.OPEN) return;
    const wanted = new Map(subscriptions.map((subscription) => [JSON.stringify(subscription), subscription]));
    for (const [key, subscription] of this.wanted) if (!wanted.has(key)) this.send("unsubscribe", subscription);
    for (const [key, subscription] of wanted) if (!this.wanted.has(key)) this.send("subscribe", subscription);
    this.wanted = wanted;
  }

  send(method, subscription) {
    this.socket.send(JSON.stringify({ method, subscription }));
  }

  read(text) {
    let frame = null;
    try {
      frame = JSON.parse(text);
    } catch {
      // The greeting, or what a fault has made of a frame.
    }
    if (typeof frame?.channel !== "string" || !isReadable(frame.channel, frame.data)) {
      this.unreadable += 1;
      return;
    }
    this.frames += 1;
    this.onFrame(frame.channel, frame.data);
  }

  watch() {
    if (this.socket?.readyState !== WebSocket.OPEN) return;
    const now = performance.now();
    if (now - this.heard > SILENCE_MS) {
      this.lost();
    } else if (now - this.pinged > PING_MS) {
      this.pinged = now;
      this.socket.send('{"method":"ping"}');
    }
  }

  /** Forget the socket and try again later; closing a dead one would wait for an answer that never comes. */
  lost() {
    const socket = this.socket;
    if (socket === null) return;
    socket.onopen = socket.onmessage = socket.onclose = null;
    socket.close();
    this.socket = null;
    this.wanted = new Map();
    this.failures = performance.now() - this.began > QUICK_MS ? 0 : this.failures + 1;
    const wait = Math.min(LAST_RETRY_MS, FIRST_RETRY_MS * 2 ** this.failures) * (0.75 + Math.random() / 2);
    this.timer = setTimeout(() => this.connect(), wait);
    this.onState("waiting", wait);
  }

  /** Try again at once when there is reason to hope. */
  hurry() {
    if (this.socket === null && this.failures > 1) {
      this.failures = 1;
      this.connect();
    }
  }
}
