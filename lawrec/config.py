"""Every setting, once, with a working default: defaults < preset < a TOML file < options."""

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any, TypeVar

from lawrec.errors import ConfigError, quoted

T = TypeVar("T")
_MAY_BE_ZERO = (
    *("seed", "min_articles", "workers", "threads", "operations"),
    *("evaluate_every", "max_steps", "summary_every", "histogram_every"),
    *("shrink_cases", "resamples"),
)
_SHARES = (
    *("dropout", "words", "warmup", "smoothing", "beta", "margin", "momentum", "ema"),
    "guarantee",
)


@dataclass(frozen=True)
class CorpusConfig:
    """From case facts to token ids."""

    tokenizer: str = "jieba"  # a key of tokenizer.TOKENIZERS
    classes: tuple[str, ...] = ()  # keys of classes.CLASSES: what of a kind becomes one token
    stop_words: str = ""  # path of a list of tokens that are dropped
    max_tokens: int = 384  # a longer fact is cut here
    min_count: int = 2  # rarer tokens become <unk>
    max_vocabulary: int = 50_000  # <pad> and <unk> included
    user_tokens: str = ""  # path of a list of tokens that are never <unk>
    shard_cases: int = 2_048  # cases in one TFRecord shard
    gzip: bool = False  # pack the shards: a fraction of the disk, slower to write
    workers: int = 0  # processes that cut the facts of many cases; 0: one a core for jieba


@dataclass(frozen=True)
class ModelConfig:
    """The stacked LSTM."""

    embedding_size: int = 128
    embedding_stddev: float = 0.6  # smaller starts leave a stacked LSTM idle for epochs
    vectors: str = "facts"  # their start: co-occurrence in the train facts, "noise", or a file
    lstm_layers: int = 2
    lstm_units: int = 128  # in each direction
    bidirectional: bool = True
    pooling: str = "article-attention"  # a key of model.POOLINGS
    dropout: float = 0.25  # after the embedding and after each LSTM layer
    words: float = 0.7  # share of a linear model over the case's words in the scores; 0: none
    batch_norm: bool = False  # of what the pooling gives, over all replicas


@dataclass(frozen=True)
class LossConfig:
    """What training makes small."""

    name: str = "cross-entropy"  # a key of losses.LOSSES
    gamma: float = 2.0  # focal, asymmetric (there of label 0 alone): how little easy entries count
    margin: float = 0.05  # asymmetric: a score below it costs nothing where the label is 0
    smoothing: float = 0.0  # labels are drawn this share of the way to one half
    class_weights: str = "none"  # a key of losses.CLASS_WEIGHTS
    beta: float = 0.999  # effective-number: nearer to 1 weighs rare articles more
    l2: float = 0.0  # times half the sum of all squared weights
    charges: float = 0.0  # weight of the loss of a second output, the charges; 0: no such output


@dataclass(frozen=True)
class OptimizerConfig:
    """How the weights follow the gradient."""

    name: str = "adam"  # a key of optimizers.OPTIMIZERS
    learning_rate: float = 2e-3  # its peak
    schedule: str = "cosine"  # a key of optimizers.SCHEDULES
    warmup: float = 0.05  # share of the training in which the rate rises on a line to its peak
    decay: float = 0.1  # exponential, staircase: what is left of the rate in the end
    stairs: int = 4  # staircase: falls in all
    momentum: float = 0.9  # of the optimizer "momentum"
    weight_decay: float = 0.01  # of the optimizer "adamw"
    clip_norm: float = 1.0  # the gradients' global norm is at most this; 0: as it comes
    accumulate: int = 1  # batches whose gradients make one update
    ema: float = 0.0  # momentum of the weights' moving average, used in place of them; 0: off


@dataclass(frozen=True)
class TrainingConfig:
    """The training loop."""

    seed: int = 2018
    epochs: int = 8
    max_steps: int = 0  # 0: no limit
    max_minutes: float = 0.0  # 0: no limit
    batch_tokens: int = 6_144  # padded tokens in a batch: short cases come in larger batches
    shuffle_cases: int = 10_000  # size of the shuffle buffer
    evaluate_every: int = 0  # steps between two looks at the valid split; 0: one an epoch
    best_by: str = "cail_score"  # the figure on valid that decides which checkpoint is the best
    patience: int = 5  # evaluations without a better figure before stopping
    save_every: int = 100  # steps between checkpoints
    keep: int = 3  # checkpoints kept beside the best
    summary_every: int = 10  # steps between two points of the curves in TensorBoard; 0: none of it
    histogram_every: int = 0  # steps between two histograms of weights and gradients; 0: none
    device: str = "auto"  # auto (all GPUs, else the CPU), cpu, gpu (all of them) or gpu:N, from 0
    precision: str = "float32"  # a key of devices.PRECISIONS: what a GPU multiplies in
    memory_growth: bool = True  # take a GPU's memory as it is needed, not all at once
    threads: int = 0  # that share one operation on the CPU; 0: one a core
    operations: int = 0  # at the same time on the CPU; 0: one a core


