// Many cases: a file goes to the service to be read, its facts in parts to be answered.

import { element, heading } from "./cards.js";
import { ServiceError, call, isBusy, setBusy } from "./service.js";
import { reason, table, words } from "./words.js";

const PART = 16;
// The statuses of a request that has too many bytes, or too many facts.
const TOO_LARGE = [413, 422];
const MISTAKES = ["no_file", "no_cases"];
const COLUMNS = [
  "case_id", "rank", "article", "title", "score", "probability", "threshold", "recommended",
  "reason", "error",
];

const byId = (id) => document.getElementById(id);
// What is shown: the file, the status, and the fact and the answer of each case.
const shown = { file: null, status: null, cases: [] };
let stopping = null;

export function prepareBatch(onError) {
  byId("choose").addEventListener("click", () => byId("cases_file").click());
  byId("cases_file").addEventListener("change", ({ target }) => {
    choose(target.files[0]);
    target.value = ""; // else, to choose the same file again would be no change
  });
  byId("batch_form").addEventListener("submit", (event) => {
    event.preventDefault();
    run(shown.file, byId("fact_field").value.trim(), onError);
  });
  byId("stop").addEventListener("click", () => stopping?.abort());
  byId("csv").addEventListener("click", () =>
    save("\ufeff" + asCsv(shown.cases), "answers.csv", "text/csv"));
  byId("jsonl").addEventListener("click", () =>
    save(shown.cases.map(({ answer }) => JSON.stringify(answer) + "\n").join(""), "answers.jsonl",
      "application/x-ndjson"));
}

// Write again what is shown, in another language.
export function showBatch() {
  showFile();
  if (shown.status) show(...shown.status);
  byId("rows").replaceChildren(...shown.cases.map(row));
}

function choose(file) {
  shown.file = file;
  showFile();
}

function showFile() {
  byId("chosen").textContent = shown.file?.name ?? words("none_chosen");
}

async function run(file, factField, onError) {
  const start = byId("batch_form").querySelector("[type=submit]");
  if (isBusy(start)) return;
  if (!file) {
    show("no_file");
    byId("choose").focus();
    return;
  }
  stopping = new AbortController();
  shown.cases = [];
  byId("rows").replaceChildren();
  byId("batch_result").hidden = true;
  byId("stop").hidden = false;
  setBusy(start, true);
  try {
    await answerAll(file, factField);
  } catch (error) {
    shown.status = null;
    if (error.name !== "AbortError") onError(error, byId("batch_status"));
  } finally {
    if (document.activeElement === byId("stop")) start.focus();
    byId("stop").hidden = true;
    byId("batch_progress").hidden = true;
    setBusy(start, false);
  }
}

async function answerAll(file, factField) {
  const { signal } = stopping;
  show("reading");
  byId("batch_progress").hidden = false;
  byId("batch_progress").removeAttribute("value");
  await checkUnchanged(file);
  const query = new URLSearchParams({ name: file.name, fact_field: factField });
  const { cases } = await call(`v1/cases?${query}`, { body: file, signal });
  const total = cases.length;
  if (!total) {
    show("no_cases");
    return;
  }
  byId("batch_progress").max = total;
  byId("batch_result").hidden = false;
  for (let first = 0; first < total; first += PART) {
    show("batch_running", { done: first, total });
    try {
      await answerPart(cases.slice(first, first + PART), signal);
    } catch (error) {
      if (error.name !== "AbortError") throw error;
      show("batch_stopped", { done: first, total });
      return;
    }
    byId("batch_progress").value = shown.cases.length;
  }
  show("batch_done", { done: total, errors: shown.cases.filter(({ answer }) => answer.error).length });
}

// A browser reads no file that has changed since it was chosen.
async function checkUnchanged(file) {
  try {
    await file.slice(0, 1).arrayBuffer();
  } catch {
    choose(null);
    throw new ServiceError(0, words("file_changed", { name: file.name }));
  }
}

function show(name, values = {}) {
  shown.status = [name, values];
  byId("batch_status").textContent = words(name, values);
  byId("batch_status").className = MISTAKES.includes(name) ? "warning" : "";
}

async function answerPart(cases, signal) {
  const facts = cases.filter((each) => each.fact).map((each) => each.fact);
  const replies = facts.length ? await answersTo(facts, signal) : [];
  for (const { case_id, fact, error } of cases) {
    const answer = fact ? { ...replies.shift(), case_id } : { case_id, error };
    shown.cases.push({ fact, answer });
    byId("rows").append(row(shown.cases.at(-1)));
  }
}

// Return the answer to each fact. What the service finds too large for one request is halved.
async function answersTo(facts, signal) {
  const onBusy = () => show("busy");
  try {
    return await call("v1/recommend", { body: { facts }, signal, onBusy });
  } catch (error) {
    if (!TOO_LARGE.includes(error.status)) throw error;
    if (facts.length === 1) return [{ error: error.message }];
    const middle = Math.floor(facts.length / 2);
    const first = await answersTo(facts.slice(0, middle), signal);
    return [...first, ...await answersTo(facts.slice(middle), signal)];
  }
}

function row({ fact, answer }) {
  const { error } = answer;
  const result = element("td", error ? { className: "warning" } : {});
  if (error) result.append(error);
  else {
    const entries = answer.recommendations.filter((entry) => entry.recommended);
    const lines = entries.map((entry) => element("div", {}, heading(entry)));
    result.append(...(lines.length ? lines : [words("found_none")]));
  }
  return element("tr", {},
    element("th", { scope: "row" }, answer.case_id),
    element("td", { lang: "zh-Hans", title: fact ?? "" }, (fact ?? "").slice(0, 60)),
    result,
  );
}

// Return a table for people, in their language; in English, it is that of `predict --format csv`.
export function asCsv(cases) {
  const { columns, yes, no } = table();
  const rows = cases.flatMap(({ answer: { case_id, recommendations, error } }) =>
    recommendations?.length
      ? recommendations.map((entry) => ({ ...entry, case_id }))
      : [{ case_id, error }]);
  const value = (entry, name) =>
    name === "reason" && columns ? reason(entry.reason ?? "") : entry[name];
  const lines = rows.map((entry) =>
    COLUMNS.map((name) => cell(value(entry, name), yes, no)).join(","));
  return [(columns ?? COLUMNS).join(","), ...lines, ""].join("\r\n");
}

// An apostrophe keeps a spreadsheet from taking a text for a formula.
function cell(value, yes, no) {
  if (value === null || value === undefined) return "";
  if (typeof value === "boolean") return value ? yes : no;
  const text = typeof value === "string" && /^\s*[=+\-@＝＋－＠]|^[\t\r\n]/.test(value)
    ? `'${value}` : String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

function save(text, name, type) {
  const address = URL.createObjectURL(new Blob([text], { type }));
  element("a", { href: address, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}
