"""All settings, each with a default that works, its range and a comment.

`lawrec.config_sources` says where their values come from.
"""

from collections.abc import Mapping
from dataclasses import Field, asdict, dataclass, field, fields, replace
from typing import Any

from lawrec.errors import ConfigError, quoted
from lawrec.registry import check_name
from lawrec.setting_range import SearchRange, choice, number
from lawrec.translation import marked

_MOST_INT = 2**53
"""From this number on, not every int is a float."""
_EXPECTED = {
    bool: marked("the value must be true or false"),
    int: marked("the value must be a whole number"),
    float: marked("the value must be a number"),
    str: marked("the value must be a text"),
    list: marked("the value must be a list"),
}
"""What must hold of the value of a setting, by the type of its default."""
_FIX_SECTIONS = 'Write for example {"training": {"epochs": 3}}.'


@dataclass(frozen=True)
class CorpusConfig:
    """Section [corpus]: from the facts of cases to token ids."""

    tokenizer: str = "jieba"  # a key of tokenizers.TOKENIZERS
    entity_types: tuple[str, ...] = ()  # keys of entities.ENTITY_TYPES: each span becomes one token
    stop_words: str = ""  # path of a list of tokens that are dropped
    max_tokens: int = number(4_096, at_least=1, at_most=100_000)  # a longer fact is truncated
    min_count: int = number(2, at_least=1)  # rarer tokens become <unk>
    min_cases: int = number(1, at_least=1)  # tokens of fewer train cases become <unk>
    max_vocabulary: int = number(50_000, at_least=1, at_most=10**7)  # <pad> and <unk> included
    user_tokens: str = ""  # path of a list of tokens that never become <unk>
    shard_cases: int = number(2_048, at_least=1, at_most=10**7)  # cases per TFRecord shard
    gzip: bool = False  # compress the shards: less disk space, slower to write
    # Processes that tokenize, 0: one per core, with rjieba 1; and that fit SVMs, 0: one per core or
    # OMP_NUM_THREADS.
    workers: int = number(0, at_most=1_024)


@dataclass(frozen=True)
class ModelConfig:
    """Section [model]: layers and their sizes."""

    # Number of tokens that the LSTM reads; of a longer fact, the first and the last ones.
    lstm_tokens: int = number(384, at_least=1, at_most=100_000)
    embedding_size: int = number(
        128, at_least=1, at_most=10_000, search=SearchRange(32, 256, log=True)
    )
    # With initial embeddings near zero, a stacked LSTM learns nothing for epochs.
    embedding_stddev: float = number(0.6)
    embedding_init: str = "cooccurrence"  # or "random", or the path of a word2vec text file
    lstm_layers: int = number(2, at_least=1, at_most=100, search=SearchRange(1, 3))
    lstm_units: int = number(  # in each direction
        128, at_least=1, at_most=10_000, search=SearchRange(32, 512, log=True)
    )
    bidirectional: bool = True
    pooling: str = choice("article-attention", "attention", "max")  # a key of pooling.POOLINGS
    # after the embedding and after each LSTM layer
    dropout: float = number(0.25, below=1, search=SearchRange(0, 0.5))
    batch_normalization: bool = False  # of the pooled features, synchronized over all replicas