@dataclass(frozen=True)
class DecisionConfig:
    """From scores to a list of articles."""

    strategy: str = "best"  # a key of thresholds.STRATEGIES; best: what cross-validation finds so
    objective: str = "cail_score"  # a key of objectives.OBJECTIVES: what tuning makes large
    recall_weight: float = 1.0  # the beta of f_beta: recall counts so often as precision
    hold: float = 0.9  # precision_at_recall, recall_at_precision: the rate that must be held
    miss_cost: float = 1.0  # cost: what an article costs that is missing from a list ...
    false_cost: float = 1.0  # ... and one that is there by mistake
    costs: str = ""  # a CSV file of other costs: article, miss, false
    folds: int = 5  # thresholds are the mean of those without each fold of the cases; 1: no folds
    shrink_cases: int = 20  # true cases at which a threshold weighs as much as that of all articles
    resamples: int = 200  # draws behind the interval of a threshold; 0: no intervals
    calibration: str = "isotonic"  # a key of calibration.CALIBRATIONS
    guarantee: float = 0.0  # share of cases whose list shall hold every article; 0: no guarantee
    unseen_score: float = 0.0  # threshold without a case to tune on; 0: as rare ones, inf: never
    min_articles: int = 1  # the best scores fill a shorter list ...
    fill_score: float = 0.0  # ... if they are at least this
    max_articles: int = 10  # a longer list is cut


@dataclass(frozen=True)
class Config:
    """All of it."""

    corpus: CorpusConfig = field(default_factory=CorpusConfig)
    model: ModelConfig = field(default_factory=ModelConfig)
    loss: LossConfig = field(default_factory=LossConfig)
    optimizer: OptimizerConfig = field(default_factory=OptimizerConfig)
    training: TrainingConfig = field(default_factory=TrainingConfig)
    decision: DecisionConfig = field(default_factory=DecisionConfig)

    def to_dict(self) -> dict[str, Any]:
        """Return plain nested dicts, as `from_dict` reads them."""
        return asdict(self)


def from_dict(values: Mapping[str, Any], where: str, start: Config | None = None) -> Config:
    """Return `start` with the settings of nested dicts `{section: {key: value}}` put in.

    Args:
        values: The settings.
        where: What the settings come from, for the error.
        start: The configuration to start from; the defaults if None.

    Raises:
        ConfigError: A section or key is unknown, or a value has the wrong type or size.
    """
    config = start or Config()
    for section, settings in values.items():
        _check_name(section, [f.name for f in fields(config)], where, "section")
        if not isinstance(settings, Mapping):
            raise ConfigError(
                where,
                f"[{section}] must be a section",
                quoted(settings),
                f"Write [{section}] on a line of its own and the settings below it.",
            )
        changed = _changed(getattr(config, section), settings, f"{where}: [{section}]")
        config = replace(config, **{section: changed})
    if config.decision.min_articles > config.decision.max_articles:
        raise ConfigError(
            f"{where}: [decision]",
            f"min_articles must be at most max_articles, {config.decision.max_articles}",
            config.decision.min_articles,
            "Lower the one or raise the other.",
        )
    return config


def load(path: Path | None, assignments: Iterable[str] = (), preset: str | None = None) -> Config:
    """Return the defaults, changed by a preset, by a TOML file, by `section.key=value` assignments.

    Raises:
        ConfigError: The file cannot be read, or a preset or setting is unknown or of the wrong
            type.
    """
    config = from_dict(chosen(PRESETS, preset or "base", "--preset"), "--preset")
    config = from_dict(_read_toml(path), str(path), config) if path else config
    return assigned(config, assignments)


def assigned(config: Config, assignments: Iterable[str]) -> Config:
    """Return a configuration, changed by `section.key=value` assignments.

    Raises:
        ConfigError: A setting is unknown or of the wrong type.
    """
    for assignment in assignments:
        config = from_dict(_parse_assignment(assignment), f"--set {assignment}", config)
    return config


