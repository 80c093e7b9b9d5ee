"""Case checks: what can be wrong with one line, whatever the other lines are.

An error stops a training or falsifies its metrics, and `lawrec audit --fix` repairs every one; no
text of a fact is ever rewritten. A warning is for a person to judge. `CHECKS` has one entry per
kind of finding.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from lawrec.config import CorpusConfig
from lawrec.corpus.case_lines import CaseLine
from lawrec.corpus.cases import Case
from lawrec.corpus.label_check import ANY_LABEL, KnownLabels, known_labels
from lawrec.errors import ErrorKind
from lawrec.law.articles import CHINESE_BRANCH, NUMERALS, article_name, root_article
from lawrec.law.catalog import Article
from lawrec.law.charges import charge_wordings, normalize_charge, titled_charges
from lawrec.storage.encodings import guess_encoding
from lawrec.translation import marked

ERROR, WARNING = "error", "warning"
SHORT_FACT = 10
"""A normalized fact of fewer characters hardly says what happened."""
CHARACTERS_PER_TOKEN = 1.8
"""Mean length of jieba's tokens, measured on the facts of CAIL2018."""

# A citation of an article, numbered in digits or in Chinese. Group 1 is the number without its
# branch: "264" in "刑法第264条", "二百六十四" in "《刑法》二百六十四条之一".
_CITATION = re.compile(rf"(?:第|刑法》?)([{NUMERALS}]{{1,9}})条(?:之(?:{CHINESE_BRANCH}))?")
# The name of the law: "《中华人民共和国刑法》", "《刑法》" or "刑法". In "公刑法医鉴字", the number
# of a report by a forensic doctor (法医), the characters 刑法 are not a word.
_LAW = re.compile(r"《(?:中华人民共和国)?刑法》|刑法(?!医)")
# A charge or an article that was blanked out: "××罪", "构成××", "《刑法》××". Elsewhere such
# characters hide names and places: "在××路".
_MASKED = re.compile(r"(?:法》|以|构成|涉嫌|犯)[×xX*]{2,}|(?<![×xX*])[×xX*]{2,}罪")
_CRIME = re.compile("罪")
_CONTEXT = 8
"""Characters shown on each side of a match."""


def estimate_tokens(text: str) -> float:
    """Return about how many tokens jieba makes of a normalized text.

    Example:
        >>> estimate_tokens("盗" * 18)
        10.0
    """
    return len(text) / CHARACTERS_PER_TOKEN


@dataclass(frozen=True)
class AuditReference:
    """What cases are compared with.

    Args:
        listed: The list of articles; empty if there is none.
        known: The labels that cases may have.
        articles_of: The roots of the articles in whose titles each charge is.
        charges_of: The charges in the title of each article.
        tokens: Returns the number of tokens of a normalized fact, possibly estimated.
        max_tokens: The number of tokens that the model reads.
    """

    listed: tuple[str, ...] = ()
    known: KnownLabels = ANY_LABEL
    articles_of: Mapping[str, frozenset[str]] = field(default_factory=dict)
    charges_of: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    tokens: Callable[[str], float] = estimate_tokens
    max_tokens: int = CorpusConfig().max_tokens

    def kept(self, case: Case) -> tuple[str, ...]:
        """Return the case's articles, each once, without the unknown ones."""
        unknown = self.known.unknown(case.articles)
        return tuple(name for name in case.articles if name not in unknown)

    def has_no_listed_article(self, case: Case) -> bool:
        """Return whether a case has articles, but no known one."""
        return bool(case.articles) and not self.kept(case)


@dataclass(frozen=True)
class Check:
    """One kind of finding.

    Args:
        severity: `ERROR` or `WARNING`.
        meaning: What is wrong, as a clause.
        todo: What to do about it, as a sentence.
        find: Returns what is wrong with a line, and "" for a correct line.
    """

    severity: str
    meaning: str
    todo: str
    find: Callable[[CaseLine, AuditReference], str]


