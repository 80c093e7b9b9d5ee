"""Runs: the folder that a training fills, and that holds all that predicting needs.

checkpoints/LATEST                     the name of the newest run that has a checkpoint; no baseline
checkpoints/<run>/run.json             what the run was created from, as below
checkpoints/<run>/tokens.txt           the tokens; the line of each is its id
checkpoints/<run>/articles.txt         the articles, likewise
checkpoints/<run>/charges.txt          the charges, likewise
checkpoints/<run>/dictionary.txt       the words of the tokenizer's user dictionaries
checkpoints/<run>/stop_words.txt       that list of words, if the settings name one
checkpoints/<run>/user_tokens.txt      likewise
checkpoints/<run>/model.ckpt-<step>*   the newest checkpoints, named by the state file `checkpoint`
checkpoints/<run>/best/                the checkpoints with the best valid score
checkpoints/<run>/checkpoints.json     the list of the newest checkpoints, and best/checkpoints.json
                                       that of the best: see `lawrec.runs.checkpoint_list`
checkpoints/<run>/ranker/              the linear SVMs and the second stage: see
                                       `lawrec.runs.ranker_file`
checkpoints/<run>/out-of-fold/         the scores of its train cases, to tune thresholds on: see
                                       `lawrec.runs.out_of_fold_file`
checkpoints/<run>/similar/             the ids and terms of train cases, to explain with: see
                                       `lawrec.runs.case_index_file`
checkpoints/<run>/trained/             the digests of its train cases, to recognize them: see
                                       `lawrec.runs.trained_cases_file`
checkpoints/<run>/onnx/                the network of the best checkpoint, without TensorFlow: see
                                       `lawrec.runs.onnx_file`
checkpoints/<run>/thresholds.json      how to decide: see `lawrec.runs.thresholds_file`
checkpoints/<run>/manifest.json        the SHA-256 of run.json and of the lists, written last when
                                       the run is created; a run with other files is refused

All vocabularies and lists of words are copies, so that a run predicts on another machine without
the cases that it was trained on. The fields of run.json are:

run_version    the version of this format, `RUN_VERSION`; runs of other versions are refused
scoring_version  likewise: `SCORING_VERSION`, the version of the code that scores with it
lawrec         the version of lawrec that created the run
config         all settings, by section
tokenizer      the fingerprint of the tokenizer: its package and version, the words of the
               dictionaries, the stop words and the entity types
dataset        where the cases are and how they are read: "data", "article_list" and "statute" are
               absolute paths or null, "extra" and "extra_partial" lists of them, "skip_bad" and
               "learn_charges" are true or false, "case_format" has the options of the case format
               that differ from the defaults
records        the name of the folder of records
label_counts   the number of train cases of each article, in the order of articles.txt
splits         for train, valid, test, each extra file (extra-1, extra-partial-1 ...) and statute,
               if they exist: the "path" of the cases and their SHA-256, "sha256"
warm_start     null, or the checkpoint of another run that the weights were initialized from: the
               path of the "run", the "checkpoint" in it, and "trained_on", the SHA-256 of all cases
               that those weights were trained on
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from lawrec.config import Config, from_dict
from lawrec.corpus.readers import CaseFormat
from lawrec.corpus.records.dataset_spec import DatasetSpec
from lawrec.corpus.tokenization.tokenizers import load_tokenizer
from lawrec.corpus.vocabulary import Encoder, Vocabulary, load_vocabulary
from lawrec.errors import RunError, quoted
from lawrec.runs.checkpoint_list import RUN_FILE
from lawrec.scoring_version import SCORING_VERSION
from lawrec.storage.files import path_out_of, write_text
from lawrec.storage.json_text import parse_json
from lawrec.storage.seal import check_seal

RUN_VERSION = 3
"""The version of the format of runs; it grows when older runs can no longer be read."""
LATEST = "LATEST"
DICTIONARY = "dictionary.txt"
LISTS = {"stop_words": "stop_words.txt", "user_tokens": "user_tokens.txt"}
"""The settings of [corpus] that name a list of words, and the name of the run's copy of it."""
_RESTORE = "Restore it from a copy of the run, or train a new run with `lawrec train`."


@dataclass(frozen=True)
class SplitFile:
    """Where the cases of a split are, and their SHA-256 when the run was created."""

    path: Path
    sha256: str


