import json

import pytest

from lawrec.reporting.search_text import ranked, search_json, search_table, setting_rows, shown
from tests.helpers.searches import searched_result


@pytest.fixture(scope="module")
def result():
    return searched_result()


def test_the_best_trials_come_first(result):
    assert [trial.number for trial in ranked(result.trials)] == [1, 0, 2]


def test_the_table_has_trials_settings_and_what_to_do_next(result):
    lines = search_table(result).splitlines()
    cells = [line.split() for line in lines]
    assert ["Trial", "CAIL", "score", "Evaluations", "Minutes", "State"] in cells
    assert cells[3] == ["1", "0.7500", "2", "2.0", "complete"]
    assert ["model.dropout", "0.1235", "0.25", "0", "to", "0.5", "0.75"] in cells
    assert lines[-3:] == [
        "4 trials: 2 complete, 1 pruned, 1 failed",
        "best run   study/runs/trial-0001",
        "train      lawrec train --preset tiny --config study/best.toml",
    ]


def test_the_json_has_everything(result):
    values = json.loads(search_json(result))
    assert (values["folder"], values["run"]) == ("study", "study/runs/trial-0001")
    assert values["best"] == values["trials"][1]
    assert values["trials"][3]["error"] == "MemoryError: <2 GiB>"
    assert values["settings"] == {"model.dropout": 0.123456, "model.pooling": "max"}


def test_a_setting_without_importance_has_an_empty_cell(result):
    assert setting_rows(result)[1] == (
        *("model.pooling", "max", "article-attention", "article-attention, max", ""),
    )


def test_numbers_have_four_digits():
    assert [shown(value) for value in (0.25, 1e-4, 12345, True)] == [
        *("0.25", "0.0001", "12345", "True"),
    ]
