"""Shard folders: the answers of a long job, one file per shard, from any number of processes.

    plan.json            what the job is, its files and its shards: written first
    answers-00007.jsonl  the answers of the shard 7, and so on
    .state/00007.json    written after them: how many cases and errors there are, and the SHA-256
    .state/00007.claim   who works on them: see `lawrec.storage.claims`
    manifest.json        written last: what there is of each shard, and the SHA-256 of plan.json

The JSON files are sealed as `lawrec.storage.seal` describes. A process that is killed loses the
shard that it works on. Whoever comes next does what is missing or damaged, and nothing else.
"""

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from lawrec.corpus.case_shards import ShardPlan, check_unchanged
from lawrec.corpus.cases import no_answer_error
from lawrec.errors import ConfigError, quoted
from lawrec.progress import SILENT, Progress
from lawrec.storage.claims import Claims, claim_name
from lawrec.storage.files import path_out_of, sha256
from lawrec.storage.remote_files import RemotePath, names_in, resolve_uri
from lawrec.storage.seal import MANIFEST, SEAL_ERRORS, read_sealed, write_sealed
from lawrec.storage.temporary_names import remove
from lawrec.text import encodable

PLAN = "plan.json"
_STATE = ".state"
_MOST_ATTEMPTS = 3
_WAIT_SECONDS = 0.5
"""Seconds until a process looks again whether others have done what it waits for."""


@dataclass(frozen=True)
class ShardAnswers:
    """What there is of a shard: its file, the numbers of its cases and errors, and its SHA-256."""

    name: str
    cases: int
    errors: int
    digest: str


@dataclass(frozen=True)
class ShardFolder:
    """The folder of a job whose shards are planned.

    Args:
        path: The folder.
        plan: The shards.
        files: Where the files of the plan are.
        suffix: The suffix of the files of answers, such as ".jsonl".
    """

    path: Path
    plan: ShardPlan
    files: tuple[Path, ...]
    suffix: str

    @property
    def n_shards(self) -> int:
        """The number of shards."""
        return len(self.plan.shards)

    @property
    def is_finished(self) -> bool:
        """Whether the manifest is there."""
        return (self.path / MANIFEST).is_file()

    def answers_path(self, index: int) -> Path:
        """Return the path of the answers of a shard."""
        return self.path / f"answers-{index:05}{self.suffix}"

    def keep(self, index: int, *, cases: int, errors: int) -> None:
        """Enter the answers of a shard, which have been written.

        Args:
            index: The index of the shard.
            cases: The number of its cases, errors included.
            errors: The number of its errors.
        """
        path = self.answers_path(index)
        answers = ShardAnswers(path.name, cases, errors, sha256(path))
        write_sealed(self._entry(index), asdict(answers))

    def missing(self) -> list[int]:
        """Return the shards without an entry, in order, but those that have a claim last."""
        names = set(names_in(self.path / _STATE))
        missing = [i for i in range(self.n_shards) if _entry_name(i) not in names]
        return sorted(missing, key=lambda index: claim_name(f"{index:05}") in names)

    def is_missing(self, index: int) -> bool:
        """Return whether a shard has no entry."""
        return not self._entry(index).exists()

    def finish(self, progress: Progress = SILENT) -> None:
        """Write the manifest, or else drop the entries of all that is damaged."""
        kept = [self._checked(index, progress) for index in range(self.n_shards)]
        undamaged = [answers for answers in kept if answers]
        if len(undamaged) == len(kept):
            values = [asdict(answers) for answers in undamaged]
            write_sealed(self.path / MANIFEST, {"plan": sha256(self.path / PLAN), "shards": values})
            self._remove_claims()
        else:
            remove(self.path / MANIFEST)

    def _remove_claims(self) -> None:
        """Remove what processes that were killed may have left: nothing is to be claimed now."""
        state = self.path / _STATE
        for name in names_in(state):
            if name.endswith(claim_name("")):
                remove(state / name)

    def _checked(self, index: int, progress: Progress) -> ShardAnswers | None:
        """Return what there is of a shard; if it is damaged, drop its entry and return None."""
        progress.update("verify", index + 1, self.n_shards)
        try:
            answers = ShardAnswers(**read_sealed(self._entry(index)))
            path = self.answers_path(index)
            if path.is_file() and sha256(path) == answers.digest:
                return answers
        except SEAL_ERRORS:
            pass
        remove(self._entry(index))
        return None

    def _entry(self, index: int) -> Path:
        return self.path / _STATE / _entry_name(index)


def _entry_name(index: int) -> str:
    return f"{index:05}.json"


def open_shard_folder(
    path: Path,
    job: Mapping[str, Any],
    *,
    files: Sequence[Path],
    suffix: str,
    make_plan: Callable[[], ShardPlan],
) -> ShardFolder:
    """Return the folder of a job, which is planned unless it has been begun.

    Args:
        path: The folder, or its URI.
        job: All that the answers depend on beside the files, as JSON.
        files: The files of cases.
        suffix: The suffix of the files of answers.
        make_plan: Plans the shards; one process calls it, and the others wait.

    Raises:
        ConfigError: The folder belongs to another job, or has other files, a pipe or a link that
            leads out of it in it.
        CaseError: A file has changed since the shards were planned.

    Example:
        >>> folder = open_shard_folder(  # doctest: +SKIP
        ...     Path("answers"), {}, files=files, suffix=".jsonl", make_plan=plan
        ... )
    """
    path = resolve_uri(path)
    _check_new_or_begun(path)
    (path / _STATE).mkdir(parents=True, exist_ok=True)
    claims, plan_path = Claims(path / _STATE), path / PLAN
    while not plan_path.exists():
        with claims.held("plan") as is_mine:
            if is_mine and not plan_path.exists():
                write_sealed(plan_path, {"job": job, **make_plan().to_dict()})
            elif not is_mine:
                time.sleep(_WAIT_SECONDS)
    plan = _read_plan(plan_path, job)
    _check_files(plan, files, where=plan_path)
    return ShardFolder(path, plan, tuple(files), suffix)


