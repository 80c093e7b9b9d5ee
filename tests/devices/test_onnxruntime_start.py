import os
import subprocess
import sys

SUPPRESSING = {"CI", "GITHUB_ACTIONS", "JENKINS_URL", "ORT_DISABLE_TELEMETRY"}
"""Variables with which ONNX Runtime reports nothing of its own accord, and others may."""
IMPORT = """
from lawrec.devices.onnxruntime_start import import_onnxruntime
import_onnxruntime().get_available_providers()
"""


def test_onnx_runtime_reports_nothing_of_its_use(tmp_path):
    # Else it creates an identifier of the machine in these folders as soon as it is imported.
    environment = {key: value for key, value in os.environ.items() if key not in SUPPRESSING}
    folders = {name: str(tmp_path) for name in ("HOME", "TMPDIR", "XDG_CACHE_HOME")}
    subprocess.run([sys.executable, "-c", IMPORT], env=environment | folders, check=True)
    assert list(tmp_path.rglob("*")) == []
