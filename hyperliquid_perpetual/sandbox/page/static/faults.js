// Faults of the exchange, from its own list of what can go wrong: each kind with its fields, asked for from a form or
// as a line, and those that wait or go on with a way to take them back.

import { act } from "./controls.js";
import { Rows, byId, make, setText } from "./dom.js";
import { post, read, remove } from "./requests.js";

const PATH = "/sandbox/faults";

export class FaultPanel {
  /** @param refresh called when a fault was asked for or taken away, to read the summary again */
  constructor(refresh) {
    this.refresh = refresh;
    this.kinds = [];
    this.answer = byId("faults-answer");
    this.form = byId("fault-form");
    this.what = make("p", { className: "note" });
    this.fields = make("div", { className: "parameters" });
    this.choice = make("select", { id: "fault-kind" });
    this.armed = new Rows(byId("fault-armed"), (key) => this.armedRow(key));
    this.form.append(
      make("div", { className: "row" }, make("label", { htmlFor: "fault-kind" }, "Fault"), this.choice),
      this.what,
      this.fields,
      make("div", { className: "row" }, make("button", {}, "Let it happen")),
    );
    this.choice.addEventListener("change", () => this.showKind());
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.change(() => post(PATH, this.said()), `${words(this.choice.value)}: asked for.`);
    });
    byId("fault-line-form").addEventListener("submit", (event) => {
      event.preventDefault();
      const line = byId("fault-line").value.trim();
      this.change(() => post(PATH, line), `${line}: asked for.`);
    });
    byId("fault-clear").addEventListener("click", () => this.change(() => remove(PATH), "Nothing more goes wrong."));
  }

  /** Read what there is and what is armed. An exchange without the list has only what stands above the form. */
  async load() {
    let state;
    try {
      state = await read(PATH);
    } catch {
      state = null;
    }
    byId("fault-list").hidden = state === null;
    if (state !== null) this.show(state);
  }

  show({ kinds = [], faults = [] }) {
    const listed = kindsOf(kinds);
    if (JSON.stringify(listed) !== JSON.stringify(this.kinds)) this.setKinds(listed);
    this.form.hidden = listed.length === 0;
    this.armed.update(faults.map((fault) => [fault.id, fault]), (row, fault) => {
      const left = fault.remaining === null ? (fault.isOpen ? "going on" : "waits") : `${fault.remaining} to come`;
      setText(row.text, `${fault.text} (${left}, happened ${fault.happened})`);
    });
    byId("fault-clear").hidden = faults.length === 0;
  }

  /** What waits or goes on changes by itself. */
  onSummary() {
    if (this.armed.rows.size > 0) this.load();
  }

  setKinds(kinds) {
    this.kinds = kinds;
    const kept = this.choice.value;
    const groups = kinds.map(({ scope }) => scope).filter((scope, index, all) => all.indexOf(scope) === index);
    this.choice.replaceChildren(
      ...groups.map((scope) => {
        const members = kinds.filter((kind) => kind.scope === scope);
        return make("optgroup", { label: scope || "faults" }, ...members.map(({ name }) => make("option", { value: name }, words(name))));
      }),
    );
    if (kinds.some(({ name }) => name === kept)) this.choice.value = kept;
    this.showKind();
  }

  get kind() {
    return this.kinds.find(({ name }) => name === this.choice.value);
  }

  showKind() {
    const { kind } = this;
    setText(this.what, kind?.does ?? "");
    this.fields.replaceChildren(...(kind?.fields ?? []).map((field) => make("label", {}, words(field.name), control(field))));
  }

  /** The fault that the form describes: its kind, and what was said about it. */
  said() {
    const { kind } = this;
    const said = { fault: kind.name };
    kind.fields.forEach((field, index) => {
      const value = valueOf(this.fields.children[index].querySelector("input, select"), field);
      if (value !== undefined) said[field.name] = value;
    });
    return said;
  }

  armedRow(id) {
    const text = make("span");
    const button = make("button", { type: "button", className: "quiet" }, "Take back");
    button.addEventListener("click", () => this.change(() => remove(`${PATH}/${id}`), "Taken back."));
    return { text, node: make("li", {}, text, button) };
  }

  change(work, done) {
    return act(this.answer, async () => {
      await work();
      await this.load();
      this.refresh();
      return done;
    });
  }
}

function words(name) {
  return name.replaceAll("_", " ");
}

/** The kinds as a list, whether the exchange lists them or names them. */
function kindsOf(kinds) {
  const list = Array.isArray(kinds) ? kinds : Object.entries(kinds).map(([name, kind]) => ({ name, ...kind }));
  return list.map(({ fault, name = fault, scope = "", does = "", fields = [] }) => ({ name, scope, does, fields }));
}

function control({ name, type, valid: range, means, default: usual, values }) {
  const valid = means ? `${means}: ${range}` : range;
  if (type === "bool") return make("input", { name, type: "checkbox", checked: usual === true, title: valid });
  if (values) {
    const options = values.map((value) => make("option", { value, selected: value === usual }, value));
    const any = usual === undefined || usual === null ? [make("option", { value: "", selected: true }, "any")] : [];
    return make("select", { name, title: valid }, ...any, ...options);
  }
  const placeholder = usual === undefined || usual === null || usual === "" ? range : String(usual);
  const inputMode = isNumber(type) ? "decimal" : "text";
  return make("input", { name, placeholder, title: valid, autocomplete: "off", spellcheck: false, inputMode });
}

/** What was said in a control; undefined where nothing was. What is no number goes as it is: the exchange says why not. */
function valueOf(node, { type, default: usual }) {
  if (type === "bool") return node.checked === (usual === true) ? undefined : node.checked;
  const text = node.value.trim();
  if (text === "") return undefined;
  return isNumber(type) && Number.isFinite(Number(text)) ? Number(text) : text;
}

function isNumber(type) {
  return type === "int" || type === "float";
}
