"""Held-out texts: which one a text nearly repeats."""

import io
import math
from collections import Counter

import pytest

from lawrec.corpus.duplicates.held_out import HeldOutTexts

TEXTS = (
    "被告人张某在本市某超市门口秘密窃取被害人李某的手机一部，价值三千元。",
    "被告人王某酒后驾驶轿车在某路与他人车辆相撞，经鉴定血液中酒精含量超标。",
    "被告人赵某虚构能办理入学的事实，骗取被害人信任，收取费用后挥霍。",
)


@pytest.fixture
def held_out():
    held_out = HeldOutTexts(io.BytesIO())
    for text in TEXTS:
        held_out.add(text)
    return held_out


def cosine(text, other):
    """Return the cosine as the definition has it: logarithmic counts, smooth idf."""
    trigrams = [Counter(f"^{t}$"[i : i + 3] for i in range(len(t))) for t in (text, other, *TEXTS)]
    n_texts = Counter(trigram for counts in trigrams[2:] for trigram in counts)
    first, second = (
        {
            t: (1 + math.log(n)) * (1 + math.log((1 + len(TEXTS)) / (1 + n_texts[t])))
            for t, n in counts.items()
            if n_texts[t]
        }
        for counts in trigrams[:2]
    )
    norms = [math.sqrt(sum(x * x for x in vector.values())) for vector in (first, second)]
    return sum(first[t] * second.get(t, 0) for t in first) / math.prod(norms)


@pytest.mark.parametrize("number", range(3))
def test_an_edited_copy_is_near_its_original(held_out, number):
    copy = "经审理查明：" + TEXTS[number].replace("某", "").replace("被告人", "犯罪嫌疑人")
    ((nearest, similarity),) = held_out.nearest([copy])
    assert nearest == number
    assert similarity == pytest.approx(cosine(copy, TEXTS[number]), abs=1e-5)
    assert similarity > 0.6


def test_the_same_text_has_the_cosine_1_and_a_foreign_one_0(held_out):
    similarities = [s for _, s in held_out.nearest([*TEXTS, "喝茶扫地", "茶"])]
    assert similarities == pytest.approx([1, 1, 1, 0, 0], abs=1e-6)


def test_many_texts_of_many_trigrams_are_found_by_their_heaviest_ones():
    texts = [
        "".join(chr(0x4E00 + (row * 997 + i * i) % 9000) for i in range(300)) for row in range(600)
    ]
    held_out = HeldOutTexts(io.BytesIO())
    assert [held_out.add(text) for text in texts] == list(range(600))
    found = held_out.nearest([text[:150] for text in texts])
    assert [number for number, _ in found] == list(range(600))
    assert min(similarity for _, similarity in found) > 0.6


def test_a_text_of_one_character_is_found():
    held_out = HeldOutTexts(io.BytesIO())
    held_out.add("茶")
    assert held_out.nearest(["茶"]) == [(0, pytest.approx(1))]


def test_without_held_out_texts_nothing_is_near():
    assert HeldOutTexts(io.BytesIO()).nearest(["茶", "水"]) == [(0, 0.0), (0, 0.0)]
