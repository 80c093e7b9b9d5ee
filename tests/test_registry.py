import pytest

from lawrec.errors import ConfigError
from lawrec.registry import check_name, lookup


def test_a_choice_is_looked_up_by_its_name():
    assert lookup({"max": 1, "mean": 2}, "mean", where="model.pooling") == 2
    with pytest.raises(ConfigError) as caught:
        lookup({"max": 1, "mean": 2}, "maxx", where="model.pooling")
    assert str(caught.value) == (
        "model.pooling: every choice must be a known one, got 'maxx'. Did you mean max?"
    )


def test_a_known_name_passes_the_check():
    check_name("seed", ["epochs", "seed"], where="my.toml", kind="setting")


def test_an_unknown_name_is_refused_with_the_nearest_one_or_with_all():
    with pytest.raises(ConfigError, match=r"my\.toml: every setting .* Did you mean epochs\?"):
        check_name("epoch", ["epochs", "seed"], where="my.toml", kind="setting")
    with pytest.raises(ConfigError, match=r"Known: epochs, seed\."):
        check_name("zzz", ["epochs", "seed"], where="my.toml", kind="setting")
