import pytest

from lawrec.devices.device_names import check_device, select_gpus
from lawrec.errors import ConfigError, RunError


@pytest.mark.parametrize(
    ("name", "gpus", "expected"),
    [
        ("auto", [], []),
        ("auto", ["a", "b"], ["a", "b"]),
        ("cpu", ["a", "b"], []),
        ("gpu", ["a", "b"], ["a", "b"]),
        ("gpu:1", ["a", "b"], ["b"]),
    ],
)
def test_the_gpus_that_a_name_selects(name, gpus, expected):
    assert select_gpus(name, gpus) == expected


@pytest.mark.parametrize(("name", "got"), [("gpu", "none"), ("gpu:2", "2 GPUs")])
def test_a_gpu_that_is_not_there_is_refused(name, got):
    with pytest.raises(RunError, match=f"{name}: .* got {got}. Run `lawrec doctor`"):
        select_gpus(name, ["a", "b"] if "2" in got else [])


@pytest.mark.parametrize("name", ["tpu", "gpu:", "gpu:1234567890", "GPU", ""])
def test_a_name_of_no_device_is_refused(name):
    for refuse in (check_device, lambda name: select_gpus(name, ["a"])):
        with pytest.raises(ConfigError, match="the device must be auto, cpu, gpu or gpu:N"):
            refuse(name)
