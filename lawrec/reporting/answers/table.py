"""Tables of answers, for people: the articles of each case with their scores and reasons."""

from collections.abc import Iterable, Iterator, Mapping
from textwrap import wrap
from typing import Any

from rich import box
from rich.cells import cell_len
from rich.table import Table
from rich.text import Text

from lawrec.decision.recommend import Recommendation
from lawrec.reporting.answers.cells import recommendation_cells
from lawrec.reporting.answers.explanation_text import explanation_text
from lawrec.reporting.tables import WIDTH, PlainTable, indented, render
from lawrec.runs.results import Answer
from lawrec.text import plain
from lawrec.translation import error_message, marked, translate

HEAD_WIDTH = 81
"""Greatest width in cells of the line above a table, which shows the start of the fact."""
BAR_WIDTH = 6
"""Width in cells of the bar of a score, which is full at 1."""
_NARROW = 80
"""Narrower tables break lines wherever they must."""
_WIDE = 100
"""Narrower tables leave the probabilities out, so that titles have room."""
_EIGHTHS = " ▏▎▍▌▋▊▉"


def answer_table(
    answers: Iterable[Answer],
    width: int = WIDTH,
    *,
    texts: Mapping[str, str] | None = None,
    colour: bool = False,
) -> Iterator[str]:
    """Yield one table per case: articles, titles, scores, thresholds, and what is recommended.

    Args:
        answers: The answers.
        width: Greatest width of a line, in cells.
        texts: Texts of articles by name; those of the recommended articles follow their table.
        colour: Whether to colour explanations, as a terminal shows them.

    Example:
        >>> [shown] = answer_table([Answer("1", "被告人盗窃。")])
        >>> shown.splitlines()[0]
        'Case 1: 被告人盗窃。'
    """
    for answer in answers:
        case = translate(f"Case {plain(answer.case_id)}: ")
        if answer.error:
            error = plain(error_message(answer.error))
            yield f"{case}{translate(f'not answered. {error}')}\n"
            continue
        head = Text(case + plain(answer.fact))
        head.truncate(min(width, HEAD_WIDTH), overflow="ellipsis")
        lines = [*_feature_lines(answer, width), *(f"  {note}" for note in _notes(answer))]
        notes = "".join(f"{line}\n" for line in lines)
        notes += explanation_text(answer, width, colour=colour)
        entries = answer.decision.recommendations
        table = render(_recommendations_table(entries, width), width=width)
        yield f"{head.plain}\n{table}{notes}{_recommended_texts(entries, texts or {})}"


def score_bar(score: float) -> str:
    """Return a bar for a score of 0 to 1, in eighths of a cell.

    Example:
        >>> score_bar(1), score_bar(0.75), score_bar(0.001)
        ('██████', '████▌', '▏')
    """
    eighths = max(round(8 * BAR_WIDTH * score), int(score > 0))
    return ("█" * (eighths // 8) + _EIGHTHS[eighths % 8]).rstrip()


def _recommendations_table(entries: Iterable[Recommendation], width: int) -> Table:
    table = PlainTable(box=box.SIMPLE_HEAD)
    headings = [name for name in _COLUMNS if name != "Probability" or width >= _WIDE]
    for heading in headings:
        layout = _COLUMNS[heading] if width >= _NARROW else {}
        table.add_column(heading, **layout)
    for entry in entries:
        bar = {"Score": f"{entry.score:.3f} {score_bar(entry.score)}"}
        cells = recommendation_cells(entry) | bar
        table.add_row(*(cells[heading] for heading in headings))
    return table


def _notes(answer: Answer) -> Iterator[str]:
    """Yield what a reader should know of an answer that its table does not show."""
    if answer.decision.abstained:
        yield translate("For a person to decide: the guarantee would need too long a list.")
    for violation in answer.decision.violations:
        yield translate(_VIOLATIONS[violation.kind].format(violation.article, violation.other))
    if answer.truncated:
        yield translate("The fact is longer than the model reads: its end was not considered.")


def _feature_lines(answer: Answer, width: int) -> Iterator[str]:
    """Yield what moved the scores, such as "  264: words: margin +1.8, lstm: rank +0.9"."""
    for entry in answer.decision.recommendations:
        if entry.features:
            moves = (f"{translate(each.name)} {each.contribution:+.1f}" for each in entry.features)
            text = f"{plain(entry.article)}: {', '.join(moves)}"
            wide = cell_len(text) - len(text)  # Chinese characters are two cells wide
            yield from wrap(text, width - wide, initial_indent="  ", subsequent_indent="    ")


def _recommended_texts(entries: Iterable[Recommendation], texts: Mapping[str, str]) -> str:
    return "\n".join(
        f"  {entry.article} {entry.title}\n{indented(texts[entry.article])}\n"
        for entry in entries
        if entry.recommended and entry.article in texts
    )


_VIOLATIONS = {
    "missing_companion": marked(
        "In the training cases, {0} is rarely cited without {1}, which is missing here."
    ),
    "never_cited_together": marked("In the training cases, {0} and {1} are never cited together."),
}
_COLUMNS: dict[str, dict[str, Any]] = {
    "Article": {"min_width": 7},  # such as 133之一
    "Title": {},
    "Score": {"no_wrap": True},
    "Probability": {"no_wrap": True, "justify": "right"},
    "Threshold": {"no_wrap": True, "justify": "right"},
    "Recommended": {"min_width": 20},  # such as "yes: above threshold"
}
"""How each column is laid out: in a narrow table, titles take several lines, numbers one."""
