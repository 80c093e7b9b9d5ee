import numpy as np
import pytest
import tensorflow as tf

from lawrec.config import OptimizerConfig
from lawrec.errors import ConfigError
from lawrec.training.schedules import SCHEDULES, learning_rate

pytestmark = pytest.mark.tensorflow


def rates(done, **settings):
    config = OptimizerConfig(learning_rate=0.1, **settings)
    return [float(learning_rate(tf.constant(share), config)) for share in done]


@pytest.mark.parametrize(
    ("settings", "done", "expected"),
    [
        ({"schedule": "cosine"}, (0, 0.05, 0.1, 0.55, 1), (0.001, 0.051, 0.1, 0.05, 0)),
        ({"schedule": "constant"}, (0, 0.05, 0.1, 0.55, 1), (0.001, 0.051, 0.1, 0.1, 0.1)),
        ({"schedule": "exponential", "decay_rate": 0.01}, (0.1, 0.55, 1), (0.1, 0.01, 0.001)),
        (
            {
                "schedule": "staircase",
                "decay_rate": 0.01,
                "staircase_steps": 2,
                "warmup_ratio": 0.0,
            },
            (0, 0.49, 0.5, 0.99, 1),
            (0.1, 0.1, 0.01, 0.01, 0.001),
        ),
        ({"schedule": "one-cycle"}, (0, 0.15, 0.3, 0.65, 1), (0.004, 0.052, 0.1, 0.05, 0)),
    ],
)
def test_the_rate_at_shares_of_the_training_worked_by_hand(settings, done, expected):
    np.testing.assert_allclose(
        rates(done, **{"warmup_ratio": 0.1, **settings}), expected, atol=1e-7
    )


@pytest.mark.parametrize("warmup", [0.0, 0.3])
@pytest.mark.parametrize("schedule", SCHEDULES)
def test_the_rate_stays_between_zero_and_its_peak_and_reaches_it(schedule, warmup):
    values = rates(np.linspace(0, 1, 201), schedule=schedule, warmup_ratio=warmup)
    assert min(values) >= 0
    assert max(values) == pytest.approx(0.1)


def test_an_unknown_schedule_is_refused_with_its_setting():
    with pytest.raises(ConfigError, match=r"optimizer\.schedule"):
        learning_rate(0.0, OptimizerConfig(schedule="newton"))