@dataclass(frozen=True)
class RankingConfig:
    """Section [ranking]: the linear SVMs, and the second stage that ranks the best articles."""

    # inverse regularization of the SVMs
    svm_c: float = number(3.0, at_least=1e-6, search=SearchRange(0.3, 10, log=True))
    # largest weight of a true case of a rare article
    max_positive_weight: float = number(10.0, at_least=1, search=SearchRange(1, 30, log=True))
    # length of the longest n-grams of characters that an SVM sees; 0: no such SVM
    character_ngrams: int = number(3, at_most=10)
    second_stage: bool = True  # rank the candidates again; if not, mix the SVMs and the LSTM
    lstm_feature: bool = True  # the second stage knows the LSTM's logits: trains two more
    # share of the LSTM where it is not a feature, and for other articles; 1: the LSTM alone
    lstm_share: float = number(0.3, at_most=1)
    candidates: int = number(10, at_least=1, at_most=1_000)  # articles per case that it ranks
    folds: int = number(5, at_least=2, at_most=100)  # for the out-of-fold scores it learns from
    trees: int = number(200, at_least=1, at_most=100_000)
    tree_leaves: int = number(15, at_least=2, at_most=10_000, search=SearchRange(7, 63, log=True))
    tree_learning_rate: float = number(0.07, at_least=1e-6, search=SearchRange(0.02, 0.2, log=True))
    # pairs per leaf
    tree_min_rows: int = number(40, at_least=1, search=SearchRange(10, 200, log=True))
    tree_l2: float = number(5.0)
    tree_feature_share: float = number(0.6, at_least=0.01, at_most=1)  # tried per split
    # train cases whose ids and terms a run keeps, for explanations; of more, a sample; 0: none
    similar_cases: int = number(20_000, at_most=200_000)

    @property
    def needs_ranker(self) -> bool:
        """Whether the scores need linear SVMs or the second stage."""
        return self.second_stage or self.lstm_share < 1

    @property
    def needs_lstm(self) -> bool:
        """Whether the scores depend on the logits of the LSTM."""
        return self.lstm_share > 0 or (self.second_stage and self.lstm_feature)

    @property
    def scores_out_of_fold(self) -> bool:
        """Whether train cases have scores by models that have not seen them.

        Without a second stage, nothing needs them, and a share of the LSTM is not known for them.
        """
        return self.second_stage and (self.lstm_feature or not self.lstm_share)


@dataclass(frozen=True)
class LossConfig:
    """Section [loss]: loss function, weights of articles and penalties."""

    name: str = "cross-entropy"  # a key of losses.LOSSES
    gamma: float = number(2.0)  # focal, asymmetric: focusing; larger down-weights easy labels more
    margin: float = number(0.05, below=1)  # asymmetric: negative labels below this score cost 0
    # targets become (1 - s) y + s / 2
    label_smoothing: float = number(0.0, below=1, search=SearchRange(0, 0.1))
    class_weights: str = choice("none", "effective-number")  # a key of losses.CLASS_WEIGHTS
    effective_number_beta: float = number(0.999, below=1)  # closer to 1: rare articles weigh more
    l2: float = number(0.0)  # penalty: l2 / 2 times the sum of all squared weights
    charge_weight: float = number(0.0)  # weight of the loss of charges; 0: no output for charges


@dataclass(frozen=True)
class OptimizerConfig:
    """Section [optimizer]: optimizer and learning-rate schedule."""

    name: str = "adam"  # a key of optimizers.OPTIMIZERS
    # the peak of the schedule
    learning_rate: float = number(2e-3, search=SearchRange(3e-4, 2e-2, log=True))
    schedule: str = choice("cosine", "constant", "one-cycle")  # a key of schedules.SCHEDULES
    # share of training in which the rate rises
    warmup_ratio: float = number(0.05, below=1, search=SearchRange(0, 0.3))
    decay_rate: float = number(0.1)  # exponential, staircase: the final rate divided by the peak
    staircase_steps: int = number(4, at_least=1)  # staircase: number of drops
    momentum: float = number(0.9, below=1)  # of the optimizer "momentum"
    weight_decay: float = number(0.01)  # of the optimizer "adamw"
    global_clipnorm: float = number(1.0)  # upper bound of the gradients' global norm; 0: none
    gradient_accumulation_steps: int = number(1, at_least=1)  # batches per update
    ema_momentum: float = number(0.0, below=1)  # of the moving average of the weights; 0: off