def complete_shards(
    folder: ShardFolder, do_missing: Callable[[], None], *, progress: Progress = SILENT
) -> list[ShardAnswers]:
    """Do what is missing or damaged until the folder is finished, and return what there is.

    Args:
        folder: The folder. One that is finished is verified.
        do_missing: Returns when no shard is missing, whoever has done it.
        progress: Reports what is verified.

    Raises:
        CaseError: None of the cases could be answered.
        ConfigError: What is written is damaged when it is read again.

    Example:
        >>> do_missing = partial(share_missing, folder, work)  # doctest: +SKIP
        >>> complete_shards(folder, do_missing)[0].name  # doctest: +SKIP
        'answers-00000.jsonl'
    """
    claims, attempts = Claims(folder.path / _STATE), 0
    if folder.is_finished:
        folder.finish(progress)
    while not folder.is_finished:
        do_missing()
        with claims.held("manifest") as is_mine:
            if is_mine and not folder.is_finished:
                folder.finish(progress)
                attempts += 1
        if attempts == _MOST_ATTEMPTS and not folder.is_finished:
            raise ConfigError(
                folder.path,
                expected="what is written must be read as it was written",
                got="other bytes, again and again",
                todo="Check the disk, or name a folder on another one.",
            )
        if not is_mine:
            time.sleep(_WAIT_SECONDS)
    return finished_answers(folder)


def share_missing(
    folder: ShardFolder, work: Callable[[int], None], *, progress: Progress = SILENT
) -> None:
    """Do the missing shards together with any other processes, and return when there is none.

    Args:
        folder: The folder.
        work: Does a shard and enters its answers.
        progress: Reports the shards, those of others included.

    Example:
        >>> share_missing(folder, work)  # doctest: +SKIP
    """
    claims = Claims(folder.path / _STATE)
    while missing := folder.missing():
        progress.update("shards", folder.n_shards - len(missing), folder.n_shards)
        if not any(_try_to_work(folder, index, work=work, claims=claims) for index in missing):
            time.sleep(_WAIT_SECONDS)
    progress.update("shards", folder.n_shards, folder.n_shards)


def finished_answers(folder: ShardFolder) -> list[ShardAnswers]:
    """Return what there is of each shard of a finished folder.

    Raises:
        CaseError: None of the cases could be answered.

    Example:
        >>> sum(answers.cases for answers in finished_answers(folder))  # doctest: +SKIP
        2400
    """
    values = read_sealed(folder.path / MANIFEST)["shards"]
    answers = [ShardAnswers(**shard) for shard in values]
    n_cases = sum(shard.cases for shard in answers)
    if n_cases == sum(shard.errors for shard in answers):
        raise no_answer_error(n_cases)
    return answers


def _try_to_work(
    folder: ShardFolder, index: int, *, work: Callable[[int], None], claims: Claims
) -> bool:
    """Do a shard unless another process does it or has done it; return whether this one has."""
    with claims.held(f"{index:05}") as is_mine:
        if is_mine and folder.is_missing(index):
            work(index)
            return True
    return False


def _check_new_or_begun(path: Path) -> None:
    if not (path / PLAN).exists():
        names = names_in(path) if path.is_dir() else []
        # Names with a dot are those of processes that are beginning the same job just now; one of
        # them may have planned it since.
        others = sorted(name for name in names if not name.startswith("."))
        if others and PLAN not in others:
            raise ConfigError(
                path,
                expected="the folder must be new or empty, or that of a job that goes on",
                got=f"a folder with {quoted(others[0])} in it and no {PLAN}",
                todo="Name another folder.",
            )
    local = path.local if isinstance(path, RemotePath) else path
    if local and (outside := path_out_of(local)):
        raise ConfigError(
            outside,
            expected="a folder of answers must hold files and folders of its own",
            got="a link that leads out of it, a pipe or a device",
            todo="Remove it, or name another folder.",
        )


def _read_plan(path: Path, job: Mapping[str, Any]) -> ShardPlan:
    """Return the plan of a job.

    Raises:
        ConfigError: It is damaged, or that of another job.
    """
    job = json.loads(json.dumps(job))  # as it is written: tuples are lists
    try:
        values = read_sealed(path)
        begun, plan = values["job"], ShardPlan.from_dict(values)
        differences = [key for key in begun | job if begun.get(key) != job.get(key)]
    except SEAL_ERRORS as error:
        raise ConfigError(
            path, expected="the plan must be undamaged", got=error, todo="Name a new folder."
        ) from error
    if differences:
        key = differences[0]
        raise ConfigError(
            path,
            expected=f"the job must be the one that was begun, with {key} {begun.get(key)!r}",
            got=repr(job.get(key)),
            todo="Name a new folder for it.",
        )
    return plan


def _check_files(plan: ShardPlan, files: Sequence[Path], *, where: Path) -> None:
    """Raise an error if files are not those of a plan; they may have moved together."""
    names = [Path(file.where).name for file in plan.files]
    if names != [encodable(str(file.name)) for file in files]:
        raise ConfigError(
            where,
            expected=f"the input must be {quoted(names)}, in this order",
            got=quoted([file.name for file in files]),
            todo="Name these files, or a new folder for the answers.",
        )
    for described, file in zip(plan.files, files, strict=True):
        check_unchanged(described, file)
