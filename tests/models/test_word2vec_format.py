import gzip

import numpy as np
import pytest

from lawrec.config import ModelConfig
from lawrec.corpus.vocabulary import Vocabulary
from lawrec.errors import CaseError, ConfigError
from lawrec.models.word2vec_format import (
    check_embedding_init,
    check_output,
    read_vectors,
    write_vectors,
)
from tests.helpers.progress import Reports

TOKENS = Vocabulary(("<pad>", "<unk>", "盗窃", "诈骗", "抢劫"))
HEAD, THEFT, ROBBERY = "2 3", "盗窃 0.5 -1 2e-1", "抢劫 1 2 3"


@pytest.fixture
def write(tmp_path):
    def write(*lines, name="vectors.txt"):
        path = tmp_path / name
        content = b"\n".join(line if isinstance(line, bytes) else line.encode() for line in lines)
        path.write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
        return path

    return write


@pytest.mark.parametrize("name", ["vectors.txt", "vectors.vec", "vectors.txt.gz"])
@pytest.mark.parametrize("end", ["", " ", " \r"])
def test_rows_of_the_vocabulary_are_read(write, name, end):
    path = write(HEAD, f"{ROBBERY}{end}", f"{THEFT}{end}", "", name=name)
    rows, in_file = read_vectors(path, TOKENS, size=3)
    assert rows.dtype == np.float32
    np.testing.assert_allclose(rows[[2, 4]], [[0.5, -1, 0.2], [1, 2, 3]])
    assert in_file.tolist() == [False, False, True, False, True]
    assert not rows[~in_file].any()


def test_a_token_may_hold_spaces_and_is_normalized_and_the_first_counts(write):
    tokens = Vocabulary(("<pad>", "<unk>", "A1", "of", "..."))
    lines = ["6 1", "of the 7", "Ａ１ 1", "A1 2", "of 3", ". . . 4", "\u3000 9"]
    rows, in_file = read_vectors(write(*lines), tokens, size=1)
    assert rows[:, 0].tolist() == [0, 0, 1, 3, 4]
    assert in_file.sum() == 3


@pytest.mark.parametrize(
    ("lines", "line", "expected", "got"),
    [
        ([THEFT], 1, "the first line must be the number of vectors and their size", THEFT),
        ([], 1, "the first line must be the number of vectors and their size", ""),
        (["-2 3", THEFT], 1, "the first line must be the number", "-2 3"),
        ([b"\xff\xfe", THEFT], 1, "the first line must be the number", ""),
        (["2 5", THEFT], 1, "the vectors must have model.embedding_size, 3, numbers", "5"),
        ([HEAD, THEFT, "抢劫 1 2"], 3, "2 lines of a token and 3 numbers", "抢劫 1 2"),
        ([HEAD, THEFT, "", ROBBERY], 3, "2 lines of a token and 3 numbers", "\\n"),
        ([HEAD, THEFT, ROBBERY, "诈骗 1 2 3"], 4, "2 lines of a token", "诈骗 1 2 3"),
        ([HEAD, THEFT, "抢劫 1 2 x"], 3, "a vector must consist of finite numbers", "1 2 x"),
        ([HEAD, THEFT, "抢劫 1 2 nan"], 3, "a vector must consist of finite numbers", "1 2 nan"),
        ([HEAD, THEFT, "抢劫 1 2 1e39"], 3, "a vector must consist of finite numbers", "1 2 1e39"),
        ([HEAD, "盗窃 1 2 3".encode("gb18030")], 2, "the token must be UTF-8", "other bytes"),
    ],
)
def test_a_malformed_line_is_named(write, lines, line, expected, got):
    path = write(*lines)
    with pytest.raises(ConfigError) as caught:
        read_vectors(path, TOKENS, size=3)
    assert caught.value.where == f"{path}:{line}"
    assert expected in caught.value.expected
    assert got in caught.value.got


