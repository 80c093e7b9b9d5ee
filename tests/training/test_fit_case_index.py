import pytest

from lawrec.runs.case_index_file import has_case_index, load_case_index
from lawrec.training.fit_case_index import index_train_cases
from lawrec.training.setup import TrainingSetup
from tests.helpers.progress import messages_to

pytestmark = pytest.mark.tensorflow


def test_train_cases_are_indexed_once(start_run):
    run, records = start_run()
    messages = []
    index_train_cases(TrainingSetup(run, records, progress=messages_to(messages)))
    assert len(load_case_index(run).case_ids) == 80
    index_train_cases(TrainingSetup(run, records, progress=messages_to(messages)))
    assert messages == ["Indexing the train cases, for explanations."]


def test_a_setting_limits_the_number_of_cases(start_run):
    run, records = start_run("ranking.similar_cases=7")
    index_train_cases(TrainingSetup(run, records))
    assert len(load_case_index(run).case_ids) == 7


def test_none_are_indexed_where_none_are_wanted(start_run):
    run, records = start_run("ranking.similar_cases=0")
    index_train_cases(TrainingSetup(run, records))
    assert not has_case_index(run)
