"""Preparation: from a folder of cases to records and vocabularies.

The same cases and settings are prepared once. Of several processes that prepare them at the same
time, on one host or on many that share the folder, one writes the records, and all tokenize: see
`lawrec.corpus.parallel_tokenization`. The tokens are kept until all is written, so that whoever
comes next goes on where one was killed.
"""

import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile

from lawrec.config import CorpusConfig
from lawrec.corpus.bad_lines import BadLines
from lawrec.corpus.cases import CASES_PER_TASK
from lawrec.corpus.label_check import check_labels
from lawrec.corpus.records.dataset_spec import DatasetInputs, DatasetSpec, read_inputs
from lawrec.corpus.records.extra_cases import ExtraCases
from lawrec.corpus.records.manifest import Records, load_records, verify
from lawrec.corpus.records.writer import (
    RecordsWriter,
    extra_labels,
    kept_tokens,
    split_cases,
    tokenize,
)
from lawrec.corpus.splits import note_on_other_valid
from lawrec.corpus.tokenization.tokenizers import note_on_split_words
from lawrec.errors import CaseError
from lawrec.iterables import MapItems
from lawrec.progress import SILENT, Progress
from lawrec.storage.claims import Claims, claim_name
from lawrec.storage.files import atomic_folder
from lawrec.storage.temporary_names import remove

_WAIT_SECONDS = 0.5
"""Seconds until a process looks again whether another one has written the records."""


def prepare(
    spec: DatasetSpec,
    config: CorpusConfig,
    *,
    progress: Progress = SILENT,
    map_batches: MapItems | None = None,
) -> Records:
    """Return the records of the cases; they are written unless they are there and undamaged.

    A script that calls this needs `if __name__ == "__main__":`, because the processes that tokenize
    import the script again.

    Args:
        spec: Which cases to prepare, and where to write the records.
        config: The tokenizer, the limits of the vocabulary, and the size of the shards.
        progress: Reports each case, once when it is tokenized and once when it is written. Gets a
            message about files that seem to be a second valid split.
        map_batches: As for `tokenize_cases`.

    Raises:
        CaseError: A file is missing, a line cannot be used, a label is unknown, or two splits are
            the same file.
        ConfigError: The tokenizer cannot be loaded.

    Example:
        >>> records = prepare(DatasetSpec(), CorpusConfig())  # doctest: +SKIP
        >>> records.split("train").cases  # doctest: +SKIP
        1800
    """
    inputs = read_inputs(spec, config)
    if note := note_on_other_valid(spec.data, inputs.splits):
        progress.message(note)
    folder, vocab = spec.records_root / inputs.key, spec.vocab_root / inputs.key
    if verify(folder, vocab=vocab).damage:
        try:
            _Preparation(inputs, progress, map_batches).run()
        except CaseError:  # other cases will have other records
            remove(kept_tokens(inputs))
            raise
    # A process that was killed as soon as it had written the records may have left these.
    for leftover in (kept_tokens(inputs), spec.records_root / claim_name(f".{inputs.key}")):
        remove(leftover)
    return load_records(folder, vocab)


@dataclass(frozen=True)
class _Preparation:
    """One preparation, which writes the records or helps the process that does."""

    inputs: DatasetInputs
    progress: Progress
    map_batches: MapItems | None

    def run(self) -> None:
        """Write the records unless another process does; then tokenize, and wait for them."""
        self._folder.parent.mkdir(parents=True, exist_ok=True)
        claims = Claims(self._folder.parent)
        if not self._try_to_write(claims):
            self.progress.message("Another process prepares these cases: this one helps it.")
            self._help()
            while not self._try_to_write(claims):
                time.sleep(_WAIT_SECONDS)

    def _try_to_write(self, claims: Claims) -> bool:
        """Write the records if no other process does; return whether they are there."""
        with claims.held(f".{self.inputs.key}") as is_mine:
            if is_mine:
                self._write_unless_there()
        return is_mine

    def _write_unless_there(self) -> None:
        spec, inputs = self.inputs.spec, self.inputs
        vocab = spec.vocab_root / inputs.key
        damage = verify(self._folder, vocab=vocab).damage
        if not damage:
            return
        damaged = f" What is there is damaged: {damage[0].where}." if self._folder.exists() else ""
        self.progress.message(f"Preparing the cases of {spec.data} into {self._folder}.{damaged}")
        if note := note_on_split_words(inputs.tokenizer):
            self.progress.message(note)
        self._check_labels()
        with (
            atomic_folder(vocab) as new_vocab,
            atomic_folder(self._folder) as new_folder,
            TemporaryFile(dir=new_folder) as spool,
        ):
            extra = ExtraCases(
                new_folder,
                spool,
                learn_charges=spec.learn_charges,
                any_label=spec.case_format.any_label and not inputs.articles,
            )
            RecordsWriter(
                inputs, self.progress, self.map_batches, new_folder, new_vocab, extra
            ).run()

    def _check_labels(self) -> None:
        spec, inputs = self.inputs.spec, self.inputs
        if not spec.skip_bad:
            splits = [(path, spec.case_format) for path in inputs.splits.values()]
            check_labels(splits, inputs.known_labels, progress=self.progress)
            labels = extra_labels(inputs)
            check_labels(spec.extra_files.values(), labels, progress=self.progress)

    def _help(self) -> None:
        """Tokenize cases for the process that writes the records, as long as there are any."""
        if self.inputs.tokenizer.is_quick:
            return
        for split in self.inputs.splits:
            bad_lines = BadLines(skip=self.inputs.spec.skip_bad)
            cases = split_cases(self.inputs, split, bad_lines=bad_lines)
            with closing(tokenize(cases, self.inputs, map_batches=self.map_batches)) as tokenized:
                for done, _ in enumerate(tokenized, 1):
                    self.progress.update(f"tokenize {split}", done, None)
                    if done % CASES_PER_TASK == 0 and self._folder.exists():
                        return

    @property
    def _folder(self) -> Path:
        return self.inputs.spec.records_root / self.inputs.key
