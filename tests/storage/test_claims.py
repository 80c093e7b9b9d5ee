import os
import subprocess
import sys
import threading

import pytest

from lawrec.storage import claims as module
from lawrec.storage.claims import Claims, claim_name
from lawrec.storage.processes import pid_space


class Clock:
    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def path(tmp_path):
    return tmp_path / claim_name("7")


def is_mine(claims):
    with claims.held("7") as mine:
        return mine


def test_a_claim_is_held_by_one_at_a_time(tmp_path, path):
    first, second = Claims(tmp_path), Claims(tmp_path)
    with first.held("7") as mine, second.held("7") as also, second.held("8") as other:
        assert (mine, also, other) == (True, False, True)
        assert path.read_text() == f"{os.getpid()}@{pid_space()}"
    assert list(tmp_path.iterdir()) == []
    assert is_mine(second)


def test_a_claim_ends_with_an_error(tmp_path):
    with pytest.raises(KeyboardInterrupt), Claims(tmp_path).held("7"):
        raise KeyboardInterrupt
    assert list(tmp_path.iterdir()) == []


def test_the_claim_of_a_process_that_has_ended_is_taken_over_at_once(tmp_path, path):
    ended = subprocess.run(
        [sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, check=True
    )
    path.write_text(f"{int(ended.stdout)}@{pid_space()}")
    assert is_mine(Claims(tmp_path))


@pytest.mark.parametrize(
    "holder",
    ["1@elsewhere", f"{os.getpid()}@{pid_space()}"],
    ids=["another host", "this process"],
)
def test_a_claim_that_nobody_touches_is_taken_over_after_a_while(tmp_path, path, clock, holder):
    claims = Claims(tmp_path, stale_seconds=60, clock=clock)
    path.write_text(holder)
    assert not is_mine(claims)
    clock.now = 59
    assert not is_mine(claims)
    clock.now = 61
    assert is_mine(claims)


@pytest.mark.parametrize("place", [os.mkfifo, os.mkdir], ids=["pipe", "folder"])
def test_what_is_no_file_is_the_claim_of_nobody(tmp_path, path, clock, place):
    claims = Claims(tmp_path, stale_seconds=60, clock=clock)
    place(path)
    assert not is_mine(claims)
    clock.now = 61
    assert is_mine(claims)


def test_a_claim_that_was_never_written_is_taken_over_soon(tmp_path, path, clock):
    claims = Claims(tmp_path, stale_seconds=60, clock=clock)
    path.touch()
    assert not is_mine(claims)
    clock.now = 4
    assert not is_mine(claims)
    clock.now = 6
    assert is_mine(claims)


def test_a_claim_that_is_touched_stays_whatever_the_clocks_say(tmp_path, path, clock):
    claims = Claims(tmp_path, stale_seconds=60, clock=clock)
    path.write_text("1@elsewhere")
    for second in range(0, 600, 50):
        clock.now = second
        os.utime(path, (second + 10_000, second + 10_000))
        assert not is_mine(claims)


def test_the_holder_touches_its_claim(tmp_path, path, monkeypatch):
    monkeypatch.setattr(module, "TOUCH_SECONDS", 0.01)
    with Claims(tmp_path).held("7"):
        os.utime(path, (1, 1))
        for _ in range(1_000):
            if path.stat().st_mtime > 1:
                break
            module.time.sleep(0.01)
        assert path.stat().st_mtime > 1


def test_a_touch_that_lasts_does_not_create_the_claim_again(tmp_path, path, monkeypatch):
    """On a remote file system, to touch a file is to write it."""
    begun = threading.Event()

    def touch_slowly(path):
        begun.set()
        module.time.sleep(0.05)
        path.write_text("")

    monkeypatch.setattr(module, "TOUCH_SECONDS", 0.01)
    monkeypatch.setattr(module, "touch", touch_slowly)
    with Claims(tmp_path).held("7"):
        begun.wait()
    assert list(tmp_path.iterdir()) == []
