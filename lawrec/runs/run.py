"""Runs: the folder that training fills and that is all one needs to predict.

checkpoints/LATEST                     the name of the newest run that has a checkpoint
checkpoints/<run>/run.json             version, resolved configuration, where the cases came from
checkpoints/<run>/tokens.txt ...       copies of what the ids mean and of the lists of words
checkpoints/<run>/model.ckpt-<step>*   the newest checkpoints, named by the state file `checkpoint`
checkpoints/<run>/best/                the weights with the best valid score
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any

from lawrec import __version__
from lawrec.config import Config, from_dict
from lawrec.corpus.dataset_spec import CHARGE_ONLY, DatasetSpec, check_dataset_spec
from lawrec.corpus.manifest import Records
from lawrec.corpus.readers import CaseFormat
from lawrec.corpus.tokenizers import listed_words, load_tokenizer, read_words
from lawrec.corpus.vocabulary import Encoder, Vocabulary, load_vocabulary
from lawrec.errors import ConfigError, RunError
from lawrec.files import atomic_folder, write_json, write_text
from lawrec.text_files import content_digest

RUN_VERSION = 1  # grows when an older run cannot be read any longer
DICTIONARY = "dictionary.txt"
LISTS = {"stop_words": "stop_words.txt", "user_tokens": "user_tokens.txt"}
"""The settings of [corpus] that name a list of words, and the run's copy of it."""


@dataclass(frozen=True)
class SplitFile:
    """Where a split's cases come from, and their digest."""

    path: Path
    sha256: str


@dataclass(frozen=True)
class WarmStart:
    """The checkpoint of another run that a run's weights start from.

    `trained_on` are the digests of the cases that these weights have seen.
    """

    run: Path
    checkpoint: str
    trained_on: tuple[str, ...]


@dataclass(frozen=True)
class Run:
    """A run folder, opened; `tokenizer` is a fingerprint, `label_counts` are those of train."""

    folder: Path
    config: Config
    tokens: Vocabulary
    articles: Vocabulary
    charges: Vocabulary
    tokenizer: str
    source: DatasetSpec
    records: str
    label_counts: tuple[int, ...]
    splits: dict[str, SplitFile]
    start: WarmStart | None = None

    @property
    def trained_on(self) -> tuple[str, ...]:
        """The digests of all cases that its weights learn from, those of its start included."""
        return (self.splits["train"].sha256, *(self.start.trained_on if self.start else ()))


def create_run(
    root: Path,
    config: Config,
    *,
    records: Records,
    source: DatasetSpec,
    name: str | None = None,
    start: WarmStart | None = None,
) -> Run:
    """Make the folder of a new run, named by the time and its records where `name` is None.

    Its weights may start from the best ones of another run.

    Raises:
        RunError: A run of that name exists, or the other one has no checkpoint.
        CaseError: There is no valid split.
        ConfigError: Charges are given but not to be learnt, or to be learnt but not given.
    """
    check_dataset_spec(source, config.loss)
    _check_charges(config, records)
    for folder in [root / name] if name else _stamped_folders(root, records.folder.name):
        try:
            with atomic_folder(folder, overwrite=False) as new:
                _write_run(new, config, records=records, source=source, start=start)
            return open_run(folder)
        except FileExistsError:
            if not folder.exists():  # something else is in the way
                raise
    raise RunError(
        folder,
        expected="a new run needs a new name",
        got="an existing one",
        todo="Choose another --run.",
    )


def find_run(root: Path, name: str | None) -> Run:
    """Open the run of that name in `root`, or at that path; without a name, the newest.

    Raises:
        RunError: There is no such run, or its files are not readable.
    """
    if name is None:
        latest = root / "LATEST"
        if not latest.is_file():
            raise RunError(
                root,
                expected="there must be a trained run",
                got="none",
                todo="Run `lawrec train` first.",
            )
        name = latest.read_text(encoding="utf-8").strip()
    folder = root / name if (root / name).is_dir() else Path(name)
    return open_run(folder)


