"""Preparation: from a folder of cases to records and vocabularies.

The same cases and settings are prepared once. The tokens of the cases wait in temporary files
until the vocabularies are known, so that memory holds counts and not texts.

The vocabulary of tokens comes from the train split alone, the articles come from all splits.
Without a column for an article that only valid or test cite, its misses would vanish from the
figures. The bias of such an article starts near minus eleven, far below any threshold.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from lawrec.config import CorpusConfig
from lawrec.corpus.cases import (
    EVERY_ARTICLE,
    SKIPPED,
    BadLines,
    Case,
    Cases,
    no_case_error,
    read_cases,
    usable_cases,
)
from lawrec.corpus.dataset_spec import DatasetInputs, DatasetSpec, read_inputs
from lawrec.corpus.label_check import check_labels, refuse_unknown_labels
from lawrec.corpus.manifest import (
    VOCABULARY_FILES,
    Manifest,
    Records,
    Shard,
    Split,
    load_records,
    manifest_to_dict,
    verify,
)
from lawrec.corpus.parallel_tokenization import tokenize_cases
from lawrec.corpus.splits import encodings_at
from lawrec.corpus.tfrecords import Record, write_shards
from lawrec.corpus.tokenizers import listed_words
from lawrec.corpus.vocabulary import Vocabulary, build_vocabulary, encode
from lawrec.errors import CaseError
from lawrec.files import atomic_folder
from lawrec.iterables import JsonSpool
from lawrec.law.articles import statute_order
from lawrec.law.charges import normalize_charge
from lawrec.progress import SILENT, Progress
from lawrec.seal import MANIFEST, file_digests, seal, write_sealed


def prepare(spec: DatasetSpec, config: CorpusConfig, *, progress: Progress = SILENT) -> Records:
    """Return the records of the cases; they are written unless they are there and undamaged.

    A script that calls this needs `if __name__ == "__main__":`, because the processes that tokenize
    import the script again.

    Args:
        spec: Which cases to prepare, and where to write the records.
        config: The tokenizer, the limits of the vocabulary, and the size of the shards.
        progress: Reports each case, once when it is tokenized and once when it is written.

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
    folder, vocab = spec.records_root / inputs.key, spec.vocab_root / inputs.key
    # Checking every byte of the records of eight thousand cases takes 13 ms, no longer than the
    # digests of the cases did.
    if damage := verify(folder, vocab=vocab).damage:
        damaged = f" What is there is damaged: {damage[0].where}." if folder.exists() else ""
        progress.message(f"Preparing the cases of {spec.data} into {folder}.{damaged}")
        if not spec.skip_bad:
            check_labels(
                inputs.splits.values(),
                inputs.known_labels,
                case_format=spec.case_format,
                progress=progress,
            )
        with atomic_folder(vocab) as new_vocab, atomic_folder(folder) as new_folder:
            _Preparation(spec, config, inputs, progress, new_folder, new_vocab).run()
    return load_records(folder, vocab)


@dataclass
class _SplitCounts:
    """What is counted while the cases of a split are tokenized."""

    cases: int = 0
    tokens: int = 0
    skipped: int = 0
    token_counts: Counter[str] = field(default_factory=Counter)
    article_counts: Counter[str] = field(default_factory=Counter)
    charge_counts: Counter[str] = field(default_factory=Counter)
    known_cases: Counter[str] = field(default_factory=Counter)

    def add(self, case: Case, tokens: list[str]) -> None:
        """Count a case.

        A case of weight 0 adds 0 to all counts of training, but its articles get columns: the
        counters have keys for them.
        """
        self.cases += 1
        self.tokens += len(tokens)
        is_learned = case.weight > 0
        self.token_counts.update(tokens if is_learned else ())
        self.article_counts.update(dict.fromkeys(case.articles, int(is_learned)))
        self.charge_counts.update(dict.fromkeys(case.charges, int(is_learned)))
        self.known_cases["articles"] += is_learned and case.unknown_articles != EVERY_ARTICLE
        self.known_cases["charges"] += is_learned and case.charges != ()


