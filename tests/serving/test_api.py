"""API: answers are those of `predict`, and errors say what to do."""

import json
from concurrent.futures import ThreadPoolExecutor

import pytest

from lawrec.reporting.answers.writers import answer_json
from tests.helpers.cli import DRUNK, THEFT


def predicted(recommender, facts, **options):
    """Return what `predict --format json` prints for facts."""
    texts = options.pop("texts", None)
    return [json.loads(line) for line in answer_json(recommender(facts, **options), texts=texts)]


def test_a_fact_has_the_answer_of_predict(recommend, recommender):
    response = recommend(fact=THEFT)
    assert response.status_code == 200
    assert response.json() == predicted(recommender, [THEFT], top_k=1)[0]
    assert response.json()["articles"] == ["264"]


def test_facts_have_a_list_of_answers_in_their_order(recommend, recommender):
    facts = [THEFT, DRUNK] * 3
    assert recommend(facts=facts, top_k=3).json() == predicted(recommender, facts, top_k=3)


def test_one_fact_in_a_list_has_a_list(recommend):
    assert [answer["case_id"] for answer in recommend(facts=[THEFT]).json()] == ["1"]


def test_a_fact_of_a_list_that_is_none_is_answered_by_its_error(recommend, recommender):
    first, bad, last = recommend(facts=[THEFT, "theft", DRUNK]).json()
    error = "facts[1]: the fact must hold Chinese text, got 'theft'. Write the fact in Chinese."
    assert bad == {"case_id": "2", "error": error}
    assert [first | {"case_id": ""}, last | {"case_id": ""}] == [
        answer | {"case_id": ""} for answer in predicted(recommender, [THEFT, DRUNK], top_k=1)
    ]


def test_a_threshold_is_that_of_predict(recommend, recommender):
    [expected] = predicted(recommender.with_threshold(0.9999), [THEFT], top_k=2)
    answer = recommend(fact=THEFT, threshold=0.9999, top_k=2).json()
    assert answer == expected
    assert answer["recommendations"][0]["threshold"] == 0.9999


def test_requests_at_the_same_time_get_their_own_answers(client, recommender):
    bodies = [
        {"fact": f"{THEFT if number % 3 else DRUNK}第{number}号。", "top_k": number % 5}
        for number in range(60)
    ]
    with ThreadPoolExecutor(12) as pool:
        answers = list(
            pool.map(lambda body: client.post("/v1/recommend", json=body).json(), bodies)
        )
    for body, answer in zip(bodies, answers, strict=True):
        assert answer == predicted(recommender, [body["fact"]], top_k=body["top_k"])[0]


def test_an_explanation_is_that_of_the_recommender(recommend, recommender):
    answer = recommend(fact=THEFT, explain=True, top_k=2).json()
    [expected] = answer_json([recommender.explain(THEFT, top_k=2)])
    assert answer == json.loads(expected)
    assert answer["recommendations"][0]["explanation"]["words"][0]["text"] in THEFT


def test_few_facts_are_explained_at_once(recommend):
    response = recommend(facts=[THEFT] * 2, explain=True)
    assert (response.status_code, response.json()["got"]) == (422, "2")


@pytest.mark.parametrize(("day", "text"), [(None, "新的。"), ("2000-01-01", "旧的。")])
def test_texts_are_those_of_the_day(recommend, day, text):
    answer = recommend(fact=THEFT, with_text=True, date=day).json()
    assert answer["recommendations"][0]["text"] == text


def test_a_day_before_all_versions_is_a_conflict(recommend):
    response = recommend(fact=THEFT, with_text=True, date="1990-01-01")
    assert response.status_code == 409
    assert "in force on 1990-01-01 must be imported" in response.json()["expected"]


