"""A small corpus without faults, and functions that plant faults in it, each of a known kind."""

import json
import random

from lawrec.corpus.audit.audit import audit, load_audit_reference

LISTED = ["133", "264", "266"]
CLEAN = {"train": 6, "valid": 3, "test": 3}
WORDS = "张某李四王五赵六入室窃取现金手机电脑摩托车自行车若干元价值人民币于某日在路边商场车站住宅内"


def invented_fact(number, length=60):
    """Return a fact that is like no other."""
    return "".join(random.Random(number).choices(WORDS, k=length)) + "。"


def line(text, articles=(264,), charges=("盗窃",), **more):
    meta = {"relevant_articles": list(articles), "accusation": list(charges), **more}
    return json.dumps({"fact": text, "meta": meta}, ensure_ascii=False)


class Corpus:
    """A folder of splits; `fact` returns a new fact each time, `add` adds lines to a split."""

    def __init__(self, folder):
        self.folder = folder
        self.lines = {name: [] for name in CLEAN}
        self.numbers = iter(range(1_000))
        for split, size in CLEAN.items():
            self.lines[split] = [line(self.fact()) for _ in range(size)]

    def fact(self):
        return invented_fact(next(self.numbers))

    def add(self, split, *lines):
        self.lines[split].extend(lines)

    def write(self):
        self.folder.mkdir()
        (self.folder / "law.txt").write_text("\n".join(LISTED))
        for split, lines in self.lines.items():
            encoded = (text if isinstance(text, bytes) else text.encode() for text in lines)
            (self.folder / f"{split}.json").write_bytes(b"\n".join(encoded) + b"\n")
        return self.folder


def counts(report):
    return {finding.kind: finding.count for finding in report.findings}


def audited(corpus, **options):
    data = corpus.write()
    return audit(data, load_audit_reference(data, None, max_tokens=384), **options)


def plant_unreadable(corpus):
    corpus.add("train", "{", "[]", line("only Latin"), '{"fact": "盗窃", "articles": {}}')
    corpus.add("train", '{"text": "盗窃", "articles": [264]}')


def plant_empty(corpus):
    corpus.add("train", line(""), line(" 　"))


def plant_unlisted(corpus):
    corpus.add("train", line(corpus.fact(), [264, 999]), line(corpus.fact(), ["1000"], []))


def plant_repeated(corpus):
    corpus.add(
        "train",
        line(corpus.fact(), [264, 264, 264]),
        line(corpus.fact(), [264, "第264条"]),
    )


def plant_no_label(corpus):
    corpus.add("test", line(corpus.fact(), [], []))


def plant_tiny(corpus):
    corpus.add("train", line("张某盗窃"))


def plant_contradiction(corpus):
    corpus.add(
        "train",
        line(corpus.fact(), [264], ["[诈骗]"]),
        line(corpus.fact(), [133], ["盗窃罪"]),
    )
    corpus.add("train", line(corpus.fact(), [133], ["危险驾驶"]))


def plant_article(corpus):
    for words in ("第二百六十四条", "刑法第264条", "第二百六十四条"):
        corpus.add("train", line(corpus.fact() + words))


def plant_charge(corpus):
    corpus.add(
        "train",
        line(corpus.fact() + "构成盗窃罪"),
        line(corpus.fact() + "盗窃罪", charges=[]),
    )


def plant_law(corpus):
    corpus.add("train", line(corpus.fact() + "触犯《刑法》"))


def plant_masked(corpus):
    corpus.add("train", line(corpus.fact() + "构成××罪"), line(corpus.fact() + "以××追究"))


def plant_truncated(corpus):
    corpus.add("train", line(invented_fact(2_000, 1_000)))


def plant_duplicates(corpus):
    text = corpus.fact()
    corpus.add("train", line(text), line(f" {text}"), line(text, year=2018))


def plant_duplicates_across(corpus):
    first, second = corpus.fact(), corpus.fact()
    corpus.add("train", line(first), line(first), line(second))
    corpus.add("valid", line(second))
    corpus.add("test", line(first), line(second))


def plant_conflict(corpus):
    text = corpus.fact()
    corpus.add("train", line(text), line(text, [266], ["诈骗"]), line(text, [264, 264]))


def plant_near(corpus):
    text = invented_fact(3_000, 200)
    corpus.add("train", line(text), line(text[:-4]), line(text[4:]))


def plant_near_across(corpus):
    text = invented_fact(3_000, 200)
    corpus.add("train", line(text))
    corpus.add("valid", line(text[:-4]))
    corpus.add("test", line(text[4:]))


def plant_article_not_in_train(corpus):
    corpus.add("test", line(corpus.fact(), [266], ["诈骗"]), line(corpus.fact(), [266], ["诈骗"]))


def plant_encoded(corpus):
    corpus.add(
        "valid", line("被告人盗窃他人财物").encode("gb18030"), b'{"fact": "\xe7\x9b\x97\xff"}'
    )
    corpus.add("train", '{"fact": "盗窃\\ud800", "articles": [264]}')


# What is planted, what the audit must count, and no more.
PLANTED = {
    plant_unreadable: {"broken-json": 2, "bad-label": 1, "unreadable": 1, "no-fact": 1},
    plant_encoded: {"encoding": 2, "unreadable": 1},
    plant_empty: {"empty-fact": 2},
    plant_unlisted: {"unlisted-label": 2},
    plant_repeated: {"repeated-label": 2},
    plant_no_label: {"no-label": 1},
    plant_tiny: {"tiny-fact": 1},
    plant_contradiction: {"contradiction": 2},
    plant_article: {"states-article": 3, "names-law": 1},
    plant_charge: {"states-charge": 2},
    plant_law: {"names-law": 1},
    plant_masked: {"masked": 2},
    plant_truncated: {"truncated": 1},
    plant_duplicates: {"duplicate": 2},
    plant_duplicates_across: {"duplicate-across-splits": 4},
    plant_conflict: {"duplicate": 2, "conflicting-labels": 1, "repeated-label": 1},
    plant_near: {"near-duplicate": 2},
    plant_near_across: {"near-duplicate-across-splits": 2},
    plant_article_not_in_train: {"article-not-in-train": 1},
}
