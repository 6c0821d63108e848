// What can be done to the exchange from here: prices, an end of a market, money, stops of blocks, broken sockets.

import { decimals, multiply, round } from "./decimals.js";
import { byId, make, setText, show } from "./dom.js";
import { Refusal, post } from "./requests.js";

const STEPS = ["-5", "-1", "-0.1", "0.1", "1", "5"];
const SURE_MS = 4_000;

/** Do something and say below how it went; the one place where answers of controls become words. */
export async function act(answer, work) {
  show(answer, { text: "…", tone: "answer" });
  try {
    show(answer, { text: await work(), tone: "answer done" });
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    const text = error.status === 0 ? "The exchange did not answer." : `Not done: ${error.message}`;
    show(answer, { text, tone: "answer failed" });
  }
}

export class Controls {
  /**
   * @param view what is on show: `coin`, `address`, `context` (the market's figures) and `places` (where money can go)
   * @param refresh called when something was changed, to read the summary again
   */
  constructor(view, refresh) {
    this.view = view;
    this.refresh = refresh;
    this.price();
    this.fund();
    this.delist();
    this.stops();
  }

  /** A market or account was chosen. */
  show() {
    for (const node of document.querySelectorAll(".market-name")) setText(node, this.view.coin);
    const select = byId("fund-place");
    const kept = select.value;
    select.replaceChildren(...this.view.places.map(({ value, label }) => make("option", { value }, label)));
    if (this.view.places.some(({ value }) => value === kept)) select.value = kept;
    byId("price").value = "";
    this.calm();
  }

  /** How it stands, by the last summary. */
  showMaintenance({ halted, postOnly }) {
    byId("halted").checked = halted;
    byId("post-only").checked = postOnly;
  }

  price() {
    const answer = byId("world-answer");
    const set = (price) =>
      act(answer, async () => {
        const { coin } = this.view;
        await post("/sandbox/price", { coin, price });
        return `The oracle price of ${coin} is ${price} now; the traders follow it.`;
      });
    byId("price-form").addEventListener("submit", (event) => {
      event.preventDefault();
      set(byId("price").value.trim());
    });
    for (const step of STEPS) {
      const button = make("button", { type: "button" }, `${step.startsWith("-") ? "\u2212" : "+"}${step.replace("-", "")} %`);
      button.addEventListener("click", () => {
        const now = this.view.context?.oraclePx;
        if (now === undefined) return show(answer, { text: "The oracle price is not known yet.", tone: "answer failed" });
        const factor = multiply(String(1_000 + Number(step) * 10), "0.001");
        set(round(multiply(now, factor), Math.max(decimals(now), 1)));
      });
      byId("price-steps").append(button);
    }
  }

  fund() {
    byId("fund-form").addEventListener("submit", (event) => {
      event.preventDefault();
      act(byId("world-answer"), async () => {
        const { address, places } = this.view;
        const amount = byId("fund").value.trim();
        const place = places.find(({ value }) => value === byId("fund-place").value);
        const token = place.dex === "spot" ? { token: place.token } : {}; // a dex has one token of its own
        await post("/sandbox/fund", { address, amount, dex: place.dex, ...token });
        this.refresh();
        return `${amount} ${place.token} more on ${place.label}.`;
      });
    });
  }

  /** What cannot be undone asks twice. */
  delist() {
    const button = byId("delist");
    let timer = 0;
    this.calm = () => {
      clearTimeout(timer);
      button.dataset.sure = "";
      setText(button, "Delist");
    };
    button.addEventListener("click", () => {
      if (button.dataset.sure !== this.view.coin) {
        button.dataset.sure = this.view.coin;
        setText(button, `Really delist ${this.view.coin}, for good?`);
        timer = setTimeout(this.calm, SURE_MS);
        return;
      }
      this.calm();
      act(byId("world-answer"), async () => {
        const { coin } = this.view;
        await post("/sandbox/delist", { coin });
        this.refresh();
        return `${coin} is delisted: its orders have ended and its positions are settled.`;
      });
    });
    this.calm();
  }

  stops() {
    const answer = byId("faults-answer");
    const maintain = (id, key, words) => {
      byId(id).addEventListener("change", ({ target }) => {
        act(answer, async () => {
          try {
            this.showMaintenance(await post("/sandbox/maintenance", { [key]: target.checked }));
          } catch (error) {
            target.checked = !target.checked;
            throw error;
          }
          return words[Number(target.checked)];
        });
      });
    };
    maintain("halted", "halted", ["Blocks go on.", "Blocks stop: actions wait."]);
    maintain("post-only", "postOnly", ["All orders are taken again.", "Only post-only orders are taken."]);
    byId("drop-sockets").addEventListener("click", () => {
      act(answer, async () => {
        const { dropped } = await post("/sandbox/drop_websockets");
        this.refresh();
        return `${dropped} ${dropped === 1 ? "WebSocket" : "WebSockets"} broken, the one of this page too.`;
      });
    });
  }
}
