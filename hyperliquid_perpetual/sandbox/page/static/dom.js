// Elements made and changed with as little work as possible; data only ever becomes text, never markup.

/** An element with properties, `data-` attributes and children; strings become text. */
export function make(tag, properties = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === undefined || value === null || value === false) continue;
    if (name in node && name !== "list") node[name] = value;
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children);
  return node;
}

export function byId(id) {
  return document.getElementById(id);
}

export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

export function setClass(node, name) {
  if (node.className !== name) node.className = name;
}

export function setTitle(node, title) {
  if (node.title !== title) node.title = title;
}

/** Text, class and title of a node at once; what is undefined stays as it is. */
export function show(node, { text, tone, title }) {
  if (text !== undefined) setText(node, text);
  if (tone !== undefined) setClass(node, tone);
  if (title !== undefined) setTitle(node, title);
}

/** The rows of a table or list, kept by key: those that stay are changed in place, in the order given. */
export class Rows {
  constructor(parent, create) {
    this.parent = parent;
    this.create = create;
    this.rows = new Map();
  }

  /** @param items [key, value] pairs; `fill(row, value)` writes a value into a row that `create(key)` made. */
  update(items, fill) {
    const wanted = new Set(items.map(([key]) => key));
    for (const [key, row] of this.rows) {
      if (!wanted.has(key)) {
        row.node.remove();
        this.rows.delete(key);
      }
    }
    let before = this.parent.firstElementChild;
    for (const [key, value] of items) {
      let row = this.rows.get(key);
      if (row === undefined) {
        row = this.create(key);
        this.rows.set(key, row);
      }
      fill(row, value);
      if (row.node === before) before = before.nextElementSibling;
      else this.parent.insertBefore(row.node, before);
    }
  }
}

/** A table row of cells that are addressed by name; a narrow screen shows each with the title of its column. */
export function tableRow(columns) {
  const node = make("tr");
  const cells = {};
  Object.entries(columns).forEach(([name, label], index) => {
    const holder = index === 0 ? make("th", { scope: "row" }) : make("td");
    holder.dataset.label = label;
    cells[name] = make("span");
    holder.append(cells[name]);
    node.append(holder);
  });
  return { node, cells };
}

/** The titles of a table's columns. */
export function headRow(table, columns) {
  const titles = Object.values(columns).map((label) => make("th", { scope: "col" }, label));
  table.createTHead().append(make("tr", {}, ...titles));
}

const waiting = new Set();
let frame = 0;

/** Run a function before the next repaint, once however often it is asked for; not at all while the page is hidden. */
export function beforePaint(work) {
  waiting.add(work);
  if (frame === 0) frame = requestAnimationFrame(runWaiting);
}

function runWaiting() {
  frame = 0;
  const work = [...waiting];
  waiting.clear();
  for (const task of work) task();
}
