"""Creating runs: the folder of a new run, with run.json and copies of all that it needs."""

from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any

from lawrec import __version__
from lawrec.config import Config
from lawrec.corpus.records.dataset_spec import EXTRA, DatasetSpec, check_dataset_spec
from lawrec.corpus.records.manifest import Records
from lawrec.corpus.tokenization.tokenizers import listed_words, read_words
from lawrec.errors import ConfigError, RunError
from lawrec.runs.checkpoint_list import BEST, RUN_FILE, write_checkpoint_list
from lawrec.runs.run import DICTIONARY, RUN_VERSION, Run, WarmStart, copied_lists, open_run
from lawrec.scoring_version import SCORING_VERSION
from lawrec.storage.file_lists import content_digest
from lawrec.storage.files import atomic_folder, write_json, write_lines
from lawrec.storage.seal import seal


def create_run(
    root: Path,
    config: Config,
    *,
    records: Records,
    dataset: DatasetSpec,
    name: str | None = None,
    warm_start: WarmStart | None = None,
) -> Run:
    """Create the folder of a new run.

    Args:
        root: The folder of the runs.
        config: All settings.
        records: The records of the cases.
        dataset: The cases.
        name: The name of the run; by default, the time and the name of the records.
        warm_start: Where to initialize the weights from, if from another run.

    Raises:
        RunError: A run of that name exists.
        CaseError: There is no valid split, and the settings need one.
        ConfigError: `loss.charge_weight` is above 0, and no case names a charge.

    Example:
        >>> run = create_run(  # doctest: +SKIP
        ...     Path("checkpoints"), config, records=records, dataset=dataset
        ... )
        >>> run.folder.name  # doctest: +SKIP
        '20260301-090507-sample-1a2b3c4d'
    """
    check_dataset_spec(dataset, config.ranking)
    _check_charges(config, records)
    for folder in [root / name] if name else _timestamped(root, records.folder.name):
        try:
            with atomic_folder(folder, overwrite=False) as new:
                _write_run(new, config, records=records, dataset=dataset, warm_start=warm_start)
            return open_run(folder)
        except FileExistsError:
            if not folder.exists():  # a file stands where a folder above it should be
                raise
    raise RunError(
        folder,
        expected="a new run must have a new name",
        got="an existing one",
        todo="Choose another --run.",
    )


def _check_charges(config: Config, records: Records) -> None:
    # A charge output changes the model, so it is never added without being asked for.
    if config.loss.charge_weight and not records.charges.names:
        raise ConfigError(
            "loss.charge_weight",
            expected="a train case must name its charges to learn them",
            got="none",
            todo="Set it to 0, or add cases with charges by --extra FILE.",
        )


def _timestamped(root: Path, key: str) -> Iterator[Path]:
    """Yield folders named by the time, without end: another run may start in the same second.

    For example, "20260301-090507-sample-1a2b3c4d", then the same with "-2", "-3" ...
    """
    stamp = f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{key}"
    yield root / stamp
    yield from (root / f"{stamp}-{number}" for number in count(2))


def _write_run(
    folder: Path,
    config: Config,
    *,
    records: Records,
    dataset: DatasetSpec,
    warm_start: WarmStart | None,
) -> None:
    records.tokens.save(folder / "tokens.txt")
    records.articles.save(folder / "articles.txt")
    records.charges.save(folder / "charges.txt")
    write_lines(folder / DICTIONARY, read_words(dataset.dictionaries))
    for setting, copy in copied_lists(config, folder).items():
        write_lines(Path(copy), listed_words(getattr(config.corpus, setting)))
    write_json(
        folder / RUN_FILE,
        {
            "run_version": RUN_VERSION,
            "scoring_version": SCORING_VERSION,
            "lawrec": __version__,
            "config": config.to_dict(),
            "tokenizer": records.manifest.tokenizer,
            "dataset": _dataset_to_dict(dataset),
            "records": records.folder.name,
            "label_counts": records.manifest.label_counts,
            "splits": _splits_to_dict(records, dataset),
            "warm_start": warm_start
            and {**asdict(warm_start), "run": str(warm_start.run.resolve())},
        },
    )
    names = [path.name for path in folder.iterdir()]
    for part in (folder, folder / BEST):
        write_checkpoint_list(part)
    seal(folder, names)


def _dataset_to_dict(dataset: DatasetSpec) -> dict[str, Any]:
    article_list, statute = (
        str(path.resolve()) if path else None for path in (dataset.article_list, dataset.statute)
    )
    return {
        "data": str(dataset.data.resolve()),
        "article_list": article_list,
        "extra": [str(path.resolve()) for path in dataset.extra],
        "extra_partial": [str(path.resolve()) for path in dataset.extra_partial],
        "learn_charges": dataset.learn_charges,
        "statute": statute,
        "skip_bad": dataset.skip_bad,
        "case_format": dataset.case_format.non_defaults(),
    }


def _splits_to_dict(records: Records, dataset: DatasetSpec) -> dict[str, dict[str, str]]:
    files = {
        name: {"path": str(Path(split.source).resolve()), "sha256": split.source_sha256}
        for name, split in records.manifest.splits.items()
        if name != EXTRA
    }
    extra = {
        name: {"path": str(path.resolve()), "sha256": content_digest(path)}
        for name, (path, _) in dataset.extra_files.items()
    }
    return files | extra
