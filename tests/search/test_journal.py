"""The journal: what a killed search leaves is removed, and a damaged one is refused."""

import pytest

from lawrec.errors import RunError
from lawrec.search.journal import JOURNAL, JOURNAL_SEAL, only_search
from lawrec.search.study import SearchPlan, ask, open_study
from tests.helpers.searches import small_space


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """The relative path of a folder with a study of three complete trials."""
    monkeypatch.chdir(tmp_path)
    folder = tmp_path.relative_to(tmp_path) / "study"
    complete_trials(folder, 3)
    return folder


def complete_trials(folder, n_trials):
    """Continue a study, and return how many complete trials it has."""
    with only_search(folder):
        study = open_study(folder, small_space(), plan=SearchPlan(), records="mine-12345678")
        for _ in range(n_trials):
            study.tell(ask(study, small_space(), plan=SearchPlan()), 0.5)
        return sum(trial.state.name == "COMPLETE" for trial in study.trials)


def test_a_second_search_in_a_folder_is_refused(tmp_path):
    with (
        only_search(tmp_path / "study"),
        pytest.raises(RunError, match="one search at a time must work in a folder"),
        only_search(tmp_path / "study"),
    ):
        pass
    with only_search(tmp_path / "study"):
        pass


def test_the_lock_of_a_killed_search_is_removed(folder):
    """With a relative path, Optuna waited for ever: the link led to no file."""
    (folder / f"{JOURNAL}.lock").symlink_to(folder / JOURNAL)
    assert complete_trials(folder, 1) == 4
    assert sorted(path.name for path in folder.iterdir()) == [JOURNAL_SEAL, JOURNAL]


@pytest.mark.parametrize("cut", [1, 20])
def test_half_a_line_of_a_killed_search_is_removed(folder, cut):
    """Optuna read the journal without it, but wrote its next line behind it: all was lost."""
    journal = folder / JOURNAL
    before = (folder / JOURNAL_SEAL).read_bytes()
    complete_trials(folder, 1)
    journal.write_bytes(journal.read_bytes()[:-cut])
    (folder / JOURNAL_SEAL).write_bytes(before)
    assert complete_trials(folder, 1) == 4
    assert complete_trials(folder, 1) == 5


DAMAGES = {
    "another value": lambda content: content.replace(b'"values":[0.5]', b'"values":[0.9]', 1),
    "an event less": lambda content: content[: content.rindex(b"{")],
    "nothing": lambda content: b"",
    "no JSON": lambda content: content.replace(b'{"op_code":4', b'{"op_c', 1),
    "another event": lambda content: content.replace(b'"op_code":6', b'"op_code":7', 1),
    "an unknown event": lambda content: content.replace(b'"op_code":6', b'"op_code":99', 1),
    "no UTF-8": lambda content: content.replace(b'study_name":"l', b'study_name":"\xff', 1),
    "a text": lambda content: b"text\ntext\n",
    "arrays": lambda content: b"[1]\n[2]\n",
    "a missing key": lambda content: b'{"op_code":0}\n',
    "too deep": lambda content: b"[" * 100_000 + b"\n{}\n",
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_journal_is_refused(folder, damage):
    journal = folder / JOURNAL
    journal.write_bytes(DAMAGES[damage](journal.read_bytes()))
    before = journal.read_bytes()
    with pytest.raises(RunError, match="Restore it from a copy, or name another folder") as caught:
        complete_trials(folder, 1)
    assert caught.value.where == str(journal)
    assert journal.read_bytes() == before


@pytest.mark.parametrize("content", [None, b"", b"{}", b'{"bytes": 1, "digest": "", "sha256": ""}'])
def test_a_journal_without_its_seal_is_refused(folder, content):
    if content is None:
        (folder / JOURNAL_SEAL).unlink()
    else:
        (folder / JOURNAL_SEAL).write_bytes(content)
    with pytest.raises(RunError, match="the journal must be as Optuna wrote it"):
        complete_trials(folder, 1)


def test_what_the_dashboard_adds_to_a_journal_is_no_damage(folder):
    attribute = '{"op_code":2,"worker_id":"dashboard","study_id":0,"user_attr":{"note":"good"}}'
    with (folder / JOURNAL).open("a") as file:
        file.write(f"{attribute}\n")
    assert complete_trials(folder, 1) == 4
    assert complete_trials(folder, 1) == 5
