"""Remote files: files at URIs such as s3://bucket/cases, read through pyarrow like local ones.

pyarrow is imported only for a URI. It takes the credentials from where the tools of each file
system have them, or from the URI.
"""

import io
import os
import re
from collections.abc import Generator
from pathlib import Path, PosixPath
from types import SimpleNamespace
from typing import Any

from lawrec.errors import CaseError

_URI = re.compile(r"([a-z][a-z0-9+.-]+):/+(.*)")
"""A URI that was made a `Path`, which drops a slash: "s3:/bucket/cases". "C:/cases" is none."""
_SECRETS = re.compile(r"(?<=://)[^/@]*@|\?.*")
"""The user and the options of a URI, which may have a password."""
_BUFFER_BYTES = 2**20


class RemotePath(PosixPath):
    """A file or folder that pyarrow knows, with the methods of `Path` that reading it needs.

    Attributes:
        uri: Its URI. The text of the path is the URI without a password.
    """

    uri: str
    _located: tuple[Any, str] | None = None

    def __str__(self) -> str:
        return _SECRETS.sub("", self.uri)

    def __reduce__(self) -> tuple[Any, ...]:
        return remote_path, (self.uri,)

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
        """Return False: it is no named pipe."""
        return False

    def stat(self, **_: Any) -> Any:
        """Return the size and the time of the file, and which one it is if it is a local one."""
        filesystem, path = self._location
        if filesystem.type_name == "local":
            return os.stat(path)  # noqa: PTH116 - it is no path of this class
        info = self._info
        names = {"st_ino": None, "st_dev": None}
        return SimpleNamespace(st_size=info.size, st_mtime_ns=info.mtime_ns, **names)

    def iterdir(self) -> Generator["RemotePath", None, None]:
        """Yield what is in the folder."""
        from pyarrow.fs import FileSelector

        filesystem, path = self._location
        folder, mark, options = self.uri.partition("?")
        for info in filesystem.get_file_info(FileSelector(path)):
            child = remote_path(f"{folder.rstrip('/')}/{info.base_name}{mark}{options}")
            child._located = filesystem, info.path
            yield child

    def open(self, *_: Any, **__: Any) -> Any:
        """Open the file to read bytes."""
        filesystem, path = self._location
        return io.BufferedReader(filesystem.open_input_file(path), _BUFFER_BYTES)

    @property
    def _info(self) -> Any:
        filesystem, path = self._location
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
    remote = remote_path(f"{match[1]}://{'/' * (match[1] == 'file')}{match[2]}")
    remote._located = _locate(remote.uri)
    return remote


def _locate(uri: str) -> tuple[Any, str]:
    try:
        from pyarrow.fs import FileSystem

        filesystem, path = FileSystem.from_uri(uri)
    except ImportError as error:
        raise CaseError(
            _SECRETS.sub("", uri),
            expected="pyarrow must be installed to read a URI",
            got="no such package",
            todo="Run pip install 'lawrec[parquet]'.",
        ) from error
    except (ValueError, OSError) as error:  # an unknown scheme, or no connection
        raise CaseError(
            _SECRETS.sub("", uri),
            expected="pyarrow must know the URI and reach it",
            got=str(error).partition("\n")[0],
            todo="Check it.",
        ) from error
    return filesystem, path
