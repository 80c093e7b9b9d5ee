"""Reports of diagnostics: apart from what makes them, so that they are shown without TensorFlow."""

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Layer:
    """One layer of a model; `output` is the shape of its output without the batch axis."""

    name: str
    output: str
    parameters: int


@dataclass(frozen=True)
class RankerInfo:
    """The description of a ranker, or why there is none.

    Attributes:
        status: "in use", or else why a run has no ranker that can be used.
        models: The names of the models of the first stage.
        parameters: Number of weights of its linear SVMs.
        candidates: How many articles per case the second stage ranks; 0 without a second stage.
        trees: Number of its trees.
        importances: The share of each feature in what its trees gain, the greatest first.
    """

    status: str
    models: list[str] = field(default_factory=list)
    parameters: int = 0
    candidates: int = 0
    trees: int = 0
    importances: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Network:
    """The description of an LSTM.

    Attributes:
        parameters: Number of its weights.
        flops: Floating-point operations for one case of the greatest length.
        layers: The layers that have weights.
    """

    parameters: int
    flops: int
    layers: list[Layer]


@dataclass(frozen=True)
class Part:
    """A file in a bundle: its name, its size in bytes, and its SHA-256."""

    name: str
    size: int
    sha256: str


@dataclass(frozen=True)
class RunInfo:
    """The description of a run.

    Attributes:
        run: Its folder, or its bundle.
        checkpoint: Its best checkpoint, relative to the folder; None before training.
        splits: The path of each split.
        tokenizer: The fingerprint of its tokenizer.
        tokens: Size of the vocabulary.
        articles: Number of articles.
        thresholds: How many articles have a threshold, in words.
        ranker: Its linear SVMs and its second stage.
        network: Its LSTM, which TensorFlow builds to describe it; None for a bundle.
        parts: The files of a bundle; none for a folder.
        preset: The preset from which the fewest settings differ.
        changed: These settings, by name.
        config: All settings, by section.
    """

    run: str
    checkpoint: str | None
    splits: dict[str, str]
    tokenizer: str
    tokens: int
    articles: int
    thresholds: str
    ranker: RankerInfo
    network: Network | None
    parts: list[Part]
    preset: str
    changed: dict[str, Any]
    config: dict[str, Any]


@dataclass(frozen=True)
class MachineReport:
    """What a computer has that TensorFlow needs for a GPU, as it was read.

    Attributes:
        gpus: The names of the GPUs that TensorFlow sees.
        built_for: "cuda_version" and "cudnn_version" of TensorFlow; empty for a build without CUDA.
        hidden: CUDA_VISIBLE_DEVICES, or None where it is not set.
        nodes: The device files of NVIDIA's driver.
        driver: The first line of the driver's version file, or "".
        smi: The output of nvidia-smi with one line per GPU, its error, or "" where it is missing.
        broken: Each library that cannot be loaded, the driver's included, and why.
        packages: The version of each package of `LIBRARIES` that is installed.
    """

    gpus: tuple[str, ...]
    built_for: dict[str, str]
    hidden: str | None
    nodes: tuple[str, ...]
    driver: str
    smi: str
    broken: dict[str, str]
    packages: dict[str, str]


@dataclass(frozen=True)
class DoctorReport:
    """What `lawrec doctor` reports.

    Attributes:
        lawrec: Its version.
        tensorflow: The version of TensorFlow.
        keras: The version of Keras.
        cores: CPU cores that this process may use.
        findings: What the computer has.
        why_no_gpu: Why no GPU is used, and what to do; empty where one is.
        difference: The largest difference between scores of the CPU and the GPU; None without GPU.
        batch_tokens: A value of training.batch_tokens that fits.
    """

    lawrec: str
    tensorflow: str
    keras: str
    cores: int
    findings: MachineReport
    why_no_gpu: list[str]
    difference: float | None
    batch_tokens: int
