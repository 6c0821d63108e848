// What the library was answered: every reply and every frame, held against the types that the library declares.
import { readFileSync } from "node:fs";
import Ajv from "ajv";

const KEPT_FRAMES = 100;
const schemas = JSON.parse(readFileSync(new URL("./node_modules/.reply-schemas.json", import.meta.url), "utf8"));
const ajv = new Ajv({ allErrors: true, strict: false });
const validators = new Map();

// Where a value does not fit a declared type, in words; empty when it fits.
export function misfits(type, value) {
  if (!(type in schemas)) return [`the library declares no type ${type}`];
  if (!validators.has(type)) validators.set(type, ajv.compile(schemas[type]));
  const validate = validators.get(type);
  if (validate(value)) return [];
  return validate.errors.map((error) => `${error.instancePath} ${error.message} ${JSON.stringify(error.params)}`);
}

export function capitalised(name) {
  return name[0].toUpperCase() + name.slice(1);
}

export class Records {
  asked = [];
  streams = {};

  // One call of a client's method; resolves to its reply, or to null when it was refused.
  async ask(client, method, label, ...parameters) {
    const entry = { client: client.constructor.name, method, label };
    this.asked.push(entry);
    const isAction = entry.client === "ExchangeClient";
    try {
      entry.reply = (await client[method](...parameters)) ?? null;
      const name = capitalised(method);
      entry.misfits = misfits(isAction ? `exchange/${name}SuccessResponse` : `info/${name}Response`, entry.reply);
      return entry.reply;
    } catch (error) {
      entry.error = { name: error.name, message: error.message };
      if (error.name === "ApiRequestError") entry.error.response = error.response;
      return null;
    }
  }

  // Subscribes by one of the client's methods and keeps what comes.
  async listen(client, method, ...parameters) {
    const stream = (this.streams[method] = { frames: [], misfits: [] });
    const type = `subscription/${capitalised(method)}Event`;
    const onFrame = (frame) => {
      stream.frames.push(frame);
      if (stream.frames.length > KEPT_FRAMES) stream.frames.splice(1, 1); // the first one is the snapshot
      if (stream.misfits.length === 0) stream.misfits = misfits(type, frame);
    };
    try {
      const subscription = await client[method](...parameters, onFrame);
      subscription.failureSignal?.addEventListener("abort", () => (stream.lost = true));
      return subscription;
    } catch (error) {
      stream.error = { name: error.name, message: error.message };
      return null;
    }
  }
}

export async function until(condition, what, seconds = 20) {
  const end = Date.now() + seconds * 1000;
  while (!(await condition())) {
    if (Date.now() > end) throw new Error(`waited ${seconds} s for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 30));
  }
}
