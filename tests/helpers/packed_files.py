"""Files with a given content, packed or not."""

import gzip
import lzma
import zipfile


def write(path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def zipped(path, *members):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return path


def compressed(folder, suffix, content):
    path = folder / f"c{suffix}"
    if suffix == ".zip":
        return zipped(path, ("c", content))
    return write(path, {".gz": gzip.compress, ".xz": lzma.compress}[suffix](content))