@dataclass(frozen=True)
class WarmStart:
    """The checkpoint of another run that the weights of a run are initialized from.

    Attributes:
        run: The folder of the other run.
        checkpoint: The path prefix of the checkpoint in that folder.
        trained_on: The SHA-256 of all cases that its weights were trained on.
    """

    run: Path
    checkpoint: str
    trained_on: tuple[str, ...]


@dataclass(frozen=True)
class Run:
    """An open run.

    Attributes:
        folder: Its folder; the name of the folder is that of the run.
        config: All settings; the lists of words that they name are the run's copies.
        tokens: The tokens and their ids.
        articles: The articles and their label ids.
        charges: The charges and their label ids; empty if no train case names one.
        tokenizer: The fingerprint of the tokenizer.
        dataset: Where the cases are, and how they are read.
        records_name: The name of the folder of records.
        label_counts: The number of train cases of each article.
        splits: The files of the splits, by name; those of extra cases are "extra-1" and so on.
        warm_start: Where the weights were initialized from, if from another run.
        bundle: The bundle that the folder is a temporary copy of, if it is one.
    """

    folder: Path
    config: Config
    tokens: Vocabulary
    articles: Vocabulary
    charges: Vocabulary
    tokenizer: str
    dataset: DatasetSpec
    records_name: str
    label_counts: tuple[int, ...]
    splits: dict[str, SplitFile]
    warm_start: WarmStart | None = None
    bundle: Path | None = None

    @property
    def learned_files(self) -> dict[str, SplitFile]:
        """The files that its weights learned from, by split, without those of the warm start."""
        held_out = ("valid", "test")
        return {name: file for name, file in self.splits.items() if name not in held_out}

    @property
    def trained_on(self) -> tuple[str, ...]:
        """The SHA-256 of all cases that its weights learned from, in the warm start included."""
        earlier = self.warm_start.trained_on if self.warm_start else ()
        return (*(file.sha256 for file in self.learned_files.values()), *earlier)


def find_run(root: Path, name: str | None) -> Run:
    """Open a run by its name or path.

    Args:
        root: The folder of the runs.
        name: The name of a run in `root`, or the path of a run; None for the newest run.

    Raises:
        RunError: There is no such run, or its files cannot be read.

    Example:
        >>> find_run(Path("checkpoints"), None).folder.name  # doctest: +SKIP
        '20260301-090507-sample-1a2b3c4d'
    """
    return open_run(run_folder(root, name))


def run_folder(root: Path, name: str | None) -> Path:
    """Return the folder of a run, of which `find_run` takes the same name.

    Raises:
        RunError: There is no such file or folder.

    Example:
        >>> run_folder(Path("checkpoints"), "first")  # doctest: +SKIP
        PosixPath('checkpoints/first')
    """
    if name is None:
        return root / _latest_name(root)
    folder = root / name if name and (root / name).exists() else Path(name)
    if not folder.exists():
        raise RunError(
            name,
            expected=f"it must be the name of a run or bundle in {root}, or the path of one",
            got="no such file or folder",
            todo="Check the name, or pass the folder of the runs as --checkpoints.",
        )
    return folder


