// Many cases: a file goes to the service to be read, its facts in parts to be answered.

import { element, heading } from "./cards.js";
import { call } from "./service.js";
import { words } from "./words.js";

const PART = 16;
const COLUMNS = [
  "case_id", "rank", "article", "title", "score", "probability", "threshold", "recommended",
  "reason", "error",
];

const byId = (id) => document.getElementById(id);
let answers = [];
let stopping = null;

export function prepareBatch(onError) {
  byId("batch_form").addEventListener("submit", (event) => {
    event.preventDefault();
    run(byId("cases_file").files[0], byId("fact_field").value || "fact", onError);
  });
  byId("stop").addEventListener("click", () => stopping?.abort());
  byId("csv").addEventListener("click", () => save("\ufeff" + asCsv(answers), "answers.csv", "text/csv"));
  byId("jsonl").addEventListener("click", () =>
    save(answers.map((answer) => JSON.stringify(answer) + "\n").join(""), "answers.jsonl",
      "application/x-ndjson"));
}

async function run(file, factField, onError) {
  const start = byId("batch_form").querySelector("[type=submit]");
  stopping = new AbortController();
  answers = [];
  byId("rows").replaceChildren();
  byId("batch_result").hidden = false;
  byId("stop").hidden = false;
  start.disabled = true;
  try {
    await answerAll(file, factField);
  } catch (error) {
    if (error.name !== "AbortError") onError(error, byId("batch_status"));
  } finally {
    byId("stop").hidden = true;
    start.disabled = false;
  }
}

async function answerAll(file, factField) {
  const { signal } = stopping;
  byId("batch_status").textContent = words("reading");
  byId("batch_progress").removeAttribute("value");
  const query = new URLSearchParams({ name: file.name, fact_field: factField });
  const { cases } = await call(`v1/cases?${query}`, { body: file, signal });
  byId("batch_progress").max = cases.length;
  for (let first = 0; first < cases.length; first += PART) {
    show("batch_running", { done: first, total: cases.length });
    try {
      await answerPart(cases.slice(first, first + PART), signal);
    } catch (error) {
      if (error.name === "AbortError")
        show("batch_stopped", { done: first, total: cases.length });
      throw error;
    }
    byId("batch_progress").value = answers.length;
  }
  byId("batch_progress").value = cases.length;
  const errors = answers.filter((answer) => answer.error).length;
  show("batch_done", { done: answers.length, errors });
}

function show(name, values) {
  byId("batch_status").textContent = words(name, values);
}

async function answerPart(cases, signal) {
  const facts = cases.filter((each) => each.fact).map((each) => each.fact);
  const onBusy = () => show("busy");
  const replies = facts.length ? await call("v1/recommend", { body: { facts }, signal, onBusy }) : [];
  for (const each of cases) {
    const answer = each.fact ? { ...replies.shift(), case_id: each.case_id } : each;
    answers.push(answer);
    byId("rows").append(row(each, answer));
  }
}

function row(each, answer) {
  const result = element("td", answer.error ? { className: "warning" } : {});
  if (answer.error) result.append(answer.error);
  else {
    const entries = answer.recommendations.filter((entry) => entry.recommended);
    const lines = entries.map((entry) => element("div", {}, heading(entry)));
    result.append(...(lines.length ? lines : [words("found_none")]));
  }
  return element("tr", {},
    element("th", { scope: "row" }, each.case_id),
    element("td", { lang: "zh-Hans", title: each.fact ?? "" }, (each.fact ?? "").slice(0, 60)),
    result,
  );
}

export function asCsv(list) {
  const rows = list.flatMap((answer) =>
    answer.recommendations?.length
      ? answer.recommendations.map((entry) => ({ ...entry, case_id: answer.case_id }))
      : [{ case_id: answer.case_id, error: answer.error }]);
  const lines = rows.map((entry) => COLUMNS.map((name) => cell(entry[name])).join(","));
  return [COLUMNS.join(","), ...lines, ""].join("\r\n");
}

// An apostrophe keeps a spreadsheet from taking a text for a formula.
function cell(value) {
  if (value === null || value === undefined) return "";
  if (value === true) return "True";
  if (value === false) return "False";
  const text = typeof value === "string" && /^\s*[=+\-@＝＋－＠]|^[\t\r\n]/.test(value)
    ? `'${value}` : String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

function save(text, name, type) {
  const address = URL.createObjectURL(new Blob([text], { type }));
  element("a", { href: address, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}
