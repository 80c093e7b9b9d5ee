"""Verdict: what the judge of CAIL2018 says of a run's answers."""

from collections.abc import Sequence
from dataclasses import dataclass

_SHOWN = 8


@dataclass(frozen=True)
class CailVerdict:
    """What the judge says of the answers in a file, whose truth stands beside it.

    `unsayable` are the articles that law.txt lacks: their citations and recommendations, counted in
    `cited_left_out` and `recommended_left_out`, are in neither file and not judged.
    """

    answers: str
    truth: str
    lines: int
    score: float
    micro_f1: float
    macro_f1: float
    unsayable: tuple[str, ...]
    cited_left_out: int
    recommended_left_out: int

    def text(self) -> str:
        """Return the verdict for people."""
        text = (
            f"CAIL2018's judge, {self.lines:,} lines: score {self.score:.4f}, "
            f"micro-F1 {self.micro_f1:.4f}, macro-F1 {self.macro_f1:.4f}\n"
            f"Answers: {self.answers}, truth: {self.truth}"
        )
        if not self.unsayable:
            return text
        return (
            f"{text}\nLeft out, since the list lacks {some(self.unsayable)}: "
            f"{self.cited_left_out:,} cited, {self.recommended_left_out:,} recommended"
        )


def some(articles: Sequence[str]) -> str:
    """Return the first few articles of a list and the number of the others, for people."""
    others = len(articles) - _SHOWN
    shown = ", ".join(articles[:_SHOWN])
    return f"{shown} and {others:,} more" if others > 0 else shown
