"""Recommend articles with a trained run: facts in, answers out, in the same order.

Bad lines are part of that order. `Recommender.answer` answers each with its error, so that the n-th
answer belongs to the n-th line, and one bad line does not spoil a long file.
"""

from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from functools import cache, partial
from pathlib import Path
from typing import Self

import numpy as np

from lawrec.config import DecisionConfig
from lawrec.corpus.cases import Case, n_characters, no_answer_error
from lawrec.corpus.vocabulary import Encoder
from lawrec.decision.recommend import Decision, recommend
from lawrec.errors import CaseError, ConfigError, quoted
from lawrec.inference.encode_cases import EncodedCase, encode_cases
from lawrec.inference.engines import AUTO, AUTO_ENGINE, EngineChoice
from lawrec.inference.explain import explain_decision
from lawrec.inference.fact_parts import locate
from lawrec.inference.load_scorer import load_scorer
from lawrec.iterables import CHUNK_CASES, batched
from lawrec.progress import SILENT, Progress
from lawrec.ranking.case_index import CaseIndex
from lawrec.ranking.run_scorer import RunScorer
from lawrec.runs.bundle import load_titles
from lawrec.runs.case_index_file import load_case_index, note_on_missing_index
from lawrec.runs.find_checkpoint import best_checkpoint
from lawrec.runs.find_model import open_model
from lawrec.runs.model_digest import model_digest
from lawrec.runs.results import Answer
from lawrec.runs.run import Run, load_encoder
from lawrec.runs.thresholds_file import TunedThresholds, equal_thresholds, load_thresholds
from lawrec.translation import marked
from lawrec.types import TokenIds

FIRST_WINDOW = 32
"""The greatest number of cases that are scored before the first answers."""


