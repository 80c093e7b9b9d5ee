"""Claims: which process works on what, where the processes of several hosts share a folder.

A claim is a file with the name of its holder: whoever creates it first has it. While the holder
works, it touches the file every few seconds. The claim of a process that was killed is taken over:
at once on the same host or in the same container, elsewhere when nobody has touched it for a minute
by the clock of the one who waits, so that clocks need not agree. It takes five seconds if it was
killed before it had written its name.

Claims save work and protect nothing: in rare cases two processes have the same one, for example if
one of them was suspended, or in an object store, where no file can be created exclusively. What is
done under a claim must therefore be harmless to do twice: files appear whole, and have the same
bytes whoever writes them.
"""

import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Thread

from lawrec.storage.processes import is_running, pid_space, process_name
from lawrec.storage.remote_files import create_new, touch
from lawrec.storage.temporary_names import remove

TOUCH_SECONDS = 5.0
"""Seconds between two touches by the holder."""
STALE_SECONDS = 60.0
"""Seconds without a touch after which the claim of another host is taken over."""
_UNNAMED_SECONDS = 5.0
"""The same for a claim without a name, which is written as soon as the file is created."""
_HOLDER = re.compile(r"([0-9]{1,10})@(.+)")


@dataclass(frozen=True)
class Claims:
    """The claims in a folder, as one process sees them.

    Args:
        folder: The folder, which exists.
        stale_seconds: See `STALE_SECONDS`.
        clock: Returns seconds; it need not agree with any other clock.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     with Claims(Path(folder)).held("7") as is_mine:
        ...         is_mine, [path.name for path in Path(folder).iterdir()]
        (True, ['7.claim'])
    """

    folder: Path
    stale_seconds: float = STALE_SECONDS
    clock: Callable[[], float] = time.monotonic
    _seen: dict[str, tuple[int, float]] = field(default_factory=dict)

    @contextmanager
    def held(self, name: str) -> Iterator[bool]:
        """Yield whether this process has a claim, which then ends with the block."""
        path = self.folder / claim_name(name)
        if self._is_stale(path):
            remove(path)
        try:
            create_new(path, process_name())
        except (FileExistsError, FileNotFoundError):  # it is held, or its folder was deleted
            yield False
            return
        done = Event()
        toucher = Thread(target=_touch_until, args=(done, path), daemon=True)
        try:
            toucher.start()
            yield True
        finally:
            done.set()
            if toucher.is_alive():
                toucher.join()  # a touch of a remote file may create it again
            remove(path)

    def _is_stale(self, path: Path) -> bool:
        """Return whether the holder of a claim has ended, as far as this process can know."""
        try:
            touched = path.stat().st_mtime_ns
            holder = path.read_text("utf-8", errors="replace") if path.is_file() else ""
        except OSError:
            return False
        match = _HOLDER.fullmatch(holder)
        if match and match[2] == pid_space() and not is_running(int(match[1])):
            return True
        seen, since = self._seen.setdefault(path.name, (touched, self.clock()))
        if touched != seen:
            self._seen[path.name] = touched, self.clock()
            return False
        limit = self.stale_seconds if holder else min(_UNNAMED_SECONDS, self.stale_seconds)
        return self.clock() - since > limit


def claim_name(name: str) -> str:
    """Return the name of the file of a claim.

    Example:
        >>> claim_name("00007")
        '00007.claim'
    """
    return f"{name}.claim"


def _touch_until(done: Event, path: Path) -> None:
    while not done.wait(TOUCH_SECONDS):
        with suppress(OSError):
            touch(path)