def audit_reference_of(
    catalog: Iterable[Article],
    listed: Iterable[str] = (),
    *,
    known: KnownLabels | None = None,
    max_tokens: int = AuditReference.max_tokens,
) -> AuditReference:
    """Return the reference of a catalog's titles and a list of articles.

    Articles are compared by their roots: CAIL2018 labels 危险驾驶 with 133, though its article is
    133之一. A charge contradicts only articles in the list, as the others cannot be labels.

    Args:
        catalog: Articles with their titles, whose parts that end in "罪" are charges.
        listed: The list of articles; empty if there is none.
        known: The labels that cases may have; by default those of the list, else any.
        max_tokens: See `AuditReference`.

    Example:
        >>> reference = audit_reference_of([Article("264", "盗窃罪")])
        >>> reference.articles_of
        {'盗窃': frozenset({'264'})}
    """
    names = tuple(listed)
    known = known or known_labels(names, any_label=True)
    roots = {root_article(name) for name in names}
    articles_of: dict[str, frozenset[str]] = {}
    charges_of: dict[str, tuple[str, ...]] = {}
    for entry in catalog:
        charges_of[entry.article] = titled_charges(entry.title)
        if root_article(entry.article) in roots or not roots:
            for charge in charges_of[entry.article]:
                others = articles_of.get(charge, frozenset())
                articles_of[charge] = others | {root_article(entry.article)}
    return AuditReference(names, known, articles_of, charges_of, max_tokens=max_tokens)


def _of_case(
    find: Callable[[Case, str, AuditReference], str],
) -> Callable[[CaseLine, AuditReference], str]:
    """Return the check of a line that runs a check of its case and normalized fact."""

    def check(line: CaseLine, reference: AuditReference) -> str:
        return find(line.case, line.text, reference) if isinstance(line.case, Case) else ""

    return check


def _of_error(kind: ErrorKind) -> Callable[[CaseLine, AuditReference], str]:
    """Return the check that finds lines which were refused for one reason."""

    def check(line: CaseLine, reference: AuditReference) -> str:
        if isinstance(line.case, Case):
            return ""
        # A line in another encoding may first fail as broken JSON, or as an empty fact.
        undecodable = _undecodable(line)
        if kind != (ErrorKind.ENCODING if undecodable else line.case.kind):
            return ""
        return undecodable or marked(f"{line.case.expected}, got {line.case.got}")

    return check


def _undecodable(line: CaseLine) -> str:
    """Return what a line's bytes are if they are not in its encoding, else ""."""
    if _decodes(line.raw, line.encoding):
        return ""
    if line.raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        return marked("it begins like UTF-16")
    other = guess_encoding(line.raw)  # and not just any in which the bytes are valid
    if _decodes(line.raw, other):
        return marked(f"not {line.encoding}; it reads as {other}")
    return marked(f"not {line.encoding}")


def _unlisted_label(case: Case, text: str, reference: AuditReference) -> str:
    return ", ".join(reference.known.unknown_in(case))


def _repeated_label(case: Case, text: str, reference: AuditReference) -> str:
    return f"[{', '.join(case.cited)}]" if len(case.cited) > len(case.articles) else ""


def _no_label(case: Case, text: str, reference: AuditReference) -> str:
    return "" if case.articles else marked("no article")


def _tiny_fact(case: Case, text: str, reference: AuditReference) -> str:
    return text if len(text) < SHORT_FACT else ""


def _contradiction(case: Case, text: str, reference: AuditReference) -> str:
    roots = {root_article(name) for name in case.articles}
    for charge in case.charges if roots else ():
        expected = reference.articles_of.get(normalize_charge(charge))
        if expected and not expected & roots:
            theirs, ours = "/".join(sorted(expected)), ", ".join(case.articles)
            return marked(f"{charge} is in {theirs}, not in {ours}")
    return ""


def _states_article(case: Case, text: str, reference: AuditReference) -> str:
    roots = {root_article(name) for name in case.articles}
    for match in _CITATION.finditer(text):
        if article_name(f"第{match[1]}条") in roots:
            return _excerpt(text, match.span())
    return ""


def _states_charge(case: Case, text: str, reference: AuditReference) -> str:
    if "罪" not in text:
        return ""
    titles = [title for name in case.articles for title in reference.charges_of.get(name, ())]
    own = {wording for name in (*case.charges, *titles) for wording in charge_wordings(name)}
    # To search for each wording would read a long text as often as there are wordings.
    lengths = sorted(set(map(len, own)), reverse=True)
    for match in _CRIME.finditer(text):
        end = match.start()
        for start in (end - length for length in lengths if length <= end):
            if text[start:end] in own:
                return _excerpt(text, (start, end + 1))
    return ""


