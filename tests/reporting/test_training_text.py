import pytest

from lawrec.reporting.training_text import training_line
from lawrec.runs.results import TrainingEvaluation


@pytest.mark.parametrize(("best", "end"), [(True, "0.1250 (best)"), (False, "0.1250")])
def test_the_line_of_an_epoch_has_the_loss_and_the_metrics(best, end):
    values = {
        "cail_score": 0.5,
        "micro_f1": 0.25,
        "macro_f1_supported": 0.75,
        "exact_match": 0.125,
    }
    evaluation = TrainingEvaluation(1200, 3, 0.01234, values, best)
    assert training_line(evaluation) == (
        "epoch 3, step 1200: loss 0.0123, valid CAIL score 0.5000; micro-F1 0.2500; "
        f"macro-F1, articles with cases 0.7500; exact match {end}"
    )
