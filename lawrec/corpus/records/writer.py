"""Records writer: from cases to vocabularies and records, each tokenized once, in constant memory.

The tokens of the cases wait in temporary files until the vocabularies are known, so that memory
holds counts and not texts.

The vocabulary of tokens comes from the train split alone, the articles come from all splits. Extra
cases and the statute are splits of their own, "extra" and "statute", for training alone.
Articles that only valid or test cite have a column, too, so that metrics count their misses; their
scores start at 1e-5.
"""

from collections import Counter
from collections.abc import Generator, Iterable, Iterator, Mapping, Set
from contextlib import ExitStack, closing
from dataclasses import asdict, dataclass, replace
from itertools import chain
from pathlib import Path
from typing import Any, TypeAlias

from lawrec.corpus.bad_lines import SKIPPED, BadLines, usable_cases
from lawrec.corpus.case_counts import SplitCounts, TokenCounts
from lawrec.corpus.cases import EVERY_ARTICLE, Case, no_case_error, read_cases
from lawrec.corpus.label_check import KnownLabels, labels_known_to_run, refuse_each_unknown_label
from lawrec.corpus.parallel_tokenization import tokenize_cases
from lawrec.corpus.readers import DEFAULT_FORMAT, CaseFormat
from lawrec.corpus.records.dataset_spec import EXTRA, STATUTE, DatasetInputs
from lawrec.corpus.records.extra_cases import ExtraCases, statute_cases
from lawrec.corpus.records.manifest import VOCABULARY_FILES, Manifest, Split, manifest_to_dict
from lawrec.corpus.records.record import Record
from lawrec.corpus.records.tfrecords import write_shards
from lawrec.corpus.splits import encodings_at
from lawrec.corpus.tokenization.tokenizers import listed_words
from lawrec.corpus.vocabulary import Vocabulary, build_vocabulary, encode_tokens
from lawrec.errors import CaseError
from lawrec.iterables import JsonSpool, MapItems
from lawrec.law.articles import statute_order
from lawrec.law.charges import normalize_charge
from lawrec.progress import Progress
from lawrec.storage.seal import MANIFEST, file_digests, json_digest, seal, write_sealed

_Vocabularies: TypeAlias = tuple[Vocabulary, Vocabulary, Vocabulary]
"""Those of tokens, articles and charges."""
_TEACH_CHARGES = frozenset({"train", EXTRA})