@pytest.mark.parametrize(
    ("body", "status", "where"),
    [
        ({"fact": ""}, 422, "fact"),
        ({"fact": "theft"}, 422, "fact"),
        ({"fact": "盗" * 2001}, 422, "fact"),
        ({"fact": 7}, 422, "body.fact"),
        ({"facts": []}, 422, "body.facts"),
        ({"facts": ["盗"] * 21}, 422, "facts"),
        ({"fact": "盗", "facts": ["盗"]}, 422, "body"),
        ({}, 422, "body"),
        ({"fact": "盗", "threshold": 1.5}, 422, "body.threshold"),
        ({"fact": "盗", "top_k": "3"}, 422, "body.top_k"),
        ({"fact": "盗", "topk": 3}, 422, "body.topk"),
        ({"fact": "盗", "with_text": True, "date": "2021-02-31"}, 422, "date"),
        ({"fact": "盗", "date": "2021-02-31"}, 422, "date"),
        ({"fact": "盗", "date": "yesterday"}, 422, "body.date"),
    ],
)
def test_a_mistake_is_named(client, body, status, where):
    response = client.post("/v1/recommend", json=body)
    assert response.headers["content-type"] == "application/problem+json"
    assert (response.status_code, response.json()["where"]) == (status, where)
    assert response.json()["todo"]


@pytest.mark.parametrize("content", [b"{", b"\xff", b"[" * 100_000, b'{"top_k": 1e400}'])
def test_what_is_no_json_is_named(client, content):
    headers = {"Content-Type": "application/json"}
    response = client.post("/v1/recommend", content=content, headers=headers)
    assert response.status_code == 400
    assert response.json()["todo"]


@pytest.mark.parametrize("field", ['"threshold": NaN', '"top_k": 1e300', '"top_k": -1'])
def test_a_number_that_is_out_of_range_is_refused(client, field):
    content = f'{{"fact": "盗", {field}}}'.encode()
    headers = {"Content-Type": "application/json"}
    assert client.post("/v1/recommend", content=content, headers=headers).status_code == 422


def test_half_a_character_is_refused(client):
    headers = {"Content-Type": "application/json"}
    response = client.post("/v1/recommend", content=b'{"fact": "\\ud800"}', headers=headers)
    assert response.status_code == 422


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        ("application/json", 200),
        ("Application/JSON; charset=utf-8", 200),
        ("application/vnd.court+json", 200),
        ("text/plain", 415),  # as the form of another page can send it
        ("application/x-www-form-urlencoded", 415),  # as curl does by itself
        ("application/json-seq", 415),
        ("text/json", 415),
        ("", 415),
    ],
)
def test_a_body_says_that_it_is_json(client, kind, status):
    content = json.dumps({"fact": THEFT}).encode()
    response = client.post("/v1/recommend", content=content, headers={"Content-Type": kind})
    assert response.status_code == status
    if status == 415:
        error = f"Content-Type: it must be application/json, got {kind!r}. Send the header"
        assert response.json()["detail"] == f'{error} "Content-Type: application/json".'


@pytest.mark.parametrize("content", [b"[]", b"7", b"null"])
def test_a_body_that_is_no_object_is_named(client, content):
    headers = {"Content-Type": "application/json"}
    response = client.post("/v1/recommend", content=content, headers=headers)
    assert (response.status_code, response.json()["where"]) == (422, "body")
    assert response.json()["expected"] == "it must be an object"


def test_an_empty_body_is_named(client):
    response = client.post("/v1/recommend")
    assert (response.status_code, response.json()["where"]) == (415, "Content-Type")


def test_an_article_has_title_chapter_and_the_text_of_the_day(client):
    newest = client.get("/v1/articles/刑法第264条").json()
    assert (newest["article"], newest["title"], newest["text"]) == ("264", "盗窃罪", "新的。")
    old = client.get("/v1/articles/264", params={"date": "2005-01-01"}).json()
    assert (old["version"], old["text"]) == ("1997-10-01", "旧的。")


@pytest.mark.parametrize("name", ["9999", "nothing"])
def test_an_article_that_is_not_there_is_not_found(client, name):
    response = client.get(f"/v1/articles/{name}")
    assert response.status_code == 404
    assert response.json()["todo"]


def test_a_text_that_is_not_there_is_a_conflict(client):
    response = client.get("/v1/articles/264", params={"date": "1990-01-01"})
    assert response.status_code == 409
    assert response.json()["todo"].startswith("Run `lawrec articles import")


