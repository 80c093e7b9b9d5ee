import json
import re
from dataclasses import replace

import pytest
import tensorflow as tf
from click.testing import CliRunner

from lawrec.cli import cli
from lawrec.config import ModelConfig
from lawrec.diagnostics.doctor import (
    DRIVER,
    cpu_gpu_difference,
    examine,
    probe_scores,
    suggest_batch_tokens,
    why_no_gpu,
)
from lawrec.diagnostics.reports import DoctorReport, MachineReport
from lawrec.models.pooling import POOLINGS
from lawrec.reporting.runs_text import doctor_text

pytestmark = pytest.mark.tensorflow
READY = MachineReport(
    gpus=(),
    built_for={"cuda_version": "12.5.1", "cudnn_version": "9"},
    hidden=None,
    nodes=("/dev/nvidia0",),
    driver="NVRM version: 550.54",
    smi="GPU 0: a card",
    broken={},
    packages={"nvidia-cudnn-cu12": "9.3.0"},
)


@pytest.mark.parametrize(
    ("changes", "reasons"),
    [
        ({"gpus": ("GPU:0",), "broken": {"libcudnn.so.9": "gone"}}, []),
        ({"built_for": {}}, ["built without CUDA"]),
        ({"hidden": "-1", "broken": {DRIVER: "gone"}}, ["CUDA_VISIBLE_DEVICES='-1' hides"]),
        ({"hidden": ""}, ["CUDA_VISIBLE_DEVICES='' hides"]),
        ({"hidden": "1"}, ["TF_CPP_MIN_LOG_LEVEL=0"]),
        ({"nodes": (), "driver": "", "smi": ""}, ["No NVIDIA GPU or driver"]),
        ({"nodes": ()}, ["no /dev/nvidia0"]),
        ({"broken": {DRIVER: "gone"}}, ["driver's library cannot be loaded: gone"]),
        (
            {"broken": {"libcudnn.so.9": "old", "libcufft.so.11": "gone"}},
            [
                r"libcudnn.so.9 cannot be loaded \(old\); nvidia-cudnn-cu12 9.3.0 is installed",
                r"libcufft.so.11 .* is not installed: pip install 'lawrec\[gpu\]'",
            ],
        ),
        ({}, ["TF_CPP_MIN_LOG_LEVEL=0"]),
    ],
)
def test_the_deepest_reason_why_no_gpu_is_used(changes, reasons):
    result = why_no_gpu(replace(READY, **changes))
    assert len(result) == len(reasons)
    for reason, expected in zip(result, reasons, strict=True):
        assert re.search(expected, reason), reason


def test_the_batch_grows_with_the_memory_and_shrinks_with_the_model():
    small, large = ModelConfig(), ModelConfig(lstm_units=1024, lstm_layers=4)
    free = [0, 2**30, 2**32, 2**34, 2**50]
    sizes = [suggest_batch_tokens(small, n_cores=2, free_bytes=each) for each in free]
    assert sizes == sorted(sizes)
    assert (sizes[0], sizes[-1]) == (1_024, 262_144)
    assert all(size % 1_024 == 0 for size in sizes)
    assert suggest_batch_tokens(large, n_cores=2, free_bytes=2**34) < sizes[3]


@pytest.mark.parametrize(("cores", "expected"), [(1, 3_072), (2, 6_144), (64, 8_192)])
def test_the_batch_on_the_cpu_is_the_default_on_two_cores(cores, expected):
    assert suggest_batch_tokens(ModelConfig(), n_cores=cores) == expected


def test_the_batch_shrinks_with_what_the_pooling_needs():
    sizes = {
        name: suggest_batch_tokens(ModelConfig(pooling=name), n_cores=2, free_bytes=2**33)
        for name in POOLINGS
    }
    assert sizes["article-attention"] < sizes["attention"] < sizes["mean"]
    assert sizes["last"] == sizes["max"] == sizes["mean"]


def test_scores_are_compared_in_full_float32():
    tf.config.experimental.enable_tensor_float_32_execution(True)
    probe_scores()
    assert not tf.config.experimental.tensor_float_32_execution_enabled()


def test_the_text_names_what_computes_and_what_does_not():
    advice = DoctorReport("0.1", "2.21", "3.15", 2, READY, ["No driver."], None, 6_144)
    assert doctor_text(advice) == (
        "lawrec       0.1\n"
        "TensorFlow   2.21, built for cuda 12.5.1, cudnn 9\n"
        "Keras        3.15\n"
        "CPU          2 cores\n"
        "GPU          none is used\n"
        "driver       NVRM version: 550.54\n"
        "             No driver.\n"
        "batch size   --set training.batch_tokens=6144 fits"
    )
    seen = replace(advice, findings=replace(READY, gpus=("GPU:0 a card",)), why_no_gpu=[])
    assert "GPU          GPU:0 a card\n" in doctor_text(replace(seen, difference=2e-6))
    assert "differ by at most 2.0e-06\n" in doctor_text(replace(seen, difference=2e-6))


def test_the_command_ends_well_whatever_is_there():
    report = json.loads(CliRunner().invoke(cli, ["doctor", "--format", "json"]).stdout)
    assert bool(report["findings"]["gpus"]) is not bool(report["why_no_gpu"])
    result = CliRunner().invoke(cli, ["doctor"])
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.startswith("lawrec       ")


def test_scores_here_and_in_a_process_without_a_gpu_agree():
    assert cpu_gpu_difference() < 1e-4


def test_the_free_memory_is_read_before_tensorflow_takes_it(monkeypatch):
    order = []
    card = replace(READY, gpus=("GPU:0 a card",))
    monkeypatch.setattr("lawrec.diagnostics.doctor.inspect_machine", lambda: card)
    monkeypatch.setattr(
        "lawrec.diagnostics.doctor.cpu_gpu_difference", lambda: order.append("compute") or 1e-7
    )
    monkeypatch.setattr(
        "lawrec.diagnostics.doctor._free_gpu_bytes", lambda: order.append("read") or 2**33
    )
    assert examine().batch_tokens == suggest_batch_tokens(
        ModelConfig(), n_cores=2, free_bytes=2**33
    )
    assert order == ["read", "compute"]