@dataclass(frozen=True)
class RecordsWriter:
    """Writes the records of the cases, in one pass and in constant memory.

    Args:
        inputs: What the records depend on.
        progress: Reports each case.
        map_batches: As for `tokenize_cases`.
        folder: An empty folder for the records.
        vocab: An empty folder for the vocabularies.
        extra: What is learned about extra cases.
    """

    inputs: DatasetInputs
    progress: Progress
    map_batches: MapItems | None
    folder: Path
    vocab: Path
    extra: ExtraCases

    def run(self) -> None:
        """Write the vocabularies, the shards and, last, the manifest."""
        with ExitStack() as stack:
            counts: dict[str, SplitCounts] = {}
            spools = {}
            for split in self._files:
                spools[split] = stack.enter_context(JsonSpool(self.folder))
                counts[split] = self._tokenize(split, spools[split], cited=_cited(counts))
            vocabularies = self._save_vocabularies(counts)
            splits = {
                split: self._write_split(split, spool, counts[split], vocabularies=vocabularies)
                for split, spool in spools.items()
                if counts[split].cases
            }
        _, articles, charges = vocabularies
        train, charge_counts = counts["train"], _charge_counts(counts)
        n_charged = sum(counts[s].known_cases["charges"] for s in _TEACH_CHARGES & counts.keys())
        manifest = Manifest(
            tokenizer=self.inputs.tokenizer.fingerprint,
            max_tokens=self.inputs.config.max_tokens,
            splits=splits,
            label_counts=tuple(train.article_counts[name] for name in articles.names),
            charge_counts=tuple(charge_counts[name] for name in charges.names),
            compression=self._compression,
            known_cases={**train.known_cases, "charges": n_charged},
            vocabularies=file_digests(self.vocab, VOCABULARY_FILES),
            left_out=dict(self.extra.left_out),
            unlabelled=dict(self.extra.unlabelled),
        )
        write_sealed(self.folder / MANIFEST, manifest_to_dict(manifest))

    @property
    def _files(self) -> dict[str, list[tuple[Path, CaseFormat]]]:
        """The files of each split and how they are written; a split may need those before it."""
        spec = self.inputs.spec
        files = {split: [(path, spec.case_format)] for split, path in self.inputs.splits.items()}
        if extra := list(spec.extra_files.values()):
            files[EXTRA] = extra
        if spec.statute:
            files[STATUTE] = [(spec.statute, DEFAULT_FORMAT)]
        return files

    def _tokenize(self, split: str, spool: JsonSpool, *, cited: Set[str]) -> SplitCounts:
        """Tokenize the cases of a split into a spool, and count them."""
        counts = SplitCounts()
        bad_lines = BadLines(skip=self.inputs.spec.skip_bad, log=self.folder / SKIPPED)
        tokenized = tokenize(
            self._cases(split, bad_lines, labels=set(self.inputs.articles or cited)),
            self.inputs,
            map_batches=self.map_batches,
            counts=counts.of_tokens if split == "train" else None,
        )
        with closing(tokenized):
            for case, tokens in tokenized:
                if self.inputs.spec.extra_files and split in self.inputs.splits:
                    self.extra.learn(split, case)
                charges = dict.fromkeys(filter(None, map(normalize_charge, case.charges)))
                case = replace(case, fact="", charges=tuple(charges))
                counts.add(case, len(tokens))
                spool.append([tokens, asdict(case)])
                self.progress.update(f"tokenize {split}", counts.cases, None)
        counts.skipped = bad_lines.skipped
        self._check_counts(split, counts)
        return counts

    def _check_counts(self, split: str, counts: SplitCounts) -> None:
        path, _ = self._files[split][0]
        may_be_empty = split == STATUTE or (split == EXTRA and self.extra.left_out)
        if not counts.cases and not may_be_empty:
            raise no_case_error(path)
        if split == "train" and not counts.known_cases.total():
            raise CaseError(
                path,
                expected="a train case must have a weight above 0",
                got="none",
                todo="Correct the weights.",
            )

    def _cases(self, split: str, bad_lines: BadLines, *, labels: Set[str]) -> Iterator[Case]:
        """Yield the cases of a split.

        Those of the extra split are labelled and no copies.

        Args:
            split: The split.
            bad_lines: What to do with lines that cannot be used.
            labels: The articles that have a label id; extra cases and the statute need them.
        """
        if split == STATUTE:
            return self._statute_cases(labels)
        if split != EXTRA:
            return split_cases(self.inputs, split, bad_lines=bad_lines)
        cases = chain.from_iterable(
            read_cases(path, case_format=case_format) for path, case_format in self._files[split]
        )
        known = refuse_each_unknown_label(cases, extra_labels(self.inputs))
        return self.extra.usable(usable_cases(known, bad_lines), labels)

    def _statute_cases(self, labels: Set[str]) -> Iterator[Case]:
        """Yield the articles of the statute that have a label id."""
        cases = statute_cases(self.inputs.spec.statute) if self.inputs.spec.statute else iter(())
        return (case for case in cases if case.case_id in labels)

    def _save_vocabularies(self, counts: Mapping[str, SplitCounts]) -> _Vocabularies:
        """Write the vocabularies of tokens, articles and charges, and return them."""
        train, config = counts["train"].of_tokens, self.inputs.config
        occurrences = train.occurrences.items()
        tokens = build_vocabulary(
            {token: n for token, n in occurrences if train.cases[token] >= config.min_cases},
            min_count=config.min_count,
            max_size=config.max_vocabulary,
            always=listed_words(config.user_tokens),
        )
        names = self.inputs.articles or sorted(_cited(counts), key=statute_order)
        articles = Vocabulary(tuple(names))
        if not articles.names:
            raise CaseError(
                self.inputs.spec.data,
                expected="the cases must name an article",
                got="none",
                todo="Label the cases.",
            )
        charges = Vocabulary(tuple(sorted(_charge_counts(counts))))
        for name, vocabulary in zip(VOCABULARY_FILES, (tokens, articles, charges), strict=True):
            vocabulary.save(self.vocab / name)
        seal(self.vocab, VOCABULARY_FILES)
        return tokens, articles, charges

    def _write_split(
        self, split: str, spool: JsonSpool, counts: SplitCounts, *, vocabularies: _Vocabularies
    ) -> Split:
        """Write the shards of a split, and return what the manifest says of it."""
        tokens, articles, _ = vocabularies
        paths = [path for path, _ in self._files[split]]
        digests = self.inputs.digests
        extra = [digests[name] for name in self.inputs.spec.extra_files]
        shards = write_shards(
            self._records(split, spool, tokens=tokens, articles=articles),
            self.folder,
            split=split,
            shard_cases=self.inputs.config.shard_cases,
            compression=self._compression,
        )
        return Split(
            source=", ".join(map(str, paths)),
            source_sha256=json_digest(extra) if split == EXTRA else digests[split],
            cases=counts.cases,
            tokens=counts.tokens,
            skipped=counts.skipped,
            shards=tuple(shards),
            encoding=encodings_at(*self._files[split]),
        )

    def _records(
        self, split: str, spool: JsonSpool, *, tokens: Vocabulary, articles: Vocabulary
    ) -> Iterator[Record]:
        max_tokens = self.inputs.config.max_tokens
        for done, (case_tokens, case) in enumerate(spool, 1):
            fact = encode_tokens(case_tokens, tokens, max_tokens=max_tokens)
            yield Record(
                case_id=case["case_id"],
                token_ids=list(fact.token_ids),
                label_ids=_label_ids(case["articles"], articles),
                unknown_ids=_unknown_ids(case, articles),
                weight=case["weight"],
                charges=tuple(case["charges"]),
            )
            self.progress.update(f"write {split}", done, len(spool))

    @property
    def _compression(self) -> str:
        return "GZIP" if self.inputs.config.gzip else ""