def preset_of(config: Config) -> tuple[str, dict[str, Any]]:
    """Return the nearest preset, and by its name, "training.epochs", each setting that differs."""
    changes = {
        name: _differences(config, from_dict(settings, name)) for name, settings in PRESETS.items()
    }
    nearest = min(changes, key=lambda name: len(changes[name]))
    return nearest, changes[nearest]


def chosen(registry: Mapping[str, T], name: str, where: str) -> T:
    """Return the entry of a registry that a setting names.

    Raises:
        ConfigError: The registry has no such entry.
    """
    _check_name(name, list(registry), where, "choice")
    return registry[name]


def shipped(name: str) -> Path:
    """Return the path of a file that the project ships: inside a wheel, or beside the package."""
    package = Path(__file__).parent
    inside = package / name
    return inside if inside.exists() else package.parent / name


def _differences(config: Config, other: Config) -> dict[str, Any]:
    others = other.to_dict()
    return {
        f"{section}.{key}": value
        for section, settings in config.to_dict().items()
        for key, value in settings.items()
        if value != others[section][key]
    }


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise ConfigError(
            path, "a TOML file must be readable", error.strerror, "Check the path."
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(
            path, "the file must be TOML in UTF-8", str(error), "Mend that line."
        ) from error


def _parse_assignment(assignment: str) -> dict[str, Any]:
    name, equals, text = assignment.partition("=")
    section, dot, key = name.partition(".")
    if not (equals and dot):
        raise ConfigError(
            "--set",
            "a setting must look like section.key=value",
            quoted(assignment),
            "Write for example --set training.epochs=3.",
        )
    try:
        value = tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        value = text
    return {section.strip(): {key.strip(): value}}


def _changed(section: Any, settings: Mapping[str, Any], where: str) -> Any:
    defaults = {f.name: getattr(section, f.name) for f in fields(section)}
    for key, value in settings.items():
        _check_name(key, list(defaults), where, "setting")
        defaults[key] = _typed(value, defaults[key], f"{where} {key}")
        _check_range(key, defaults[key], where)
    return replace(section, **defaults)


def _typed(value: Any, default: Any, where: str) -> Any:
    if isinstance(default, float) and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if isinstance(default, tuple) and isinstance(value, list | tuple):
        return tuple(_typed(entry, "", where) for entry in value)
    if type(value) is not type(default):
        written = list(default) if isinstance(default, tuple) else default  # as in TOML
        raise ConfigError(
            where,
            f"the value must be of type {type(written).__name__}",
            quoted(value),
            f"Write for example {written!r}, its default.",
        )
    return value


def _check_range(key: str, value: Any, where: str) -> None:
    """Counts are at least 1, other numbers at least 0, and shares below 1."""
    if isinstance(value, str | bool | tuple):
        return
    least = 1 if isinstance(value, int) and key not in _MAY_BE_ZERO else 0
    if not (least <= value and (key not in _SHARES or value < 1)):
        expected = f"at least {least}" + (" and below 1" if key in _SHARES else "")
        raise ConfigError(f"{where} {key}", f"the value must be {expected}", value, "Change it.")


def _check_name(name: str, known: list[str], where: str, kind: str) -> None:
    if name not in known:
        near = get_close_matches(name, known, n=1, cutoff=0.4)
        hint = f"Did you mean {near[0]}?" if near else f"Known: {', '.join(known)}."
        raise ConfigError(where, f"every {kind} must be a known one", quoted(name), hint)


PRESETS: dict[str, dict[str, dict[str, Any]]] = {
    "tiny": {
        "corpus": {"max_tokens": 192, "max_vocabulary": 20_000},
        "model": {"embedding_size": 64, "lstm_layers": 1, "lstm_units": 48},
        "optimizer": {"learning_rate": 5e-3},
        "training": {"epochs": 6, "batch_tokens": 2_048},
    },
    "base": {},
    "large": {
        "corpus": {"max_tokens": 512, "max_vocabulary": 100_000},
        "model": {"embedding_size": 256, "lstm_layers": 3, "lstm_units": 384},
        "optimizer": {"learning_rate": 1e-3},
        "training": {"epochs": 12, "batch_tokens": 32_768},
    },
}
"""Settings that go together: for a first look on a laptop, the defaults, and for a GPU."""