@dataclass(frozen=True)
class Recommender:
    """A trained run, loaded by `Recommender.load` and ready to answer.

    Threads may share a recommender, and get the answers that they would get alone. Its attributes
    never change, all steps but one work on nothing but their arguments, and that one, the neural
    network, has a lock (see `lawrec.models.lstm_logits`). More threads are no faster: a single call
    uses all cores. A recommender cannot be pickled: each process loads its own.

    Attributes:
        encoder: From a fact to token ids.
        scorer: From the token ids of each case to float32 (n_cases, n_articles), 0 to 1.
        tuned: The run's decision rule.
        articles: The article of each column of the scores, such as "264" or "133之一".
        titles: The titles of articles, by article.
        limits: The run's settings, of which `with_threshold` takes the limits of a list.
        load_index: Returns the index of train cases; None if the run has none.
        digest: A digest of all of the run that answers depend on.

    Example:
        >>> recommender = Recommender.load()  # doctest: +SKIP
        >>> [answer] = recommender("被告人秘密窃取他人手机一部。")  # doctest: +SKIP
        >>> best = answer.decision.recommendations[0]  # doctest: +SKIP
        >>> best.article, best.title, best.recommended  # doctest: +SKIP
        ('264', '盗窃罪', True)
    """

    encoder: Encoder
    scorer: RunScorer
    tuned: TunedThresholds
    articles: tuple[str, ...]
    titles: Mapping[str, str]
    limits: DecisionConfig = field(default_factory=DecisionConfig)
    load_index: Callable[[], CaseIndex | None] = lambda: None
    digest: str = ""

    @classmethod
    def load(
        cls,
        path: Path | str | None = None,
        *,
        checkpoints: Path | str = "checkpoints",
        threshold: float | None = None,
        engine: str = AUTO,
        device: str | None = None,
        progress: Progress = SILENT,
    ) -> Self:
        """Load a trained run; TensorFlow is imported only if its network was not exported.

        Args:
            path: Name of a run or bundle in `checkpoints`, or the path of one; None: the newest
                run, or the shipped model if there is none.
            checkpoints: Folder of the runs, which must exist unless it is the default or a path
                is given.
            threshold: A threshold for all articles, 0 to 1; None: the tuned ones.
            engine: What computes the network: "onnx", "onnx-int8", "tensorflow", or "auto" for the
                exported form if there is one, else TensorFlow.
            device: The device that computes: "cpu", "gpu", "gpu:1", or "auto" for the CPU
                with ONNX, and for GPUs, if there are any, with TensorFlow. None: the CPU with ONNX;
                with TensorFlow, the devices that it sees.
            progress: Receives a message per damaged checkpoint, one about the shipped model, one
                if "auto" cannot use the exported form, and one if the index of train cases is
                missing: of a run when a fact is explained, of a bundle when it is loaded.

        Raises:
            RunError: There is no such run, it has no checkpoint or is not tuned, or it needs
                another tokenizer. Or a bundle is damaged.
            ConfigError: The threshold is not within 0 to 1, or there is no such engine or device.

        Example:
            >>> Recommender.load("20260131-120000-1f2e3d", threshold=0.5)  # doctest: +SKIP
        """
        choice = EngineChoice(engine, device)
        name = None if path is None else str(path)
        with open_model(Path(checkpoints), name, progress=progress) as run:
            return cls.of_run(run, threshold=threshold, engine=choice, progress=progress)

    @classmethod
    def of_run(
        cls,
        run: Run,
        *,
        threshold: float | None = None,
        engine: EngineChoice = AUTO_ENGINE,
        progress: Progress = SILENT,
    ) -> Self:
        """Load a run that is open already, as `load` does.

        Args:
            run: The run, or that of an open bundle.
            threshold: As for `load`.
            engine: What computes the network, and where.
            progress: As for `load`.

        Raises:
            RunError: As `load` raises it.
            ConfigError: Likewise.

        Example:
            >>> with open_model(Path("checkpoints"), None) as run:  # doctest: +SKIP
            ...     recommender = Recommender.of_run(run)
        """
        checkpoint = best_checkpoint(run, progress)
        tuned = (
            load_thresholds(run, checkpoint)
            if threshold is None
            else equal_thresholds(run.config.decision, threshold, n_articles=len(run.articles))
        )
        scorer = load_scorer(run, checkpoint, engine=engine, progress=progress)
        load_index = cache(partial(_load_index, run, progress))
        if run.bundle:
            load_index()  # its files exist only while the bundle is open
        return cls(
            encoder=load_encoder(run),
            scorer=scorer,
            tuned=tuned,
            articles=run.articles.names,
            titles=load_titles(run),
            limits=run.config.decision,
            load_index=load_index,
            digest=model_digest(run, checkpoint),
        )

    def with_threshold(self, threshold: float) -> Self:
        """Return a recommender with the same threshold for all articles, instead of the tuned ones.

        It shares all else with this one, has no calibrated probabilities, and is that of
        `load(threshold=...)`: the fewest and most articles of a list are those of the run's
        settings. Tuned ones may be the same number, which leaves no threshold a choice.

        Args:
            threshold: The threshold, 0 to 1.

        Raises:
            ConfigError: It is not within 0 to 1.

        Example:
            >>> Recommender.load().with_threshold(0.5)  # doctest: +SKIP
        """
        tuned = equal_thresholds(self.limits, threshold, n_articles=len(self.articles))
        return replace(self, tuned=tuned)

    def __call__(
        self, facts: Iterable[str] | str, *, top_k: int = 0, features: int = 0
    ) -> list[Answer]:
        """Return an answer per fact, in order, also to one in which the model knows nothing.

        Such a fact, be it empty or English, has one article at most, and the `reason` of that is
        `NOTHING_KNOWN` of `lawrec.decision.recommend`. `lawrec predict` and the service refuse
        facts without Chinese text.

        Args:
            facts: The facts of any number of cases; a str is a single fact.
            top_k: Include at least this many articles per case, recommended or not.
            features: Add at most this many features to each article: those that moved its score
                most. Cases then take twice the time; 0 adds none.

        Returns:
            A list of `lawrec.runs.results.Answer`. The `case_id` is the position, from "1".

        Raises:
            ConfigError: The run has no second stage, whose features could be added. Or `top_k` or
                `features` is not a whole number of at least 0.
            TypeError: A fact is not a str, or the facts are a mapping or a table, whose names would
                be taken for facts.
        """
        if isinstance(facts, Mapping) or hasattr(facts, "columns"):
            got = type(facts).__name__
            raise TypeError(f"facts must be strs, such as those of one column, got a {got}")
        texts = [facts] if isinstance(facts, str) else facts
        cases = (Case("", str(number), _text(fact, number)) for number, fact in enumerate(texts, 1))
        encoded = encode_cases(cases, self.encoder, jobs=0)
        return [
            answer
            for window in batched(encoded)
            for answer in self._answers(window, first=1, top_k=top_k, features=features)
        ]

    def answer(
        self,
        cases: Iterable[Case | CaseError],
        *,
        top_k: int = 0,
        features: int = 0,
        jobs: int | None = 0,
        window: int = CHUNK_CASES,
        progress: Progress = SILENT,
    ) -> Generator[Answer, None, None]:
        """Yield the answer to each case in turn, in constant memory.

        The cases of a window are scored together, those of similar length in one batch, which
        changes no score. The first window is small, so that the first answers come soon.

        Args:
            cases: Any number of cases, read as they are needed. The answer to an error is the
                error, with the id of its case; its position, from "1", if it has none.
            top_k: Include at least this many articles per case, recommended or not.
            features: As for a call of the recommender.
            jobs: How many other processes tokenize, as for `encode_cases`. A script that asks for
                some needs `if __name__ == "__main__":`.
            window: The greatest number of cases that are scored together; 1: each is answered
                before the next one is read.
            progress: Receives the number of cases after each window.

        Raises:
            ConfigError: The run has no second stage, whose features could be added. Or `top_k` or
                `features` is not a whole number of at least 0.
            CaseError: No case could be answered, `ErrorKind.NO_CASE`; raised after the last one.
        """
        n_done = n_errors = 0
        with closing(encode_cases(cases, self.encoder, jobs=jobs)) as encoded:
            windows = batched(encoded, window, first=FIRST_WINDOW, weigh=_n_characters)
            for batch in windows:
                yield from self._answers(batch, first=n_done + 1, top_k=top_k, features=features)
                n_done += len(batch)
                n_errors += sum(isinstance(case, CaseError) for case, _ in batch)
                progress.update("predict", n_done, None, _error_note(n_errors))
        if n_done == n_errors:
            raise no_answer_error(n_done)
        if n_errors:
            progress.update("predict", n_done, n_done, _error_note(n_errors))

    def explain(self, fact: str, *, top_k: int = 0) -> Answer:
        """Return the answer to a fact, in which each recommended article has its explanation.

        Args:
            fact: The fact.
            top_k: As for a call of the recommender.

        Raises:
            RunError: The index of train cases is damaged.

        Example:
            >>> recommender = Recommender.load()  # doctest: +SKIP
            >>> answer = recommender.explain("被告人秘密窃取他人手机一部。")  # doctest: +SKIP
            >>> best = answer.decision.recommendations[0].explanation  # doctest: +SKIP
            >>> best.words[0].text, best.words[0].spans  # doctest: +SKIP
            ('窃取', ((5, 7),))
        """
        [answer] = self(fact, top_k=top_k)
        return self.explained(answer)

    def explained(self, answer: Answer) -> Answer:
        """Return an answer of this recommender with explanations; an error stays as it is.

        Raises:
            RunError: The index of train cases is damaged.
        """
        if answer.error:
            return answer
        fact = locate(answer.fact, self.encoder)
        decision = explain_decision(
            answer.decision,
            fact,
            scorer=self.scorer,
            articles=self.articles,
            titles=self.titles,
        )
        index = self.load_index()
        similar_cases = index.similar(fact.token_ids, self.articles) if index else None
        return replace(answer, decision=decision, similar_cases=similar_cases)

    def _answers(
        self, window: Sequence[EncodedCase], *, first: int, top_k: int, features: int
    ) -> Iterator[Answer]:
        """Yield the answers to cases and errors; `first` is the position of the first of them."""
        _check_count("top_k", top_k)
        _check_count("features", features)
        encoded = [fact for _, fact in window if fact is not None]
        token_ids = [fact.token_ids for fact in encoded]
        decisions = recommend(
            self.scorer(token_ids),
            self.tuned.rule,
            articles=self.articles,
            titles=self.titles,
            top_k=top_k,
            co_citations=self.tuned.co_citations,
            nothing_known=np.array([fact.nothing_known for fact in encoded], np.bool_),
        )
        if features:
            decisions = self._with_features(decisions, token_ids, limit=features)
        following = iter(decisions)
        for position, (case, fact) in enumerate(window, first):
            if isinstance(case, CaseError):
                yield Answer(case_id=case.case_id or str(position), error=case)
            elif fact is not None:
                yield Answer(case.case_id, case.fact, next(following), truncated=fact.truncated)

    def _with_features(
        self, decisions: Sequence[Decision], token_ids: Sequence[TokenIds], *, limit: int
    ) -> list[Decision]:
        """Return decisions with the features that moved the score of each article most."""
        contributions = self.scorer.contributions(token_ids)
        if contributions is None:
            raise ConfigError(
                "features",
                expected="the run must have a second stage, which knows what moved its scores",
                got="one without",
                todo="Leave the option out, or train a run with ranking.second_stage=true.",
            )
        columns = {article: column for column, article in enumerate(self.articles)}
        strongest = partial(contributions.strongest, limit=limit)
        return [
            replace(
                decision,
                recommendations=tuple(
                    replace(entry, features=strongest(row, columns[entry.article]))
                    for entry in decision.recommendations
                ),
            )
            for row, decision in enumerate(decisions)
        ]


def _load_index(run: Run, progress: Progress) -> CaseIndex | None:
    if note := note_on_missing_index(run):
        progress.message(note)
    return load_case_index(run)


def _check_count(name: str, value: object) -> None:
    if not (isinstance(value, (int, np.integer)) and value >= 0):
        raise ConfigError(
            name,
            expected="it must be a whole number of at least 0",
            got=quoted(value),
            todo="Choose such a number.",
        )


def _n_characters(encoded: EncodedCase) -> int:
    return n_characters(encoded[0])


def _error_note(n_errors: int) -> str:
    return marked(f"{n_errors:,} not answered") if n_errors else ""


def _text(fact: object, number: int) -> str:
    """Return a fact, which people who call the library without types may have as anything."""
    if isinstance(fact, str):
        return fact
    raise TypeError(f"fact {number} must be a str, got {type(fact).__name__}")