@dataclass(frozen=True)
class _Preparation:
    """Holds the arguments of one preparation."""

    spec: DatasetSpec
    config: CorpusConfig
    inputs: DatasetInputs
    progress: Progress
    folder: Path
    vocab: Path

    def run(self) -> None:
        """Write the vocabularies, the shards and, last, the manifest."""
        with ExitStack() as stack:
            spools = {
                split: stack.enter_context(JsonSpool(self.folder)) for split in self.inputs.splits
            }
            counts = {split: self._tokenize(split, spool) for split, spool in spools.items()}
            tokens, articles, charges = self._save_vocabularies(counts)
            splits = {
                split: Split(
                    source=str(path),
                    source_sha256=self.inputs.digests[split],
                    cases=counts[split].cases,
                    tokens=counts[split].tokens,
                    skipped=counts[split].skipped,
                    shards=self._write(split, spools[split], tokens=tokens, articles=articles),
                    encoding=encodings_at(path, self.spec.case_format),
                )
                for split, path in self.inputs.splits.items()
            }
        train = counts["train"]
        manifest = Manifest(
            tokenizer=self.inputs.tokenizer.fingerprint,
            max_tokens=self.config.max_tokens,
            splits=splits,
            label_counts=tuple(train.article_counts[name] for name in articles.names),
            charge_counts=tuple(train.charge_counts[name] for name in charges.names),
            compression=self._compression,
            known_cases=dict(train.known_cases),
            vocabularies=file_digests(self.vocab, VOCABULARY_FILES),
        )
        write_sealed(self.folder / MANIFEST, manifest_to_dict(manifest))

    def _tokenize(self, split: str, spool: JsonSpool) -> _SplitCounts:
        """Tokenize the cases of a split into a spool, and count them."""
        counts = _SplitCounts()
        path = self.inputs.splits[split]
        bad_lines = BadLines(skip=self.spec.skip_bad, log=self.folder / SKIPPED)
        tokenized = tokenize_cases(
            usable_cases(self._cases(split), bad_lines),
            self.inputs.tokenizer,
            config=self.config,
            dictionaries=self.spec.dictionaries,
        )
        with closing(tokenized):
            for case, tokens in tokenized:
                charges = dict.fromkeys(filter(None, map(normalize_charge, case.charges)))
                case = replace(case, fact="", charges=tuple(charges))
                counts.add(case, tokens)
                spool.append([tokens, asdict(case)])
                self.progress.update(f"tokenize {split}", counts.cases, None)
        counts.skipped = bad_lines.skipped
        if not counts.cases:
            raise no_case_error(path)
        if split == "train" and not counts.known_cases.total():
            raise CaseError(
                path,
                expected="a train case must have a weight above 0",
                got="none",
                todo="Correct the weights.",
            )
        return counts

    def _cases(self, split: str) -> Cases:
        """Yield the cases of a split, in train followed by the charge-only cases."""
        cases = read_cases(self.inputs.splits[split], case_format=self.spec.case_format)
        yield from refuse_unknown_labels(cases, self.inputs.known_labels)
        if split == "train" and self.spec.charge_only_data:
            case_format = replace(self.spec.case_format, charges_only=True)
            yield from read_cases(self.spec.charge_only_data, case_format=case_format)

    def _save_vocabularies(
        self, counts: Mapping[str, _SplitCounts]
    ) -> tuple[Vocabulary, Vocabulary, Vocabulary]:
        """Write the vocabularies of tokens, articles and charges, and return them."""
        train = counts["train"]
        tokens = build_vocabulary(
            train.token_counts,
            min_count=self.config.min_count,
            max_size=self.config.max_vocabulary,
            always=listed_words(self.config.user_tokens),
        )
        cited = {name for split in counts.values() for name in split.article_counts}
        articles = Vocabulary(tuple(self.inputs.articles or sorted(cited, key=statute_order)))
        if not articles.names:
            raise CaseError(
                self.spec.data,
                expected="the cases must name an article",
                got="none",
                todo="Label the cases.",
            )
        charges = Vocabulary(tuple(sorted(train.charge_counts)))
        for name, vocabulary in zip(VOCABULARY_FILES, (tokens, articles, charges), strict=True):
            vocabulary.save(self.vocab / name)
        seal(self.vocab, VOCABULARY_FILES)
        return tokens, articles, charges

    def _write(
        self, split: str, spool: JsonSpool, *, tokens: Vocabulary, articles: Vocabulary
    ) -> tuple[Shard, ...]:
        """Write the shards of a split."""
        shards = write_shards(
            self._records(split, spool, tokens=tokens, articles=articles),
            self.folder,
            split=split,
            shard_cases=self.config.shard_cases,
            compression=self._compression,
        )
        return tuple(shards)

    def _records(
        self, split: str, spool: JsonSpool, *, tokens: Vocabulary, articles: Vocabulary
    ) -> Iterator[Record]:
        for done, (case_tokens, case) in enumerate(spool, 1):
            yield Record(
                case_id=case["case_id"],
                token_ids=encode(case_tokens, tokens, max_tokens=self.config.max_tokens),
                label_ids=_label_ids(case["articles"], articles),
                unknown_ids=_label_ids(case["unknown_articles"], articles),
                weight=case["weight"],
                charges=tuple(case["charges"]),
            )
            self.progress.update(f"write {split}", done, len(spool))

    @property
    def _compression(self) -> str:
        return "GZIP" if self.config.gzip else ""


def _label_ids(names: list[str], articles: Vocabulary) -> list[int]:
    """Return the ids of articles, ascending; one that no case cites has no id and needs no mask."""
    if tuple(names) == EVERY_ARTICLE:
        return list(range(len(articles)))
    return sorted(articles.ids[name] for name in names if name in articles.ids)
