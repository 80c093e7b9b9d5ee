"""What the shared options become, and under which headings the help lists them."""

from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from lawrec.cli import option_types, options
from lawrec.corpus.dataset_spec import DatasetSpec
from lawrec.corpus.readers import CaseFormat
from lawrec.progress import SILENT


def values(*arguments, decorators=(options.data,)):
    """Return what a command gets from its arguments."""
    results = []

    @options.compose_options(click.command(cls=option_types.HeadedCommand), *decorators)
    def command(**arguments):
        results.append((arguments, options.is_given(*arguments)))

    result = CliRunner().invoke(command, list(arguments), catch_exceptions=False)
    assert result.exit_code == 0, result.stderr
    return results[0] if results else result.stdout


def test_without_options_everything_has_its_default():
    arguments, given = values()
    assert not given
    assert options.case_format_from(arguments) == CaseFormat()
    assert options.dataset_spec_from(arguments) == DatasetSpec()


@pytest.mark.parametrize(
    ("option", "value", "name"),
    [
        ("--fact-field", "", "fact_field"),
        ("--articles-field", "", "articles_field"),
        ("--articles-separator", " ", "separator"),
        ("--input-format", "csv", "reader"),
        ("--encoding", "gb18030", "encoding"),
    ],
)
def test_a_value_is_kept_even_where_it_is_empty(option, value, name):
    arguments, given = values(option, value)
    assert given
    assert options.case_format_from(arguments) == CaseFormat(**{name: value})


def test_a_default_that_is_written_out_counts_as_given():
    assert values("--id-field", "id")[1]


def test_user_dictionaries_replace_the_shipped_one():
    arguments, _ = values("--user-dict", "a.txt", "--user-dict", "b.txt")
    spec = options.dataset_spec_from(arguments)
    assert spec.dictionaries == (Path("a.txt"), Path("b.txt"))


def test_a_preset_a_file_and_assignments_make_the_settings(tmp_path):
    (tmp_path / "my.toml").write_text("[training]\nepochs = 2\nseed = 5\n", encoding="utf-8")
    arguments, _ = values(
        *("--preset", "tiny", "--config", str(tmp_path / "my.toml"), "--set", "training.seed=7")
    )
    settings = options.settings_from(arguments)
    assert (settings.model.lstm_layers, settings.training.epochs, settings.training.seed) == (
        *(1, 2, 7),
    )


def test_the_help_lists_options_under_headings_in_a_fixed_order():
    decorators = (options.verbosity, options.device, options.data, options.run)
    lines = values("--help", decorators=decorators).splitlines()
    headings = [line for line in lines if line.endswith(":") and not line.startswith(" ")]
    assert headings == [
        *("Data:", "Input format:", "Model and settings:", "Devices:", "Output and help:"),
    ]


@pytest.mark.parametrize(("arguments", "is_silent"), [([], False), (["-q"], True)])
def test_quiet_shows_no_progress(arguments, is_silent):
    seen = []

    @click.command()
    @options.verbosity
    def command():
        with options.show_progress() as progress:
            seen.append(progress is SILENT)

    CliRunner().invoke(command, arguments, catch_exceptions=False)
    assert seen == [is_silent]


@pytest.mark.parametrize("value", ["nan", "-0.1", "1.1", "inf", "x"])
def test_a_number_outside_its_range_is_refused(value):
    with pytest.raises(click.BadParameter):
        option_types.FloatRange(0, 1).convert(value, None, None)
