// One answer as cards, and as text for a brief.

import { articleName, dayName, reason, words } from "./words.js";

const LEVELS = [
  [0.95, "certain"],
  [0.8, "very_likely"],
  [0.6, "likely"],
  [0.4, "open"],
  [0.15, "unlikely"],
  [0, "very_unlikely"],
];

export function element(tag, attributes = {}, ...children) {
  const node = Object.assign(document.createElement(tag), attributes);
  node.append(...children);
  return node;
}

export function likelihood(entry) {
  if (entry.probability === null) return words("score", { score: entry.score.toFixed(2) });
  const [, name] = LEVELS.find(([least]) => entry.probability >= least);
  return words("chance", { words: words(name), percent: percent(entry.probability) });
}

function percent(share) {
  return `${Math.round(100 * share)}%`;
}

export function heading(entry) {
  return `${articleName(entry.article)} ${entry.title}`.trim();
}

// `info` is what the service knows of the article; `judged` adds the choice of a judgment.
export function card(entry, info, judged) {
  const bar = element("span", { className: "fill" });
  bar.style.width = `${100 * (entry.probability ?? entry.score)}%`;
  const track = element("div", { className: "track" }, bar);
  track.setAttribute("aria-hidden", "true"); // the words beside it say the same
  const item = element("li", { className: entry.recommended ? "card" : "card near" },
    element("h3", {}, heading(entry)),
    element("p", { className: "chance" }, likelihood(entry)),
    track,
    element("p", { className: "reason" }, reason(entry.reason)),
  );
  item.id = anchor(entry.article);
  if (entry.explanation) item.append(...evidence(entry.explanation));
  if (info?.chapter) item.append(chapter(info));
  if (info?.text) item.append(lawText(info, entry.recommended));
  if (judged) item.append(judgment(entry));
  return item;
}

function anchor(article) {
  return `article-${article}`;
}

// What speaks for an article, and for which other one most would speak.
function evidence({ clauses, rival }) {
  const nodes = [];
  if (clauses.length) {
    const quotes = clauses.map(({ text }) => element("q", { lang: "zh-Hans" }, text));
    nodes.push(element("p", { className: "because" }, words("because"), ...quotes));
  }
  if (rival)
    nodes.push(element("p", { className: "hint" },
      words("rival", { article: heading(rival), score: rival.score.toFixed(2) })));
  return nodes;
}

// A train case that is like the fact, and its articles.
export function similarCase({ case_id: name, articles, similarity }) {
  const list = articles.map(articleName).join(words("comma"));
  return element("li", {},
    words("similar_case", { name, articles: list, percent: percent(similarity) }));
}

// The fact, in which each word that decided is a link to the article that it decided most.
export function markedFact(fact, answer) {
  const characters = Array.from(fact); // the service counts characters, not UTF-16 units
  const owners = new Array(characters.length).fill(null);
  const moves = answer.recommendations.flatMap((entry) =>
    (entry.explanation?.words ?? []).flatMap(({ spans, effect }) =>
      spans.map(([start, end]) => ({ start, end, effect, entry }))));
  for (const { start, end, entry } of moves.sort((one, other) => one.effect - other.effect))
    owners.fill(entry, start, end);
  const nodes = [];
  for (let start = 0, end = 0; start < characters.length; start = end) {
    while (end < characters.length && owners[end] === owners[start]) end += 1;
    const text = characters.slice(start, end).join("");
    nodes.push(owners[start] ? mark(text, owners[start]) : text);
  }
  return nodes;
}

function mark(text, entry) {
  return element("a", { href: `#${anchor(entry.article)}`, title: heading(entry) },
    element("mark", {}, text));
}

function chapter(info) {
  const parts = [info.part, info.chapter, info.section].filter(Boolean).join(" · ");
  return element("p", { className: "hint", lang: "zh-Hans" }, parts);
}

function lawText(info, open) {
  const details = element("details", { open },
    element("summary", {}, version(info)),
    element("blockquote", { lang: "zh-Hans" }, info.text),
  );
  if (info.outdated_by.length)
    details.append(element("p", { className: "warning" }, outdated(info)));
  return details;
}

function version(info) {
  return words("law_text", { day: dayName(info.version) });
}

function outdated(info) {
  return words("outdated", { names: info.outdated_by.join("、") });
}

function judgment(entry) {
  const group = element("fieldset", { className: "judgment" },
    element("legend", {}, words("judge", { article: articleName(entry.article) })));
  for (const choice of ["applies", "applies_not"]) {
    const input = element("input", { type: "radio", name: `judge-${entry.article}`, value: choice });
    input.dataset.article = entry.article;
    group.append(element("label", { className: "check" }, input, ` ${words(choice)}`));
  }
  return group;
}

export function notes(answer, model) {
  const list = [];
  if (answer.abstained) list.push(words("abstained"));
  else if (model?.guarantee)
    list.push(words("guarantee", {
      share: percent(model.guarantee),
      count: Math.round(100 * model.guarantee),
    }));
  for (const { kind, article, other } of answer.violations)
    list.push(words(kind, { article: articleName(article), other: articleName(other) }));
  if (answer.truncated) list.push(words("truncated"));
  return list;
}

export function asText({ fact, answer, infos, model }, modelText) {
  const [colon, comma] = [words("colon"), words("comma")];
  const lines = [`${words("fact")}${colon}${fact.trim()}`, "", words("answer")];
  lines.push(...notes(answer, model));
  const entries = answer.recommendations.filter((entry) => entry.recommended);
  if (!entries.length) lines.push(words("found_none"));
  for (const entry of entries) {
    const why = `${likelihood(entry)}${comma}${reason(entry.reason)}`;
    lines.push(`${entry.rank}. ${heading(entry)}${colon}${why}`);
    const info = infos.get(entry.article);
    if (info?.text) lines.push(...textLines(info));
  }
  return [...lines, "", words("no_advice"), modelText, ""].join("\n");
}

function textLines(info) {
  const lines = [version(info), info.text];
  if (info.outdated_by.length) lines.push(outdated(info));
  return lines.map((line) => line.replace(/^/gm, "   "));
}
