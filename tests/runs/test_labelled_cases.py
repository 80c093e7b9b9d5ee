import json
from types import SimpleNamespace

import pytest

from lawrec.corpus.vocabulary import Vocabulary
from lawrec.errors import CaseError
from lawrec.runs import labelled_cases as module
from lawrec.runs.labelled_cases import labelled_cases


def run(*names):
    return SimpleNamespace(articles=Vocabulary(names))


@pytest.fixture
def path(tmp_path):
    cases = [{"id": f"c{n}", "fact": "盗窃", "articles": ["264"]} for n in range(10)]
    cases[3]["articles"] = ["999"]  # no article of the Criminal Law
    lines = [*map(json.dumps, cases)]
    lines[5] = "no JSON"
    path = tmp_path / "cases.jsonl"
    path.write_text("\n".join(lines), "utf-8")
    return path


def test_a_line_that_is_left_out_has_no_position(path):
    cases = labelled_cases([run("264")], path, skip_bad=True)
    positions, drawn_from, superseded = cases.draw()
    assert (positions.tolist(), drawn_from, superseded) == ([*range(8)], 8, 0)
    shown = cases.read_at([2, 3, 4])
    assert {at: case.case_id for at, case in shown.items()} == {2: "c2", 3: "c4", 4: "c6"}


def test_a_line_that_cannot_be_used_stops_the_draw_and_unknown_labels_do_so_at_its_end(path):
    with pytest.raises(CaseError, match=r"cases\.jsonl:6: a line must be one JSON object"):
        labelled_cases([run("264")], path).draw()
    lines = path.read_bytes().splitlines()
    path.write_bytes(b"\n".join([*lines[:5], *lines[6:], lines[3]]))
    with pytest.raises(CaseError, match=r"cases\.jsonl:4: .* in .*cases\.jsonl:10: 2 cases in all"):
        labelled_cases([run("264")], path).draw()


def test_what_one_of_the_runs_knows_is_no_unknown_label(path):
    cases = labelled_cases([run("264"), run("264", "999")], path, skip_bad=True)
    assert cases.draw()[1] == 9


@pytest.mark.parametrize(("limit", "max_scores"), [(3, 100), (100, 7)])
def test_of_more_cases_than_fit_a_sample_is_drawn(path, monkeypatch, limit, max_scores):
    monkeypatch.setattr(module, "MAX_SCORED_CASES", limit)
    monkeypatch.setattr(module, "MAX_SCORES", max_scores)
    cases = labelled_cases([run("264", "266")], path, skip_bad=True)
    positions, drawn_from, _ = cases.draw()
    assert drawn_from == 8
    assert len(set(positions.tolist())) == 3
    assert positions.tolist() == sorted(positions) == cases.draw()[0].tolist()


def test_each_case_is_as_likely_to_be_drawn(path, monkeypatch):
    monkeypatch.setattr(module, "MAX_SCORED_CASES", 4)
    counts = dict.fromkeys(range(8), 0)
    for seed in range(400):
        monkeypatch.setattr(module, "SEED", seed)
        for position in labelled_cases([run("264")], path, skip_bad=True).draw()[0].tolist():
            counts[position] += 1
    assert min(counts.values()) > 150  # 200 on average, 10 the standard deviation
    assert sum(counts.values()) == 4 * 400


def test_cases_that_have_changed_have_other_positions(path):
    cases = labelled_cases([run("264")], path, skip_bad=True)
    path.write_bytes(path.read_bytes().partition(b"\n")[2])
    with pytest.raises(CaseError, match=r"cases\.jsonl: the cases must not change while they are"):
        cases.read_at([2])


def judgments(path, *facts):
    lines = [json.dumps({"fact": fact, "articles": ["264"]}) for fact in facts]
    path.write_text("\n".join(lines), "utf-8")
    return labelled_cases([run("264")], path, skip_bad=True, last_of_fact=True)


def test_of_several_judgments_on_one_fact_the_last_one_counts(tmp_path):
    facts = ("盗窃", "抢劫", "盗 窃\n", "诈骗", "theft", "抢劫", "盗窃")
    cases = judgments(tmp_path / "cases.jsonl", *facts)
    positions, drawn_from, superseded = cases.draw()
    assert (positions.tolist(), drawn_from, superseded) == ([3, 4, 5], 3, 3)
    shown = cases.read_at(positions.tolist())
    assert [case.fact for case in shown.values()] == ["诈骗", "抢劫", "盗窃"]


def test_a_sample_has_no_superseded_judgment(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "MAX_SCORED_CASES", 2)
    cases = judgments(tmp_path / "cases.jsonl", *"盗抢骗盗抢骗")
    positions, drawn_from, superseded = cases.draw()
    assert (len({*positions.tolist()} & {3, 4, 5}), drawn_from, superseded) == (2, 3, 3)


def test_a_file_without_a_usable_judgment_has_none(tmp_path):
    assert judgments(tmp_path / "cases.jsonl", "theft").draw()[1:] == (0, 0)
