import pytest

from lawrec.law.labels import parse_list
from lawrec.storage.json_text import json_line, parse_json
from lawrec.storage.limits import MAX_DIGITS, MAX_JSON_DEPTH


def test_what_utf8_cannot_hold_is_escaped():
    assert json_line({"a": "盗\udcff"}) == '{"a": "盗\\udcff"}'.encode()
    assert json_line({"a": "盗"}) == '{"a": "盗"}'.encode()


def nested(depth):
    return "[" * depth + "]" * depth


def test_json_within_the_limits_is_read():
    brackets_in_text = ["[{" * 1_000, '\\"[']
    text = json_line([brackets_in_text, int("9" * MAX_DIGITS)]).decode()
    assert parse_json(text) == [brackets_in_text, int("9" * MAX_DIGITS)]
    assert parse_json(nested(MAX_JSON_DEPTH))
    assert parse_list(nested(MAX_JSON_DEPTH))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (nested(MAX_JSON_DEPTH + 1), "more than 100 brackets inside each other"),
        (f'["[", {nested(MAX_JSON_DEPTH)}]', "more than 100 brackets inside each other"),
        (f"[{'9' * (MAX_DIGITS + 1)}]", "a number of 4,301 digits"),
        ('[{"x": -1e400}]', "a number that is too large: '-1e400'"),
        ('{"meta": {"id": 1, "fact": 2, "id": 1}}', 'the key "id" twice in one object'),
    ],
    ids=["brackets", "brackets after a text", "digits", "large", "key"],
)
def test_json_beyond_a_limit_is_refused(text, message):
    with pytest.raises(ValueError, match=message):
        parse_json(text)


def test_labels_with_too_many_brackets_are_no_list():
    assert parse_list(nested(MAX_JSON_DEPTH + 1)) is None
