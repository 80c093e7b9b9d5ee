import os
from functools import partial
from multiprocessing import Pipe

import pytest

from lawrec.config import Config
from lawrec.errors import RunError
from lawrec.search.trial_process import run_trial, start_trial


def two_epochs(config, name):
    yield 0.25
    yield config.model.dropout


def not_finite(config, name):
    yield 0.5
    raise RunError(name, expected="the loss must stay finite", got="nan", todo="Train anew.")


def out_of_memory(config, name):
    raise MemoryError("2 GiB")
    yield 0.0


def killed(config, name):
    yield 0.5
    os._exit(1)


def sent(train, *replies):
    """Return what a trial sends that gets these replies."""
    ours, theirs = Pipe()
    for reply in replies:
        ours.send(reply)
    run_trial(partial(train, Config(), "trial-0000"), theirs)
    messages = []
    while ours.poll():
        messages.append(ours.recv())
    return messages


def test_a_trial_sends_each_evaluation_and_its_end():
    assert sent(two_epochs, False, False) == [0.25, 0.25, None]


def test_a_trial_ends_early_when_it_is_pruned():
    assert sent(two_epochs, True) == [0.25, None]


def test_a_failure_is_sent_as_a_text():
    assert sent(not_finite, False) == [
        0.5,
        "trial-0000: the loss must stay finite, got nan. Train anew.",
    ]
    assert sent(out_of_memory) == ["MemoryError: 2 GiB"]


def test_a_search_that_is_gone_ends_the_trial():
    ours, theirs = Pipe()
    ours.close()
    run_trial(partial(two_epochs, Config(), "trial-0000"), theirs)


@pytest.mark.timeout(60)
def test_a_trial_has_a_process_whose_end_is_the_end_of_the_pipe():
    connection, theirs = Pipe()
    process = start_trial(partial(killed, Config(), "trial-0000"), theirs)
    assert connection.recv() == 0.5
    connection.send(False)
    with pytest.raises(EOFError):
        connection.recv()
    process.join()
    assert process.exitcode == 1