def open_run(folder: Path) -> Run:
    """Open the run in a folder.

    Raises:
        RunError: It is not a run, or its files are not readable.
    """
    path = folder / "run.json"
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
        _check_version(values, folder)
        return Run(
            folder=folder,
            config=_with_own_lists(from_dict(values["config"], str(path)), folder),
            tokens=load_vocabulary(folder / "tokens.txt"),
            articles=load_vocabulary(folder / "articles.txt"),
            charges=load_vocabulary(folder / "charges.txt"),
            tokenizer=values["tokenizer"],
            source=_source(values["source"], folder / DICTIONARY),
            records=values["records"],
            label_counts=tuple(values["label_counts"]),
            splits={
                split: SplitFile(Path(file["path"]), file["sha256"])
                for split, file in values["splits"].items()
            },
            start=_opened_start(values.get("start")),
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise RunError(
            folder,
            expected="the folder must hold a run",
            got=f"{type(error).__name__}: {error}",
            todo="Name a folder that `lawrec train` made.",
        ) from error


def set_latest(run: Run) -> None:
    """Make this the run that commands use when none is named."""
    write_text(run.folder.parent / "LATEST", f"{run.folder.name}\n")


def load_encoder(run: Run) -> Encoder:
    """Return the run's own way from a fact to token ids.

    Raises:
        RunError: The tokenizer installed now may cut text otherwise than the run's did.
    """
    tokenizer = load_tokenizer(run.config.corpus, run.source.dictionaries)
    if tokenizer.fingerprint != run.tokenizer:
        raise RunError(
            run.folder,
            expected=f"the tokenizer must be the run's own ({run.tokenizer})",
            got=tokenizer.fingerprint,
            todo="Install that version, or train anew with `lawrec train`.",
        )
    return Encoder(tokenizer, run.tokens, run.config.corpus.max_tokens)


def _check_version(values: Mapping[str, Any], folder: Path) -> None:
    if (version := values.get("run_version")) != RUN_VERSION:
        raise RunError(
            folder,
            expected=f"the run must be of version {RUN_VERSION} of the format of runs",
            got=version or "one from before versions were counted",
            todo="Train it anew with `lawrec train`.",
        )


def _check_charges(config: Config, records: Records) -> None:
    if config.loss.charge_weight and not records.charges.names:
        raise ConfigError(
            "loss.charge_weight",
            expected="a train case must name its charges to learn them",
            got="none",
            todo="Set it to 0, or add cases with charges by --charge-only-data FILE.",
        )


def _stamped_folders(root: Path, key: str) -> Iterator[Path]:
    """Give names by the time, without end: other runs may start in the same second."""
    stamp = f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{key}"
    yield root / stamp
    yield from (root / f"{stamp}-{number}" for number in count(2))


def _write_run(
    folder: Path, config: Config, *, records: Records, source: DatasetSpec, start: WarmStart | None
) -> None:
    """Fill the folder of a new run."""
    records.tokens.save(folder / "tokens.txt")
    records.articles.save(folder / "articles.txt")
    records.charges.save(folder / "charges.txt")
    _save_words(folder / DICTIONARY, read_words(source.dictionaries))
    for setting, copy in _own_lists(config, folder).items():
        _save_words(Path(copy), listed_words(getattr(config.corpus, setting)))
    write_json(
        folder / "run.json",
        {
            "run_version": RUN_VERSION,
            "lawrec": __version__,
            "config": config.to_dict(),
            "tokenizer": records.manifest.tokenizer,
            "source": {
                "data": str(source.data.resolve()),
                "article_list": str(source.article_list.resolve()) if source.article_list else None,
                "charge_only_data": (
                    str(source.charge_only_data.resolve()) if source.charge_only_data else None
                ),
                "skip_bad": source.skip_bad,
                "format": source.case_format.non_defaults(),
            },
            "records": records.folder.name,
            "label_counts": records.manifest.label_counts,
            "splits": _split_files(records, source),
            "start": _start_values(start),
        },
    )


def _split_files(records: Records, source: DatasetSpec) -> dict[str, dict[str, str]]:
    """Return what run.json says of where the cases came from."""
    files = {
        split: {"path": str(Path(made.source).resolve()), "sha256": made.source_sha256}
        for split, made in records.manifest.splits.items()
    }
    if source.charge_only_data:
        digest = content_digest(source.charge_only_data)
        files[CHARGE_ONLY] = {"path": str(source.charge_only_data.resolve()), "sha256": digest}
    return files


def _start_values(start: WarmStart | None) -> dict[str, Any] | None:
    """Return what run.json says of the run that another starts from."""
    if start is None:
        return None
    return {
        "run": str(start.run.resolve()),
        "checkpoint": start.checkpoint,
        "trained_on": list(start.trained_on),
    }


def _opened_start(values: dict[str, Any] | None) -> WarmStart | None:
    if values is None:
        return None
    return WarmStart(Path(values["run"]), values["checkpoint"], tuple(values["trained_on"]))


def _save_words(path: Path, words: list[str]) -> None:
    write_text(path, "".join(f"{word}\n" for word in words))


def _own_lists(config: Config, folder: Path) -> dict[str, Any]:
    """Return the settings that name a list of words, naming the run's own copy of it."""
    return {name: str(folder / LISTS[name]) for name in LISTS if getattr(config.corpus, name)}


def _with_own_lists(config: Config, folder: Path) -> Config:
    return replace(config, corpus=replace(config.corpus, **_own_lists(config, folder)))


def _source(values: dict[str, Any], dictionary: Path) -> DatasetSpec:
    article_list, charge_only_data = (
        Path(values[name]) if values[name] else None
        for name in ("article_list", "charge_only_data")
    )
    case_format = CaseFormat(**values.get("format", {}))
    return DatasetSpec(
        data=Path(values["data"]),
        article_list=article_list,
        charge_only_data=charge_only_data,
        dictionaries=(dictionary,),
        case_format=case_format,
        skip_bad=values["skip_bad"],
    )
