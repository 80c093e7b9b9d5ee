"""Checks: what can be wrong with one line by itself, whatever the other lines are."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from lawrec.corpus.case_lines import CaseLine
from lawrec.corpus.cases import NO_FACT, NO_LIST, NO_NAME, OTHER_BYTES, Case
from lawrec.corpus.readers import NO_ARTICLES, NO_META, NO_OBJECT
from lawrec.errors import CaseError
from lawrec.law.articles import CHINESE_BRANCH, NUMERALS, article_name, root_article
from lawrec.law.catalog import Article
from lawrec.law.charges import charge_wordings, normalize_charge
from lawrec.text_files import ENCODINGS

ERROR, WARNING = "error", "warning"
TINY = 10
"""Signs below which a fact hardly tells what happened."""
SIGNS_A_TOKEN = 1.8
"""Signs in a token of jieba, measured on the facts of CAIL2018."""

_CITED = re.compile(rf"(?:第|刑法》?)([{NUMERALS}]+)条(?:之(?:{CHINESE_BRANCH}))?")
_LAW = re.compile(r"《(?:中华人民共和国)?刑法》|刑法(?!医)")  # 刑 before 法医 is another word
_MASKED = re.compile(r"(?:法》|以|构成|涉嫌|犯)[×xX*]{2,}|[×xX*]{2,}罪")
_AROUND = 8


@dataclass(frozen=True)
class AuditReference:
    """What cases are held against."""

    listed: tuple[str, ...] = ()  # the list of articles; empty: there is none
    articles_of: Mapping[str, frozenset[str]] = field(default_factory=dict)  # charge -> roots
    charges_of: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # article -> charges
    tokens: Callable[[str], float] = lambda text: len(text) / SIGNS_A_TOKEN  # of a normalized fact
    max_tokens: int = 384

    def kept(self, case: Case) -> tuple[str, ...]:
        """Return the case's articles, each once, without those outside the list."""
        return tuple(name for name in case.articles if name in self.listed or not self.listed)

    def has_no_listed_article(self, case: Case) -> bool:
        """Return whether a case has articles, but none within the list."""
        return bool(case.articles) and not self.kept(case)


@dataclass(frozen=True)
class Check:
    """A way in which a line can be wrong; `find` says how, and nothing for a line that is right."""

    severity: str
    meaning: str
    todo: str
    find: Callable[[CaseLine, AuditReference], str]


def audit_reference_of(
    catalog: Iterable[Article], listed: Iterable[str] = (), **others: Any
) -> AuditReference:
    """Return the rules that a catalogue's titles and a list of articles make.

    CAIL2018 gives 133 for 危险驾驶, which stands in 133之一: an article and its branches share a
    root, and where roots meet nothing is contradicted. A charge that no listed article has cannot
    contradict one.
    """
    names = tuple(listed)
    roots = {root_article(name) for name in names}
    articles_of: dict[str, frozenset[str]] = {}
    charges_of: dict[str, tuple[str, ...]] = {}
    for entry in catalog:
        crimes = [part for part in entry.title.split("；") if part.endswith("罪")]
        charges_of[entry.article] = tuple(map(normalize_charge, crimes))
        if root_article(entry.article) in roots or not roots:
            for charge in charges_of[entry.article]:
                known = articles_of.get(charge, frozenset())
                articles_of[charge] = known | {root_article(entry.article)}
    return AuditReference(names, articles_of, charges_of, **others)


def _of_case(
    find: Callable[[Case, str, AuditReference], str],
) -> Callable[[CaseLine, AuditReference], str]:
    """Turn a check of a case and its normalized fact into a check of a line."""

    def check(line: CaseLine, rules: AuditReference) -> str:
        return find(line.case, line.text, rules) if isinstance(line.case, Case) else ""

    return check


def _refused(kind: str) -> Callable[[CaseLine, AuditReference], str]:
    """Return the check that finds the lines which cannot be read for one reason."""

    def check(line: CaseLine, rules: AuditReference) -> str:
        if isinstance(line.case, Case) or _reason(line, line.case) != kind:
            return ""
        return _foreign(line) or f"{line.case.expected}, got {line.case.got}"

    return check


def _reason(line: CaseLine, error: CaseError) -> str:
    if _foreign(line):
        return "encoding"
    if error.expected.endswith(NO_LIST):
        return "bad-label"
    return _REASONS.get(error.expected, "unreadable")


def _foreign(line: CaseLine) -> str:
    """Return what a line's bytes are if they are not in its encoding."""
    if _decodes(line.raw, line.encoding):
        return ""
    if line.raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "it begins like UTF-16"
    others = [name for name in ENCODINGS if _decodes(line.raw, name)]
    return f"not {line.encoding}" + "".join(f"; it reads as {name}" for name in others)


def _unlisted(case: Case, text: str, rules: AuditReference) -> str:
    kept = rules.kept(case)
    return ", ".join(name for name in case.articles if name not in kept)


