import dataclasses
import json
import re

import pytest

from lawrec.config import Config, from_dict
from lawrec.config_sources import PRESETS, load, nearest_preset
from lawrec.errors import ConfigError


def toml(tmp_path, content):
    path = tmp_path / "lawrec.toml"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def settings():
    return [
        (section, key, value)
        for section, values in Config().to_dict().items()
        for key, value in values.items()
    ]


def error_of(*assignments, path=None):
    with pytest.raises(ConfigError) as caught:
        load(path, assignments)
    return caught.value


def test_without_settings_the_defaults_hold():
    assert load(None) == Config() == from_dict({}, "nothing")


def test_a_configuration_survives_json():
    config = load(None, ["corpus.tokenizer=char", "training.epochs=3", "model.bidirectional=false"])
    assert from_dict(json.loads(json.dumps(config.to_dict())), "json") == config


def test_the_file_wins_over_the_defaults_and_an_assignment_over_the_file(tmp_path):
    path = toml(tmp_path, "[training]\nepochs = 3\nseed = 7\n[corpus]\ntokenizer = 'char'\n")
    config = load(path, ["training.epochs=4", "training.epochs=5"])
    assert (config.training.epochs, config.training.seed) == (5, 7)
    assert config.corpus.tokenizer == "char"
    assert config.model == Config().model


@pytest.mark.parametrize(("section", "key", "value"), settings())
def test_every_setting_takes_its_own_default_from_an_assignment(section, key, value):
    text = json.dumps(value)
    assert load(None, [f"{section}.{key}={text}"]) == Config()


@pytest.mark.parametrize(
    ("assignment", "section", "key", "expected"),
    [
        ("corpus.tokenizer=char", "corpus", "tokenizer", "char"),
        ('corpus.tokenizer="char"', "corpus", "tokenizer", "char"),
        (" corpus . tokenizer =char", "corpus", "tokenizer", "char"),
        ("decision.strategy=per_article", "decision", "strategy", "per_article"),
        ("decision.strategy=a=b", "decision", "strategy", "a=b"),
        ("training.epochs= 3 ", "training", "epochs", 3),
        ("training.batch_tokens=1_000", "training", "batch_tokens", 1000),
        ("optimizer.learning_rate=1", "optimizer", "learning_rate", 1.0),
        ("optimizer.learning_rate=1e-3", "optimizer", "learning_rate", 0.001),
        ("training.max_minutes=0", "training", "max_minutes", 0.0),
        ("training.seed=0", "training", "seed", 0),
        ("decision.min_articles=0", "decision", "min_articles", 0),
        ("model.bidirectional=false", "model", "bidirectional", False),
        ("corpus.workers=0", "corpus", "workers", 0),
        ('corpus.entity_types=["date", "money"]', "corpus", "entity_types", ("date", "money")),
        ("corpus.entity_types=[]", "corpus", "entity_types", ()),
    ],
)
def test_an_assignment_sets_one_value_of_the_right_type(assignment, section, key, expected):
    value = getattr(getattr(load(None, [assignment]), section), key)
    assert value == expected
    assert type(value) is type(expected)


@pytest.mark.parametrize(
    "assignment", ["training", "training.epochs", "epochs=3", "training.epochs:3", "", "=", "."]
)
def test_an_assignment_needs_a_section_a_key_and_a_value(assignment):
    error = error_of(assignment)
    assert error.where == "--set"
    assert error.expected == "a setting must look like section.key=value"
    assert error.got == repr(assignment)
    assert error.todo == "Write for example --set training.epochs=3."


@pytest.mark.parametrize(
    ("assignment", "got", "todo"),
    [
        ("traning.epochs=3", "'traning'", "Did you mean training?"),
        (
            "zzz.epochs=3",
            "'zzz'",
            "Known: corpus, model, ranking, loss, optimizer, training, decision.",
        ),
        ("training.epoch=3", "'epoch'", "Did you mean epochs?"),
        ("optimizer.learning-rate=1", "'learning-rate'", "Did you mean learning_rate?"),
        ("corpus.a.b=3", "'a.b'", "Known: tokenizer, entity_types,"),
        (
            "decision.=3",
            "''",
            "Known: tune_on, strategy, objective, beta, target_rate, miss_cost, false_cost, "
            "costs_file, "
            "folds,",
        ),
    ],
)
def test_an_unknown_name_is_refused_with_the_nearest_known_one(assignment, got, todo):
    error = error_of(assignment)
    assert error.where.startswith(f"--set {assignment}")
    assert re.fullmatch("every (section|setting) must be a known one", error.expected)
    assert error.got == got
    assert error.todo.startswith(todo)


