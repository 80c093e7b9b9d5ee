import signal
import subprocess
import sys
import threading

import pytest

from lawrec.cli.shared.interrupts import ending_on_sigterm, stopping_between_steps
from lawrec.progress import SILENT
from tests.helpers.progress import Reports


def test_ctrl_c_waits_for_the_next_step_and_a_second_one_does_not():
    seen = []
    before = signal.getsignal(signal.SIGINT)
    with stopping_between_steps(Reports(lambda *values: seen.append(values))) as progress:
        progress.update("train", 1, 9, "")
        signal.raise_signal(signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            progress.update("train", 2, 9, "")
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    assert [values[1] for values in seen] == [1, 2]
    assert signal.getsignal(signal.SIGINT) is before


def test_outside_the_main_thread_a_progress_stays_as_it_is():
    def work():
        with stopping_between_steps(SILENT) as progress:
            found.append(progress)

    found = []
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert found == [SILENT]


SWALLOWING = """
import signal
import subprocess
import sys
from lawrec.cli.shared.interrupts import ending_on_sigterm
with ending_on_sigterm():
    try:
        signal.raise_signal(signal.SIGTERM)
    except BaseException:
        pass
print("goes on")
"""


def test_sigterm_ends_the_process_even_in_code_that_catches_every_exception():
    done = subprocess.run([sys.executable, "-c", SWALLOWING], capture_output=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


def test_after_the_block_sigterm_is_handled_as_before():
    before = signal.getsignal(signal.SIGTERM)
    with ending_on_sigterm():
        assert signal.getsignal(signal.SIGTERM) is not before
    assert signal.getsignal(signal.SIGTERM) is before


def test_only_the_main_thread_can_handle_sigterm():
    def work():
        with ending_on_sigterm():
            handlers.append(signal.getsignal(signal.SIGTERM))

    handlers = []
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert handlers == [signal.getsignal(signal.SIGTERM)]
