import pytest

from lawrec.corpus.tokenization.entities import (
    ENTITY_TYPES,
    compile_entity_types,
    split_at_entities,
)
from lawrec.errors import ConfigError

ALL = tuple(ENTITY_TYPES)


def pieces(text, names=ALL):
    return list(split_at_entities(text, compile_entity_types(names)))


def tokens(text, names=ALL):
    return [token for _, token in pieces(text, names) if token]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0.5元", "<money0>"),
        ("7元", "<money1>"),
        ("1,200.50元", "<money4>"),
        ("9999.99元", "<money4>"),
        ("10000元", "<money5>"),
        ("3千元", "<money4>"),
        ("3万余元", "<money5>"),
        ("50余万元", "<money6>"),
        ("1.2亿元", "<money9>"),
        ("300百万元", "<money9>"),
        ("0.05克", "<weight0>"),
        ("12.5克", "<weight2>"),
        ("12.5g", "<weight2>"),
        ("12毫克", "<weight0>"),
        ("2公斤", "<weight4>"),
        ("2kg", "<weight4>"),
        ("2斤", "<weight4>"),
        ("1吨", "<weight7>"),
        ("2016年5月8日", "<date>"),
        ("2016年5月", "<date>"),
        ("2016年", "<date>"),
        ("5月8号", "<date>"),
        ("17时许", "<time>"),
        ("17时30分许", "<time>"),
        ("5点半", "<time>"),
        ("17:30", "<time>"),
        ("张某", "<name>"),
        ("张某某", "<name>"),
        ("陈某甲", "<name>"),
        ("李某1", "<name>"),
    ],
)
def test_an_entity_is_recognized_whole(text, expected):
    assert [piece for piece in pieces(text) if piece[0]] == [(text, expected)]


@pytest.mark.parametrize(
    "text",
    ["", "盗窃", "几元", "元", "12", "12gb", "王某市", "被某", "某甲", "5月", "年月日", "<date>"],
)
def test_other_text_is_no_entity(text):
    assert pieces(text) == [(text, None)]


def test_the_pieces_joined_are_the_text_and_only_chosen_types_are_recognized():
    text = "2016年5月8日17时许,张某盗窃李某1现金1200元,毒品3克。"
    assert "".join(piece for piece, _ in pieces(text)) == text
    assert tokens(text) == ["<date>", "<time>", "<name>", "<name>", "<money4>", "<weight1>"]
    for name in ENTITY_TYPES:
        expected = [token for token in tokens(text) if token.startswith(f"<{name}")]
        assert tokens(text, (name,)) == expected != []


def test_the_order_in_which_types_are_named_changes_nothing():
    text = "2016年5月8日17时许张某盗窃1200元"
    assert tokens(text, ALL[::-1]) == tokens(text)


def test_an_unknown_type_is_refused():
    with pytest.raises(ConfigError) as caught:
        compile_entity_types(("date", "monye"))
    assert (caught.value.where, caught.value.todo) == ("corpus.entity_types", "Did you mean money?")
