import pytest

from lawrec.runs import bundle


@pytest.fixture
def opened(monkeypatch):
    """Open anything as a run: as the files in the folder, by name."""

    def open_folder(folder):
        paths = (path for path in sorted(folder.rglob("*")) if path.is_file())
        return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}

    monkeypatch.setattr(bundle, "open_run", open_folder)
    monkeypatch.setattr(bundle, "replace", lambda files, **_: files)