def open_run(folder: Path) -> Run:
    """Open the run in a folder.

    Raises:
        RunError: The folder holds no run, one of another version, or one whose files have changed
            since it was created. Or a path in it leads out of it: a run may come from a stranger.

    Example:
        >>> open_run(Path("checkpoints/first")).config.training.epochs  # doctest: +SKIP
        8
    """
    if folder.is_file():
        raise RunError(
            folder,
            expected="it must be the folder of a run",
            got="a file",
            todo="Bundles are for predict, evaluate and info.",
        )
    if outside := path_out_of(folder):
        raise RunError(
            outside,
            expected="a run must hold files and folders of its own",
            got="a link that leads out of it, a pipe or a device",
            todo="Replace it by a copy of its file, if you trust the run.",
        )
    path = folder / RUN_FILE
    try:
        values = parse_json(path.read_text(encoding="utf-8"))
        _check_versions(values, folder)
        check_seal(folder, error=RunError, todo=_RESTORE)
        return Run(
            folder=folder,
            config=_with_copied_lists(from_dict(values["config"], str(path)), folder),
            tokens=load_vocabulary(folder / "tokens.txt"),
            articles=load_vocabulary(folder / "articles.txt"),
            charges=load_vocabulary(folder / "charges.txt"),
            tokenizer=values["tokenizer"],
            dataset=_dataset_from_dict(values["dataset"], folder / DICTIONARY),
            records_name=values["records"],
            label_counts=tuple(values["label_counts"]),
            splits={
                split: SplitFile(Path(file["path"]), file["sha256"])
                for split, file in values["splits"].items()
            },
            warm_start=_warm_start_from_dict(values["warm_start"]),
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        missing = isinstance(error, FileNotFoundError)
        raise RunError(
            path,
            expected="the folder must hold a run",
            got=error if missing else f"{type(error).__name__}: {error}",
            todo="Name a folder that `lawrec train` created.",
        ) from error


def set_latest(run: Run) -> None:
    """Make a run the one that commands use when none is named.

    Example:
        >>> set_latest(run)  # doctest: +SKIP
        >>> find_run(run.folder.parent, None) == run  # doctest: +SKIP
        True
    """
    write_text(run.folder.parent / LATEST, f"{run.folder.name}\n")


def load_encoder(run: Run) -> Encoder:
    """Return the run's function from a fact to token ids.

    Raises:
        RunError: The installed tokenizer could split texts differently than the run's did.

    Example:
        >>> load_encoder(run)("被告人窃取钱包")  # doctest: +SKIP
        [17, 402, 1095]
    """
    tokenizer = load_tokenizer(run.config.corpus, run.dataset.dictionaries)
    if tokenizer.fingerprint != run.tokenizer:
        raise RunError(
            run.folder,
            expected=f"the tokenizer must be the run's own ({run.tokenizer})",
            got=tokenizer.fingerprint,
            todo="Install that version, or train a new run with `lawrec train`.",
        )
    return Encoder(tokenizer, run.tokens, run.config.corpus.max_tokens)


def _latest_name(root: Path) -> str:
    """Return the name of the newest run, as the file LATEST has it."""
    path = root / LATEST
    runs = sorted(file.parent.name for file in root.glob(f"[!.]*/{RUN_FILE}"))
    if not runs:
        raise RunError(
            root,
            expected="there must be a trained run",
            got="none",
            todo="Run `lawrec train` first.",
        )
    content = path.read_bytes() if path.is_file() else None
    name = content.decode("utf-8", "replace").strip() if content else ""
    if name not in runs:
        raise RunError(
            path,
            expected="it must name the newest run, which commands use when none is named",
            got="no such file" if content is None else quoted(name),
            todo=f"Name a run: {', '.join(runs[-3:])}.",
        )
    return name


def copied_lists(config: Config, folder: Path) -> dict[str, str]:
    """Return the settings that name a list of words, with the path of the run's copy of each.

    Example:
        >>> settings = replace(Config().corpus, stop_words="my_words.txt")
        >>> copied_lists(replace(Config(), corpus=settings), Path("first"))
        {'stop_words': 'first/stop_words.txt'}
    """
    return {name: str(folder / LISTS[name]) for name in LISTS if getattr(config.corpus, name)}


def _check_versions(values: Mapping[str, Any], folder: Path) -> None:
    for key, version, part in (
        ("run_version", RUN_VERSION, "the format of runs"),
        ("scoring_version", SCORING_VERSION, "the code that scores"),
    ):
        if (own := values.get(key)) != version:
            raise RunError(
                folder,
                expected=f"the run must have version {version} of {part}",
                got=own or "one from before versions were counted",
                todo="Train a new run with `lawrec train`.",
            )


def _dataset_from_dict(values: dict[str, Any], dictionary: Path) -> DatasetSpec:
    article_list, statute = (
        Path(values[name]) if values[name] else None for name in ("article_list", "statute")
    )
    return DatasetSpec(
        data=Path(values["data"]),
        article_list=article_list,
        extra=tuple(map(Path, values["extra"])),
        extra_partial=tuple(map(Path, values["extra_partial"])),
        learn_charges=values["learn_charges"],
        statute=statute,
        dictionaries=(dictionary,),
        case_format=CaseFormat(**values["case_format"]),
        skip_bad=values["skip_bad"],
    )


def _warm_start_from_dict(values: dict[str, Any] | None) -> WarmStart | None:
    if values is None:
        return None
    return WarmStart(Path(values["run"]), values["checkpoint"], tuple(values["trained_on"]))


def _with_copied_lists(config: Config, folder: Path) -> Config:
    lists: dict[str, Any] = {**copied_lists(config, folder)}
    return replace(config, corpus=replace(config.corpus, **lists))
