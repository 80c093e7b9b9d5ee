import json
import tracemalloc

import pytest

from lawrec.law.labels import article_names, parse_list, split_labels

TWO = ("274", "133之一")


@pytest.mark.parametrize(
    "value",
    [
        [274, "第一百三十三条之一"],
        ["第274条、第一百三十三条之一第一款"],
        [274.0, None, "133-1", float("nan"), "无"],
        "['274', '133之一']",
        '["274", "133\\u4e4b\\u4e00"]',
        "('274', '133之一')",
        "('274', '133之一',)",
        "{'274', '133之一'}",
        "{274,133之一}",
        "['274' '133之一']",
        "['274'\n '133之一']",
        "[274.0, '133之一', nan]",
        "[274. '133之一' None]",
        "[np.str_('274'), np.str_('133之一')]",
        "[np.float64(274.0), '133-1']",
        {"choices": ["274", "133之一"]},
        {"choices": ["274、133之一"]},
        '{"choices": ["274", "133之一"]}',
        "{'choices': ['274', '133之一']}",
        {"label": ["274", "133之一"]},
        {"id": 7, "labels": [274, "133-1"]},
        [[0, 5, "274"], [8, 9, "133之一"]],
        "[[0, 5, '274'], [8, 9, '133之一']]",
        [{"start": 0, "end": 2, "text": "甲", "labels": ["274", "133之一"]}],
        '[{"value": {"choices": ["274"]}}, {"value": {"choices": ["133之一"]}}]',
        [{"was_cancelled": True, "result": ["9"]}, {"was_cancelled": False, "result": [*TWO]}],
        [{"status": "discarded", "value": ["9"]}, {"status": "submitted", "value": [*TWO]}],
    ],
)
def test_a_list_is_read_however_a_tool_writes_it(value):
    assert article_names(value) == TWO


@pytest.mark.parametrize(
    "value", [[], [None], ["nan"], ["-", ""], "[]", "[nan]", "['无']", {"choices": []}, "()", "{}"]
)
def test_a_marker_of_an_empty_cell_is_no_article(value):
    if value == "{}":
        assert split_labels(value) == {}
        return
    assert article_names(value) == ()


@pytest.mark.parametrize(
    "value",
    [
        *(None, 274, True, "274", "盗窃", "", "[274", "['a'", "[']", {"274": 1}, "{'274': 1}"),
        *({"choices": ["274"], "labels": ["275"]}, {"was_cancelled": True, "result": ["274"]}),
        {"label": 3, "user": 1},
    ],
)
def test_what_is_no_list_is_refused(value):
    with pytest.raises(TypeError, match="not a list of articles"):
        article_names(value)


@pytest.mark.parametrize(
    "value",
    [
        *([0], ["0"], [True], [274.5], [[274]], [["分则", "274"]], [{"274": 1}], "[0]"),
        [{"value": {"choices": ["274"], "labels": ["275"]}}],
        [{"was_cancelled": True, "result": ["274"]}],
        [{"label": 3, "user": 1}],
    ],
)
def test_an_item_that_is_no_article_is_refused(value):
    with pytest.raises(ValueError, match="not an article"):
        article_names(value)


def test_objects_within_objects_end():
    value = ["274"]
    for _ in range(500):
        value = {"value": value}
    with pytest.raises(ValueError, match="not an article"):
        article_names(value)
    assert parse_list("[" * 100_000 + "]" * 100_000) is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("274 133-1", ["274", "133之一"]),
        ("第 274 条 第1款；第一百三十三条之一", ["274", "133之一"]),
        ("274，盗窃", ["274", "盗窃"]),
        ("274#133-1", ["274", "133-1"]),  # as doccano's CSV has several labels
        ("第274条#第67条", ["第274条", "第67条"]),
        ("nan", ["nan"]),
        ("274、0", ["274", "0"]),
        ("12-Mar", ["12-Mar"]),
        ("['274', '民法典 第1165条']", ["274", "民法典 第1165条"]),
        ("['13' '3']", ["13", "3"]),
        # The Civil Code's article 133 is not the Criminal Law's.
        ("民法典第一百二十条、第一百三十三条", ["民法典第一百二十条", "民法典第一百三十三条"]),
        ("公司法第3条；刑法第274条；第133条", ["公司法第3条", "刑法第274条", "第133条"]),
        ("民法典第120条、133条", ["民法典第120条", "民法典第133条"]),
        ("民诉法25条、第26条，27条", ["民诉法25条", "民诉法26条", "民诉法27条"]),
        ("民诉法25条第1款、26条", ["民诉法25条第1款", "民诉法26条"]),
        ("民法典 第120条；133条", ["民法典 第120条", "民法典 第133条"]),
        ("民法典 1165 盗窃", ["民法典 1165", "盗窃"]),
        ("民法典第120、133、150条", ["民法典第120", "民法典第133", "民法典第150条"]),
        ("民法典第120、133之一、7条", ["民法典第120", "民法典第133之一", "民法典第7条"]),
        ("民法典第5条第1款、第2款、第7条", ["民法典第5条第1款", "民法典第7条"]),
        ("民法典第120条;133", ["民法典第120条", "133"]),
        ("公司法第3条；刑法274条；133条", ["公司法第3条", "刑法274条", "133条"]),
        ("公司法第3条；刑法274；第133条", ["公司法第3条", "刑法274", "第133条"]),
        ("盗窃罪 第274条、133条", ["盗窃罪", "第274条", "133条"]),
        # White space and invisible characters inside of a number mean nothing.
        ("第二百 七十四条、盗窃", ["第二百 七十四条", "盗窃"]),
        ("第二百\u200b\n七十四条、盗窃", ["第二百\n七十四条", "盗窃"]),
        ("第274 276条", ["第274 276条"]),
        (" ,; ", []),
        ("#### ", ["####"]),  # what Excel saves of a number in a narrow column
    ],
)
def test_one_text_is_split_into_its_labels(text, expected):
    assert split_labels(text) == expected


@pytest.mark.parametrize("piece", ["法 ", "百 ", "第 1 ", "第", "1", "一", "民法典第1、", " "])
def test_a_long_text_is_split_in_linear_time(piece):
    assert split_labels(f"甲{piece * 300_000}")[0].startswith("甲")


def test_a_long_text_takes_no_more_memory_than_some_copies_of_it():
    laws = "甲" * 4_000
    for text in ("a" * 2_000_000, f"{laws}第1条{'、2条' * 4_000}"):
        tracemalloc.start()
        split_labels(text)
        assert tracemalloc.get_traced_memory()[1] < 20_000_000
        tracemalloc.stop()


def test_a_separator_alone_splits_where_it_is_named():
    assert split_labels("第274条、a # b", "#") == ["第274条、a", "b"]
    assert split_labels("['274']", "#") == ["274"]
    assert split_labels(274) == [274]
    assert split_labels(None) is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("['it\\'s', \"b\"]", ["it\\'s", "b"]),
        ("[盗窃、抢夺]枪支[甲]", None),
        ("[甲]乙", None),
        ("274", None),
        ("[", None),
        ("[1:2]", None),
        ("{'choices': ['274', None]}", {"choices": ["274", None]}),
    ],
)
def test_a_text_with_brackets_is_a_list_or_it_is_not(text, expected):
    assert parse_list(text) == expected


@pytest.mark.parametrize("piece", ["'", '"', "\\", "[", "(", "np.a(", "'a' ", ",", ":", " "])
def test_a_long_text_with_brackets_is_read_in_linear_time(piece):
    assert json.dumps(parse_list(f"[{piece * 100_000}]"))