def test_a_file_that_ends_early_is_refused(write):
    path = write("3 3", THEFT, ROBBERY)
    with pytest.raises(
        ConfigError, match="must have the 3 vectors that its first line says, got 2"
    ):
        read_vectors(path, TOKENS, size=3)


def test_a_file_without_any_token_of_the_vocabulary_is_refused(write):
    with pytest.raises(ConfigError, match="a vector of some token of the vocabulary, got none"):
        read_vectors(write("1 3", "of 1 2 3"), TOKENS, size=3)


def test_a_damaged_or_missing_file_is_refused(write, tmp_path):
    path = write(HEAD, THEFT, ROBBERY, name="vectors.txt.gz")
    path.write_bytes(path.read_bytes()[:-9])
    for broken in (path, tmp_path / "none.txt"):
        with pytest.raises(CaseError, match=broken.name):
            read_vectors(broken, TOKENS, size=3)


def test_numbers_of_other_tokens_are_not_read(write):
    _, in_file = read_vectors(write(HEAD, THEFT, "别的 x y z"), TOKENS, size=3)
    assert in_file.sum() == 1


def test_what_is_written_is_read_again(tmp_path):
    vectors = np.random.default_rng(1).normal(0, 3, (4, 7)).astype(np.float32)
    path = tmp_path / "new/vectors.txt"
    write_vectors(path, TOKENS.names[1:], vectors=vectors)
    rows, in_file = read_vectors(path, TOKENS, size=7)
    np.testing.assert_allclose(rows[1:], vectors, rtol=1e-5)
    assert in_file.tolist() == [False, True, True, True, True]
    assert [path.name for path in path.parent.iterdir()] == ["vectors.txt"]


def test_progress_is_reported_now_and_then(write):
    reports = []
    lines = [THEFT, *(f"w{number} 1 2 3" for number in range(20_500))]
    path = write(f"{len(lines)} 3", *lines)
    read_vectors(path, TOKENS, size=3, progress=Reports(lambda *report: reports.append(report[:3])))
    assert reports == [("vectors", 10_000, 20_501), ("vectors", 20_000, 20_501)]


@pytest.mark.parametrize("vectors", ["cooccurrence", "random"])
def test_what_is_built_in_needs_no_file(vectors):
    check_embedding_init(ModelConfig(embedding_init=vectors))


def test_the_head_of_a_file_is_checked_before_anything_is_done(write):
    path = write(HEAD, "the rest is not looked at")
    check_embedding_init(ModelConfig(embedding_init=str(path), embedding_size=3))
    with pytest.raises(ConfigError, match=r"Pass --set model\.embedding_size=3,"):
        check_embedding_init(ModelConfig(embedding_init=str(path), embedding_size=4))


@pytest.mark.parametrize("vectors", ["fact", "", "."])
def test_a_setting_that_is_neither_built_in_nor_a_file_is_refused(vectors):
    with pytest.raises(ConfigError) as caught:
        check_embedding_init(ModelConfig(embedding_init=vectors))
    assert str(caught.value) == (
        "model.embedding_init: it must be 'cooccurrence' or 'random', or a file of vectors, "
        f"got {vectors!r}. Check the path, or make the file with `lawrec embed`."
    )


def test_a_name_of_a_compressed_file_is_refused_for_output(tmp_path):
    check_output(tmp_path / "vectors.txt")
    with pytest.raises(ConfigError, match=r"must be plain text, without compression, got \.gz"):
        check_output(tmp_path / "vectors.txt.gz")


def test_a_byte_order_mark_does_no_harm(tmp_path):
    path = tmp_path / "vectors.txt"
    path.write_text("1 3\n抢劫 1 2 3\n", encoding="utf-8-sig")
    check_embedding_init(ModelConfig(embedding_size=3, embedding_init=str(path)))
    vectors, in_file = read_vectors(path, Vocabulary(("<pad>", "抢劫")), size=3)
    assert (vectors.tolist(), in_file.tolist()) == ([[0, 0, 0], [1, 2, 3]], [False, True])