def _names_law(case: Case, text: str, reference: AuditReference) -> str:
    match = _LAW.search(text)
    return _excerpt(text, match.span()) if match else ""


def _masked(case: Case, text: str, reference: AuditReference) -> str:
    match = _MASKED.search(text)
    return _excerpt(text, match.span()) if match else ""


def _truncated(case: Case, text: str, reference: AuditReference) -> str:
    tokens = reference.tokens(text)
    return marked(f"{tokens:,.0f} tokens") if tokens > reference.max_tokens else ""


def _excerpt(text: str, span: tuple[int, int]) -> str:
    """Return a span of a text with its context; "…" marks where the text continues."""
    start, end = max(0, span[0] - _CONTEXT), span[1] + _CONTEXT
    return f"{'…' if start else ''}{text[start:end]}{'…' if end < len(text) else ''}"


def _decodes(raw: bytes, encoding: str) -> bool:
    try:
        raw.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


_FIX = "`lawrec audit --fix` drops it."
_GIVEN_AWAY = "A score on such cases says little about facts that do not state it."
CHECKS: dict[str, Check] = {
    "broken-json": Check(
        ERROR, "a line is not the JSON that it should be", _FIX, _of_error(ErrorKind.BROKEN_JSON)
    ),
    "bad-label": Check(
        ERROR, "the articles of a case cannot be read", _FIX, _of_error(ErrorKind.BAD_LABEL)
    ),
    "no-fact": Check(
        ERROR,
        "a case has no field with the name of the fact's",
        "Name the field with --fact-field, or add it; `lawrec audit --fix` drops the line.",
        _of_error(ErrorKind.NO_COLUMN),
    ),
    "unreadable": Check(
        ERROR, "a line cannot be used for another reason", _FIX, _of_error(ErrorKind.OTHER)
    ),
    "encoding": Check(
        ERROR,
        "a line is not in the encoding of its file",
        "Name the encoding with --encoding, or fix the line; `lawrec audit --fix` drops it.",
        _of_error(ErrorKind.ENCODING),
    ),
    "empty-fact": Check(ERROR, "a fact is empty", _FIX, _of_error(ErrorKind.EMPTY_FACT)),
    "unlisted-label": Check(
        ERROR,
        "an article is not in the list of articles or, without a list, not in the catalog",
        "Fix it, or add it to the list (--article-list); without a list, --any-label allows it. "
        "`lawrec audit --fix` drops the label.",
        _of_case(_unlisted_label),
    ),
    "repeated-label": Check(
        WARNING,
        "a case has an article more than once",
        "`lawrec audit --fix` keeps it once; lawrec counts it once anyway.",
        _of_case(_repeated_label),
    ),
    "no-label": Check(
        WARNING, "a case has no article", "Label it or leave it out.", _of_case(_no_label)
    ),
    "tiny-fact": Check(
        WARNING, f"a fact has fewer than {SHORT_FACT} characters", "Check it.", _of_case(_tiny_fact)
    ),
    "contradiction": Check(
        WARNING,
        "a charge is not in any article of its case",
        "Check which is right.",
        _of_case(_contradiction),
    ),
    "states-article": Check(
        WARNING, "a fact states its own article", _GIVEN_AWAY, _of_case(_states_article)
    ),
    "states-charge": Check(
        WARNING, "a fact states its own charge", _GIVEN_AWAY, _of_case(_states_charge)
    ),
    "names-law": Check(
        WARNING, "a fact holds the court's words on the law", _GIVEN_AWAY, _of_case(_names_law)
    ),
    "masked": Check(
        WARNING, "a fact had its charge or article blanked out (××)", _GIVEN_AWAY, _of_case(_masked)
    ),
    "truncated": Check(
        WARNING,
        "a fact is longer than the model reads",
        "Raise corpus.max_tokens, or accept that its end is not read.",
        _of_case(_truncated),
    ),
}
