import json
import os
import shutil
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from lawrec import config
from lawrec.errors import CaseError, RunError
from tests.helpers.cases import CHARGE_SETTINGS
from tests.helpers.damages import flip, reseal, swap_lines

pytestmark = pytest.mark.tensorflow

LISTS = {"dictionary": "乱造之词\n", "more": "盗窃罪\n", "stop": "的\n，\n", "always": "诈\n"}


@pytest.fixture
def run_with_lists(tmp_path, tiny_data):
    """A run with its own lists of words, and the folder that they were copied from."""
    from lawrec.corpus.records.dataset_spec import DatasetSpec
    from lawrec.corpus.records.prepare import prepare
    from lawrec.runs.create import create_run

    words = tmp_path / "words"
    words.mkdir()
    for name, content in LISTS.items():
        (words / f"{name}.txt").write_text(content, encoding="utf-8")
    dictionaries = (words / "dictionary.txt", words / "more.txt")
    roots = {"records_root": tmp_path / "records", "vocab_root": tmp_path / "vocab"}
    dataset = DatasetSpec(tiny_data, dictionaries=dictionaries, **roots)
    settings = config.from_dict(
        {
            "corpus": {
                "stop_words": str(words / "stop.txt"),
                "user_tokens": str(words / "always.txt"),
                "entity_types": ["date"],
            }
        },
        "here",
    )
    records = prepare(dataset, settings.corpus)
    return create_run(tmp_path / "checkpoints", settings, records=records, dataset=dataset), words


def test_a_moved_run_tokenizes_as_before_although_all_lists_are_deleted(run_with_lists, tmp_path):
    from lawrec.corpus.records.prepare import prepare
    from lawrec.runs.run import load_encoder, open_run

    run, words = run_with_lists
    shutil.rmtree(words)
    moved = open_run(shutil.move(run.folder, tmp_path / "moved"))
    encoder = load_encoder(moved)
    assert encoder.tokenizer.fingerprint == run.tokenizer
    assert encoder.tokenizer.tokenize("乱造之词，2016年5月的") == ["乱造之词", "<date>"]
    assert moved.tokens.names[2] == "诈"
    roots = {"records_root": tmp_path / "records", "vocab_root": tmp_path / "vocab"}
    records = prepare(replace(moved.dataset, **roots), moved.config.corpus)
    assert records.folder.name == run.records_name


@pytest.mark.parametrize("changed", ["dictionary.txt", "stop_words.txt", "run.json"])
def test_a_run_whose_tokenizer_would_differ_is_refused(run_with_lists, changed):
    from lawrec.runs.run import load_encoder, open_run

    run, _ = run_with_lists
    path = run.folder / changed
    if changed == "run.json":
        values = json.loads(path.read_text(encoding="utf-8"))
        values["config"]["corpus"]["entity_types"] = []
        path.write_text(json.dumps(values), encoding="utf-8")
    else:
        path.write_text("别的\n", encoding="utf-8")
    reseal(run.folder)
    with pytest.raises(RunError) as caught:
        load_encoder(open_run(run.folder))
    assert caught.value.expected == f"the tokenizer must be the run's own ({run.tokenizer})"
    assert caught.value.todo == "Install that version, or train a new run with `lawrec train`."


@pytest.mark.parametrize("name", ["tokens.txt", "dictionary.txt", "run.json", "best", "scores"])
@pytest.mark.parametrize("kind", ["link", "link to a link", "pipe"])
def test_a_path_that_leads_out_of_a_run_is_refused(start_run, tmp_path, name, kind):
    from lawrec.runs.run import open_run

    run, _ = start_run()
    path, outside = run.folder / name, tmp_path / "outside"
    if path.exists():
        path.rename(outside)
    else:
        outside.mkdir()
    if kind == "pipe":
        os.mkfifo(path)
    else:
        (tmp_path / "other").symlink_to(outside)
        path.symlink_to(outside if kind == "link" else tmp_path / "other")
    with pytest.raises(RunError, match="a run must hold files and folders of its own") as caught:
        open_run(run.folder)
    assert caught.value.where == str(path)


