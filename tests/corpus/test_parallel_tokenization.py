import os
import signal
import subprocess
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from itertools import chain
from pathlib import Path

import pytest

from lawrec.config import CorpusConfig
from lawrec.corpus.bad_lines import usable_cases
from lawrec.corpus.case_counts import TokenCounts
from lawrec.corpus.cases import Case, read_cases
from lawrec.corpus.parallel_tokenization import tokenize_cases
from lawrec.corpus.tokenization.tokenizers import load_tokenizer
from lawrec.errors import CaseError
from lawrec.storage.processes import pid_space
from lawrec.storage.resources import shipped_path
from lawrec.storage.seal import json_digest

TERMS = (shipped_path("vocab/legal_terms.txt"),)
CHAR = CorpusConfig(tokenizer="char", max_tokens=3)
REPOSITORY = Path(__file__).parents[2]
INTERRUPTED = """
import itertools
from lawrec.config import CorpusConfig
from lawrec.corpus.cases import Case
from lawrec.corpus.parallel_tokenization import tokenize_cases
from lawrec.corpus.tokenization.tokenizers import load_tokenizer

if __name__ == "__main__":
    config = CorpusConfig(tokenizer="char", workers=2)

    def cases():
        for number in itertools.count():
            if number == 2_047:
                print("starts processes", flush=True)
            yield Case("file", str(number), "盗窃" * 100)

    try:
        for case in tokenize_cases(cases(), load_tokenizer(config), config=config, dictionaries=()):
            pass
    except KeyboardInterrupt:
        print("stopped", flush=True)
"""


@pytest.fixture(autouse=True)
def processes_start_from_three_cases(monkeypatch):
    monkeypatch.setattr("lawrec.corpus.parallel_tokenization.MIN_PARALLEL_CASES", 3)
    monkeypatch.setattr("lawrec.corpus.cases.CASES_PER_TASK", 2)


def invented(size):
    return [Case(f"file:{n}", str(n), f"盗{n}窃") for n in range(size)]


def tokenize_all(cases, config, dictionaries=()):
    return list(
        tokenize_cases(
            cases, load_tokenizer(config, dictionaries), config=config, dictionaries=dictionaries
        )
    )


@pytest.mark.parametrize("size", [0, 1, 2, 3, 4, 5, 8])
def test_any_number_of_cases_comes_in_order_with_its_first_tokens(size):
    cases = invented(size)
    for workers in (1, 2):
        assert tokenize_all(cases, replace(CHAR, workers=workers)) == [
            (case, list(case.fact)[:3]) for case in cases
        ]


def test_the_sample_is_tokenized_the_same_by_one_process_and_by_two(tmp_path):
    (tmp_path / "stop.txt").write_text("的\n", encoding="utf-8")
    config = CorpusConfig(entity_types=("money", "date"), stop_words=str(tmp_path / "stop.txt"))
    cases = list(usable_cases(read_cases(shipped_path("data/sample/valid.json"))))[:40]
    alone, together = (tokenize_all(cases, replace(config, workers=n), TERMS) for n in (1, 2))
    assert alone == together
    assert any("<date>" in tokens for _, tokens in alone)


@pytest.mark.parametrize("size", [2, 9])
@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("is_kept", [True, False])
def test_tokens_are_counted_whoever_tokenizes_and_however_often(tmp_path, size, workers, is_kept):
    config, cases = replace(CHAR, workers=workers), invented(size)
    cases[1] = replace(cases[1], weight=0.0)  # it has a 盗, a 1 and a 窃, and teaches nothing
    for _ in range(2):  # the second time, what is kept is read
        counts = TokenCounts()
        tokenized = tokenize_cases(
            cases,
            replace(load_tokenizer(config), is_quick=False),
            config=config,
            dictionaries=(),
            kept=tmp_path if is_kept else None,
            counts=counts,
        )
        tokens = [tokens for case, tokens in tokenized if case.weight]
        assert counts.occurrences == Counter(chain.from_iterable(tokens))
        assert counts.cases == Counter(chain.from_iterable(map(set, tokens)))
        assert counts.occurrences["盗"] == size - 1
        assert "1" not in counts.cases


def test_cases_with_the_same_facts_and_other_weights_are_counted_anew(tmp_path):
    slow, cases = replace(load_tokenizer(CHAR), is_quick=False), invented(4)
    for weight, expected in ((1.0, 4), (0.0, 3)):
        counts = TokenCounts()
        list(
            tokenize_cases(
                [replace(cases[0], weight=weight), *cases[1:]],
                slow,
                config=replace(CHAR, workers=1),
                dictionaries=(),
                kept=tmp_path,
                counts=counts,
            )
        )
        assert counts.cases["盗"] == expected


def test_few_cases_start_no_process(monkeypatch):
    monkeypatch.setattr("lawrec.corpus.parallel_tokenization.parallel_map", None)
    assert len(tokenize_all(invented(2), replace(CHAR, workers=2))) == 2


