"""Record: a case as the model and the ranker get it, in numbers."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Record:
    """A case in numbers.

    Args:
        case_id: The id of the case.
        token_ids: One id per token, and at least one.
        label_ids: The ids of the articles that apply, ascending.
        unknown_ids: The ids of the articles of which it is not known, ascending.
        weight: How often the case counts in training.
        charges: The normalized charges, each once.
    """

    case_id: str
    token_ids: list[int]
    label_ids: list[int]
    unknown_ids: list[int] = field(default_factory=list)
    weight: float = 1.0
    charges: tuple[str, ...] = ()
