// Questions and orders by HTTP: the venue's own /info, and /sandbox/... for what only a sandbox does.

const TIMEOUT_MS = 10_000;

/** An answer that is no success; `status` is 0 when there was none. */
export class Refusal extends Error {
  constructor(message, status) {
    super(message);
    this.status = status;
  }
}

async function request(method, path, body) {
  let response;
  try {
    response = await fetch(path, {
      method,
      headers: body === undefined ? {} : { "content-type": "application/json" },
      body: body === undefined ? undefined : JSON.stringify(body),
      signal: AbortSignal.timeout(TIMEOUT_MS),
      cache: "no-store",
    });
  } catch {
    throw new Refusal("no answer", 0);
  }
  const text = await response.text();
  let data = null;
  try {
    data = JSON.parse(text);
  } catch {
    // Errors of the venue are plain text.
  }
  if (!response.ok) throw new Refusal(data?.error ?? (text.slice(0, 200) || response.statusText), response.status);
  return data;
}

/** The answer to an info request. */
export function info(type, fields = {}) {
  return request("POST", "/info", { type, ...fields });
}

export function read(path) {
  return request("GET", path);
}

export function post(path, body = {}) {
  return request("POST", path, body);
}

export function remove(path) {
  return request("DELETE", path);
}
