"""Prepare: from a folder of cases to records; the same cases and settings are prepared once."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import asdict, dataclass, field, replace
from itertools import chain
from pathlib import Path
from typing import IO

from lawrec.config import CorpusConfig
from lawrec.corpus.cases import (
    EVERY_ARTICLE,
    Case,
    encodings_at,
    no_case_error,
    raise_bad_case,
    read_cases,
)
from lawrec.corpus.dataset_spec import DatasetSpec, digests_of, key_of
from lawrec.corpus.manifest import (
    MANIFEST,
    Manifest,
    Records,
    Shard,
    Split,
    load_records,
    manifest_to_dict,
    verify,
)
from lawrec.corpus.parallel_tokenization import tokenize_cases
from lawrec.corpus.splits import find_splits
from lawrec.corpus.tfrecords import Record, write_shards
from lawrec.corpus.tokenizers import Tokenizer, listed_words, load_tokenizer
from lawrec.corpus.vocabulary import Vocabulary, build_vocabulary, encode
from lawrec.errors import CaseError, quoted
from lawrec.files import atomic_folder, write_json
from lawrec.law.articles import statute_order
from lawrec.law.charges import normalize_charge
from lawrec.progress import SILENT, Progress


@dataclass
class _Tally:
    """What reading a split counts."""

    cases: int = 0
    tokens: int = 0
    skipped: int = 0
    token_counts: Counter[str] = field(default_factory=Counter)
    article_counts: Counter[str] = field(default_factory=Counter)
    charge_counts: Counter[str] = field(default_factory=Counter)
    known_cases: Counter[str] = field(default_factory=Counter)

    def count(self, tokens: list[str], case: Case) -> None:
        """Count a case; one of weight 0 teaches nothing, but its articles have columns too."""
        self.cases += 1
        self.tokens += len(tokens)
        teaches = case.weight > 0
        self.token_counts.update(tokens if teaches else ())
        self.article_counts.update(dict.fromkeys(case.articles, int(teaches)))
        self.charge_counts.update(dict.fromkeys(case.charges, int(teaches)))
        self.known_cases["articles"] += teaches and case.unknown_articles != EVERY_ARTICLE
        self.known_cases["charges"] += teaches and case.charges != ()


def prepare(source: DatasetSpec, config: CorpusConfig, progress: Progress = SILENT) -> Records:
    """Return the records of the cases, made now unless they are there and whole.

    The records' key is a digest of the cases, the settings, the lists of words and that of labels,
    so records of changed cases are never mistaken for current ones.

    Raises:
        CaseError: A file is missing, a line cannot be used, or two splits are the same file.
    """
    files = find_splits(source.data)
    digests = digests_of(source)
    tokenizer = load_tokenizer(config, source.dictionaries)
    key = key_of(source, config, digests=digests, tokenizer=tokenizer)
    folder, vocab = source.records_root / key, source.vocab_root / key
    lists = (vocab / name for name in ("tokens.txt", "articles.txt", "charges.txt"))
    # Reading all of the records takes no longer than the digests of the cases did.
    if not all(path.is_file() for path in lists) or verify(folder).damage:
        damaged = " What is there is damaged." if folder.exists() else ""
        note = f"Preparing the cases of {source.data} into {folder}.{damaged}"
        progress.message(note)
        with atomic_folder(vocab) as new_vocab, atomic_folder(folder) as new_folder:
            work = _Preparation(source, config, tokenizer, progress, new_folder, new_vocab)
            work.run(files, digests)
    return load_records(folder, vocab)


@dataclass(frozen=True)
class _Preparation:
    """One preparation under way: tokens wait in a spool file, so that memory stays constant."""

    source: DatasetSpec
    config: CorpusConfig
    tokenizer: Tokenizer
    progress: Progress
    folder: Path
    vocab: Path

    def run(self, files: dict[str, Path], digests: dict[str, str]) -> None:
        tallies = {split: self._spool(split, path) for split, path in files.items()}
        tokens, articles, charges = self._vocabularies(tallies)
        splits = {
            split: Split(
                source=str(path),
                source_sha256=digests[split],
                cases=tallies[split].cases,
                tokens=tallies[split].tokens,
                skipped=tallies[split].skipped,
                shards=self._shards(split, tallies[split].cases, tokens=tokens, articles=articles),
                encoding=encodings_at(path, self.source.case_format),
            )
            for split, path in files.items()
        }
        train = tallies["train"]
        manifest = Manifest(
            tokenizer=self.tokenizer.fingerprint,
            max_tokens=self.config.max_tokens,
            splits=splits,
            label_counts=tuple(train.article_counts[name] for name in articles.names),
            charge_counts=tuple(train.charge_counts[name] for name in charges.names),
            compression=self._compression,
            known_cases=dict(train.known_cases),
        )
        write_json(self.folder / MANIFEST, manifest_to_dict(manifest))

    def _spool(self, split: str, path: Path) -> _Tally:
        tally = _Tally()
        usable = self._usable(split, path, tally=tally)
        cut = tokenize_cases(
            usable, self.tokenizer, config=self.config, dictionaries=self.source.dictionaries
        )
        with self._spool_path(split).open("w", encoding="utf-8") as spool, closing(cut):
            for case, tokens in cut:
                plain = tuple(dict.fromkeys(filter(None, map(normalize_charge, case.charges))))
                case = replace(case, fact="", charges=plain)
                tally.count(tokens, case)
                spool.write(json.dumps([tokens, asdict(case)]) + "\n")
                self.progress.update(f"tokenize {split}", tally.cases, None)
        if not tally.cases:
            raise no_case_error(path)
        if split == "train" and not tally.known_cases.total():
            raise CaseError(
                path,
                expected="a train case must have a weight above 0",
                got="none",
                todo="Mend the weights.",
            )
        return tally

    def _usable(self, split: str, path: Path, *, tally: _Tally) -> Iterator[Case]:
        cases = _within(read_cases(path, case_format=self.source.case_format), self.source.listed())
        if split == "train" and self.source.charged:
            case_format = replace(self.source.case_format, charges_only=True)
            cases = chain(cases, read_cases(self.source.charged, case_format=case_format))
        if not self.source.skip_bad:
            yield from raise_bad_case(cases)
            return
        with (self.folder / "skipped.jsonl").open("a", encoding="utf-8") as skipped:
            for case in cases:
                if isinstance(case, CaseError):
                    tally.skipped += 1
                    line = {"where": case.where, "error": str(case)}
                    skipped.write(json.dumps(line, ensure_ascii=False) + "\n")
                else:
                    yield case

    def _vocabularies(
        self, tallies: dict[str, _Tally]
    ) -> tuple[Vocabulary, Vocabulary, Vocabulary]:
        tokens = build_vocabulary(
            tallies["train"].token_counts,
            min_count=self.config.min_count,
            max_size=self.config.max_vocabulary,
            always=listed_words(self.config.user_tokens),
        )
        # The articles of all splits: one that train never saw must count as a miss, not vanish.
        seen = {name for tally in tallies.values() for name in tally.article_counts}
        articles = Vocabulary(tuple(self.source.listed() or sorted(seen, key=statute_order)))
        if not articles.names:
            raise CaseError(
                self.source.data,
                expected="the cases must name an article",
                got="none",
                todo="Label the cases.",
            )
        tokens.save(self.vocab / "tokens.txt")
        articles.save(self.vocab / "articles.txt")
        charges = Vocabulary(tuple(sorted(tallies["train"].charge_counts)))
        charges.save(self.vocab / "charges.txt")
        return tokens, articles, charges

    def _shards(
        self, split: str, cases: int, *, tokens: Vocabulary, articles: Vocabulary
    ) -> tuple[Shard, ...]:
        path = self._spool_path(split)
        with path.open(encoding="utf-8") as spool:
            records = self._records(split, cases, spool=spool, tokens=tokens, articles=articles)
            size = self.config.shard_cases
            shards = tuple(
                write_shards(
                    records,
                    self.folder,
                    split=split,
                    shard_cases=size,
                    compression=self._compression,
                )
            )
        path.unlink()
        return shards

    def _records(
        self, split: str, cases: int, *, spool: IO[str], tokens: Vocabulary, articles: Vocabulary
    ) -> Iterator[Record]:
        for done, line in enumerate(spool, 1):
            case_tokens, case = json.loads(line)
            yield Record(
                case_id=case["case_id"],
                token_ids=encode(case_tokens, tokens, max_tokens=self.config.max_tokens),
                label_ids=_ids(case["articles"], articles),
                unknown_ids=_ids(case["unknown_articles"], articles),
                weight=case["weight"],
                charges=tuple(case["charges"]),
            )
            self.progress.update(f"write {split}", done, cases)

    @property
    def _compression(self) -> str:
        return "GZIP" if self.config.gzip else ""

    def _spool_path(self, split: str) -> Path:
        return self.folder / f"{split}.spool"


def _ids(names: list[str], articles: Vocabulary) -> list[int]:
    """Return the label ids of articles; one that no case cites has none, and nothing to mask."""
    if tuple(names) == EVERY_ARTICLE:
        return list(range(len(articles)))
    return sorted(articles.ids[name] for name in names if name in articles.ids)


def _within(
    cases: Iterable[Case | CaseError], listed: list[str] | None
) -> Iterator[Case | CaseError]:
    """Turn a case with an article outside the list into its error."""
    known = set(listed or ())
    for case in cases:
        named = (*case.articles, *case.unknown_articles) if isinstance(case, Case) else ()
        unknown = set(named) - known
        if isinstance(case, Case) and listed and unknown:
            yield CaseError(
                case.where,
                expected="each article must be in the list of articles",
                got=quoted(sorted(unknown)),
                todo="Add it to the list, fix the line, or pass --skip-bad.",
            )
        else:
            yield case
