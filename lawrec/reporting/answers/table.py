"""Tables of answers, for people: the articles of each case with their scores and reasons."""

from collections.abc import Iterable, Iterator, Mapping
from textwrap import wrap

from rich import box
from rich.cells import cell_len
from rich.table import Table
from rich.text import Text

from lawrec.decision.recommend import Recommendation
from lawrec.reporting.tables import WIDTH, PlainTable, indented, plain, render
from lawrec.runs.results import Answer

HEAD_WIDTH = 81
"""Greatest width in cells of the line above a table, which shows the start of the fact."""


def answer_table(
    answers: Iterable[Answer], width: int = WIDTH, *, texts: Mapping[str, str] | None = None
) -> Iterator[str]:
    """Yield one table per case: articles, titles, scores, thresholds, and what is recommended.

    Args:
        answers: The answers.
        width: Greatest width of a line, in cells.
        texts: Texts of articles by name; those of the recommended articles follow their table.

    Example:
        >>> [shown] = answer_table([Answer("1", "被告人盗窃。")])
        >>> shown.splitlines()[0]
        'Case 1: 被告人盗窃。'
    """
    for answer in answers:
        case = f"Case {plain(answer.case_id)}: "
        if answer.error:
            yield f"{case}not answered. {plain(str(answer.error))}\n"
            continue
        head = Text(case + plain(answer.fact))
        head.truncate(min(width, HEAD_WIDTH), overflow="ellipsis")
        lines = [*_feature_lines(answer, width), *(f"  {note}" for note in _notes(answer))]
        notes = "".join(f"{line}\n" for line in lines)
        entries = answer.decision.recommendations
        table = render(_recommendations_table(entries), width)
        yield f"{head.plain}\n{table}{notes}{_recommended_texts(entries, texts or {})}"


def _recommendations_table(entries: Iterable[Recommendation]) -> Table:
    table = PlainTable("Article", "Title", box=box.SIMPLE_HEAD)
    for name in ("Score", "Probability", "Threshold"):
        table.add_column(name, justify="right")
    table.add_column("Recommended")
    for entry in entries:
        table.add_row(
            entry.article,
            entry.title,
            f"{entry.score:.3f}",
            "" if entry.probability is None else f"{entry.probability:.3f}",
            "none" if entry.threshold is None else f"{entry.threshold:.3f}",
            f"{'yes' if entry.recommended else 'no'}: {entry.reason}",
        )
    return table


def _notes(answer: Answer) -> Iterator[str]:
    """Yield what a reader should know of an answer that its table does not show."""
    if answer.decision.abstained:
        yield "For a person to decide: the guarantee would need too long a list."
    for violation in answer.decision.violations:
        yield _VIOLATIONS[violation.kind].format(violation.article, violation.other)
    if answer.truncated:
        yield "The fact is longer than the model reads: its end was not considered."


def _feature_lines(answer: Answer, width: int) -> Iterator[str]:
    """Yield what moved the scores, such as "  264: words: margin +1.8, lstm: rank +0.9"."""
    for entry in answer.decision.recommendations:
        if entry.features:
            moves = (f"{each.name} {each.contribution:+.1f}" for each in entry.features)
            text = f"{plain(entry.article)}: {', '.join(moves)}"
            wide = cell_len(text) - len(text)  # Chinese characters are two cells wide
            yield from wrap(text, width - wide, initial_indent="  ", subsequent_indent="    ")


_VIOLATIONS = {
    "missing_companion": (
        "In the training cases, {0} is rarely cited without {1}, which is missing here."
    ),
    "never_cited_together": "In the training cases, {0} and {1} are never cited together.",
}
"""The note for each kind of co-citation violation."""


def _recommended_texts(entries: Iterable[Recommendation], texts: Mapping[str, str]) -> str:
    return "\n".join(
        f"  {entry.article} {entry.title}\n{indented(texts[entry.article])}\n"
        for entry in entries
        if entry.recommended and entry.article in texts
    )
