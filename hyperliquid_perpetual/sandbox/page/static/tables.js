// The account in tables: positions, open orders, and what it owns where.

import { absolute, sign, subtract } from "./decimals.js";
import { Rows, byId, headRow, setText, show, tableRow } from "./dom.js";
import { fullTime, grouped, money, shortAddress, sideTone, sideWord, signed, time, tone } from "./text.js";

const MOST_ORDERS = 100;

const POSITION = {
  coin: "Market", size: "Size", pnl: "Unrealized", entry: "Entry", mark: "Mark", liquidation: "Liquidation",
  leverage: "Leverage", margin: "Margin", funding: "Funding",
};
const ORDER = {
  coin: "Market", side: "Side", price: "Price", left: "Left", of: "Of", type: "Type", trigger: "Trigger",
  since: "Since", oid: "Order",
};
const BALANCE = { place: "Where", value: "Value", used: "In use", free: "Free" };

export class Tables {
  /** @param choose called with the coin whose row was clicked */
  constructor(choose) {
    const chosen = (columns) => () => {
      const row = tableRow(columns);
      row.node.addEventListener("click", () => choose(row.coin));
      return row;
    };
    this.positions = rowsOf("positions", POSITION, chosen(POSITION));
    this.orders = rowsOf("orders", ORDER, chosen(ORDER));
    this.balances = rowsOf("balances", BALANCE, () => tableRow(BALANCE));
  }

  /** @param marks mark prices by coin, as far as they are known */
  showPositions(positions, marks, isKnown) {
    this.positions.update(positions.map((position) => [position.coin, position]), (row, position) => {
      const { cells } = row;
      row.coin = position.coin;
      const long = sign(position.szi) > 0;
      show(cells.coin, { text: position.coin });
      show(cells.size, { text: `${long ? "Long" : "Short"} ${grouped(absolute(position.szi))}`, tone: long ? "up" : "down" });
      show(cells.entry, { text: price(position.entryPx) });
      show(cells.mark, { text: price(marks.get(position.coin)) });
      show(cells.pnl, {
        text: signed(position.unrealizedPnl),
        tone: tone(position.unrealizedPnl),
        title: `${position.unrealizedPnl}, on margin ${position.returnOnEquity}`,
      });
      show(cells.leverage, { text: `${position.leverage.value}x ${position.leverage.type}` });
      show(cells.liquidation, { text: price(position.liquidationPx) });
      show(cells.margin, { text: money(position.marginUsed), title: position.marginUsed });
      // The venue counts what was paid; a trader wants to know what was received.
      const received = subtract("0", position.cumFunding.sinceOpen);
      show(cells.funding, { text: signed(received), tone: tone(received), title: "received since the position was opened" });
    });
    setText(byId("positions-state"), !isKnown ? "Waiting for the account…" : positions.length ? "" : "No position.");
    setText(byId("positions-note"), positions.length > 1 ? `${positions.length}` : "");
  }

  showOrders(orders, isKnown) {
    const shown = orders.slice(0, MOST_ORDERS);
    this.orders.update(shown.map((order) => [order.oid, order]), (row, order) => {
      const { cells } = row;
      row.coin = order.coin;
      show(cells.coin, { text: order.coin });
      show(cells.side, { text: sideWord(order.side), tone: sideTone(order.side) });
      show(cells.price, { text: grouped(order.limitPx) });
      show(cells.left, { text: grouped(order.sz) });
      show(cells.of, { text: grouped(order.origSz) });
      show(cells.type, { text: orderType(order) });
      show(cells.trigger, { text: order.isTrigger ? order.triggerCondition : "–" });
      show(cells.since, { text: time(order.timestamp), title: fullTime(order.timestamp) });
      show(cells.oid, { text: String(order.oid), title: order.cloid ? `cloid ${order.cloid}` : "no cloid" });
    });
    const left = orders.length - shown.length;
    setText(byId("orders-state"), !isKnown ? "Waiting for the account…" : orders.length === 0 ? "No open order." : left ? `and ${left} older ones` : "");
    setText(byId("orders-note"), orders.length ? `${orders.length}` : "");
  }

  showBalances(rows) {
    this.balances.update(rows.map((row) => [row.place, row]), ({ cells }, balance) => {
      show(cells.place, { text: balance.place });
      for (const name of ["value", "used", "free"]) {
        const text = balance[name];
        show(cells[name], { text: text === null ? "–" : money(text), title: text === null ? "not meaningful here" : `${text} ${balance.token}` });
      }
    });
  }
}

function rowsOf(id, columns, create) {
  const body = byId(id);
  headRow(body.parentElement, columns);
  return new Rows(body, create);
}

function price(text) {
  return text === null || text === undefined ? "–" : grouped(text);
}

function orderType(order) {
  const words = [order.orderType];
  if (order.tif && order.tif !== "Gtc") words.push(order.tif.toUpperCase() === "ALO" ? "post-only" : order.tif);
  if (order.reduceOnly) words.push("reduce-only");
  return words.join(", ");
}

/** How an account is called in a list: its name if it has one, and enough of its address to know it by. */
export function accountLabel(account, demo) {
  const kind = { subAccount: "sub-account", vault: "vault" }[account.kind];
  const name = account.name ?? (account.address === demo ? "Demo account" : "");
  return [kind, name, shortAddress(account.address)].filter(Boolean).join(" ");
}
