import pytest

from lawrec.errors import CaseError
from lawrec.inference.tune import tune_run
from lawrec.runs.leakage import trained_on
from tests.helpers.cases import CHARGE_SETTINGS

pytestmark = pytest.mark.tensorflow


def test_nothing_is_tuned_on_cases_that_trained_the_charges(start_run, charge_only_cases):
    run, _ = start_run(*CHARGE_SETTINGS, charged=charge_only_cases)
    assert list(trained_on(run)) == ["train", "train the charges"]
    with pytest.raises(CaseError, match="must differ from those used to train the charges"):
        tune_run(run, path=charge_only_cases)
