"""Feedback: what a lawyer accepts, rejects and adds, kept as cases to tune and to train with.

Each piece of feedback is a line of JSON in the case format. Articles of the model and of the
Criminal Law that nobody judged are unknown there, unless the lawyer says that the list is complete:
they count in no threshold and no figure.
"""

import errno
import os
from collections.abc import Mapping
from io import FileIO
from pathlib import Path

from lawrec.corpus.case_lines import case_to_json
from lawrec.corpus.cases import Case
from lawrec.errors import CaseError, quoted
from lawrec.law.articles import article_name, statute_order
from lawrec.law.catalog import Article, nearest_article, shipped_catalog
from lawrec.serving.request_bodies import FeedbackBody
from lawrec.storage.processes import locked


def feedback_case(body: FeedbackBody, known: tuple[str, ...]) -> Case:
    """Return the case that a piece of feedback makes.

    Args:
        body: The feedback.
        known: The articles that the model can recommend.

    Raises:
        CaseError: An article is unknown, or judged in two ways.

    Example:
        >>> body = FeedbackBody(fact="盗窃", accepted=["264"], rejected=["266"], added=["第312条"])
        >>> case = feedback_case(body, ("264", "266", "312", "384"))
        >>> case.articles, [name in case.unknown_articles for name in ("266", "384", "385")]
        (('264', '312'), [False, True, True])
    """
    # Another model, which learns from this case or is tuned on it, may know more articles.
    articles = {name: Article(name, title=name) for name in known} | shipped_catalog()
    accepted, rejected, added = (
        [_known_name(value, articles) for value in values]
        for values in (body.accepted, body.rejected, body.added)
    )
    if both := sorted({*accepted, *added} & {*rejected}, key=statute_order):
        raise CaseError(
            "rejected",
            expected="an article must be accepted or rejected, not both",
            got=", ".join(both),
            todo="Remove it from one of the two lists.",
        )
    judged = {*accepted, *added, *rejected}
    return Case(
        where="feedback",
        case_id="feedback",
        fact=body.fact,
        articles=tuple(sorted({*accepted, *added}, key=statute_order)),
        unknown_articles=()
        if body.complete
        else tuple(article for article in articles if article not in judged),
    )


def _known_name(value: str, articles: Mapping[str, Article]) -> str:
    try:
        name = article_name(value)
    except ValueError:
        name = value
    if name not in articles:
        near = nearest_article(name, articles)
        example = near.article if near else next(iter(articles))
        raise CaseError(
            "articles",
            expected="every article must be one of the model or of the Criminal Law",
            got=quoted(value),
            todo=f"Write for example {example}.",
        )
    return name


def append_case(path: Path, case: Case) -> None:
    r"""Append a case to a file, as one line that is on the disk when this returns.

    The line is one write at the end of the file: other processes may append to it as well. Where
    the last line has no end, it gets one first. Where the disk is full, nothing of it stays.

    Raises:
        OSError: The file cannot be written to, or the disk is full.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = Path(folder) / "feedback.jsonl"
        ...     append_case(path, Case("feedback", "feedback", "盗窃", ("264",)))
        ...     path.read_text(encoding="utf-8")
        '{"fact": "盗窃", "meta": {"relevant_articles": [264], "accusation": []}}\n'
    """
    line = case_to_json(case, case.articles) + b"\n"
    with locked(path.parent), path.open("a+b", buffering=0) as file:
        if not _is_finished(file):
            line = b"\n" + line
        written = file.write(line)
        if written < len(line):
            file.truncate(file.seek(0, os.SEEK_END) - written)
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))
        os.fsync(file.fileno())


def _is_finished(file: FileIO) -> bool:
    """Return whether the last line of a file has an end."""
    if not file.seek(0, os.SEEK_END):
        return True
    file.seek(-1, os.SEEK_END)
    return file.read(1) == b"\n"
