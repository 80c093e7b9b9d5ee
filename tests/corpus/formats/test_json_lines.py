"""JSON that is no JSON lines, and what is deep, long or has a comma too many."""

import pytest

from lawrec.corpus.cases import Case, read_cases
from lawrec.errors import CaseError, ErrorKind

LINE = '{"fact": "被告人盗窃。", "articles": [264]}'


def cases_of(tmp_path, text):
    path = tmp_path / "c.json"
    path.write_text(text, encoding="utf-8")
    return list(read_cases(path))


@pytest.mark.parametrize(
    "text", [f"[{LINE}]", f"[\n  {LINE},\n  {LINE}\n]\n", "\n\ufeff [\n]", "[1, 2]", "[" * 100_000]
)
def test_an_array_is_one_error_of_the_file(tmp_path, text):
    with pytest.raises(CaseError) as caught:
        cases_of(tmp_path, text)
    error = caught.value
    assert (error.where, error.got) == (str(tmp_path / "c.json"), "a JSON array")
    assert error.expected == "the file must be JSON lines, one object per line"
    assert error.todo == f"Convert it: jq -c '.[]' {error.where} > lines.jsonl."


def test_an_object_over_several_lines_is_one_error_of_the_file(tmp_path):
    with pytest.raises(CaseError) as caught:
        cases_of(tmp_path, '{\n  "fact": "被告人盗窃。"\n}\n')
    assert caught.value.got == "an object over several lines"
    assert caught.value.todo.startswith("Convert it: jq -c '.' ")


def test_an_array_in_a_later_line_is_an_error_of_its_line(tmp_path):
    case, error, other = cases_of(tmp_path, f"{LINE}\n[1, 2]\n{LINE}")
    assert error.got == "[1, 2]"
    assert isinstance(case, Case)
    assert isinstance(other, Case)


@pytest.mark.parametrize(
    "line", [f"{LINE},", f"{LINE} , ", '{"fact": "盗窃", "articles": [264,]}', '{"fact": "盗",}']
)
def test_a_comma_before_the_end_is_named(tmp_path, line):
    (error,) = cases_of(tmp_path, line)
    assert error.got == "broken JSON (a comma before the end)"
    assert error.todo == "Delete the comma."
    assert error.kind is ErrorKind.BROKEN_JSON


@pytest.mark.parametrize("line", [f"{LINE}{LINE}", '{"fact": , "articles": []}'])
def test_other_faults_keep_their_own_words(tmp_path, line):
    (error,) = cases_of(tmp_path, line)
    assert "comma before" not in error.got


@pytest.mark.parametrize("deep", ['{"a": ' * 101 + "1" + "}" * 101, '{"a": ' + "[" * 100_000])
def test_json_may_not_be_too_deep(tmp_path, deep):
    (error,) = cases_of(tmp_path, deep)
    assert error.got == "more than 100 brackets inside each other"


def test_brackets_in_a_text_are_not_deep(tmp_path):
    line = LINE.replace("盗窃", "[{" * 10_000 + '\\"盗窃')
    assert isinstance(cases_of(tmp_path, line)[0], Case)
    nested = LINE.replace("[264]", '[264], "more": ' + "[" * 99 + "]" * 99)
    assert isinstance(cases_of(tmp_path, nested)[0], Case)


def test_a_number_may_not_be_too_long(tmp_path):
    error, case = cases_of(tmp_path, f'{{"n": {"9" * 4_301}, "fact": "盗"}}\n{LINE}')
    assert error.got == "a number of 4,301 digits"
    assert isinstance(case, Case)