def test_links_within_a_run_and_to_it_are_followed(start_run, tmp_path):
    from lawrec.runs.run import open_run

    run, _ = start_run()
    (run.folder / "tokens.txt").rename(run.folder / "tokens-1.txt")
    (run.folder / "tokens.txt").symlink_to("tokens-1.txt")
    (tmp_path / "newest").symlink_to(run.folder)
    assert open_run(tmp_path / "newest").tokens == run.tokens


OPENED = []
"""What Python has opened while the last entry is not None."""
sys.addaudithook(lambda event, args: OPENED.append(args[0]) if event == "open" and OPENED else None)


def test_no_path_outside_a_run_is_read_when_it_is_loaded(run_with_lists, tmp_path):
    from lawrec.runs.run import load_encoder, open_run

    run, _ = run_with_lists
    path, secret = run.folder / "run.json", tmp_path / "secret"
    secret.write_text("秘密\n", encoding="utf-8")
    values = json.loads(path.read_text("utf-8"))
    outside = os.path.relpath(secret, run.folder)
    values["config"]["corpus"] |= {"stop_words": outside, "user_tokens": str(secret)}
    values["config"]["model"]["embedding_init"] = str(secret)
    values["dataset"] |= {name: str(secret) for name in ("data", "article_list")}
    path.write_text(json.dumps(values), encoding="utf-8")
    reseal(run.folder)
    OPENED.append("begin")
    try:
        encoder = load_encoder(open_run(run.folder))
    finally:
        opened, OPENED[:] = OPENED[1:], []
    assert encoder.tokenizer.fingerprint == run.tokenizer
    paths = [Path(os.fsdecode(name)) for name in opened if not isinstance(name, int)]
    assert run.folder / "stop_words.txt" in paths
    assert secret.resolve() not in [each.resolve() for each in paths]


@pytest.mark.parametrize("key", ["run_version", "scoring_version"])
@pytest.mark.parametrize("version", [None, 0, 99])
def test_a_run_of_another_version_is_refused(start_run, key, version):
    from lawrec.runs.run import open_run

    run, _ = start_run()
    path = run.folder / "run.json"
    values = json.loads(path.read_text(encoding="utf-8"))
    values[key] = version
    values["config"] = {"corpus": {"classes": []}}
    path.write_text(json.dumps(values), encoding="utf-8")
    with pytest.raises(RunError, match="Train a new run with `lawrec train`"):
        open_run(run.folder)


def test_nothing_of_an_older_version_of_the_code_that_scores_is_used(
    trained, tiny_data, tmp_path, monkeypatch
):
    """A fact had other token ids then: neither weights, records nor stored scores fit it now."""
    from click.testing import CliRunner

    from lawrec.cli import cli
    from lawrec.corpus.records.dataset_spec import DatasetSpec, folder_for
    from lawrec.inference.score_cases import score_labelled_cases
    from lawrec.runs.bundle import open_bundle
    from lawrec.runs.labelled_cases import labelled_cases
    from lawrec.runs.run import find_run
    from lawrec.scoring_version import SCORING_VERSION

    source = find_run(trained.checkpoints, None).folder
    run = find_run(tmp_path, str(shutil.copytree(source, tmp_path / "run")))
    score_labelled_cases(run, labelled_cases([run], run.splits["valid"].path))
    records = folder_for(DatasetSpec(tiny_data), run.config.corpus)
    monkeypatch.chdir(tmp_path)
    bundle = ["export", "bundle", "--run", str(run.folder), "--output", "mine.lawrec"]
    assert CliRunner().invoke(cli, bundle).exit_code == 0
    with open_bundle(Path("mine.lawrec")) as unpacked:
        assert unpacked.tokens == run.tokens
    got = f"the run must have version 99 of the code that scores, got {SCORING_VERSION}."
    for module in ("runs.run", "corpus.records.dataset_spec"):
        monkeypatch.setattr(f"lawrec.{module}.SCORING_VERSION", 99)
    evaluate = ["evaluate", "--model", str(run.folder), "--split", "valid"]
    for command in (evaluate, ["predict", "--model", "mine.lawrec"]):
        result = CliRunner().invoke(cli, command, input="盗窃")
        assert result.exit_code == 1
        assert got in result.output
        assert "Train a new run with `lawrec train`." in result.output
    assert folder_for(DatasetSpec(tiny_data), run.config.corpus) != records