def test_all_cores_are_for_a_tokenizer_that_is_not_quick(monkeypatch):
    def parallel_map(work, batched, workers):
        assert workers == 7
        yield from ((chunk, work(chunk)) for chunk in batched)

    monkeypatch.setattr("lawrec.corpus.parallel_tokenization.available_cores", lambda: 7)
    monkeypatch.setattr("lawrec.corpus.parallel_tokenization.parallel_map", parallel_map)
    expected = tokenize_all(invented(9), replace(CHAR, workers=1))
    slow = replace(load_tokenizer(CHAR), is_quick=False)
    assert list(tokenize_cases(invented(9), slow, config=CHAR, dictionaries=())) == expected
    monkeypatch.setattr("lawrec.corpus.parallel_tokenization.parallel_map", None)
    assert tokenize_all(invented(9), CHAR) == expected


def test_an_error_in_another_process_comes_whole(tmp_path):
    """The word list of the others is gone by the time that they start."""
    config = replace(CHAR, workers=2)
    gone = replace(config, stop_words=str(tmp_path / "absent.txt"))
    with pytest.raises(CaseError) as caught:
        list(tokenize_cases(invented(9), load_tokenizer(config), config=gone, dictionaries=()))
    assert caught.value.where == str(tmp_path / "absent.txt")
    assert caught.value.todo == "Check the path."


@pytest.mark.skipif(sys.platform == "win32", reason="has no process groups")
@pytest.mark.parametrize("wait", [0.0, 0.03, 0.1, 0.5])
def test_ctrl_c_ends_all_processes_without_a_word(tmp_path, wait):
    script = tmp_path / "script.py"
    script.write_text(INTERRUPTED, encoding="utf-8")
    process = subprocess.Popen(
        [sys.executable, script],
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stdout.readline() == "starts processes\n"
    time.sleep(wait)
    os.killpg(process.pid, signal.SIGINT)
    out, err = process.communicate(timeout=60)  # until every process has closed these
    assert (out, err, process.returncode) == ("stopped\n", "", 0)


def test_what_a_killed_process_has_tokenized_is_read_again(tmp_path):
    config, tokenized = replace(CHAR, workers=2), []

    def map_here(work, batches, limit=None):
        for number, batch in enumerate(batches):
            if number == limit:
                raise KeyboardInterrupt
            tokenized.append(batch)
            yield batch, work(batch)

    def tokenize(map_batches):
        return tokenize_cases(
            invented(9),
            load_tokenizer(config),
            config=config,
            dictionaries=(),
            map_batches=map_batches,
            kept=tmp_path,
        )

    with pytest.raises(KeyboardInterrupt):
        list(tokenize(partial(map_here, limit=3)))
    files = sorted(tmp_path.glob("*/*.json"))
    assert len(files) == 3
    damaged = files[0].read_text(encoding="utf-8")
    files[0].write_text(damaged.replace("\\u76d7", "\\u7a83", 1), encoding="utf-8")
    times = {file: file.stat().st_mtime_ns for file in files}
    assert list(tokenize(map_here)) == tokenize_all(invented(9), CHAR)
    assert len(list(tmp_path.glob("*/*.json"))) == 5
    rewritten = [file for file, time in times.items() if file.stat().st_mtime_ns != time]
    assert rewritten == files[:1]
    assert files[0].read_text(encoding="utf-8") == damaged


def test_two_that_tokenize_the_same_cases_share_the_work(tmp_path):
    slow, done = replace(load_tokenizer(CHAR), is_quick=False), []

    def tokenize(text):
        time.sleep(0.002)
        done.append(text)
        return list(text)

    def all_tokens(_):
        tokenizer = replace(slow, tokenize=tokenize)
        config = replace(CHAR, workers=1)
        return list(
            tokenize_cases(
                invented(99), tokenizer, config=config, dictionaries=(), kept=tmp_path / "kept"
            )
        )

    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(all_tokens, range(2))
    assert first == second == tokenize_all(invented(99), CHAR)
    assert sorted(done) == sorted(case.fact for case in invented(99))
    assert list((tmp_path / "kept").glob("*.claim")) == []


def test_a_batch_of_another_process_is_waited_for(tmp_path, monkeypatch):
    """The other one is at work on the first batch until this one has waited for it twice."""
    monkeypatch.setattr("lawrec.corpus.parallel_tokenization.MOST_WAITING", 2)
    cases, waits, done = invented(12), [], []
    name = json_digest([[case.fact for case in cases[:2]], [True, True]])
    claim = tmp_path / f"{name}.claim"
    claim.write_text(f"{os.getpid()}@{pid_space()}", encoding="utf-8")

    def sleep(_):
        waits.append(len(done))
        if len(waits) == 2:
            claim.unlink()

    def map_here(work, batches):
        for batch in batches:
            done.append(batch)
            yield batch, work(batch)

    monkeypatch.setattr("lawrec.corpus.parallel_tokenization.time.sleep", sleep)
    tokenized = tokenize_cases(
        cases,
        load_tokenizer(CHAR),
        config=CHAR,
        dictionaries=(),
        map_batches=map_here,
        kept=tmp_path,
    )
    assert list(tokenized) == tokenize_all(cases, CHAR)
    assert waits == [3, 3]
