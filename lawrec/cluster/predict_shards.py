"""Predict in shards: the answers to a long input, from any number of processes and hosts.

The answers to a shard depend on nothing but the shard, the model and the settings. They have the
same bytes whoever writes them, in whatever order, as often as it may be.
"""

import platform
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from functools import cache, partial
from pathlib import Path
from typing import Any

from lawrec import __version__
from lawrec.cluster.ray_cluster import connected, map_on_cluster
from lawrec.cluster.shard_folder import (
    ShardAnswers,
    ShardFolder,
    complete_shards,
    open_shard_folder,
    share_missing,
)
from lawrec.corpus.case_shards import input_files, plan_shards, read_shard
from lawrec.corpus.readers import DEFAULT_FORMAT, CaseFormat
from lawrec.errors import CaseError, ConfigError, ErrorKind
from lawrec.inference.model_source import ModelSource
from lawrec.inference.recommender import Recommender
from lawrec.progress import SILENT, Progress
from lawrec.reporting.answers.writers import PARQUET, save_answers
from lawrec.runs.results import Answer
from lawrec.storage.seal import json_digest

SHARD_BYTES = 4 * 2**20
"""Bytes of cases in a shard, by default: half a minute of work. docs/cluster.md says why."""
SUFFIXES = {"json": ".jsonl", "csv": ".csv", PARQUET: ".parquet"}
"""The formats of answers in shards, and the suffixes of their files."""


@dataclass(frozen=True)
class PredictJob:
    """What to predict, and how the answers are written.

    Attributes:
        paths: Files, folders or patterns of cases.
        folder: The folder of the answers, or its URI.
        source: Where the recommender comes from.
        top_k: As for `Recommender.answer`.
        features: As for `Recommender.answer`.
        texts: Texts of articles, as for the writers of answers.
        output_format: A key of `SUFFIXES`.
        case_format: How the cases are written.
        shard_bytes: A shard is full at this many bytes.
    """

    paths: tuple[Path, ...]
    folder: Path
    source: ModelSource = field(default_factory=ModelSource)
    top_k: int = 1
    features: int = 0
    texts: Mapping[str, str] | None = None
    output_format: str = "json"
    case_format: CaseFormat = DEFAULT_FORMAT
    shard_bytes: int = SHARD_BYTES

    def settings(self, model: str) -> dict[str, Any]:
        """Return what the answers depend on beside the cases, as JSON.

        Args:
            model: The digest of the recommender.
        """
        return {
            "lawrec": __version__,
            "model": model,
            "threshold": self.source.threshold,
            "engine": self.source.engine,
            "top_k": self.top_k,
            "features": self.features,
            "texts": None if self.texts is None else json_digest(dict(self.texts)),
            "format": self.output_format,
            "case_format": self.case_format.non_defaults(),
            "shard_bytes": self.shard_bytes,
        }


def predict_in_shards(
    job: PredictJob, *, cluster: str | None = None, progress: Progress = SILENT
) -> list[ShardAnswers]:
    """Write the answers of a job, together with any other processes that do the same.

    Args:
        job: The job.
        cluster: The address of the Ray cluster that does it; None: this process does.
        progress: Reports the shards.

    Returns:
        What there is of each shard: the folder is finished.

    Raises:
        ConfigError: The folder belongs to another job, or has other files in it.
        CaseError: A file cannot be read or has changed meanwhile, or no case could be answered.
        RunError: The run cannot be loaded.

    Example:
        >>> job = PredictJob((Path("facts.txt"),), Path("answers"))
        >>> predict_in_shards(job)[0].name  # doctest: +SKIP
        'answers-00000.jsonl'
    """
    recommender = job.source.load(progress)
    folder = open_job(job, recommender.digest, progress=progress)
    if cluster is None:
        work = partial(answer_shard, job, folder, recommender=recommender)
        do_missing = partial(share_missing, folder, work, progress=progress)
        return complete_shards(folder, do_missing, progress=progress)
    with connected(cluster):
        work = partial(_answer_on_cluster, job, folder, recommender.digest)
        do_missing = partial(_distribute_missing, folder, work, progress=progress)
        return complete_shards(folder, do_missing, progress=progress)


def open_job(job: PredictJob, model: str, *, progress: Progress = SILENT) -> ShardFolder:
    """Return the folder of a job, which is planned unless it has been begun.

    Args:
        job: The job.
        model: The digest of the recommender.
        progress: Reports the files that are planned.

    Raises:
        ConfigError: The folder belongs to another job, or has other files in it.
        CaseError: A file cannot be read, or has changed since the shards were planned.

    Example:
        >>> open_job(PredictJob((Path("facts.txt"),), Path("answers")), "12")  # doctest: +SKIP
    """
    files = input_files(job.paths)
    return open_shard_folder(
        job.folder,
        job.settings(model),
        files=files,
        suffix=SUFFIXES[job.output_format],
        make_plan=lambda: plan_shards(
            files, job.case_format, shard_bytes=job.shard_bytes, progress=progress
        ),
    )


def answer_shard(
    job: PredictJob, folder: ShardFolder, index: int, *, recommender: Recommender
) -> None:
    """Write the answers to a shard, whole or not at all, and enter them.

    Args:
        job: The job.
        folder: Its folder.
        index: The index of the shard.
        recommender: The recommender of the job.

    Raises:
        CaseError: A file cannot be read, or has changed since the shards were planned.

    Example:
        >>> answer_shard(job, folder, 7, recommender=recommender)  # doctest: +SKIP
    """
    shard = folder.plan.shards[index]
    cases = read_shard(folder.plan, shard, files=folder.files, case_format=job.case_format)
    counts = Counter[str]()
    answers = recommender.answer(cases, top_k=job.top_k, features=job.features, jobs=0)
    with closing(answers):
        save_answers(
            folder.answers_path(index),
            _counted(answers, counts),
            output_format=job.output_format,
            texts=job.texts,
        )
    folder.keep(index, cases=counts["cases"], errors=counts["errors"])


def _counted(answers: Iterator[Answer], counts: Counter[str]) -> Iterator[Answer]:
    """Yield answers and count them; unlike an input, a shard need not have a valid line."""
    try:
        for answer in answers:
            counts["cases"] += 1
            counts["errors"] += answer.error is not None
            yield answer
    except CaseError as error:
        if error.kind is not ErrorKind.NO_CASE:
            raise


def _distribute_missing(
    folder: ShardFolder, work: Callable[[int], None], *, progress: Progress
) -> None:
    missing = folder.missing()
    n_done = folder.n_shards - len(missing)
    for done, _ in enumerate(map_on_cluster(work, missing), n_done + 1):
        progress.update("shards", done, folder.n_shards)


def _answer_on_cluster(job: PredictJob, folder: ShardFolder, model: str, index: int) -> None:
    recommender = _recommender_of_process(job.source)
    if recommender.digest != model:
        raise ConfigError(
            platform.node(),
            expected="each node of the cluster must have the same model",
            got="another one",
            todo="Name the model by a path that all nodes share.",
        )
    answer_shard(job, folder, index, recommender=recommender)


@cache
def _recommender_of_process(source: ModelSource) -> Recommender:
    """Load the recommender of a process of a cluster, once."""
    return source.load()
