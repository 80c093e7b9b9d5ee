// The page: from a fact to cards, and back to a judgment.

import { prepareBatch } from "./batch.js";
import { asText, card, element, markedFact, notes, similarCase } from "./cards.js";
import { ServiceError, call, useKey } from "./service.js";
import { translate, words } from "./words.js";

const TOP = 5;
const byId = (id) => document.getElementById(id);
// What is shown: the model, the fact, its answer, and what is known of each article.
const shown = { model: null, fact: "", answer: null, infos: new Map() };

function showError(error, status = byId("status")) {
  if (error.status === 401) byId("key_form").hidden = false;
  status.textContent = error instanceof ServiceError ? error.message : String(error);
  status.className = "warning";
}

async function showModel() {
  try {
    shown.model = await call("v1/model");
  } catch (error) {
    showError(error);
    return;
  }
  byId("day_label").hidden = !shown.model.statutes.length;
  byId("model").textContent = modelText();
}

function modelText() {
  const { model } = shown;
  if (!model) return "";
  const { cases, metrics } = model.tuned_on;
  return words(model.law_as_of ? "model" : "model_without_law", {
    name: model.name,
    articles: model.articles,
    citations: model.trained_on.citations.toLocaleString("en"),
    law: model.law_as_of,
    cases,
    f1: metrics.micro_f1.toFixed(3),
    exact: `${Math.round(100 * metrics.exact_match)}%`,
  });
}

async function recommend(event) {
  event.preventDefault();
  const submit = byId("fact_form").querySelector("[type=submit]");
  const status = byId("status");
  status.className = "";
  status.textContent = words("working");
  submit.disabled = true;
  try {
    const fact = byId("fact").value;
    const onBusy = () => { status.textContent = words("busy"); };
    const answer = await call("v1/recommend", { body: { fact, top_k: TOP, explain: true }, onBusy });
    Object.assign(shown, { fact, answer, infos: await articleInfos(answer) });
    status.textContent = "";
    showAnswer();
    byId("answer_heading").focus();
  } catch (error) {
    byId("answer").hidden = true;
    showError(error.status === 422 ? new ServiceError(422, words("bad_fact")) : error);
  } finally {
    submit.disabled = false;
  }
}

// Return what the service knows of each article of an answer; one that it does not know has none.
async function articleInfos(answer) {
  const day = byId("day").value;
  const query = day ? `?date=${day}` : "";
  const names = answer.recommendations.map((entry) => entry.article);
  const results = await Promise.allSettled(
    names.map((name) => call(`v1/articles/${encodeURIComponent(name)}${query}`)));
  return new Map(names.map((name, position) => [name, results[position].value]));
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
  byId("recommended").replaceChildren(...list(recommended));
  byId("recommended").hidden = !recommended.length;
  byId("others").replaceChildren(...list(others));
  byId("near").hidden = !others.length;
  byId("similar_cases").replaceChildren(...(answer.similar_cases ?? []).map(similarCase));
  byId("similar").hidden = !answer.similar_cases?.length;
  byId("feedback").hidden = !judged;
  byId("feedback_status").textContent = "";
  byId("answer").hidden = false;
}

async function sendFeedback() {
  const choices = [...document.querySelectorAll(".judgment input:checked")];
  const named = (choice) =>
    choices.filter((input) => input.value === choice).map((input) => input.dataset.article);
  const added = byId("missing").value.split(/[,，;；、\s]+/).filter(Boolean);
  const body = {
    fact: shown.fact,
    accepted: named("applies"),
    rejected: named("applies_not"),
    added,
    complete: byId("complete").checked,
  };
  const status = byId("feedback_status");
  try {
    await call("v1/feedback", { body });
    status.className = "";
    status.textContent = words("feedback_kept");
  } catch (error) {
    showError(error, status);
  }
}

async function copy() {
  const text = asText(shown.fact, shown.answer, shown.infos, modelText());
  try {
    await navigator.clipboard.writeText(text);
  } catch { // not allowed without TLS, except on this computer
    const area = element("textarea", { value: text });
    document.body.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  }
  byId("status").textContent = words("copied");
}

// Files come in UTF-8, or in GB18030 from older programs.
async function openFile(file) {
  const bytes = await file.arrayBuffer();
  let text;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    text = new TextDecoder("gb18030").decode(bytes);
  }
  byId("fact").value = text;
  byId("fact").focus();
}

function changeLanguage(event) {
  const button = event.target.closest("button");
  if (!button) return;
  document.documentElement.lang = button.value;
  const address = new URL(location.href);
  address.searchParams.set("lang", button.value.slice(0, 2));
  history.replaceState(null, "", address);
  translate();
  byId("model").textContent = modelText();
  showAnswer();
}

function prepare() {
  translate();
  byId("languages").addEventListener("click", changeLanguage);
  byId("fact_form").addEventListener("submit", recommend);
  byId("fact").addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) byId("fact_form").requestSubmit();
  });
  byId("open_file").addEventListener("click", () => byId("fact_file").click());
  byId("fact_file").addEventListener("change", (event) => {
    if (event.target.files[0]) openFile(event.target.files[0]);
  });
  byId("fact").addEventListener("dragover", (event) => event.preventDefault());
  byId("fact").addEventListener("drop", (event) => {
    const [file] = event.dataTransfer.files;
    if (!file) return;
    event.preventDefault();
    openFile(file);
  });
  byId("day").addEventListener("change", async () => {
    if (!shown.answer) return;
    shown.infos = await articleInfos(shown.answer);
    showAnswer();
  });
  byId("key_form").addEventListener("submit", (event) => {
    event.preventDefault();
    useKey(byId("key").value);
    byId("key_form").hidden = true;
    byId("status").textContent = "";
    showModel();
  });
  byId("copy").addEventListener("click", copy);
  byId("print").addEventListener("click", () => window.print());
  byId("send_feedback").addEventListener("click", sendFeedback);
  prepareBatch(showError);
  showModel();
}

prepare();
