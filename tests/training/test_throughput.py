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


def rates_after(throughput, clock, *seconds):
    for duration in seconds:
        clock.now += duration
        throughput.add(BATCH)
    return throughput.rates()


def test_the_first_step_has_no_rates(clock):
    assert rates_after(Throughput(), clock, 9) == {}


def test_cases_and_tokens_without_padding_are_counted(clock):
    assert rates_after(Throughput(), clock, 9, 0.5) == {
        "cases_per_second": 4,
        "tokens_per_second": 8,
        "padding_efficiency": 0.5,
    }


def test_a_pause_and_the_step_after_it_are_left_out(clock):
    throughput = Throughput()
    rates_after(throughput, clock, 9, 0.5)
    throughput.pause()
    assert rates_after(throughput, clock, 1000, 0.5)["cases_per_second"] == 4


def test_only_the_last_steps_count(clock):
    rates = rates_after(Throughput(), clock, 0, 1000, *[0.25] * WINDOW)
    assert rates["cases_per_second"] == 8
