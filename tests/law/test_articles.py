import random

import pytest

from lawrec.errors import CaseError, quoted
from lawrec.law.articles import (
    article_name,
    articles_in,
    is_numbered,
    read_article_list,
    root_article,
    statute_order,
)
from lawrec.law.catalog import load_catalog, shipped_catalog

DIGITS = "零一二三四五六七八九"


def in_chinese(number):
    """Write 1 to 9999 as the statute does, one unit at a time."""
    text, gap = "", False
    for unit, size in (("千", 1000), ("百", 100), ("十", 10), ("", 1)):
        digit = number // size % 10
        if not digit:
            gap = bool(text)
            continue
        text += ("零" if gap else "") + DIGITS[digit] + unit
        gap = False
    return text.removeprefix("一") if 10 <= number < 20 else text


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (264, "264"),
        (264.0, "264"),
        ("264.0", "264"),
        ("2.00", "2"),
        ("264", "264"),
        (" 264\n", "264"),
        ("0264", "264"),
        ("２６４", "264"),
        ("264条", "264"),
        ("第264条", "264"),
        ("第 264 条", "264"),
        ("第264", "264"),
        ("第二百六十四条", "264"),
        ("第二六四条", "264"),
        ("第二〇四条", "204"),
        ("第二百零四条", "204"),
        ("第十条", "10"),
        ("第十二条", "12"),
        ("第一百一十条", "110"),
        ("刑法第264条", "264"),
        ("《刑法》第264条", "264"),
        ("中华人民共和国刑法第二百六十四条", "264"),
        ("《中华人民共和国刑法》第二百六十四条", "264"),
        ("刑法264", "264"),
        ("133之一", "133之一"),
        ("133之1", "133之一"),
        ("133条之一", "133之一"),
        ("第133条之一", "133之一"),
        ("第一百三十三条之一", "133之一"),
        ("刑法第一百三十三条之一", "133之一"),
        ("133-1", "133之一"),
        ("１３３－２", "133之二"),
        ("第133-1条", "133之一"),
        ("刑法第120-6条", "120之六"),
        ("120之10", "120之十"),
        ("120之十一", "120之十一"),
        ("120之一十一", "120之十一"),
        ("120之20", "120之二十"),
        ("120之99", "120之九十九"),
        # As courts write it: with paragraphs, and in the middle of a sentence.
        ("第264条第2款", "264"),
        ("刑法第二百三十四条第二款", "234"),
        ("第一百三十三条之一第一款第（二）项", "133之一"),
        ("第三百四十七条第二款第（一）、（三）项", "347"),
        ("第三百四十七条第二款第㈠项", "347"),
        ("第二百七十七条第一款、第五款", "277"),
        ("第二百三十四条第一、二款", "234"),
        ("第一百三十三条前段", "133"),
        ("第133条第二段", "133"),
        ("《刑法》二百七十四条", "274"),
        ("二百七十四条", "274"),
        ("二百七十四", "274"),
        ("一百三十三之一", "133之一"),
        ("《中华人民共和国刑法（2020年修正）》第二百七十四条", "274"),
        ("《中华人民共和国刑法》（2017修正）第274条", "274"),
        ("我国刑法第二百七十四条", "274"),
        ("刑法分则第二百七十四条", "274"),
        ("依照《中华人民共和国刑法》第二百七十四条之规定", "274"),
        ("根据刑法第二百七十四条的规定", "274"),
        ("第二百七十四条。", "274"),
        ("《中华人民共和国刑法》 第二百七十四条 第一款", "274"),
        ("第 一百 条", "100"),
        ("第一百零五条", "105"),
        ("第一百〇五条", "105"),
        ("第一百十五条", "115"),
        ("第两百条", "200"),
        ("第一百二十条之一条", "120之一"),
        ("第120之二条", "120之二"),
        ("第120条（之三）", "120之三"),
        ("120 之 1", "120之一"),
        # As a PDF has it: with white space, marks of notes and invisible characters.
        ("第二百 七十四条", "274"),
        ("刑法第二百\n七 十四 条第一款", "274"),
        ("第两百 七十四条", "274"),
        ("二百 七十四条", "274"),
        ("第 2 7 4 条", "274"),
        ("第一百 三十三条之一", "133之一"),
        ("27①", "27"),
        ("第27²条", "27"),
        ("27₁", "27"),
        ("③27", "27"),
        ("27⒈", "27"),
        ("㉑27㊱", "27"),
        ("27🄂", "27"),
        ("第274条第①项", "274"),
        ("第274条第①、②项", "274"),
        ("274\u200b", "274"),
        ("\ufeff2\u200d74\x00", "274"),
        # As spreadsheets, pandas and tools write it.
        ("274.", "274"),
        ("00274", "274"),
        ("2.74E+02", "274"),
        ("2.74e+2", "274"),
        ("'274", "274"),
        ('="274"', "274"),
        ("“274”", "274"),
        ("274;", "274"),
        ("\u00a0274\u3000", "274"),
    ],
)
def test_every_spelling_of_an_article_has_the_same_name(value, expected):
    assert article_name(value) == expected