@pytest.mark.parametrize(
    ("assignment", "kind", "got", "default"),
    [
        ("training.max_to_keep=3.0", "a whole number", "3.0", "3"),
        ("training.max_to_keep=true", "a whole number", "True", "3"),
        ("training.max_to_keep=three", "a whole number", "'three'", "3"),
        ("training.max_to_keep=", "a whole number", "''", "3"),
        ("training.max_to_keep=[3]", "a whole number", "[3]", "3"),
        ("optimizer.global_clipnorm=true", "a number", "True", "1.0"),
        ("optimizer.global_clipnorm='1'", "a number", "'1'", "1.0"),
        ("model.bidirectional=1", "true or false", "1", "True"),
        ("corpus.tokenizer=2018", "a text", "2018", "'jieba'"),
        ("corpus.entity_types=date", "a list", "'date'", "[]"),
        ("corpus.entity_types=[1]", "a text", "1", "''"),
        ("corpus.tokenizer=2018-01-01", "a text", "datetime.date(2018, 1, 1)", "'jieba'"),
    ],
)
def test_a_value_of_another_type_is_refused_with_an_example(assignment, kind, got, default):
    error = error_of(assignment)
    section, key = assignment.partition("=")[0].split(".")
    assert error.where == f"--set {assignment}: [{section}] {key}"
    assert error.expected == f"the value must be {kind}"
    assert error.got == got
    assert error.todo == f"Write for example {default}, its default."


@pytest.mark.parametrize(
    ("assignment", "bounds", "got"),
    [
        ("corpus.shard_cases=0", "at least 1 and at most 10,000,000", "0"),
        ("corpus.max_tokens=-1", "at least 1 and at most 100,000", "-1"),
        ("training.epochs=0", "at least 1 and at most 1,000,000,000", "0"),
        ("training.seed=-1", "at least 0 and at most 4,294,967,295", "-1"),
        ("training.seed=4294967296", "at least 0 and at most 4,294,967,295", "4294967296"),
        (
            "training.batch_tokens=1_0000_0000_0000",
            "at least 1 and at most 10,000,000",
            "1" + "0" * 12,
        ),
        ("decision.min_articles=-1", "at least 0 and at most 1,000,000", "-1"),
        ("optimizer.learning_rate=-0.5", "at least 0 and at most 1,000,000,000", "-0.5"),
        ("optimizer.learning_rate=nan", "at least 0 and at most 1,000,000,000", "nan"),
        ("loss.l2=0x1" + "0" * 300, "at least 0 and at most 1,000,000,000", None),
        ("decision.unseen_threshold=2", "at least 0 and at most 1 or inf", "2.0"),
        ("model.dropout=-1", "at least 0 and below 1", "-1.0"),
        ("model.dropout=1", "at least 0 and below 1", "1.0"),
        ("optimizer.warmup_ratio=nan", "at least 0 and below 1", "nan"),
    ],
)
def test_a_number_out_of_its_bounds_is_refused(assignment, bounds, got):
    error = error_of(assignment)
    assert error.where.startswith(f"--set {assignment[:80]}")
    assert error.expected == f"the value must be {bounds}"
    assert got is None or error.got == got
    assert error.todo == "Choose a value in that range."


def numbers():
    return [
        (section, setting.name, setting.metadata["range"].allow_inf)
        for section, values in vars(Config()).items()
        for setting in dataclasses.fields(values)
        if isinstance(setting.default, int | float) and not isinstance(setting.default, bool)
    ]


@pytest.mark.parametrize(("section", "key", "allow_inf"), numbers())
def test_no_number_is_nan_or_beyond_every_machine(section, key, allow_inf):
    beyond = "1" + "0" * 30
    for text in ("nan", "inf", "-inf", "-1", beyond, f"{beyond}.0", "0x" + "f" * 40, "9" * 5_000):
        if text == "inf" and allow_inf:
            continue
        error = error_of(f"{section}.{key}={text}")
        assert error.expected.startswith("the value must be ")
    for value in (float("nan"), float("-inf"), 16**40, 1e30):
        with pytest.raises(ConfigError, match="the value must be "):
            from_dict({section: {key: value}}, "json")


def test_a_text_of_several_lines_sets_nothing_else():
    error = error_of("training.epochs=3\nseed=7")
    assert error.got == repr("3\nseed=7")


@pytest.mark.parametrize(
    "content",
    [
        "[training]\nepochs = " + "7" * 5_000,
        "[corpus]\nentity_types = " + "[" * 100_000,
        "[corpus]\nstop_words = " + "{a=" * 100_000,
    ],
)
def test_a_number_too_long_and_what_is_nested_too_deep_are_refused(tmp_path, content):
    assert error_of(path=toml(tmp_path, content)).expected == "the file must be TOML in UTF-8"
    name, _, text = content.partition("\n")[2].partition(" = ")
    error = error_of(f"{content[1:].partition(']')[0]}.{name}={text}", "training.seed=-1")
    assert len(str(error)) < 400


def test_the_shortest_list_may_not_be_longer_than_the_longest():
    with pytest.raises(ConfigError, match="min_articles must be at most max_articles, 2, got 3"):
        load(None, ["decision.max_articles=2", "decision.min_articles=3"])
    assert error_of("decision.min_articles=11").where == "[decision]"


