"""Remote files: files at URIs such as s3://bucket/cases, through pyarrow, like local ones.

pyarrow is imported only for a URI. It takes the credentials from where the tools of each file
system have them, or from the URI. A file is written under a temporary name and then moved, so that
it appears whole on any file system.
"""

import io
import os
import re
import secrets
import shutil
from collections.abc import Generator, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path, PosixPath
from types import SimpleNamespace
from typing import Any
from urllib.parse import quote

from lawrec.errors import CaseError

_URI = re.compile(r"([a-z][a-z0-9+.-]+):(?:/++(.*))?", re.IGNORECASE)
"""A URI that was made a `Path`, which drops a slash: "s3:/bucket/cases". "C:/cases" is none."""
_NO_URI = re.compile(r"[ \x80-\U0010ffff]+")
"""What no URI may have: "案" is written "%E6%A1%88"."""
_NO_NAME = re.compile(r"[%?#\[\]]")
"""What a URI may have, but not as part of a name."""
_SECRETS = re.compile(r"(?<=://)[^/@]*@|\?.*")
"""The user and the options of a URI, which may have a password."""
_BUFFER_BYTES = 2**20


class RemotePath(PosixPath):
    """A file or folder that pyarrow knows, with those methods of `Path` that are needed.

    Attributes:
        uri: Its URI. The text of the path is the URI without a password.
    """

    uri: str
    _located: tuple[Any, str] | None = None

    def __str__(self) -> str:
        return _SECRETS.sub("", self.uri)

    def __fspath__(self) -> str:
        # Else what this class lacks would look for it on this machine.
        raise TypeError(f"{self} is not a path of this machine")

    def __reduce__(self) -> tuple[Any, ...]:
        return remote_path, (self.uri,)

    def __truediv__(self, name: Any) -> "RemotePath":
        folder, mark, options = self.uri.partition("?")
        child = remote_path(f"{folder.rstrip('/')}/{_quote(_NO_NAME, str(name))}{mark}{options}")
        filesystem, path = self._location
        child._located = filesystem, f"{path.rstrip('/')}/{name}"
        return child

    def exists(self, **_: Any) -> bool:
        """Return whether there is a file or a folder."""
        return self.is_file() or self.is_dir()

    def is_file(self, **_: Any) -> bool:
        """Return whether there is a file."""
        return bool(self._info.is_file)

    def is_dir(self, **_: Any) -> bool:
        """Return whether there is a folder."""
        return bool(self._info.type.name == "Directory")

    def is_fifo(self) -> bool:
        """Return False: it is not a named pipe."""
        return False

    def stat(self, **_: Any) -> Any:
        """Return the size and the time of the file, and which one it is if it is a local one."""
        if self.local:
            return self.local.stat()
        info = self._info
        names = {"st_ino": None, "st_dev": None}
        return SimpleNamespace(st_size=info.size, st_mtime_ns=info.mtime_ns, **names)

    def iterdir(self) -> Generator["RemotePath", None, None]:
        """Yield what is in the folder."""
        yield from (self / name for name in self.names())

    def names(self) -> list[str]:
        """Return the names of what is in the folder."""
        from pyarrow.fs import FileSelector

        filesystem, path = self._location
        with _reaching(self):
            return [info.base_name for info in filesystem.get_file_info(FileSelector(path))]

    def mkdir(self, *_: Any, **__: Any) -> None:
        """Create the folder and those that it is in, unless it is there."""
        filesystem, path = self._location
        with _writing(self):
            filesystem.create_dir(path, recursive=True)

    def open(self, *_: Any, **__: Any) -> Any:
        """Open the file to read bytes."""
        filesystem, path = self._location
        return io.BufferedReader(filesystem.open_input_file(path), _BUFFER_BYTES)

    def read_text(self, encoding: str | None = None, errors: str | None = None, **_: Any) -> str:
        """Return the text of the file."""
        with self.open() as file:
            return bytes(file.read()).decode(encoding or "utf-8", errors or "strict")

    def write_text(self, data: str, encoding: str | None = None, *_: Any, **__: Any) -> int:
        """Write a text that need not be whole, and return its length."""
        filesystem, path = self._location
        with filesystem.open_output_stream(path, compression=None) as file:
            file.write(data.encode(encoding or "utf-8"))
        return len(data)

    def unlink(self, *_: Any, **__: Any) -> None:
        """Delete the file."""
        filesystem, path = self._location
        filesystem.delete_file(path)

    def upload(self, source: Path) -> None:
        """Copy a local file to this path, whole or not at all."""
        filesystem, path = self._location
        folder, _, name = path.rpartition("/")
        temporary = f"{folder}/.{name}.{secrets.token_hex(8)}.tmp"
        with source.open("rb") as file, _writing(self):
            try:
                with filesystem.open_output_stream(temporary, compression=None) as stream:
                    shutil.copyfileobj(file, stream, _BUFFER_BYTES)
                filesystem.move(temporary, path)
            except BaseException:
                with suppress(OSError):
                    filesystem.delete_file(temporary)
                raise

    @property
    def local(self) -> Path | None:
        """The same on this machine if the URI begins with file://."""
        filesystem, path = self._location
        return Path(path) if filesystem.type_name == "local" else None

    @property
    def _info(self) -> Any:
        filesystem, path = self._location
        with _reaching(self):
            return filesystem.get_file_info(path)

    @property
    def _location(self) -> tuple[Any, str]:
        """The file system, and the path in it."""
        self._located = self._located or _locate(self.uri)
        return self._located