@pytest.mark.parametrize(
    "label",
    [
        "十",
        "二六四",
        "二百六",  # 206 or 260
        "二百六四条",  # 264 or 204
        "第一百百条",
        "第三款",
        "第1项",
        "264267",
        "12-Mar",
        "3月12日",
        "133.1",
        "2.7E+02",  # 265 to 274
        "2.741E+02",
        "274/275",
        "274至276",
        "274~276",
        "第274条、第276条",
        "第274 276条",
        "①",
        "274 276",
        "#VALUE!",
        "['274']",
        "[274]",
        "民法典第一百二十条、第一百三十三条",
        "公司法第133条第1款",
        "刑法",
        "第条",
        "1" * 5_000,
        "第" + "一" * 5_000 + "条",
        "民法典1165",
        "民法典第1165条",
        "264、266",
        "264.05",
        "A264.0",
        "-264",
        "264-1",
        "120-7",
        "120-0",
        "120-10",
        "133-135",
        "133-1之一",
        "1165-1",
        "2018-1",
        "第一百三十三-1条",
        "264之0",
        "264之100",
        "第264条之一百",
        "264之",
        "之一",
        "盗窃",
        "theft",
        "A 1",
    ],
)
def test_another_label_stays_as_it_is(label):
    assert article_name(label) == label


def test_a_label_has_no_invisible_characters():
    assert article_name("民法典\u200b第1165条\ufeff") == "民法典第1165条"


@pytest.mark.parametrize("label", ["a\nb", "a\r\nb", " a \u2028 b\t", "a\x0bb", "a\x85b"])
def test_a_label_is_always_one_line(label):
    assert article_name(label) == "a b"


@pytest.mark.parametrize(
    "value",
    [
        0,
        -1,
        True,
        False,
        264.5,
        -1.0,
        float("nan"),
        float("inf"),
        None,
        "",
        " ",
        "\n",
        "　",
        [264],
        {},
        "0",
        "0.0",
        "00",
        "第0条",
        "第零零条",
        "nan",
        "NaN",
        "None",
        "NULL",
        "null",
        "N/A",
        "#N/A",
        "<NA>",
        "-",
        "无",
        " 无 ",
        "\u200b",
        "\ufeff无",
    ],
)
def test_what_names_no_article_is_refused(value):
    with pytest.raises(ValueError, match="not an article"):
        article_name(value)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("第274条、第276条", ["274", "276"]),
        ("刑法第二百七十四条，第二百七十六条之一", ["274", "276之一"]),
        ("第二百七十四条第一款、第三款、第二百七十六条", ["274", "276"]),
        ("第274条第276条", ["274", "276"]),
        ("第274条和第276条以及第280条", ["274", "276", "280"]),
        ("274、 276|280", ["274", "276", "280"]),
        ("274, 274", ["274", "274"]),
        ("①27 ②28", ["27", "28"]),
        ("第二百 七十四条 第二百 七十六条", ["274", "276"]),
        ("二百七十四 七十六条", ["274", "76"]),
        ("274、盗窃", []),
        ("274-276", []),
        ("第三款、第274条", []),
        ("", []),
    ],
)
def test_a_text_of_nothing_but_articles_is_read_as_them(text, expected):
    assert list(articles_in(text)) == expected


@pytest.mark.parametrize("piece", ["1、", "第1条", "第1款", "(", "一", "和", "第1条第1、", "刑法("])
def test_a_long_text_is_no_article(piece):
    assert articles_in(piece * 1_000_000) == ()


def test_a_number_of_thousands_of_digits_is_refused():
    with pytest.raises(ValueError, match="a very large int"):
        article_name(10**5_000)


@pytest.mark.parametrize("frame", ["第{}条", "《刑法》第{}条", "中华人民共和国刑法第 {} 条"])
def test_every_chinese_number_is_read(frame):
    for number in range(1, 1200):
        assert article_name(frame.format(in_chinese(number))) == str(number)


def test_a_name_stays_when_it_is_named_again():
    names = [str(n) for n in range(1, 453)] + [f"120之{in_chinese(n)}" for n in range(1, 100)]
    assert [article_name(name) for name in names] == names


def test_articles_are_sorted_as_in_the_statute_with_other_labels_last():
    ordered = ["2", "10", "100", "120", "120之一", "120之二", "120之九", "120之十", "120之十一"]
    ordered += ["121", "133", "133之一", "264", "133之零", "1之一0", "民法典1165", "盗窃"]
    shuffled = random.Random(1).sample(ordered, len(ordered))
    assert sorted(shuffled, key=statute_order) == ordered


def test_a_branch_has_the_root_of_its_article():
    assert [root_article(name) for name in ("133", "133之一", "其他")] == ["133", "133", "其他"]