def test_the_order_of_the_limits_of_a_list_and_their_sources_do_not_matter(tmp_path):
    limits = ["decision.min_articles=20", "decision.max_articles=30"]
    path = toml(tmp_path, "[decision]\nmin_articles = 20\n")
    for config in (load(None, limits), load(None, limits[::-1]), load(path, limits[1:])):
        assert (config.decision.min_articles, config.decision.max_articles) == (20, 30)


def test_a_setting_outside_a_section_is_refused(tmp_path):
    error = error_of(path=toml(tmp_path, "training = 3\n"))
    assert error.where == str(tmp_path / "lawrec.toml")
    assert error.expected == "[training] must be a section"
    assert error.got == "3"
    assert error.todo == "Write [training] on a line of its own and the settings below it."


def test_an_unknown_key_in_a_file_names_the_file_and_the_section(tmp_path):
    path = toml(tmp_path, "[model]\nlstm_unit = 3\n")
    assert str(error_of(path=path)) == (
        f"{path}: [model]: every setting must be a known one, got 'lstm_unit'. "
        "Did you mean lstm_units?"
    )


@pytest.mark.parametrize(
    "content",
    [b"", b"# nothing\n", b"\xef\xbb\xbf", b"[training]\r\n\r\n", b"[corpus]\n[model]\n"],
)
def test_a_file_without_settings_changes_nothing(tmp_path, content):
    assert load(toml(tmp_path, content)) == Config()


def test_a_byte_order_mark_and_windows_line_ends_do_no_harm(tmp_path):
    path = toml(tmp_path, b"\xef\xbb\xbf[training]\r\nepochs = 3\r\n")
    assert load(path).training.epochs == 3


@pytest.mark.parametrize(
    "content",
    [
        b"[training\n",
        b"[training]\nepochs = \n",
        b"[training]\nepochs = 3\nepochs = 4\n",
        b"\xff\xfe[\x00",
        b"[training]\nepochs = 3 # \xb5\xc1\n",
        b"\x00",
        b'{"training": {"epochs": 3}}',
    ],
)
def test_a_file_that_is_not_toml_in_utf8_is_refused(tmp_path, content):
    error = error_of(path=toml(tmp_path, content))
    assert error.where == str(tmp_path / "lawrec.toml")
    assert error.expected == "the file must be TOML in UTF-8"
    assert error.got
    assert error.todo == "Fix that line."


@pytest.mark.parametrize(
    ("name", "got"), [("absent.toml", "No such file or directory"), (".", "Is a directory")]
)
def test_a_file_that_cannot_be_read_is_refused(tmp_path, name, got):
    error = error_of(path=tmp_path / name)
    assert error.where == str(tmp_path / name)
    assert (error.expected, error.got) == ("the TOML file must be readable", got)
    assert error.todo == "Check the path."


def test_a_configuration_cannot_be_changed():
    with pytest.raises(dataclasses.FrozenInstanceError):
        Config().training.epochs = 3


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_overrides_the_defaults_and_a_file_overrides_the_preset(tmp_path, name):
    path = toml(tmp_path, "[model]\nlstm_units = 7\n[training]\nepochs = 3\n")
    config = load(path, ["training.epochs=4"], preset=name)
    assert (config.model.lstm_units, config.training.epochs) == (7, 4)
    size = PRESETS[name].get("model", {}).get("embedding_size", Config().model.embedding_size)
    assert config.model.embedding_size == size
    assert config.decision == Config().decision


def test_the_base_preset_is_the_defaults():
    assert load(None, preset="base") == load(None) == Config()


def test_presets_grow():
    tiny, base, large = (load(None, preset=name) for name in ("tiny", "base", "large"))
    for section, key in (
        ("model", "lstm_tokens"),
        ("corpus", "max_vocabulary"),
        ("model", "embedding_size"),
        ("model", "lstm_units"),
        ("training", "epochs"),
    ):
        sizes = [getattr(getattr(config, section), key) for config in (tiny, base, large)]
        assert sizes == sorted(set(sizes)), key


def test_the_linear_preset_prepares_and_decides_as_the_base_preset_does():
    linear, base = load(None, preset="linear"), Config()
    assert (linear.corpus, linear.decision) == (base.corpus, base.decision)


def test_an_unknown_preset_names_the_nearest():
    with pytest.raises(ConfigError, match=r"--preset: every choice .* 'larg'\. Did you mean large"):
        load(None, preset="larg")


@pytest.mark.parametrize("name", PRESETS)
def test_the_nearest_preset_comes_with_what_differs_from_it(name):
    config = load(None, ["training.seed=7", "corpus.entity_types=['date']"], preset=name)
    assert nearest_preset(load(None, preset=name)) == (name, {})
    assert nearest_preset(config) == (name, {"corpus.entity_types": ("date",), "training.seed": 7})