def _repeated(case: Case, text: str, rules: AuditReference) -> str:
    return f"[{', '.join(case.cited)}]" if len(case.cited) > len(case.articles) else ""


def _unlabelled(case: Case, text: str, rules: AuditReference) -> str:
    return "" if case.articles else "no article"


def _tiny(case: Case, text: str, rules: AuditReference) -> str:
    return text if len(text) < TINY else ""


def _contradiction(case: Case, text: str, rules: AuditReference) -> str:
    roots = {root_article(name) for name in case.articles}
    for charge in case.charges if roots else ():
        expected = rules.articles_of.get(normalize_charge(charge))
        if expected and not expected & roots:
            return (
                f"{charge} is in {' or '.join(sorted(expected))}, not in {', '.join(case.articles)}"
            )
    return ""


def _states_article(case: Case, text: str, rules: AuditReference) -> str:
    roots = {root_article(name) for name in case.articles}
    for found in _CITED.finditer(text):
        if article_name(f"第{found[1]}条") in roots:
            return _around(text, *found.span())
    return ""


def _states_charge(case: Case, text: str, rules: AuditReference) -> str:
    if "罪" not in text:
        return ""
    titles = [title for name in case.articles for title in rules.charges_of.get(name, ())]
    own = {wording for name in (*case.charges, *titles) for wording in charge_wordings(name)}
    for name in sorted(own):
        start = text.find(f"{name}罪")
        if start >= 0:
            return _around(text, start, start + len(name) + 1)
    return ""


def _names_law(case: Case, text: str, rules: AuditReference) -> str:
    found = _LAW.search(text)
    return _around(text, *found.span()) if found else ""


def _masked(case: Case, text: str, rules: AuditReference) -> str:
    found = _MASKED.search(text)
    return _around(text, *found.span()) if found else ""


def _truncated(case: Case, text: str, rules: AuditReference) -> str:
    tokens = rules.tokens(text)
    return f"{tokens:,.0f} tokens" if tokens > rules.max_tokens else ""


def _around(text: str, start: int, end: int) -> str:
    start, end = max(0, start - _AROUND), end + _AROUND
    return f"{'…' if start else ''}{text[start:end]}{'…' if end < len(text) else ''}"


def _decodes(raw: bytes, encoding: str) -> bool:
    try:
        raw.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


_REASONS = {
    NO_OBJECT: "broken-json",
    NO_META: "broken-json",
    NO_ARTICLES: "bad-label",
    NO_NAME: "bad-label",
    NO_FACT: "empty-fact",
    OTHER_BYTES: "encoding",
}
_FIX = "`lawrec audit --fix` drops it."
_KNOW = "Know that a score on such cases says little about facts that do not state it."
CHECKS: dict[str, Check] = {
    "broken-json": Check(
        ERROR, "a line is not the JSON that it should be", _FIX, _refused("broken-json")
    ),
    "bad-label": Check(ERROR, "the articles of a case cannot be read", _FIX, _refused("bad-label")),
    "unreadable": Check(
        ERROR, "a line cannot be used for another reason", _FIX, _refused("unreadable")
    ),
    "encoding": Check(
        ERROR,
        "a line is not in the encoding of its file",
        "Name the encoding with --encoding, or mend the line; `lawrec audit --fix` drops it.",
        _refused("encoding"),
    ),
    "empty-fact": Check(ERROR, "a fact is empty", _FIX, _refused("empty-fact")),
    "unlisted-label": Check(
        ERROR,
        "an article is not in the list of articles",
        "Add it to the list, or `lawrec audit --fix` drops the label.",
        _of_case(_unlisted),
    ),
    "repeated-label": Check(
        WARNING,
        "an article stands more than once in a case",
        "`lawrec audit --fix` collapses them; lawrec counts them once anyway.",
        _of_case(_repeated),
    ),
    "no-label": Check(
        WARNING, "a case has no article", "Label it or leave it out.", _of_case(_unlabelled)
    ),
    "tiny-fact": Check(
        WARNING, f"a fact has fewer than {TINY} signs", "Look at it.", _of_case(_tiny)
    ),
    "contradiction": Check(
        WARNING,
        "a charge is not in any article of its case",
        "Look which is right.",
        _of_case(_contradiction),
    ),
    "states-article": Check(
        WARNING, "a fact states its own article", _KNOW, _of_case(_states_article)
    ),
    "states-charge": Check(
        WARNING, "a fact states its own charge", _KNOW, _of_case(_states_charge)
    ),
    "names-law": Check(
        WARNING, "a fact holds the court's words on the law", _KNOW, _of_case(_names_law)
    ),
    "masked": Check(
        WARNING, "a fact had its charge or article blanked out (××)", _KNOW, _of_case(_masked)
    ),
    "truncated": Check(
        WARNING,
        "a fact is longer than the model reads",
        "Raise corpus.max_tokens, or accept that its end is not read.",
        _of_case(_truncated),
    ),
}
