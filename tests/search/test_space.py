import pytest

from lawrec import config, config_sources
from lawrec.errors import ConfigError
from lawrec.search.space import all_ranges, search_space
from lawrec.setting_range import SearchChoices, SearchRange
from tests.helpers.searches import small_space


def flat(settings):
    return {
        f"{section}.{key}": value
        for section, values in settings.to_dict().items()
        for key, value in values.items()
    }


@pytest.mark.parametrize("preset", config_sources.PRESETS)
def test_every_preset_starts_within_the_ranges(preset):
    space = search_space(config_sources.load(None, preset=preset))
    assert space.start_values == {name: flat(space.start)[name] for name in space.ranges}


@pytest.mark.parametrize("name", all_ranges())
def test_every_value_of_a_range_is_an_allowed_one(name):
    searched = all_ranges()[name]
    ends = getattr(searched, "values", None) or (searched.low, searched.high)
    for value in ends:
        assert flat(search_space(config.Config()).with_values({name: value}))[name] == value


def test_no_range_would_need_other_records():
    assert not [name for name in all_ranges() if name.startswith("corpus.")]


def test_a_setting_without_a_range_is_not_searched():
    assert "training.epochs" not in all_ranges()
    assert all_ranges()["optimizer.learning_rate"] == SearchRange(3e-4, 2e-2, log=True)
    assert all_ranges()["loss.class_weights"] == SearchChoices(("none", "effective-number"))


@pytest.mark.parametrize(
    ("settings", "left_out"),
    [
        ({}, ()),
        ({"second_stage": False}, ("ranking.tree",)),
        ({"second_stage": False, "lstm_share": 1}, ("ranking.",)),
        ({"lstm_feature": False, "lstm_share": 0}, ("model.", "loss.", "optimizer.", "training.")),
        ({"lstm_feature": False}, ()),
    ],
)
def test_settings_that_change_no_score_are_not_searched(settings, left_out):
    space = search_space(config.from_dict({"ranking": settings}, "a test"))
    assert space.ranges.keys() == {
        name for name in all_ranges() if not name.startswith(tuple(left_out))
    }


def test_a_fixed_setting_is_changed_and_not_searched():
    space = search_space(config.Config(), ["model.dropout=0.75", " training . epochs = 2"])
    assert (space.start.model.dropout, space.start.training.epochs) == (0.75, 2)
    assert all_ranges().keys() - space.ranges.keys() == {"model.dropout"}


@pytest.mark.parametrize(
    ("fixed", "message"),
    [
        (
            "model.dropout",
            "--fixed: a setting must look like section.key=value, got 'model.dropout'. "
            "Write for example --fixed training.epochs=3.",
        ),
        (
            "model.drop=0",
            "--fixed model.drop=0: [model]: every setting must be a known one, got 'drop'. "
            "Did you mean dropout?",
        ),
        (
            "model.dropout=2",
            "--fixed model.dropout=2: [model] dropout: the value must be at least 0 and below 1, "
            "got 2.0. Choose a value in that range.",
        ),
    ],
)
def test_a_bad_assignment_is_an_error(fixed, message):
    with pytest.raises(ConfigError) as caught:
        search_space(config.Config(), [fixed])
    assert str(caught.value) == message


def test_a_start_outside_of_a_range_is_an_error_that_names_the_way_out():
    start = config_sources.assign(config.Config(), ["model.lstm_units=8"])
    with pytest.raises(ConfigError) as caught:
        search_space(start)
    assert str(caught.value) == (
        "model.lstm_units: a search starts within its range (32 to 512, log), so the value "
        "must be in it, got 8. Pass --fixed model.lstm_units=8 to keep this value and not to "
        "search."
    )
    assert "model.lstm_units" not in search_space(start, ["model.lstm_units=8"]).ranges


def test_a_setting_must_be_left_to_search():
    kept = [f"{name}={value}" for name, value in search_space(config.Config()).start_values.items()]
    with pytest.raises(ConfigError, match="a setting must be left to search"):
        search_space(config.Config(), kept)


def test_the_settings_of_a_trial_change_nothing_else():
    space = small_space("training.epochs=2")
    trial = space.with_values({"model.dropout": 0.5, "model.lstm_layers": 1})
    assert config_sources.differences(trial, space.start) == {
        "model.dropout": 0.5,
        "model.lstm_layers": 1,
    }