@pytest.mark.parametrize("day", ["1990/01/01", "yesterday"])
def test_a_date_in_another_form_is_answered_with_the_form(client, day):
    problem = client.get("/v1/articles/264", params={"date": day}).json()
    assert (problem["expected"], problem["todo"]) == ("it must be a day", "Write YYYY-MM-DD.")


def test_a_query_parameter_that_would_be_ignored_is_refused(client):
    responses = [
        client.get("/v1/articles/264", params={"day": "2005-01-01"}),
        client.post("/v1/recommend", params={"top_k": 3}, json={"fact": THEFT}),
        client.post("/v1/cases", params={"name": "a.txt", "field": "x"}, content=THEFT.encode()),
    ]
    assert [(response.status_code, response.json()["where"]) for response in responses] == [
        (422, "query.day"),
        (422, "query.top_k"),
        (422, "query.field"),
    ]
    assert client.get("/v1/model", params={"nocache": 1}).status_code == 200


def test_a_query_parameter_that_comes_twice_is_refused(client):
    problem = client.get("/v1/articles/264?date=2021-03-01&date=1997-10-01").json()
    assert problem["detail"] == (
        "query.date: it must have one value, got ['2021-03-01', '1997-10-01']. Pass it once."
    )
    response = client.post("/v1/cases?name=a.txt&name=a.csv", content=THEFT.encode())
    assert (response.status_code, response.json()["where"]) == (422, "query.name")


def test_the_model_says_what_it_is(client):
    described = client.get("/v1/model").json()
    assert described["name"] == "criminal-law"
    assert described["articles"] == 183
    assert described["criminal_law"] is True
    assert described["law_as_of"] == "2015-11-01"
    assert described["tuned_on"]["cases"] == 9114
    assert described["statutes"] == ["1997-10-01", "2021-03-01"]
    assert described["feedback"] is False


def test_health_and_metrics(client, recommend):
    recommend()
    assert client.get("/health/live").json() == {"status": "live"}
    assert client.get("/health/ready").json() == {"status": "ready"}
    lines = client.get("/metrics").text.splitlines()
    assert any(line.startswith("lawrec_batch_facts_count ") for line in lines)
    counted = 'lawrec_requests_total{method="POST",path="/v1/recommend",status="200"}'
    assert any(line.startswith(counted) for line in lines)


def test_before_it_runs_a_service_is_live_but_not_ready(serve):
    from starlette.testclient import TestClient

    client = TestClient(serve(), base_url="http://localhost")  # without its lifespan
    assert client.get("/health/live").status_code == 200
    assert client.get("/health/ready").status_code == 503
    assert client.get("/v2/health/ready").status_code == 503


@pytest.mark.parametrize(
    ("body", "got"),
    [
        (f'{{"fact": "{THEFT}", "fact": "骗取钱财"}}'.encode(), 'the key "fact" twice'),
        (b'{"fact":' + b"[" * 100_000, "more than 100 brackets inside each other"),
        (b'{"fact": "", "top_k": ' + b"9" * 5_000 + b"}", "a number of 5,000 digits"),
        (f'{{"fact": "{THEFT}"}}'.encode("gb18030"), "codec can't decode"),
        (f'{{"fact": "{THEFT}"}}'.encode("utf-16"), "codec can't decode"),
        (b'{"fact": "\xed\xa0\xbd"}', "codec can't decode"),
        (b"{'fact': 1}", "Expecting property name"),
    ],
)
@pytest.mark.parametrize("path", ["/v1/recommend", "/v1/feedback", "/v2/models/lawrec/infer"])
def test_a_body_is_read_as_all_json_is(client, path, body, got):
    """FastAPI would answer the second of two facts, and say nothing of the first."""
    response = client.post(path, content=body, headers={"Content-Type": "application/json"})
    assert response.status_code == 400
    assert response.json()["where"] == "the body"
    assert got in response.json()["got"]


def test_a_byte_order_mark_is_no_mistake(client):
    body = f'\ufeff{{"fact": "{THEFT}"}}'.encode()
    response = client.post(
        "/v1/recommend", content=body, headers={"Content-Type": "application/json"}
    )
    assert response.json()["articles"] == ["264"]