@dataclass(frozen=True)
class TrainingConfig:
    """Section [training]: limits of training, checkpoints and devices."""

    seed: int = number(2018, at_most=2**32 - 1)
    epochs: int = number(8, at_least=1)
    max_steps: int = number(0)  # 0: no limit
    max_minutes: float = number(0.0)  # 0: no limit
    batch_tokens: int = number(  # padded tokens per batch
        6_144, at_least=1, at_most=10**7, search=SearchRange(1_024, 32_768, log=True)
    )
    shuffle_buffer_size: int = number(10_000, at_least=1, at_most=10**7)  # in cases
    evaluate_every: int = number(0)  # steps between evaluations on valid; 0: one per epoch
    # The metric on valid that decides which checkpoint is the best; without valid, the last one is.
    monitor: str = "cail_score"
    # evaluations on valid without improvement before early stopping
    patience: int = number(5, at_least=1)
    save_every: int = number(100, at_least=1)  # steps between checkpoints
    export_onnx: bool = (
        True  # export the best checkpoint at the end: predicting needs no TensorFlow
    )
    max_to_keep: int = number(3, at_least=1)  # number of checkpoints to keep, besides the best
    summary_every: int = number(10)  # steps between TensorBoard summaries; 0: none
    histogram_every: int = number(0)  # steps between histograms of weights and gradients; 0: none
    device: str = "auto"  # auto (all GPUs, else the CPU), cpu, gpu (all of them) or gpu:N, from 0
    precision: str = "float32"  # of matrix products; a key of devices.configure.PRECISIONS
    memory_growth: bool = True  # allocate a GPU's memory as it is needed, not all at once
    intra_op_threads: int = number(0, at_most=1_024)  # within one operation; 0: one per core
    inter_op_threads: int = number(0, at_most=1_024)  # operations in parallel; 0: one per core


@dataclass(frozen=True)
class DecisionConfig:
    """Section [decision]: from the scores of a case to its list of articles."""

    # The cases to tune on: "valid", or "out-of-fold", the train cases by models that have not seen
    # them, which are also taken where there is no valid split.
    tune_on: str = "valid"
    strategy: str = "best"  # a key of `STRATEGIES`; "best": chosen by cross-validation
    objective: str = "cail_score"  # a key of objectives.OBJECTIVES, which tuning maximizes
    beta: float = number(1.0)  # f_beta: above 1, recall counts more than precision; below 1, less
    target_rate: float = number(0.9, at_most=1)  # *_at_recall, *_at_precision: to be reached
    miss_cost: float = number(1.0)  # cost: of a true article that is not listed
    false_cost: float = number(1.0)  # cost: of a listed article that is not true
    costs_file: str = ""  # CSV file with costs per article: article, miss, false
    folds: int = number(5, at_least=1, at_most=100)  # of cross-fitting; 1: no cross-fitting
    # With this many true cases, a threshold is halfway between the article's own and the shared.
    shrinkage_cases: int = number(20)
    resamples: int = number(200, at_most=100_000)  # for thresholds' intervals; 0: no intervals
    calibration: str = "isotonic"  # a key of calibration.CALIBRATIONS
    # Guaranteed share of cases whose list has all true articles; 0: no guarantee.
    coverage: float = number(0.0, below=1)
    # Threshold of an article without a case to tune on; 0: that of rare articles, inf: never.
    unseen_threshold: float = number(0.0, allow_inf=True, at_most=1)
    min_articles: int = number(1, at_most=10**6)  # a shorter list is filled with the best scores
    fill_score: float = number(0.0, at_most=1)  # lists are filled with scores of at least this
    max_articles: int = number(10, at_least=1, at_most=10**6)  # a longer list keeps its best scores


@dataclass(frozen=True)
class Config:
    """All settings, one field per section."""

    corpus: CorpusConfig = field(default_factory=CorpusConfig)
    model: ModelConfig = field(default_factory=ModelConfig)
    ranking: RankingConfig = field(default_factory=RankingConfig)
    loss: LossConfig = field(default_factory=LossConfig)
    optimizer: OptimizerConfig = field(default_factory=OptimizerConfig)
    training: TrainingConfig = field(default_factory=TrainingConfig)
    decision: DecisionConfig = field(default_factory=DecisionConfig)

    def to_dict(self) -> dict[str, Any]:
        """Return plain nested dicts `{section: {key: value}}`, which `from_dict` reads."""
        return asdict(self)


