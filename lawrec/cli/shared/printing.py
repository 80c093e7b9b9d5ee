"""Printing: results on stdout, whatever it is: a terminal, a pipe, a full disk, or closed."""

import io
import os
import re
import sys
from contextlib import suppress

from lawrec.errors import LawrecError
from lawrec.text import printable

_COLOUR = re.compile(r"(\x1b\[[0-9;]{1,16}m)")
_STREAMS = 3
"""The descriptors of stdin, stdout and stderr are 0, 1 and 2."""


def open_streams() -> None:
    """Prepare the standard streams, which whoever starts a command has chosen.

    What goes into a pipe or a file is UTF-8. A terminal has an encoding of its own, and what that
    cannot show is replaced. A closed stderr loses its messages, which is what closing it asks for.
    """
    for descriptor in range(_STREAMS):
        _occupy(descriptor)
    if sys.stderr is None:
        sys.stderr = open(2, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
    if isinstance(sys.stdout, io.TextIOWrapper) and isinstance(sys.stdout.buffer, io.RawIOBase):
        # With PYTHONUNBUFFERED, Python would take no notice of a line that is written in part.
        sys.stdout = io.TextIOWrapper(io.BufferedWriter(sys.stdout.buffer), sys.stdout.encoding)
    for stream in (sys.stdout, sys.stderr):
        if not isinstance(stream, io.TextIOWrapper):
            continue
        if stream.isatty():
            stream.reconfigure(errors="replace")
        else:
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")


def check_stdout() -> None:
    """Raise an error if stdout is closed: a result would be lost after a long computation.

    Raises:
        LawrecError: It is closed.
    """
    if sys.stdout is None:
        raise LawrecError(
            "stdout",
            expected="the stream for the results must be open",
            got="a closed one",
            todo="Redirect it to a file, or to /dev/null.",
        )


def print_result(text: str, *, exact: bool = False, coloured: bool = False) -> None:
    """Print a result, without characters that would steer a terminal.

    Args:
        text: The result.
        exact: Whether programs read it: where stdout is not a terminal, all characters are kept.
        coloured: Whether colours, which the text has for a terminal, are kept.

    Raises:
        LawrecError: The disk is full, or the file that stdout is has reached its largest size.
    """
    is_exact = exact and not sys.stdout.isatty()
    shown = text if is_exact else _without_controls(text, coloured=coloured)
    try:
        sys.stdout.write(f"{shown}\n")  # at once: Ctrl-C must not leave half a line
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        raise stdout_error(error) from error


def stdout_failure() -> OSError | None:
    """Return why a text that Python holds cannot be written to stdout; None if it can."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:  # its reader wants no more
        return None
    except OSError as error:
        return error
    return None


def stdout_error(error: OSError) -> LawrecError:
    """Return the error of a text that cannot be written to stdout, and give that text up."""
    discard_stdout()
    return LawrecError(
        "stdout",
        expected="the results must be written",
        got=error.strerror,
        todo="Free some space there, and run the command again.",
    )


def discard_stdout() -> None:
    """Send what Python still holds of stdout nowhere: at its end, it would fail to write it."""
    with suppress(OSError, ValueError):
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, sys.stdout.fileno())
        os.close(null)


def _without_controls(text: str, *, coloured: bool) -> str:
    """Return a text in which everything that would steer a terminal, but colours, is escaped."""
    if not coloured:
        return printable(text)
    parts = _COLOUR.split(text)
    return "".join(part if _COLOUR.fullmatch(part) else printable(part) for part in parts)


def _occupy(descriptor: int) -> None:
    """Open the null device in place of a closed stream.

    Otherwise the next file would get its descriptor, and TensorFlow's log, which goes to descriptor
    2, would be written into that file.
    """
    try:
        os.fstat(descriptor)
    except OSError:
        os.open(os.devnull, os.O_RDWR)  # gets the lowest descriptor that is free: this one
        os.set_inheritable(descriptor, True)
