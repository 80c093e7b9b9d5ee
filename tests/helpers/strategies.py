"""Strategies of Hypothesis: text, JSON and bytes as they come from people and from accidents."""

import json

from hypothesis import strategies as st

PIECES = (
    *(
        "盗窃",
        "刑法第二百六十四条",
        "第",
        "条",
        "之一",
        "264",
        "133之一",
        "７７",
        "九" * 30,
        "9" * 30,
    ),
    *("[", "]", "【", "】", "(", ")", "<!--", "-->", "<a", "&#", ";", '"', "'", "\\", "`", "#"),
    *("×", "xx", "罪", "元", "千克", "1,200.5", "nan", "NaN", "inf", "-", "1e999", "0x", "null"),
    *("\n", "\r", "\r\n", "\t", " ", "\u3000", "\ufeff", "\u2028", "\x85", "\x1b[2J", "\x00"),
    *("\u0301\u0316", "😀", "\ud800", "ﷺ", "=HYPERLINK(1)", "目录", "附件", "，", "。", "、", "|"),
)
"""What the patterns and the formats treat in a way of its own."""


def texts(max_size=12):
    """Texts of such pieces and of any characters, lone surrogates included."""
    character = st.characters(exclude_categories=())
    return st.lists(st.sampled_from(PIECES) | character, max_size=max_size).map("".join)


def clean_texts(max_size=12):
    """Texts without surrogates, which any file can hold."""
    return texts(max_size).map(lambda text: text.encode(errors="ignore").decode())


def values():
    """JSON values, with NaN, infinities and long numbers."""
    scalars = (
        st.none()
        | st.booleans()
        | st.integers()
        | st.floats()
        | texts(4)
        | st.sampled_from([10**400, 10**4_000, 264, "264", 1e300])
    )
    return st.recursive(
        scalars,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts(2), inner, max_size=3),
        max_leaves=6,
    )


def json_values():
    """Values that `json.dumps` can write."""
    return values().filter(is_json)


def is_json(value):
    try:
        json.dumps(value)
    except ValueError:
        return False
    return True


def records():
    """Objects that may be cases: with some of the usual fields, of the usual or another type."""
    facts = clean_texts().map(lambda text: f"盗窃{text}") | json_values()
    articles = st.lists(st.sampled_from([264, "133之一", "264"]), max_size=3) | json_values()
    meta = st.fixed_dictionaries({"relevant_articles": articles}) | json_values()
    fields = {"fact": facts, "articles": articles, "meta": meta, "charges": json_values()}
    fields |= {"id": json_values(), "weight": json_values(), "unknown_articles": articles}
    return st.fixed_dictionaries({}, optional=fields)


def lines():
    """Lines of a file of cases, as text without line ends."""
    one_line = clean_texts().map(lambda text: "".join(text.splitlines()))
    written = records().map(lambda record: json.dumps(record, ensure_ascii=True))
    return one_line | written | records().map(lambda record: json.dumps(list(record.items())))


def files():
    """The bytes of a file: lines in some encoding with some line ends, or any bytes."""
    joined = st.builds(
        lambda rows, end, encoding: end.join(rows).encode(encoding, errors="replace"),
        st.lists(lines(), max_size=6),
        st.sampled_from(["\n", "\r\n", "\r", ",", "\n\n"]),
        st.sampled_from(["utf-8", "utf-8-sig", "gb18030", "utf-16", "big5"]),
    )
    header = st.sampled_from([b"fact,articles\n", b"fact\tarticles\n", b'id,fact,articles\n"', b""])
    return st.builds(bytes.__add__, header, joined | st.binary(max_size=60))
