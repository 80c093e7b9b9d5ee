"""Extra cases: more train cases, of which some copy other cases and some have charges alone.

Those that copy a held-out case, which valid and test hold, or have the text of a train case are
left out and named in `duplicates.jsonl`. Those with charges alone get the articles that
`ChargeArticles` has learned from the train cases.

An article that is not a label teaches nothing. A case that has only such articles teaches that none
of the labels applies. But where any label is allowed, it is not checked how the articles are
written: they may be labels in another spelling, so that nothing is known of the case.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence, Set
from dataclasses import replace
from hashlib import blake2b
from pathlib import Path
from typing import IO

from lawrec.corpus.cases import EVERY_ARTICLE, Case, n_characters
from lawrec.corpus.duplicates.held_out import BATCH_SIZE, NEAR_COPY_THRESHOLD, HeldOutTexts
from lawrec.iterables import batched
from lawrec.law.charge_articles import ChargeArticles
from lawrec.law.statute_versions import texts_in
from lawrec.storage.json_text import json_line
from lawrec.text import normalize

DUPLICATES = "duplicates.jsonl"
"""The file of extra cases that were left out as copies, beside the records of the others."""
UNKNOWN = "unknown"
"""Where extra cases are counted that were left out because no article of them is known."""


def statute_cases(path: Path) -> Iterator[Case]:
    """Yield a case per article of a statute: its text is the fact, and the article applies.

    Args:
        path: A version, as `save_version` writes it.

    Raises:
        StatuteError: The file cannot be read.

    Example:
        >>> cases = statute_cases(Path("criminal-law/2021-03-01.json"))  # doctest: +SKIP
        >>> next(cases).articles  # doctest: +SKIP
        ('1',)
    """
    for article, text in texts_in(path).items():
        yield Case(f"{path}:{article}", article, text, articles=(article,))


class ExtraCases:
    """Learns from the cases of other splits which extra cases to leave out, and which to label.

    Args:
        folder: Where the file of duplicates is written.
        spool: An empty binary file, open for writing and reading, where held-out texts wait.
        learn_charges: Whether a case of which no article is known still teaches its charges.
        any_label: Whether articles may have any name.

    Attributes:
        left_out: How many extra cases were left out: as copies, by the split of what they copy;
            and as `UNKNOWN`.
        unlabelled: How many extra cases that are not copies have each article that is not a label.
    """

    def __init__(
        self, folder: Path, spool: IO[bytes], *, learn_charges: bool, any_label: bool = False
    ) -> None:
        self.left_out: Counter[str] = Counter()
        self.unlabelled: Counter[str] = Counter()
        self._path = folder / DUPLICATES
        self._learn_charges = learn_charges
        self._any_label = any_label
        self._charge_articles = ChargeArticles()
        self._train: dict[bytes, str] = {}  # where the case with a text is, by the text's digest
        self._held_out = HeldOutTexts(spool)
        self._sources: list[tuple[str, str]] = []  # the split of each held-out text, and where

    def learn(self, split: str, case: Case) -> None:
        """Add a case of another split; none can be added after the first extra case."""
        text = normalize(case.fact)
        if split != "train":
            self._held_out.add(text)
            self._sources.append((split, case.where))
            return
        self._train.setdefault(_digest(text), case.where)
        if case.weight and case.unknown_articles != EVERY_ARTICLE:
            self._charge_articles.add(case.charges, case.articles, unknown=case.unknown_articles)

    def usable(self, cases: Iterable[Case], labels: Set[str]) -> Iterator[Case]:
        """Yield the extra cases that are not copies, with the articles that their charges have.

        Args:
            cases: Extra cases.
            labels: The articles that are labels.
        """
        for batch in batched(cases, BATCH_SIZE, weigh=n_characters):
            for case, original in zip(batch, self._originals(batch), strict=True):
                if original:
                    self._leave_out(case, *original)
                    continue
                self.unlabelled.update(name for name in case.articles if name not in labels)
                labelled = self._labelled(case, labels)
                if labelled.unknown_articles != EVERY_ARTICLE or self._teaches(labelled):
                    yield labelled
                else:
                    self.left_out[UNKNOWN] += 1

    def _originals(self, cases: Sequence[Case]) -> Iterator[tuple[str, str, float] | None]:
        """Yield for each case the split, place and similarity of the case it copies, if any."""
        texts = [normalize(case.fact) for case in cases]
        for text, (number, cosine) in zip(texts, self._held_out.nearest(texts), strict=True):
            if cosine >= NEAR_COPY_THRESHOLD:
                yield *self._sources[number], round(cosine, 4)
            elif where := self._train.get(_digest(text)):
                yield "train", where, 1.0
            else:
                yield None

    def _leave_out(self, case: Case, split: str, where: str, similarity: float) -> None:
        self.left_out[split] += 1
        original = {"split": split, "duplicate_of": where, "similarity": similarity}
        with self._path.open("ab") as file:
            file.write(json_line({"id": case.case_id, "where": case.where, **original}) + b"\n")

    def _labelled(self, case: Case, labels: Set[str]) -> Case:
        """Return a case with what is known of its articles.

        A case with charges alone gets their articles, and one whose articles may all be misspelled
        loses them.
        """
        if self._any_label and case.articles and labels.isdisjoint(case.articles):
            return replace(case, articles=(), unknown_articles=EVERY_ARTICLE)
        if case.articles or not case.charges or case.unknown_articles == EVERY_ARTICLE:
            return case
        learned = self._charge_articles.find(case.charges)
        if not learned:
            return replace(case, unknown_articles=EVERY_ARTICLE)
        unknown = dict.fromkeys((*learned.unknown, *case.unknown_articles))
        articles = tuple(name for name in learned.articles if name not in unknown)
        return replace(case, articles=articles, unknown_articles=tuple(unknown))

    def _teaches(self, case: Case) -> bool:
        """Return whether a case whose other articles are unknown teaches an article or a charge."""
        return bool(case.articles or (self._learn_charges and case.charges))


def _digest(text: str) -> bytes:
    return blake2b(text.encode(), digest_size=16).digest()