def test_a_run_remembers_its_extra_cases_and_is_not_tuned_on_them(start_run, charged_cases):
    from lawrec.corpus.readers import CaseFormat
    from lawrec.inference.tune import tune_run
    from lawrec.runs.run import open_run

    run = open_run(start_run(*CHARGE_SETTINGS, extra=(charged_cases,))[0].folder)
    assert run.dataset.extra == (charged_cases.resolve(),)
    assert run.dataset.learn_charges
    assert run.charges.names == ("抢劫", "盗窃", "诈骗")
    assert list(run.splits) == ["train", "valid", "test", "extra-1"]
    assert run.trained_on == (run.splits["train"].sha256, run.splits["extra-1"].sha256)
    with pytest.raises(CaseError, match="must differ from those used to train"):
        tune_run(run, data=(charged_cases, CaseFormat()))


def edit_setting(path, name, value):
    text = path.read_text("utf-8")
    assert f'"{name}": ' in text
    before, _, rest = text.partition(f'"{name}": ')
    path.write_text(f'{before}"{name}": {value}{rest[rest.index(",") :]}', "utf-8")


CHANGES = {
    "two articles swapped": ("articles.txt", lambda path: swap_lines(path, 0, 1)),
    "two tokens swapped": ("tokens.txt", lambda path: swap_lines(path, 4, 9)),
    "no tokens": ("tokens.txt", lambda path: path.write_bytes(b"")),
    "another length": ("run.json", lambda path: edit_setting(path, "max_tokens", 47)),
    "another mixture": ("run.json", lambda path: edit_setting(path, "lstm_share", 0.25)),
    "a flipped bit": ("run.json", lambda path: flip(path, 0.9)),
    "a lost list": ("charges.txt", lambda path: path.unlink()),
    "half the manifest": ("manifest.json", lambda path: path.write_bytes(path.read_bytes()[:90])),
    "a flipped digest": ("manifest.json", lambda path: flip(path, 0.3)),
    "no manifest": ("manifest.json", lambda path: path.unlink()),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_run_with_a_changed_file_is_refused_with_its_name(start_run, change):
    from lawrec.runs.run import open_run

    run, _ = start_run()
    name, damage = CHANGES[change]
    damage(run.folder / name)
    with pytest.raises(RunError) as caught:
        open_run(run.folder)
    assert name in str(caught.value)
    assert "`lawrec train`" in caught.value.todo


@pytest.fixture
def two_runs(start_run, tmp_path):
    """The folder of two runs, the second of which is the newest."""
    from lawrec.runs.run import set_latest

    for name in ("first", "second"):
        run, _ = start_run(root=tmp_path, name=name)
    set_latest(run)
    return tmp_path / "checkpoints"


@pytest.mark.parametrize(
    ("content", "got"),
    [
        (None, "no such file"),
        (b"", "''"),
        (b"\n", "''"),
        (b"\xff\xfes", "'��s'"),
        (b"third\n", "'third'"),
        (b"../checkpoints/first", "'../checkpoints/first'"),
    ],
)
def test_a_latest_file_that_names_no_run_says_which_there_are(two_runs, content, got):
    from lawrec.runs.run import find_run

    assert find_run(two_runs, None).folder.name == "second"
    path = two_runs / "LATEST"
    path.unlink() if content is None else path.write_bytes(content)
    with pytest.raises(RunError) as caught:
        find_run(two_runs, None)
    assert (caught.value.where, caught.value.got) == (str(path), got)
    assert caught.value.todo == "Name a run: first, second."
    assert find_run(two_runs, "first").folder.name == "first"