def remote_path(uri: str) -> RemotePath:
    """Return what is at a URI.

    Example:
        >>> remote_path("s3://bucket/cases/a.json.gz?region=eu-west-1").name
        'a.json.gz'
    """
    path = RemotePath(_SECRETS.sub("", uri).partition("://")[2])
    path.uri = uri
    return path


def resolve_uri(path: Path) -> Path:
    """Return the remote path of a path that was a URI, and any other as it is.

    Raises:
        CaseError: pyarrow is missing, or cannot reach the URI.

    Example:
        >>> resolve_uri(Path("cases.json")).name
        'cases.json'
    """
    match = _URI.fullmatch(str(path))
    if isinstance(path, RemotePath) or not match or path.exists() or os.name == "nt":
        return path
    # A host or a bucket has two slashes before it, a local path three.
    scheme = match[1].lower()
    remote = remote_path(f"{scheme}://{'/' * (scheme == 'file')}{match[2] or ''}")
    remote._located = _locate(remote.uri)
    return remote


def names_in(folder: Path) -> list[str]:
    """Return the names of what is in a folder.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     Path(folder, "cases.json").touch()
        ...     names_in(Path(folder))
        ['cases.json']
    """
    if isinstance(folder, RemotePath):
        return folder.names()
    return os.listdir(folder)  # noqa: PTH208 - quicker with many thousands of files


def create_new(path: Path, text: str) -> None:
    """Create a file with a text that no other process writes.

    A remote file system may have no way to create a file that only one of several processes has. Of
    two that create it at nearly the same time, one may then not know of the other.

    Raises:
        FileExistsError: The file exists.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     create_new(Path(folder, "7.claim"), "4711@host")
        ...     Path(folder, "7.claim").read_text()
        '4711@host'
    """
    if not isinstance(path, RemotePath):
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
        return
    if not path.exists():
        path.write_text(text)
        if path.read_text() == text:  # and not that of one who came at the same time
            return
    raise FileExistsError(str(path))


def touch(path: Path) -> None:
    """Set the time of a file to now.

    Raises:
        OSError: There is no such file.

    Example:
        >>> import tempfile
        >>> with tempfile.NamedTemporaryFile() as file:
        ...     touch(Path(file.name))
    """
    if isinstance(path, RemotePath):
        path.write_text(path.read_text())
    else:
        os.utime(path)


@contextmanager
def _reaching(where: RemotePath | str) -> Iterator[None]:
    """Yield, and name a URI in the errors of the block: an unknown scheme, or no connection."""
    try:
        yield
    except FileNotFoundError:
        raise
    except (ValueError, OSError) as error:
        raise CaseError(
            where,
            expected="pyarrow must know the URI and reach it",
            got=str(error).partition("\n")[0],
            todo="Check it.",
        ) from error


@contextmanager
def _writing(path: RemotePath) -> Iterator[None]:
    """Yield, and name a URI in the errors of the block."""
    try:
        yield
    except (ValueError, OSError) as error:
        raise CaseError(
            path,
            expected="what the URI names must be writable",
            got=str(error).partition("\n")[0],
            todo="Check it, and what you may write there.",
        ) from error


def _quote(characters: re.Pattern[str], text: str) -> str:
    """Return a text in which these characters are written as a URI has them."""
    return characters.sub(lambda match: quote(match[0]), text)


def _locate(uri: str) -> tuple[Any, str]:
    where = _SECRETS.sub("", uri)
    try:
        from pyarrow.fs import FileSystem
    except ImportError as error:
        raise CaseError(
            where,
            expected="pyarrow must be installed to use a URI",
            got="no such package",
            todo="Run pip install 'lawrec[parquet]'.",
        ) from error
    with _reaching(where):
        filesystem, path = FileSystem.from_uri(_quote(_NO_URI, uri))
        if not path:
            raise ValueError("no bucket")
    return filesystem, path
