// The page: from a fact to cards, and back to a judgment.

import { prepareBatch, showBatch } from "./batch.js";
import { asText, card, element, markedFact, notes, similarCase } from "./cards.js";
import { ServiceError, call, isBusy, setBusy, useKey } from "./service.js";
import { dayName, numeral, translate, words } from "./words.js";

const TOP = 5;
// What files of other programs have: ZIP, and so Word and Excel, NUL characters; PDF and RTF a name.
const NO_TEXT = /\0|^%PDF|^\{\\rtf/;
const byId = (id) => document.getElementById(id);
// What is shown: the model, the fact, its answer, the version of the law, and what is known of each
// article.
const shown = { model: null, fact: "", answer: null, day: "", infos: new Map() };

function showError(error, status = byId("status")) {
  show(status, "");
  if (error.status === 401) {
    byId("key_form").hidden = false;
    byId("key").focus();
    status = byId("key_status");
  }
  show(status, error instanceof ServiceError ? error.message : String(error), "warning");
}

function show(status, text, className = "") {
  status.textContent = text;
  status.className = className;
  if (className) status.scrollIntoView({ block: "nearest" });
}

async function showModel() {
  try {
    shown.model = await call("v1/model");
  } catch (error) {
    showError(error);
    return;
  }
  byId("key_form").hidden = true;
  byId("day_label").hidden = shown.model.statutes.length < 2;
  showTexts();
}

async function tryKey(event) {
  event.preventDefault();
  useKey(byId("key").value);
  for (const name of ["key_status", "status"]) show(byId(name), "");
  await showModel();
  if (byId("key_form").hidden) byId("fact").focus();
}

// Write what depends on the language and the model, but on no answer.
function showTexts() {
  byId("subtitle").textContent = words(shown.model?.criminal_law ? "subtitle" : "any_law");
  byId("model").textContent = modelText();
  const chosen = byId("day").value;
  byId("day").replaceChildren(...versions(shown.model?.statutes ?? []));
  byId("day").value = chosen;
}

// Return an option for each version of the law, the newest first.
function versions(days) {
  return [...days].reverse().map((day, position, newestFirst) => {
    if (!position) return new Option(words("newest_version", { day: dayName(day) }), "");
    const last = new Date(Date.parse(newestFirst[position - 1]) - 86_400_000);
    return new Option(words("version", { day: dayName(day), last: dayName(last) }), day);
  });
}

function modelText() {
  const { model } = shown;
  if (!model) return "";
  const { cases, metrics } = model.tuned_on;
  return words(model.law_as_of ? "model" : "model_without_law", {
    name: model.name,
    articles: model.articles,
    citations: numeral(model.trained_on.citations),
    law: model.law_as_of && dayName(model.law_as_of),
    cases: numeral(cases),
    f1: metrics.micro_f1.toFixed(3),
    exact: `${Math.round(100 * metrics.exact_match)}%`,
  });
}

async function recommend(event) {
  event.preventDefault();
  const submit = byId("fact_form").querySelector("[type=submit]");
  const status = byId("status");
  const fact = byId("fact").value;
  if (isBusy(submit)) return;
  if (!fact.trim()) {
    byId("fact").focus();
    show(status, words("no_fact"), "warning");
    return;
  }
  show(status, words("working"));
  setBusy(submit, true);
  try {
    const onBusy = () => show(status, words("busy"));
    const answer = await call("v1/recommend", { body: { fact, top_k: TOP, explain: true }, onBusy });
    const law = await lawOf(answer);
    Object.assign(shown, { fact, answer, ...law });
    for (const name of ["status", "feedback_status", "copy_status"]) show(byId(name), "");
    forgetJudgments();
    showAnswer();
    byId("answer_heading").focus();
    if (!isWhole(law)) show(status, words("no_law"), "warning");
  } catch (error) {
    shown.answer = null;
    byId("answer").hidden = true;
    showError(error);
  } finally {
    setBusy(submit, false);
  }
}

// Return the chosen version of the law, and what the service knows of each article of an answer: of
// another law's, which has no title, nothing.
async function lawOf(answer) {
  const day = byId("day").value;
  const query = day ? `?date=${day}` : "";
  const known = answer.recommendations.filter((entry) => entry.title);
  const names = known.map((entry) => entry.article);
  const results = await Promise.allSettled(
    names.map((name) => call(`v1/articles/${encodeURIComponent(name)}${query}`)));
  if (day !== byId("day").value) return lawOf(answer); // another one has been chosen since
  return { day, infos: new Map(names.map((name, position) => [name, results[position].value])) };
}

function isWhole(law) {
  return [...law.infos.values()].every(Boolean);
}

async function changeVersion() {
  const { answer } = shown;
  if (!answer) return;
  const law = await lawOf(answer);
  if (answer !== shown.answer) return;
  if (!isWhole(law)) {
    byId("day").value = shown.day;
    show(byId("status"), words("no_law"), "warning");
    return;
  }
  Object.assign(shown, law);
  show(byId("status"), "");
  showAnswer();
}

function showAnswer() {
  const { answer, infos, model } = shown;
  if (!answer) return;
  const judged = Boolean(model?.feedback);
  const list = (entries) =>
    entries.map((entry) => card(entry, infos.get(entry.article), judged));
  const recommended = answer.recommendations.filter((entry) => entry.recommended);
  const others = answer.recommendations.filter((entry) => !entry.recommended);
  const hasNoText = model && !model.statutes.length;
  const all = [...notes(answer, model), ...(hasNoText ? [words("no_law_text")] : [])];
  byId("summary").textContent = recommended.length
    ? words("found", { count: recommended.length }) : words("found_none");
  byId("notes").replaceChildren(...all.map((text) => element("li", {}, text)));
  byId("notes").hidden = !all.length;
  byId("marked").replaceChildren(...markedFact(shown.fact, answer));
  byId("marked_hint").hidden = !byId("marked").querySelector("mark");
  const judgments = chosenJudgments();
  byId("recommended").replaceChildren(...list(recommended));
  byId("recommended").hidden = !recommended.length;
  byId("others").replaceChildren(...list(others));
  byId("near").hidden = !others.length;
  for (const input of document.querySelectorAll(".judgment input"))
    input.checked = judgments.get(input.dataset.article) === input.value;
  byId("similar_cases").replaceChildren(...(answer.similar_cases ?? []).map(similarCase));
  byId("similar").hidden = !answer.similar_cases?.length;
  byId("feedback").hidden = !judged;
  byId("answer").hidden = false;
}

// Return what was chosen, by article.
function chosenJudgments() {
  const inputs = [...document.querySelectorAll(".judgment input:checked")];
  return new Map(inputs.map((input) => [input.dataset.article, input.value]));
}

// Those of one fact are none of the next.
function forgetJudgments() {
  for (const input of document.querySelectorAll(".judgment input")) input.checked = false;
  byId("missing").value = "";
  byId("complete").checked = false;
}

async function sendFeedback() {
  const choices = [...chosenJudgments()];
  const named = (choice) =>
    choices.filter(([, value]) => value === choice).map(([article]) => article);
  const added = byId("missing").value.split(/[,，;；、\s]+/).filter(Boolean);
  const body = {
    fact: shown.fact,
    accepted: named("applies"),
    rejected: named("applies_not"),
    added,
    complete: byId("complete").checked,
  };
  const [status, button] = [byId("feedback_status"), byId("send_feedback")];
  if (isBusy(button)) return;
  if (!choices.length && !added.length && !body.complete) {
    show(status, words("nothing_judged"), "warning");
    return;
  }
  setBusy(button, true);
  try {
    await call("v1/feedback", { body });
    show(status, words("feedback_kept"));
  } catch (error) {
    showError(error, status);
  } finally {
    setBusy(button, false);
  }
}

async function copy() {
  const text = asText(shown, modelText());
  try {
    await navigator.clipboard.writeText(text);
  } catch { // not allowed without TLS, except on this computer
    const area = element("textarea", { value: text });
    document.body.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
    byId("copy").focus();
  }
  show(byId("copy_status"), words("copied"));
}

async function openFile(file) {
  try {
    byId("fact").value = decode(await file.arrayBuffer());
    show(byId("status"), "");
    byId("fact").focus();
  } catch {
    showError(new ServiceError(0, words("no_text", { name: file.name })));
  }
}

// Return the text of a file, which is in UTF-8, or in GB18030 from older programs.
function decode(bytes) {
  const inEncoding = (encoding) => new TextDecoder(encoding, { fatal: true }).decode(bytes);
  let text;
  try {
    text = inEncoding("utf-8");
  } catch {
    text = inEncoding("gb18030");
  }
  if (NO_TEXT.test(text)) throw new TypeError("a file of another program");
  return text;
}

function changeLanguage(event) {
  const button = event.target.closest("button");
  if (!button) return;
  document.documentElement.lang = button.value;
  const address = new URL(location.href);
  address.searchParams.set("lang", button.value.slice(0, 2));
  history.replaceState(null, "", address);
  translate();
  // What went wrong stays, in the language that it was said in.
  for (const status of document.querySelectorAll("[role=status]:not(.warning)")) show(status, "");
  showTexts();
  showAnswer();
  showBatch();
}

function prepare() {
  translate();
  byId("languages").addEventListener("click", changeLanguage);
  byId("fact_form").addEventListener("submit", recommend);
  byId("fact").addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) byId("fact_form").requestSubmit();
  });
  byId("open_file").addEventListener("click", () => byId("fact_file").click());
  byId("fact_file").addEventListener("change", ({ target }) => {
    openFile(target.files[0]);
    target.value = ""; // else, to choose the same file again would be no change
  });
  byId("fact").addEventListener("dragover", (event) => event.preventDefault());
  byId("fact").addEventListener("drop", (event) => {
    const [file] = event.dataTransfer.files;
    if (!file) return;
    event.preventDefault();
    openFile(file);
  });
  byId("day").addEventListener("change", changeVersion);
  byId("key_form").addEventListener("submit", tryKey);
  byId("copy").addEventListener("click", copy);
  byId("print").addEventListener("click", () => window.print());
  byId("send_feedback").addEventListener("click", sendFeedback);
  prepareBatch(showError);
  showModel();
}

prepare();
