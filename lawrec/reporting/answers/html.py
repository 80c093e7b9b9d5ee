"""Answers as one HTML page, which needs no network: facts, articles, and explanations in colour."""

from collections.abc import Iterable, Iterator, Mapping
from html import escape

from lawrec.decision.explanation import Evidence, Explanation, SimilarCase
from lawrec.decision.recommend import Recommendation
from lawrec.reporting.answers.cells import NO_WORD_DECIDES, recommendation_cells
from lawrec.reporting.answers.highlights import Stretch, stretches
from lawrec.reporting.html_page import page_html
from lawrec.runs.results import Answer
from lawrec.text import encodable, printable
from lawrec.translation import error_message, translate

_CASES = "<!-- cases -->"
_COLUMNS = ("Article", "Title", "Score", "Probability", "Threshold", "Recommended")


def answer_html(
    answers: Iterable[Answer], *, texts: Mapping[str, str] | None = None
) -> Iterator[str]:
    """Yield a page: its beginning, a section per case as it comes, and its end.

    Args:
        answers: The answers.
        texts: Texts of articles by name; those of the recommended articles can be unfolded.

    Example:
        >>> head, case, end = answer_html([Answer("1", "被告人盗窃。")])
        >>> head.startswith("<!doctype html>"), end.endswith("</html>")
        (True, True)
    """
    title = translate("Recommended articles")
    page = page_html(title, f"<h1>{title}</h1>\n{_CASES}", stylesheet="answers.css")
    before, after = page.split(_CASES)
    yield before.rstrip()
    for answer in answers:
        yield encodable(_case(answer, texts or {}))
    yield after.strip()


def _case(answer: Answer, texts: Mapping[str, str]) -> str:
    head = f"<h2>{translate('Case')} {_text(answer.case_id)}</h2>"
    if answer.error:
        error = _text(error_message(answer.error))
        return f'<section class="box">{head}<p class="error">{error}</p></section>'
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
    head = "".join(f"<th>{translate(name)}</th>" for name in _COLUMNS)
    body = "".join(f"<tr>{_row(entry)}</tr>" for entry in entries)
    return f"<table><tr>{head}</tr>{body}</table>"


def _row(entry: Recommendation) -> str:
    cells = {name: _text(text) for name, text in recommendation_cells(entry).items()}
    cells["Score"] += f' <meter value="{entry.score:.3f}"></meter>'
    return "".join(f"<td>{cells[name]}</td>" for name in _COLUMNS)


def _explanation(fact: str, entry: Recommendation) -> str:
    """Return the fact with the clauses and words that raised the score of an article."""
    explanation = entry.explanation
    assert explanation
    strongest = max((clause.effect for clause in explanation.clauses), default=1.0)
    marked = "".join(_marked(stretch, strongest) for stretch in stretches(fact, explanation))
    title = _text(f"{entry.article} {entry.title}")
    return (
        f"<h3>{translate(f'Why {title}:')}</h3>"
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
        nothing = translate("No single clause or word raised its score.")
        return "" if explanation.clauses else f'<p class="note">{nothing}</p>'
    return f"<p>{translate('Words: ')}{_with_effects(explanation.words)}</p>"


def _rival(explanation: Explanation) -> str:
    rival = explanation.rival
    if rival is None:
        return ""
    name = _text(f"{rival.article} {rival.title}")
    words = _with_effects(rival.words) or translate(NO_WORD_DECIDES)
    return f"<p>{translate(f'Rather than {name} ({rival.score:.3f}): ')}{words}</p>"


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
    text = translate(f"Similar training cases: {shown}")
    return f'<p class="note">{text}</p>' if shown else ""


def _article_text(entry: Recommendation, texts: Mapping[str, str]) -> str:
    if entry.article not in texts:
        return ""
    title = _text(f"{entry.article} {entry.title}")
    text = _text(texts[entry.article])
    return f'<details><summary>{title}</summary><p class="fact">{text}</p></details>'


def _text(text: str) -> str:
    return escape(printable(text))
