"""Loaded model: what answers, what people should know of it, and the law's texts by day."""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import partial
from typing import Any

from lawrec import __version__
from lawrec.inference.engines import EngineChoice
from lawrec.inference.recommender import Recommender
from lawrec.law.catalog import shipped_catalog
from lawrec.law.statute_versions import CRIMINAL_LAW, effective_at, load_version
from lawrec.progress import SILENT, Progress
from lawrec.runs.find_model import open_model
from lawrec.runs.results import Answer
from lawrec.runs.run import Run
from lawrec.runs.thresholds_file import THRESHOLDS
from lawrec.serving.service_config import COST_OF_EXPLAINING, ServiceConfig
from lawrec.threads import available_cores


@dataclass(frozen=True)
class Options:
    """How a query is to be answered; queries with the same options are scored together.

    Attributes:
        top_k: Include at least this many articles per case.
        threshold: A threshold for all articles; None: the tuned ones.
        explain: Whether to explain each recommended article.
    """

    top_k: int = 1
    threshold: float | None = None
    explain: bool = False


@dataclass(frozen=True)
class Query:
    """The facts of one request, and how to answer them."""

    facts: tuple[str, ...]
    options: Options = Options()

    @property
    def cost(self) -> int:
        """How many facts take the same time."""
        return len(self.facts) * (COST_OF_EXPLAINING if self.options.explain else 1)


@dataclass(frozen=True)
class LoadedModel:
    """A model that is ready to answer; it is replaced as a whole when it is loaded again.

    Attributes:
        answers: Returns the answers to the facts of each query.
        articles: The articles that it can recommend.
        description: What `GET /v1/model` answers.
        config: The settings of the service.
        source: The path of the run or of the bundle.
        digest: As of `Recommender`.
        close: Ends the processes that answer, once they have.
        kill: Ends them at once.
        n_workers: Returns how many there are, with those that still load the model.
    """

    answers: Callable[[Sequence[Query]], list[list[Answer]]]
    articles: tuple[str, ...]
    description: dict[str, Any]
    config: ServiceConfig
    source: str = ""
    digest: str = ""
    close: Callable[[], None] = lambda: None
    kill: Callable[[], None] = lambda: None
    n_workers: Callable[[], int] = lambda: 1
    _texts: dict[date, dict[str, str]] = field(default_factory=dict)

    def texts(self, day: date | None) -> dict[str, str]:
        """Return the texts of the articles in force on a day; by default, the newest.

        Raises:
            StatuteError: No such version of the law was imported.
        """
        root = self.config.statutes
        effective = effective_at(root, CRIMINAL_LAW, day=day)
        if effective not in self._texts:
            self._texts[effective] = load_version(root, CRIMINAL_LAW, effective=effective).texts
        return self._texts[effective]


def load_model(config: ServiceConfig, progress: Progress = SILENT) -> LoadedModel:
    """Load the model that the settings name into this process.

    Args:
        config: The settings.
        progress: Receives messages, as for `Recommender.load`.

    Raises:
        RunError: There is no such run or bundle, or it is not trained and tuned.

    Example:
        >>> load_model(ServiceConfig()).description["name"]  # doctest: +SKIP
        'criminal-law'
    """
    with open_model(config.checkpoints, config.model, progress=progress) as run:
        # Each worker has its share of the cores, and the process that speaks HTTP what is idle.
        engine = EngineChoice(threads=max(1, available_cores() // config.workers))
        recommender = Recommender.of_run(run, engine=engine, progress=progress)
        answers = partial(answers_of, recommender)
        return LoadedModel(
            answers,
            recommender.articles,
            describe(run),
            config,
            source=str((run.bundle or run.folder).resolve()),
            digest=recommender.digest,
        )


def answers_of(recommender: Recommender, queries: Sequence[Query]) -> list[list[Answer]]:
    """Return the answers to the facts of each query; the ids of cases count within a query.

    Example:
        >>> answers_of(Recommender.load(), [Query(("被告人秘密窃取手机。",))])  # doctest: +SKIP
    """
    facts: dict[Options, list[str]] = {}
    for query in queries:
        facts.setdefault(query.options, []).extend(query.facts)
    answers = {
        options: _answers(recommender, same, options=options) for options, same in facts.items()
    }
    return [
        [
            replace(next(answers[query.options]), case_id=str(number))
            for number, _ in enumerate(query.facts, 1)
        ]
        for query in queries
    ]


def _answers(
    recommender: Recommender, facts: Sequence[str], *, options: Options
) -> Iterator[Answer]:
    if options.threshold is not None:
        recommender = recommender.with_threshold(options.threshold)
    answers = recommender(facts, top_k=options.top_k)
    return map(recommender.explained, answers) if options.explain else iter(answers)


def describe(run: Run) -> dict[str, Any]:
    """Return what people should know of a model before they rely on it.

    Example:
        >>> with open_model(Path("checkpoints"), "criminal-law") as run:  # doctest: +SKIP
        ...     describe(run)["articles"]
        183
    """
    tuned = json.loads((run.folder / THRESHOLDS).read_text(encoding="utf-8"))
    statute = run.dataset.statute
    return {
        "name": run.folder.name,
        "lawrec": __version__,
        "articles": len(run.articles),
        "trained_on": {
            "files": {name: file.path.name for name, file in run.learned_files.items()},
            "citations": sum(run.label_counts),
        },
        "criminal_law": shipped_catalog().keys() >= {*run.articles.names},
        "law_as_of": statute.stem if statute else None,
        "tuned_on": {"cases": tuned["tuned_on"]["cases"], "metrics": tuned["metrics"]},
        "guarantee": (tuned["guarantee"] or {}).get("coverage"),
    }
