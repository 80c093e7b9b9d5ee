"""Answers as one HTML page, which needs no network: facts, articles, and explanations in colour."""

from collections.abc import Iterable, Iterator, Mapping
from html import escape

from lawrec.decision.explanation import Evidence, Explanation, SimilarCase
from lawrec.decision.recommend import Recommendation
from lawrec.reporting.answers.highlights import Stretch, stretches
from lawrec.reporting.html_page import page_html
from lawrec.runs.results import Answer
from lawrec.text import encodable, printable
from lawrec.translation import current_language, marked, translate

_CASES = "<!-- cases -->"


def answer_html(
    answers: Iterable[Answer], width: int = 0, *, texts: Mapping[str, str] | None = None
) -> Iterator[str]:
    """Yield a page: its beginning, a section per case as it comes, and its end.

    Args:
        answers: The answers.
        width: Not used; all writers take the same arguments.
        texts: Texts of articles by name; those of the recommended articles can be unfolded.

    Example:
        >>> head, case, end = answer_html([Answer("1", "被告人盗窃。")])
        >>> head.startswith("<!doctype html>"), end.endswith("</html>")
        (True, True)
    """
    body = f"<h1>{_word('page')}</h1>\n{_CASES}"
    language = current_language()
    page = page_html(_word("page"), body, stylesheet="answers.css", language=language)
    before, after = page.split(_CASES)
    yield before.rstrip()
    for answer in answers:
        yield encodable(_case(answer, texts or {}))
    yield after.strip()


def _case(answer: Answer, texts: Mapping[str, str]) -> str:
    head = f"<h2>{_word('case')} {_text(answer.case_id)}</h2>"
    if answer.error:
        return (
            f'<section class="box">{head}<p class="error">{_text(str(answer.error))}</p></section>'
        )
    entries = answer.decision.recommendations
    explained = [entry for entry in entries if entry.explanation]
    parts = [
        head,
        "" if explained else f'<p class="fact">{_text(answer.fact)}</p>',
        _table(entries),
        *(_explanation(answer.fact, entry) for entry in explained),
        _similar_cases(answer.similar_cases or ()),
        *(_article_text(entry, texts) for entry in entries if entry.recommended),
    ]
    return f'<section class="box">{"".join(parts)}</section>'


def _table(entries: Iterable[Recommendation]) -> str:
    names = ("article", "title", "score", "threshold", "recommended")
    rows = [
        (
            _text(entry.article),
            _text(entry.title),
            f'{entry.score:.3f} <meter value="{entry.score:.3f}"></meter>',
            _word("none") if entry.threshold is None else f"{entry.threshold:.3f}",
            f"{_word('yes' if entry.recommended else 'no')}: {_text(translate(entry.reason))}",
        )
        for entry in entries
    ]
    head = "".join(f"<th>{_word(name)}</th>" for name in names)
    cells = ("".join(f"<td>{cell}</td>" for cell in row) for row in rows)
    body = "".join(f"<tr>{row}</tr>" for row in cells)
    return f"<table><tr>{head}</tr>{body}</table>"


def _explanation(fact: str, entry: Recommendation) -> str:
    """Return the fact with the clauses and words that raised the score of an article."""
    explanation = entry.explanation
    assert explanation
    strongest = max((clause.effect for clause in explanation.clauses), default=1.0)
    marked = "".join(_marked(stretch, strongest) for stretch in stretches(fact, explanation))
    title = _text(f"{entry.article} {entry.title}")
    return (
        f"<h3>{_word('why')} {title}</h3>"
        f'<p class="fact">{marked}</p>{_words(explanation)}{_rival(explanation)}'
    )


def _marked(stretch: Stretch, strongest: float) -> str:
    text = _text(stretch.text)
    if stretch.word:
        kind = "for" if stretch.word > 0 else "against"
        text = f'<mark class="{kind}" title="{stretch.word:+.2f}">{text}</mark>'
    if not stretch.clause:
        return text
    share = min(1.0, stretch.clause / strongest)
    return (
        f'<span class="clause" style="--share:{share:.2f}" title="{stretch.clause:+.2f}">'
        f"{text}</span>"
    )


def _words(explanation: Explanation) -> str:
    if not explanation.words:
        return f'<p class="note">{_word("nothing")}</p>' if not explanation.clauses else ""
    return f"<p>{_word('words')} {_with_effects(explanation.words)}</p>"


def _rival(explanation: Explanation) -> str:
    rival = explanation.rival
    if rival is None:
        return ""
    name = _text(f"{rival.article} {rival.title}")
    words = _with_effects(rival.words) or _word("even")
    return f"<p>{_word('rival')} {name} ({rival.score:.3f}): {words}</p>"


def _with_effects(words: Iterable[Evidence]) -> str:
    return ", ".join(
        f'<b class="{"for" if word.effect > 0 else "against"}">{_text(word.text)}</b>'
        f" {word.effect:+.2f}"
        for word in words
    )


def _similar_cases(cases: Iterable[SimilarCase]) -> str:
    shown = "; ".join(
        f"{_text(case.case_id)} ({_text(', '.join(case.articles))}; {case.similarity:.2f})"
        for case in cases
    )
    return f'<p class="note">{_word("similar")} {shown}</p>' if shown else ""


def _article_text(entry: Recommendation, texts: Mapping[str, str]) -> str:
    if entry.article not in texts:
        return ""
    title = _text(f"{entry.article} {entry.title}")
    text = _text(texts[entry.article])
    return f'<details><summary>{title}</summary><p class="fact">{text}</p></details>'


def _text(text: str) -> str:
    return escape(printable(text))


def _word(name: str) -> str:
    return translate(_WORDS[name])


_WORDS = {
    "page": marked("Recommended articles"),
    "case": marked("Case"),
    "article": marked("Article"),
    "title": marked("Title"),
    "score": marked("Score"),
    "threshold": marked("Threshold"),
    "recommended": marked("Recommended"),
    "yes": marked("yes"),
    "no": marked("no"),
    "none": marked("none"),
    "why": marked("Why"),
    "words": marked("Words:"),
    "nothing": marked("No single clause or word raised its score."),
    "rival": marked("Rather than"),
    "even": marked("no single word decides."),
    "similar": marked("Similar training cases:"),
}
"""All words that the page has of its own."""
