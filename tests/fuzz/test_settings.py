"""Settings from any values: a configuration in its ranges, or an error."""

import tempfile
from dataclasses import fields
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lawrec.config import Config, from_dict
from lawrec.config_sources import load
from lawrec.errors import ConfigError
from tests.helpers.strategies import clean_texts, files, texts, values

NAMES = [
    (section, setting.name)
    for section, group in vars(Config()).items()
    for setting in fields(group)
]
NUMBERS = st.sampled_from(
    ["nan", "inf", "-inf", "1e999", "9" * 5_000, "0x" + "f" * 5_000, "-1", "0", "1", "0.5", "true"]
)


def check(config):
    """Check that a configuration is in its ranges and comes back from its own values."""
    for section, name in NAMES:
        group = getattr(config, section)
        [setting] = [setting for setting in fields(group) if setting.name == name]
        value = getattr(group, name)
        assert type(value) is type(setting.default)
        allowed = setting.metadata.get("range")
        assert allowed is None or value in allowed
    assert from_dict(config.to_dict(), "again") == config


def checked(make):
    """Check what a function returns, unless it raises a `ConfigError` in four parts."""
    try:
        config = make()
    except ConfigError as error:
        assert error.where
        assert error.expected
        assert error.got
        assert error.todo
    else:
        check(config)


@given(names=st.lists(st.sampled_from(NAMES), min_size=1, max_size=3), value=values())
def test_any_value_of_a_setting_is_taken_or_refused(names, value):
    checked(lambda: from_dict({section: {name: value} for section, name in names}, "json"))


@given(settings=st.dictionaries(texts(2) | st.sampled_from(list(vars(Config()))), values()))
def test_any_sections_are_taken_or_refused(settings):
    checked(lambda: from_dict(settings, "json"))


@given(setting=st.sampled_from(NAMES), text=NUMBERS | texts())
def test_any_assignment_is_taken_or_refused(setting, text):
    checked(lambda: load(None, [f"{'.'.join(setting)}={text}"]))


@given(assignment=texts())
def test_any_text_after_set_is_taken_or_refused(assignment):
    checked(lambda: load(None, [assignment]))


@given(setting=st.sampled_from(NAMES), text=NUMBERS | clean_texts())
def test_any_toml_is_taken_or_refused(setting, text):
    check_file(f"[{setting[0]}]\n{setting[1]} = {text}\n".encode())


@given(content=files())
def test_any_file_is_taken_or_refused(content):
    check_file(content)


def check_file(content):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "lawrec.toml"
        path.write_bytes(content)
        checked(lambda: load(path))


@pytest.mark.parametrize("value", [None, [], 3, "text", [("training", 3)]])
def test_what_is_no_object_of_sections_is_refused(value):
    with pytest.raises(ConfigError, match="must be sections"):
        from_dict(value, "run.json")
