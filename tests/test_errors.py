import pickle

import pytest

from lawrec.errors import (
    CaseError,
    ConfigError,
    ErrorKind,
    LawrecError,
    RecordsError,
    RunError,
    StatuteError,
    quoted,
)


def test_a_message_has_its_four_parts_in_order():
    error = LawrecError(
        "train.json:3", expected="the fact must not be empty", got="''", todo="Write the fact."
    )
    assert str(error) == "train.json:3: the fact must not be empty, got ''. Write the fact."


def test_the_parts_stay_readable_on_their_own(tmp_path):
    error = LawrecError(tmp_path, expected="the folder must exist", got=7, todo="Make it.")
    assert (error.where, error.expected, error.got, error.todo) == (
        str(tmp_path),
        "the folder must exist",
        "7",
        "Make it.",
    )


@pytest.mark.parametrize("kind", [CaseError, ConfigError, RecordsError, RunError, StatuteError])
def test_every_kind_is_caught_as_a_lawrec_error(kind):
    with pytest.raises(LawrecError, match=r"^here: it must hold, got nothing\. Do it\.$"):
        raise kind("here", expected="it must hold", got="nothing", todo="Do it.")


@pytest.mark.parametrize("kind", [CaseError, ConfigError, RecordsError, RunError, StatuteError])
def test_an_error_comes_whole_from_another_process(kind):
    error = kind("here", expected="it must hold", got="nothing", todo="Do it.")
    copy = pickle.loads(pickle.dumps(error))
    assert type(copy) is kind
    assert (str(copy), vars(copy)) == (str(error), vars(error))


def test_a_case_error_has_a_kind_that_pickling_keeps():
    parts = {"expected": "it must hold", "got": "nothing", "todo": "Do it."}
    assert CaseError("here", **parts).kind == ErrorKind.OTHER
    error = CaseError("here", **parts, kind=ErrorKind.ENCODING)
    assert pickle.loads(pickle.dumps(error)).kind is ErrorKind.ENCODING


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("264", "'264'"),
        (264, "264"),
        (None, "None"),
        ("a\nb", r"'a\nb'"),
        ("\udcff", r"'\udcff'"),
        ("x" * 38, "'" + "x" * 38 + "'"),
        ("x" * 39, "'" + "x" * 38 + "…"),
        ("x" * 100_000, "'" + "x" * 38 + "…"),
    ],
)
def test_a_quoted_value_has_one_line_of_at_most_40_characters(value, expected):
    assert quoted(value) == expected
    assert len(quoted(value)) <= 40


def test_the_same_error_elsewhere_keeps_its_parts_and_its_kind():
    error = CaseError(
        "a.json", expected="x", got="y", todo="z", kind=ErrorKind.ENCODING, case_id="7"
    )
    moved = error.at("b.json")
    assert str(moved) == "b.json: x, got y. z"
    assert vars(moved) == {**vars(error), "where": "b.json"}
