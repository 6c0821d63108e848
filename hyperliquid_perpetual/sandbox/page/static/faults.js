// Faults of the exchange, from its own list of what can go wrong: each kind with its fields, asked for from a form.

import { act } from "./controls.js";
import { Rows, byId, make, setText, show } from "./dom.js";
import { post, read, remove } from "./requests.js";

const PATH = "/sandbox/faults";

export class FaultPanel {
  /** @param refresh called when a fault was asked for or taken away, to read the summary again */
  constructor(refresh) {
    this.refresh = refresh;
    this.kinds = [];
    this.form = byId("fault-form");
    this.answer = byId("faults-answer");
    this.what = make("p", { className: "note" });
    this.fields = make("div", { className: "parameters" });
    this.choice = make("select", { id: "fault-kind" });
    this.waiting = new Rows(make("ul", { className: "waiting" }), () => {
      const text = make("span");
      return { text, node: make("li", {}, text) };
    });
    const clear = make("button", { type: "button" }, "Clear all");
    this.form.append(
      make("div", { className: "row" }, make("label", { htmlFor: "fault-kind" }, "Fault"), this.choice),
      this.what,
      this.fields,
      make("div", { className: "row" }, make("button", {}, "Let it happen"), clear),
      this.waiting.parent,
    );
    this.choice.addEventListener("change", () => this.showKind());
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.ask();
    });
    clear.addEventListener("click", () => this.clear());
  }

  /** Read which faults there are. An exchange without the list has only what stands above the form. */
  async load() {
    let data;
    try {
      data = await read(PATH);
    } catch {
      this.form.hidden = true;
      return;
    }
    const kinds = kindsOf(data);
    if (JSON.stringify(kinds) !== JSON.stringify(this.kinds)) this.setKinds(kinds);
    this.form.hidden = kinds.length === 0;
    this.showWaiting(data);
  }

  setKinds(kinds) {
    this.kinds = kinds;
    const kept = this.choice.value;
    const groups = Map.groupBy(kinds, ({ scope }) => scope);
    this.choice.replaceChildren(
      ...[...groups].map(([scope, members]) => {
        const options = members.map(({ name }) => make("option", { value: name }, words(name)));
        return scope ? make("optgroup", { label: `Of ${scope}` }, ...options) : options;
      }).flat(),
    );
    if (kinds.some(({ name }) => name === kept)) this.choice.value = kept;
    this.showKind();
  }

  get kind() {
    return this.kinds.find(({ name }) => name === this.choice.value);
  }

  showKind() {
    const { kind } = this;
    if (kind === undefined) return;
    setText(this.what, kind.does);
    this.fields.replaceChildren(...kind.fields.map((field) => make("label", {}, words(field.name), control(field))));
  }

  showWaiting(data) {
    const entries = (Array.isArray(data.plan) ? data.plan : []).map((entry) => [JSON.stringify(entry), entry]);
    this.waiting.update(entries, (row, entry) => show(row.text, { text: describe(entry) }));
  }

  ask() {
    const { kind } = this;
    const said = {};
    for (const field of kind.fields) {
      const value = valueOf(this.fields.querySelector(`[name="${CSS.escape(field.name)}"]`), field);
      if (value !== undefined) said[field.name] = value;
    }
    return act(this.answer, async () => {
      await post(PATH, { [kind.key]: kind.name, ...said });
      await this.load();
      this.refresh();
      return `${words(kind.name)} is asked for.`;
    });
  }

  clear() {
    return act(this.answer, async () => {
      await remove(PATH);
      await this.load();
      this.refresh();
      return "Nothing more goes wrong.";
    });
  }
}

function words(name) {
  return name.replaceAll("_", " ");
}

function describe(entry) {
  return Object.entries(entry).map(([name, value]) => (name === "fault" ? words(value) : `${name}=${value}`)).join(" ");
}

/** The kinds in one form. */
function kindsOf(data) {
  return (data.kinds ?? []).map(({ fault, scope = "", does = "", fields = [] }) => ({ key: "fault", name: fault, scope, does, fields }));
}

function control({ name, type, valid, default: usual, values }) {
  if (type === "bool") return make("input", { name, type: "checkbox", checked: usual === true, title: valid });
  if (values) {
    const options = values.map((value) => make("option", { value }, value));
    return make("select", { name, title: valid }, ...(usual === undefined || usual === null ? [make("option", { value: "" }, "any")] : []), ...options);
  }
  const isNumber = type === "int" || type === "float";
  const placeholder = usual === undefined || usual === null ? "" : String(usual);
  return make("input", { name, placeholder, title: valid, autocomplete: "off", inputMode: isNumber ? "decimal" : "text", pattern: isNumber ? "-?[0-9]*\\.?[0-9]+" : undefined });
}

/** What was said in a control; undefined where nothing was. */
function valueOf(node, { type }) {
  if (type === "bool") return node.checked || undefined;
  const text = node.value.trim();
  if (text === "") return undefined;
  return type === "int" || type === "float" ? Number(text) : text;
}
