import contextlib
import io
import zipfile

import numpy as np
import pytest

from lawrec.storage import array_files
from lawrec.storage.array_files import read_arrays, text_array, texts_in


def npz(**arrays):
    written = io.BytesIO()
    np.savez_compressed(written, **arrays)
    return written.getvalue()


def npy(array, **options):
    written = io.BytesIO()
    np.save(written, array, **options)
    return written.getvalue()


def zipped(**contents):
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as archive:
        for name, content in contents.items():
            archive.writestr(f"{name}.npy", content)
    return written.getvalue()


@pytest.mark.parametrize("texts", [(), ("",), ("264", "张\n", "\ud800", "a" * 99)])
def test_texts_are_read_as_they_were_written(texts, tmp_path):
    (tmp_path / "a.npz").write_bytes(npz(a=text_array(texts)))
    assert texts_in(read_arrays(tmp_path / "a.npz")["a"]) == texts


@pytest.mark.parametrize(
    "content",
    [
        *(b"", b"text", b"PK\3\4", npz(a=np.arange(9))[:-9], npy(np.arange(9))),
        *(zipped(a=b""), zipped(a=b"text"), zipped(a=npy(np.arange(9))[:-9])),
        zipped(a=npy(np.array([{}], object), allow_pickle=True)),
    ],
)
def test_what_is_no_file_of_arrays_is_refused(content, tmp_path):
    (tmp_path / "a.npz").write_bytes(content)
    with pytest.raises(ValueError, match=r"."):
        read_arrays(tmp_path / "a.npz")


def test_arrays_that_would_fill_the_memory_are_not_unpacked(tmp_path, monkeypatch):
    monkeypatch.setattr(array_files, "MAX_ARRAY_BYTES", 10**6)
    (tmp_path / "a.npz").write_bytes(npz(a=np.zeros(10**6, np.uint8), b=np.zeros(99)))
    with pytest.raises(ValueError, match="arrays of more than 1,000,000 bytes"):
        read_arrays(tmp_path / "a.npz")


def test_any_flipped_bit_is_read_or_refused(tmp_path):
    content, path = npz(a=np.arange(9), b=np.ones((3, 3), np.float32)), tmp_path / "a.npz"
    for position in range(0, len(content), 3):
        changed = bytearray(content)
        changed[position] ^= 1 << position % 8
        path.write_bytes(changed)
        with contextlib.suppress(OSError, ValueError):
            read_arrays(path)
