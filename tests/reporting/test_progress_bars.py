import io

import pytest

from lawrec.reporting.progress_bars import LINE_SECONDS, progress_on
from lawrec.translation import messages_in


class Clock:
    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        return self.now


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr("lawrec.reporting.progress_bars.time.monotonic", clock)
    return clock


def report(progress, stage, done, total, note=""):
    """Report a step, or a message where nothing is done."""
    if done == 0:
        progress.message(note)
    else:
        progress.update(stage, done, total, note)


def plain(clock, *steps):
    """The lines that `steps` give, each after its seconds: (seconds, stage, done, total, note)."""
    stream = io.StringIO()
    with progress_on(stream) as progress:
        for seconds, *values in steps:
            clock.now += seconds
            report(progress, *values)
    return stream.getvalue().splitlines()


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        (
            [
                (0, "train", 0, 3000, "Starting."),
                (5, "train", 9, 3000),
                (5, "train", 2000, 3000, "loss 0.5000"),
            ],
            ["Starting.", "train: 2,000 of 3,000, 398/s, 3 s left, loss 0.5000"],
        ),
        (
            [(0, "train", 100, 1000), (5, "train", 200, 1000), (5, "train", 300, 1000)],
            ["train: 200 of 1,000, 20/s, 40 s left", "train: 300 of 1,000, 20/s, 35 s left"],
        ),
        (
            [(0, "write", 10, 30), (1, "write", 20, 30), (1, "write", 30, 30)],
            ["write: 30 of 30, 10/s"],
        ),
        (
            [(0, "tokenize", 1000, None), (5, "tokenize", 9000, None)],
            ["tokenize: 9,000, 1,600/s"],
        ),
        (
            [(0, "predict", 3, None), (0, "predict", 3, 3, "1 not answered")],
            ["predict: 3 of 3, 1 not answered"],
        ),
        (
            [(0, "prepare", 0, None, "Preparing."), (0, "vectors", 0, None, "Counting.")],
            ["Preparing.", "Counting."],
        ),
        (
            [(0, "train", 5000, 10_000), (5, "train", 5100, 10_000)],
            ["train: 5,100 of 10,000, 20/s, 245 s left"],
        ),
        (
            [
                (0, "score", 64, 256),
                (1, "score", 256, 256),
                (500, "score", 64, 256),
                (1, "score", 256, 256),
            ],
            ["score: 256 of 256, 192/s", "score: 64 of 256", "score: 256 of 256, 192/s"],
        ),
        (
            [(0, "one", 1, None), (0, "two", 10, None), (5, "one", 6, None), (0, "two", 60, None)],
            ["one: 6, 1/s", "two: 60, 10/s"],
        ),
        ([(0, "score", 0, 0, "Nothing to score.")], ["Nothing to score."]),
    ],
    ids=[
        "a note, then a line",
        "several lines",
        "the end at once",
        "no total",
        "one chunk: no rate is known",
        "notes",
        "a resumed stage",
        "a stage that runs again",
        "two stages",
        "no cases",
    ],
)
def test_a_stream_that_is_no_terminal_gets_plain_lines(clock, steps, expected):
    assert plain(clock, *steps) == expected


def test_between_two_lines_of_a_stage_there_are_some_seconds(clock):
    lines = plain(clock, *((1, "train", done, 1000) for done in range(1, 22)))
    assert [int(line.split()[1]) for line in lines] == [6, 11, 16, 21]
    assert LINE_SECONDS == 5


def test_the_lines_are_written_at_once(clock):
    class Flushed(io.StringIO):
        flushes = 0

        def flush(self):
            self.flushes += 1

    stream = Flushed()
    with progress_on(stream) as progress:
        progress.update("train", 1, 1)
        progress.message("Preparing.")
    assert stream.flushes == 2


def test_a_terminal_gets_a_bar_with_count_rate_and_note(clock, monkeypatch):
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "120")
    stream = Terminal()
    with progress_on(stream) as progress:
        progress.message("Preparing the cases.")
        progress.update("train", 10, 100, "loss 0.9000")
        clock.now += 2
        progress.update("train", 100, 100, "loss 0.5000")
        progress.update("tokenize", 7, None)
    shown = stream.getvalue()
    for part in ("Preparing the cases.", "train", "100/100", "45/s", "loss 0.5000", "tokenize"):
        assert part in shown


def test_characters_of_markup_in_notes_are_shown_as_they_are(clock, monkeypatch):
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "120")
    stream = Terminal()
    with progress_on(stream) as progress:
        progress.message("Preparing data/[/]/[b].json into :a:.")
        progress.update("score [/].json", 1, 2, "[i] :a:")
    shown = stream.getvalue()
    for part in ("Preparing data/[/]/[b].json into :a:.", "score [/].json", "[i] :a:"):
        assert part in shown


@pytest.mark.parametrize("stream", [io.StringIO, Terminal])
def test_nothing_that_is_reported_steers_the_terminal(clock, monkeypatch, stream):
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "160")
    shown = stream()
    with progress_on(shown) as progress:
        progress.message("Preparing \x1b]0;title\x07.")
        progress.update("score \x1b[8m.json", 2, 2, "\x9b1A")
    for part in ("Preparing \\u001b]0;title\\u0007.", "score \\u001b[8m.json", "\\u009b1A"):
        assert part in shown.getvalue()
    for part in ("\x1b]0;", "\x1b[8m", "\x9b"):
        assert part not in shown.getvalue()


def test_a_stream_that_fails_does_not_stop_the_work():
    class Full(io.StringIO):
        def write(self, text):
            raise OSError("No space left on device")

    with progress_on(Full()) as progress:
        progress.message("Preparing.")
        progress.update("train", 1, 1)


def test_an_error_inside_the_block_comes_through():
    with pytest.raises(KeyError), progress_on(Terminal()) as progress:
        progress.update("train", 1, 2)
        raise KeyError("mistake")


def test_stages_notes_and_messages_are_in_the_language_of_the_reader(clock):
    with messages_in("zh"):
        lines = plain(
            clock,
            (0, "score valid", 0, 30, "Counting the co-occurrences of tokens."),
            (5, "score valid", 10, 30),
            (5, "score valid", 20, 30),
            (5, "train net 1 of 2", 30, 30, "step 3, loss 0.5000"),
            (5, "stage of mine", 1, 1, "note of mine"),
        )
    assert lines == [
        "正在统计词元的共现次数。",
        "打分 valid：20/30，2/s，还需 5 秒",
        "训练第 1 个网络，共 2 个：30/30，第 3 步，损失 0.5000",
        "stage of mine：1/1，note of mine",
    ]
