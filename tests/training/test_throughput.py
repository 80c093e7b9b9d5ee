import numpy as np
import pytest

from lawrec.training.throughput import WINDOW, Throughput

BATCH = np.array([[5, 6, 7, 0], [8, 0, 0, 0]])


@pytest.fixture
def clock(monkeypatch):
    class Clock:
        now = 100.0

        def __call__(self):
            return self.now

    clock = Clock()
    monkeypatch.setattr("lawrec.training.throughput.time.monotonic", clock)
    return clock


def added(speed, clock, *seconds):
    for part in seconds:
        clock.now += part
        speed.add(BATCH)
    return speed.figures()


def test_the_first_step_gives_no_figures(clock):
    assert added(Throughput(), clock, 9) == {}


def test_cases_and_tokens_that_are_no_padding_are_counted(clock):
    assert added(Throughput(), clock, 9, 0.5) == {
        "cases_per_second": 4,
        "tokens_per_second": 8,
        "padding_efficiency": 0.5,
    }


def test_a_pause_and_the_step_after_it_are_left_out(clock):
    speed = Throughput()
    added(speed, clock, 9, 0.5)
    speed.pause()
    assert added(speed, clock, 1000, 0.5)["cases_per_second"] == 4


def test_only_the_last_steps_count(clock):
    figures = added(Throughput(), clock, 0, 1000, *[0.25] * WINDOW)
    assert figures["cases_per_second"] == 8
