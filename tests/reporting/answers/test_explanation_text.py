from dataclasses import replace

import pytest
from rich.cells import cell_len

from lawrec.decision.explanation import Evidence, SimilarCase
from lawrec.decision.recommend import Decision
from lawrec.reporting.answers.explanation_text import explanation_text
from lawrec.reporting.answers.table import answer_table
from tests.helpers.answers import ANSWER, REFUSED, THEFT, WHY, WHY_THEFT


def test_words_are_in_brackets_where_there_is_no_colour():
    assert explanation_text(WHY) == (
        "  Why 264 盗窃罪:\n"
        "    +2.50 秘密[窃取]。\n"
        "    Words: 窃取 +1.25\n"
        "    Rather than 266 诈骗罪 (0.125): 骗 -0.50\n"
        "  Why 133之一 危险驾驶罪:\n"
        "    No single clause or word raised its score.\n"
        "  Similar training cases: 812 (264, 269; 0.62); 77 (264; 0.50)\n"
    )


def test_words_are_coloured_on_a_terminal():
    clause, words, rival = explanation_text(WHY, colour=True).splitlines()[1:4]
    assert clause == "    +2.50 秘密\x1b[1;32m窃取\x1b[0m。"
    assert words == "    Words: \x1b[1;32m窃取 +1.25\x1b[0m"
    assert rival.endswith(": \x1b[1;35m骗 -0.50\x1b[0m")


def test_a_word_for_the_rival_is_in_other_brackets():
    clause = Evidence("又窃取，骗。", ((8, 14),), 1.0)
    entry = replace(THEFT, explanation=replace(WHY_THEFT, clauses=(clause,)))
    assert "+1.00 又[窃取]，(骗)。\n" in explanation_text(replace(WHY, decision=Decision((entry,))))


def test_nothing_decides_where_both_articles_are_alike():
    rival = replace(WHY_THEFT.rival, words=())
    entry = replace(THEFT, explanation=replace(WHY_THEFT, rival=rival))
    text = explanation_text(replace(WHY, decision=Decision((entry,))))
    assert "Rather than 266 诈骗罪 (0.125): no single word decides.\n" in text


def test_without_an_explanation_there_is_nothing():
    assert explanation_text(ANSWER) == explanation_text(REFUSED) == ""


@pytest.mark.parametrize("width", [40, 60, 100])
def test_no_line_is_wider_than_asked(width):
    words = tuple(Evidence("被害人", ((0, 1),), number) for number in range(1, 9))
    clause = Evidence("某甲" * 60, ((0, 120),), 1.0)
    entry = replace(THEFT, explanation=replace(WHY_THEFT, words=words, clauses=(clause,)))
    answer = replace(WHY, fact="某甲" * 60, decision=Decision((entry,)))
    lines = explanation_text(answer, width).splitlines()
    assert max(map(cell_len, lines)) <= width
    assert "".join(line.strip() for line in lines).count("某") == 60


@pytest.mark.parametrize("colour", [False, True])
def test_nothing_in_a_text_steers_a_terminal(colour):
    fact = "\x1b[2J窃取\n\t[/]:a:"
    clause = Evidence(fact, ((0, len(fact)),), 1.0)
    entry = replace(
        THEFT,
        title="\x1b[31m罪",
        explanation=replace(WHY_THEFT, clauses=(clause,), words=(clause,)),
    )
    answer = replace(
        WHY,
        fact=fact,
        decision=Decision((entry,)),
        similar_cases=(SimilarCase("\x1b[1A", ("264",), 0.5),),
    )
    text = explanation_text(answer, colour=colour)
    assert r"\u001b[2J窃取 [/]:a:" in text
    assert r"\u001b[31m罪" in text
    assert r"\u001b[1A (264; 0.50)" in text
    assert not {"\x1b[2J", "\x1b[31m", "\x1b[1A"} & set(text.split())
    assert colour or "\x1b" not in text


def test_a_table_has_the_explanations_of_its_case():
    [shown] = answer_table([WHY])
    assert explanation_text(WHY, 100) in shown
    assert "\x1b" not in shown
    assert "\x1b[1;32m窃取" in next(answer_table([WHY], colour=True))
