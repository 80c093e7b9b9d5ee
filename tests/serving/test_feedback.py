"""Feedback: what is judged becomes a case, what is not stays unknown."""

import resource
import signal

import pytest
from starlette.testclient import TestClient

from lawrec.corpus.bad_lines import usable_cases
from lawrec.corpus.cases import Case, read_cases
from lawrec.corpus.label_check import known_labels, label_error
from lawrec.errors import CaseError
from lawrec.law.catalog import shipped_catalog
from lawrec.serving.feedback import append_case, feedback_case
from lawrec.serving.request_bodies import FeedbackBody
from tests.helpers.cli import THEFT

KNOWN = ("264", "266", "312", "384")
LISTED = {*KNOWN, *shipped_catalog()}


def case_of(**judged):
    return feedback_case(FeedbackBody(fact=THEFT, **judged), KNOWN)


def test_what_nobody_judged_is_unknown():
    case = case_of(accepted=["264"], rejected=["266"])
    assert case.articles == ("264",)
    assert {*case.unknown_articles} == LISTED - {"264", "266"}


def test_what_another_model_knows_is_unknown_as_well():
    body = FeedbackBody(fact=THEFT, rejected=["266"], added=["340"])
    case = feedback_case(body, ("266", "民法典第1165条"))
    assert {"民法典第1165条", "133之一", "312"} <= {*case.unknown_articles}
    assert not {"266", "340"} & {*case.unknown_articles}
    assert label_error(case, known_labels(["266", "340", "民法典第1165条"])) is None


def test_a_complete_list_leaves_nothing_unknown():
    case = case_of(accepted=["384"], added=["刑法第二百六十四条"], complete=True)
    assert (case.articles, case.unknown_articles) == (("264", "384"), ())


def test_an_article_that_the_model_does_not_know_may_be_added():
    assert case_of(added=["133之一"]).articles == ("133之一",)


@pytest.mark.parametrize(
    "judged", [{"accepted": ["9999"]}, {"added": ["x"]}, {"accepted": ["264"], "rejected": ["264"]}]
)
def test_a_contradiction_or_an_unknown_article_is_refused(judged):
    with pytest.raises(CaseError):
        case_of(**judged)


def test_what_is_judged_in_two_ways_is_named():
    with pytest.raises(CaseError) as refused:
        case_of(accepted=["266", "264"], rejected=["264", "266"])
    assert refused.value.got == "264, 266"


@pytest.mark.parametrize(
    ("value", "todo"),
    [
        ("民法典第577条", "Write for example 《民法典》第577条."),
        ("265之一", "Write for example 265."),
        ("9999", "Write for example 《民法典》第509条."),
    ],
)
def test_of_an_unknown_article_one_that_the_model_knows_is_named(value, todo):
    body = FeedbackBody(fact=THEFT, added=[value])
    with pytest.raises(CaseError, match="one of the model or of the Criminal Law") as refused:
        feedback_case(body, ("《民法典》第509条", "《民法典》第577条"))
    assert refused.value.todo == todo


def test_kept_cases_are_read_as_they_were(tmp_path):
    path = tmp_path / "feedback.jsonl"
    for judged in ({"accepted": ["264"], "rejected": ["266"]}, {"rejected": ["264"]}):
        append_case(path, case_of(**judged))
    read = list(usable_cases(read_cases(path)))
    assert [(case.fact, case.articles, {*case.unknown_articles}) for case in read] == [
        (THEFT, ("264",), LISTED - {"264", "266"}),
        (THEFT, (), LISTED - {"264"}),
    ]
    assert all(isinstance(case, Case) for case in read)


def test_the_service_keeps_feedback_only_if_it_has_a_file(serve, client, tmp_path):
    body = {"fact": THEFT, "accepted": ["264"], "complete": True}
    refused = client.post("/v1/feedback", json=body)
    assert (refused.status_code, refused.json()["where"]) == (404, "feedback")
    path = tmp_path / "feedback.jsonl"
    with TestClient(serve(feedback=path), base_url="http://localhost") as keeping:
        assert keeping.post("/v1/feedback", json=body).json() == {"status": "kept"}
        wrong = keeping.post("/v1/feedback", json=body | {"added": ["9999"]})
        assert (wrong.status_code, wrong.json()["got"]) == (422, "'9999'")
        empty = keeping.post("/v1/feedback", json={"fact": "theft"})
        assert empty.status_code == 422
    [case] = usable_cases(read_cases(path))
    assert case.articles == ("264",)


def test_nothing_stays_of_a_line_for_which_the_disk_has_no_room(tmp_path, serve):
    """A write of half a line is no error for Python, and would have spoilt the next one, too."""
    path = tmp_path / "feedback.jsonl"
    with TestClient(serve(feedback=path), base_url="http://localhost") as client:
        body = {"fact": THEFT, "accepted": ["264"]}
        assert client.post("/v1/feedback", json=body).status_code == 200
        kept = path.read_bytes()
        limit, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (len(kept) + 20, hard))
        try:
            full = client.post("/v1/feedback", json=body)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, hard))
            signal.signal(signal.SIGXFSZ, handler)
        assert (full.status_code, full.json()["where"]) == (503, "feedback")
        assert path.read_bytes() == kept
        assert client.post("/v1/feedback", json=body).status_code == 200
    assert path.read_bytes() == kept * 2


@pytest.mark.parametrize("end", ["", "\n"])
def test_a_file_whose_last_line_has_no_end_gets_one_first(tmp_path, end):
    path = tmp_path / "feedback.jsonl"
    path.write_text(f'{{"fact": "被告人盗窃手机。", "articles": [264]}}{end}', encoding="utf-8")
    append_case(path, case_of(accepted=["266"]))
    assert [case.articles for case in usable_cases(read_cases(path))] == [("264",), ("266",)]
