"""Explanations as text: the clauses with their words marked, the rival, and similar cases."""

from collections.abc import Iterable, Iterator

from rich.padding import Padding
from rich.text import Text

from lawrec.decision.explanation import Evidence, SimilarCase
from lawrec.decision.recommend import Recommendation
from lawrec.reporting.answers.cells import NO_WORD_DECIDES
from lawrec.reporting.answers.highlights import stretches
from lawrec.reporting.tables import WIDTH, render
from lawrec.runs.results import Answer
from lawrec.text import plain
from lawrec.translation import translate

_FOR, _AGAINST = "bold green", "bold magenta"


def explanation_text(answer: Answer, width: int = WIDTH, *, colour: bool = False) -> str:
    """Return the explanations of an answer; nothing if it has none.

    Args:
        answer: The answer.
        width: Greatest width of a line, in cells.
        colour: Whether to colour the words, as a terminal shows them; without, they are in
            brackets.

    Example:
        >>> from lawrec.decision.explanation import Explanation
        >>> from lawrec.decision.recommend import Decision
        >>> word = Evidence("窃", ((2, 3),), 1.5)
        >>> why = Explanation((Evidence("某甲窃。", ((0, 4),), 2.25),), (word,), None)
        >>> entry = Recommendation(1, "264", "盗窃罪", 0.9, None, 0.5, True, "", explanation=why)
        >>> print(explanation_text(Answer("1", "某甲窃。", Decision((entry,)))), end="")
          Why 264 盗窃罪:
            +2.25 某甲[窃]。
            Words: 窃 +1.50
    """
    lines = (Padding(line, (0, 0, 0, indent)) for indent, line in _lines(answer, colour=colour))
    return render(*lines, width=width, colour=colour)


def _lines(answer: Answer, *, colour: bool) -> Iterator[tuple[int, Text]]:
    """Yield lines with their indents."""
    for entry in answer.decision.recommendations:
        if entry.explanation:
            yield 2, Text(translate(f"Why {plain(f'{entry.article} {entry.title}')}:"))
            for line in _explanation_lines(answer.fact, entry, colour=colour):
                yield 4, line
    if answer.similar_cases:
        cases = "; ".join(map(_similar_case, answer.similar_cases))
        yield 2, Text(translate(f"Similar training cases: {cases}"))


def _explanation_lines(fact: str, entry: Recommendation, *, colour: bool) -> Iterator[Text]:
    explanation = entry.explanation
    assert explanation
    for clause in explanation.clauses:
        start, end = clause.spans[0]
        line = Text(f"{clause.effect:+.2f} ")
        for text, _, effect in stretches(fact, explanation, start=start, end=end):
            line += _marked(plain(text), effect, colour=colour)
        yield line
    if explanation.words:
        yield Text(translate("Words: ")) + _with_effects(explanation.words)
    if not (explanation.clauses or explanation.words):
        yield Text(translate("No single clause or word raised its score."))
    if rival := explanation.rival:
        name = plain(f"{rival.article} {rival.title}")
        words = _with_effects(rival.words) if rival.words else Text(translate(NO_WORD_DECIDES))
        yield Text(translate(f"Rather than {name} ({rival.score:.3f}): ")) + words


def _marked(text: str, effect: float, *, colour: bool) -> Text:
    if not effect:
        return Text(text)
    if colour:
        return Text(text, style=_FOR if effect > 0 else _AGAINST)
    return Text(f"[{text}]" if effect > 0 else f"({text})")


def _with_effects(words: Iterable[Evidence]) -> Text:
    """Return words with their effects, coloured where there is colour: "窃 +1.50, 骗 -0.25"."""
    return Text(", ").join(
        Text(f"{plain(word.text)} {word.effect:+.2f}", style=_FOR if word.effect > 0 else _AGAINST)
        for word in words
    )


def _similar_case(case: SimilarCase) -> str:
    articles = ", ".join(map(plain, case.articles))
    return f"{plain(case.case_id)} ({articles}; {case.similarity:.2f})"