def split_cases(inputs: DatasetInputs, split: str, *, bad_lines: BadLines) -> Iterator[Case]:
    """Yield the cases of train, valid or test.

    Args:
        inputs: What the records depend on.
        split: The split.
        bad_lines: What to do with lines that cannot be used.

    Example:
        >>> split_cases(inputs, "train", bad_lines=BadLines(skip=False))  # doctest: +SKIP
    """
    cases = read_cases(inputs.splits[split], case_format=inputs.spec.case_format)
    return usable_cases(refuse_each_unknown_label(cases, inputs.known_labels), bad_lines)


def tokenize(
    cases: Iterable[Case],
    inputs: DatasetInputs,
    *,
    map_batches: MapItems | None,
    counts: TokenCounts | None = None,
) -> Generator[tuple[Case, list[str]], None, None]:
    """Yield each case with its tokens, which all processes that prepare the cases share.

    Args:
        cases: Cases of a split.
        inputs: What the records depend on.
        map_batches: As for `tokenize_cases`.
        counts: As for `tokenize_cases`.

    Example:
        >>> tokenize(cases, inputs, map_batches=None)  # doctest: +SKIP
    """
    return tokenize_cases(
        cases,
        inputs.tokenizer,
        config=inputs.config,
        dictionaries=inputs.spec.dictionaries,
        map_batches=map_batches,
        kept=kept_tokens(inputs),
        counts=counts,
    )


def kept_tokens(inputs: DatasetInputs) -> Path:
    """Return the folder of the tokens of all processes that prepare the cases.

    Example:
        >>> kept_tokens(inputs).name  # doctest: +SKIP
        '.sample-2f9a1c04.tokens'
    """
    return inputs.spec.records_root / f".{inputs.key}.tokens"


def extra_labels(inputs: DatasetInputs) -> KnownLabels:
    """Return the labels of extra cases: what the list of articles lacks may be in the catalog.

    Example:
        >>> extra_labels(inputs)  # doctest: +SKIP
    """
    any_label = inputs.spec.case_format.any_label and not inputs.articles
    return labels_known_to_run(inputs.articles or (), any_label=any_label)


def _cited(counts: Mapping[str, SplitCounts]) -> set[str]:
    """Return the articles that cases name; extra cases may name others, which are not labels."""
    splits = (split for name, split in counts.items() if name != EXTRA)
    return {name for split in splits for name in split.article_counts}


def _charge_counts(counts: Mapping[str, SplitCounts]) -> Counter[str]:
    """Return how many of the cases that teach charges name each of them, which may be none."""
    total: Counter[str] = Counter()
    for split in _TEACH_CHARGES & counts.keys():
        total.update(counts[split].charge_counts)
    return total


def _label_ids(names: list[str], articles: Vocabulary) -> list[int]:
    """Return the ids of articles, ascending; one that no case cites has no id and needs no mask."""
    return sorted(articles.ids[name] for name in names if name in articles.ids)


def _unknown_ids(case: Mapping[str, Any], articles: Vocabulary) -> list[int]:
    """Return the ids of the unknown articles of a case, ascending."""
    if tuple(case["unknown_articles"]) != EVERY_ARTICLE:
        return _label_ids(case["unknown_articles"], articles)
    known = _label_ids(case["articles"], articles)
    return sorted(set(range(len(articles))).difference(known))