def from_dict(values: Mapping[str, Any], where: str, *, base: Config | None = None) -> Config:
    """Return a configuration in which nested dicts `{section: {key: value}}` replace values.

    Args:
        values: The settings to replace.
        where: The origin of the settings, for the error.
        base: The configuration to start from; the defaults if None.

    Raises:
        ConfigError: A section or key is unknown, or a value has the wrong type or range, or the
            limits of lists do not fit together.

    Example:
        >>> from_dict({"training": {"epochs": 3}}, "my.toml").training.epochs
        3
    """
    return check_limits(with_values(base or Config(), values, where=where))


def with_values(config: Config, values: Mapping[str, Any], *, where: str) -> Config:
    """Return a configuration with other values, each of which is checked alone.

    Args:
        config: The configuration to start from.
        values: The settings to replace, as nested dicts `{section: {key: value}}`.
        where: The origin of the settings, for the error.

    Raises:
        ConfigError: A section or key is unknown, or a value has the wrong type or range.

    Example:
        >>> with_values(Config(), {"training": {"epochs": 3}}, where="my.toml").training.epochs
        3
    """
    if not isinstance(values, Mapping):
        raise ConfigError(
            where, expected="settings must be sections", got=quoted(values), todo=_FIX_SECTIONS
        )
    for section, settings in values.items():
        check_name(section, [f.name for f in fields(config)], where=where, kind="section")
        if not isinstance(settings, Mapping):
            raise ConfigError(
                where,
                expected=f"[{section}] must be a section",
                got=quoted(settings),
                todo=f"Write [{section}] on a line of its own and the settings below it.",
            )
        updated = _updated(getattr(config, section), settings, where=f"{where}: [{section}]")
        config = replace(config, **{section: updated})
    return config


def check_limits(config: Config) -> Config:
    """Return a configuration whose limits of lists fit together.

    Only all settings together can be checked so: the two limits may come from different sources.

    Raises:
        ConfigError: The least number of articles in a list is above the largest.

    Example:
        >>> check_limits(Config()).decision.max_articles
        10
    """
    if config.decision.min_articles > config.decision.max_articles:
        raise ConfigError(
            "[decision]",
            expected=f"min_articles must be at most max_articles, {config.decision.max_articles}",
            got=config.decision.min_articles,
            todo="Lower min_articles or raise max_articles.",
        )
    return config


def _updated(section: Any, settings: Mapping[str, Any], *, where: str) -> Any:
    """Return a section, such as a `TrainingConfig`, with some values replaced."""
    known = {setting.name: setting for setting in fields(section)}
    values = {}
    for key, value in settings.items():
        check_name(key, known, where=where, kind="setting")
        values[key] = _typed(value, getattr(section, key), where=f"{where} {key}")
        _check_range(values[key], known[key], where=f"{where} {key}")
    return replace(section, **values)


def _typed(value: Any, default: Any, *, where: str) -> Any:
    """Return a value with the type of its default: 1 becomes 1.0 and a list a tuple."""
    if isinstance(default, float) and isinstance(value, int) and not isinstance(value, bool):
        return float(value) if abs(value) < _MOST_INT else value  # else it is out of every range
    if isinstance(default, tuple) and isinstance(value, list | tuple):
        return tuple(_typed(entry, "", where=where) for entry in value)
    if type(value) is not type(default):
        written = list(default) if isinstance(default, tuple) else default  # TOML has no tuples
        raise ConfigError(
            where,
            expected=_EXPECTED[type(written)],
            got=quoted(value),
            todo=f"Write for example {written!r}, its default.",
        )
    return value


def _check_range(value: Any, setting: Field[Any], *, where: str) -> None:
    allowed = setting.metadata.get("range")
    if allowed is None or value in allowed:
        return
    raise ConfigError(
        where,
        expected=f"the value must be {allowed}",
        got=quoted(value),
        todo="Choose a value in that range.",
    )