def test_only_numbers_and_their_branches_are_numbered():
    names = ["1", "264", "133之一", "120之十一"]
    assert all(map(is_numbered, names))
    assert not any(map(is_numbered, ["盗窃", "民法典1165", "264.0", "-264", "第264条第2款", ""]))


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("264\n133之一\n", ["264", "133之一"]),
        ("266\n264", ["266", "264"]),
        ("\ufeff264\r\n133之1\r\n", ["264", "133之一"]),
        ("264\n266\n  \n\n", ["264", "266"]),
        ("第二百六十四条\n民法典1165\n", ["264", "民法典1165"]),
    ],
)
def test_a_list_of_articles_keeps_its_own_order(tmp_path, content, expected):
    path = tmp_path / "law.txt"
    path.write_bytes(content.encode())
    assert read_article_list(path) == expected


@pytest.mark.parametrize("content", ["264\n\n266\n", "\n264\n"])
def test_an_empty_line_that_would_move_the_ids_of_cail_is_refused(tmp_path, content):
    path = tmp_path / "law.txt"
    path.write_text(content)
    line = content.split("\n").index("") + 1
    with pytest.raises(CaseError, match=f"law.txt:{line}: each line of the list must name one"):
        read_article_list(path)


@pytest.mark.parametrize(
    ("content", "expected", "got", "todo"),
    [
        (b"", "the list must name an article", "none", "Write one article per line."),
        (b" \n\n", "the list must name an article", "none", "Write one article per line."),
        (b"\xef\xbb\xbf", "the list must name an article", "none", "Write one article per line."),
        (
            b"264\n266\n264\n",
            "each article must be listed once",
            "'264' twice",
            "Delete the second line.",
        ),
        (
            "133之一\n第133条之1\n".encode(),
            "each article must be listed once",
            "'133之一' twice",
            "Delete the second line.",
        ),
    ],
)
def test_a_list_without_articles_or_with_repeats_is_refused(tmp_path, content, expected, got, todo):
    path = tmp_path / "law.txt"
    path.write_bytes(content)
    with pytest.raises(CaseError) as caught:
        read_article_list(path)
    error = caught.value
    assert (error.where, error.expected, error.got, error.todo) == (str(path), expected, got, todo)


@pytest.mark.parametrize(
    "line",
    [
        *("0", "第零条", "nan", "无", "-", "\u200b"),
        *("274 敲诈勒索罪", "1,274", "2 274", "274、276", "第274条 敲诈勒索罪", "第274条第276条"),
        *(
            "274 theft",
            "二百七十四条：敲诈勒索罪",
            "刑法第二百七十四条第一款 敲诈勒索罪",
            "274 民法典第1165条",
            "274敲诈勒索罪",
            "第274条【敲诈勒索罪】",
        ),
    ],
)
def test_a_line_that_names_no_single_article_is_refused_with_its_number(tmp_path, line):
    path = tmp_path / "law.txt"
    path.write_text(f"264\n{line}\n", encoding="utf-8")
    with pytest.raises(CaseError, match="each line of the list must name one article") as caught:
        read_article_list(path)
    assert (caught.value.where, caught.value.got) == (f"{path}:2", quoted(line))


@pytest.mark.parametrize(
    "line",
    [
        "264-1",
        "1997年刑法第264条",
        "3D打印管理办法第3条",
        "民法典 第1165条",
        "民法典 1165",
        "Section 302",
        "12-Mar",
        "民法典第1165条",
    ],
)
def test_a_line_may_be_any_other_label(tmp_path, line):
    path = tmp_path / "law.txt"
    path.write_text(line, encoding="utf-8")
    assert read_article_list(path) == [line]


@pytest.mark.parametrize("end", ["", "\n", "\r\n"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "gbk"])
def test_a_list_may_come_in_each_encoding(tmp_path, encoding, end):
    path = tmp_path / "law.txt"
    path.write_bytes(("264\r\n第一百三十三条之一\n民法典第1165条" + end).encode(encoding))
    assert read_article_list(path) == ["264", "133之一", "民法典第1165条"]


def test_a_list_with_broken_bytes_is_refused(tmp_path):
    path = tmp_path / "law.txt"
    path.write_bytes("盗窃\n抢劫\n".encode() + b"\xff\n")
    with pytest.raises(CaseError) as caught:
        read_article_list(path)
    assert caught.value.where == str(path)
    assert caught.value.expected == "the list of articles must be UTF-8 or GB18030"
    assert (caught.value.got, caught.value.todo) == ("other bytes", "Convert it to UTF-8.")


def test_a_hyphen_means_exactly_the_branches_of_the_catalog():
    branched = [name for name in shipped_catalog() if "之" in name]
    names = [article_name(f"{number}-{branch}") for number in range(453) for branch in range(10)]
    assert [name for name in names if "之" in name] == branched


@pytest.mark.parametrize("read", [read_article_list, load_catalog])
@pytest.mark.parametrize(
    ("name", "got"), [("absent", "No such file or directory"), (".", "Is a directory")]
)
def test_a_file_that_cannot_be_read_is_refused(tmp_path, read, name, got):
    with pytest.raises(CaseError) as caught:
        read(tmp_path / name)
    assert caught.value.where == str(tmp_path / name)
    assert caught.value.expected.endswith("must be readable")
    assert (caught.value.got, caught.value.todo) == (got, "Check the path.")
