import sys

import pytest

from lawrec.devices import tensorflow_start
from lawrec.devices.tensorflow_start import import_tensorflow
from lawrec.errors import RunError


@pytest.fixture
def no_tensorflow_yet(monkeypatch):
    monkeypatch.delitem(sys.modules, "tensorflow", raising=False)
    monkeypatch.setattr(sys, "platform", "linux")


@pytest.mark.usefixtures("no_tensorflow_yet")
def test_where_proc_is_not_mounted_tensorflow_is_not_imported(tmp_path, monkeypatch):
    # TensorFlow would abort the process: "Check failed: -1 != path_length".
    monkeypatch.setattr(tensorflow_start, "_PROGRAM", tmp_path / "exe")
    with pytest.raises(RunError, match=r"^/proc: TensorFlow must be able to read it, got nothing"):
        import_tensorflow()
    assert "tensorflow" not in sys.modules
