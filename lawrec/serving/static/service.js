// Calls of the service: the API key, retries while it is busy, errors as texts, buttons at work.

import { language, placeName, words } from "./words.js";

let key = "";

export function useKey(text) {
  key = text.trim();
}

export class ServiceError extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

// Return the JSON of an answer. A busy service is asked again, as often as it says so.
export async function call(path, { body, onBusy = () => {}, signal } = {}) {
  for (;;) {
    const response = await send(path, body, signal);
    if (response.ok) return received(response.json(), "no_answer");
    if (response.status !== 429) throw await asError(response);
    onBusy();
    await wait(1000 * Number(response.headers.get("Retry-After") ?? 1), signal);
  }
}

async function send(path, body, signal) {
  // A header holds Latin-1 alone: any other key is known to no service.
  if (/[^\x20-\xff]/.test(key)) throw new ServiceError(401, words("wrong_key"));
  const headers = { "Accept-Language": language() };
  if (key) headers.Authorization = `Bearer ${key}`;
  const isFile = body instanceof Blob;
  if (body && !isFile) headers["Content-Type"] = "application/json";
  const content = isFile ? body : body && JSON.stringify(body);
  const method = body ? "POST" : "GET";
  return received(fetch(path, { method, headers, body: content, signal }), "no_service");
}

// Return what comes over the network; what fails there has a word, unless somebody has stopped it.
async function received(promise, word) {
  try {
    return await promise;
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new ServiceError(0, words(word));
  }
}

async function asError(response) {
  if (response.status === 401) return new ServiceError(401, words(key ? "wrong_key" : "need_key"));
  const problem = await response.json().catch(() => ({}));
  return new ServiceError(response.status, messageOf(response.status, problem));
}

// Return the sentence of a problem, in which a field has the name that the page gives it.
function messageOf(status, { where = "the body", detail }) {
  if (status === 413 && where === "the body") return words("too_large");
  if (!detail) return words("no_service");
  return detail.startsWith(where) ? placeName(where) + detail.slice(where.length) : detail;
}

function wait(milliseconds, signal) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, milliseconds);
    signal?.addEventListener("abort", () => {
      clearTimeout(timer);
      reject(signal.reason);
    });
  });
}

// A button that is at work keeps the focus, which a disabled one would lose.
export function setBusy(button, busy) {
  button.setAttribute("aria-disabled", busy);
}

export function isBusy(button) {
  return button.getAttribute("aria-disabled") === "true";
}
