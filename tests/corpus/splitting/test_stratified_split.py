import gzip
import json
import random

import pytest

from lawrec.corpus.readers import CaseFormat
from lawrec.corpus.splits import SPLITS
from lawrec.corpus.splitting.stratified_split import RATIOS, SplitSettings, split_files
from lawrec.errors import CaseError, ConfigError
from lawrec.iterables import map_here
from tests.helpers.elsewhere import map_elsewhere
from tests.helpers.progress import Reports

CHARACTERS = "甲乙丙丁戊己庚辛壬癸子丑寅卯辰巳午未申酉戌亥"


def family(numbers, size):
    """Facts that are near-duplicates of one another: the first character apart."""
    stem = "".join(numbers.choices(CHARACTERS, k=80))
    return [character + stem for character in CHARACTERS[:size]]


def write(path, cases):
    """Write (fact, articles) as JSON lines, spaced in two ways to show which bytes were kept."""
    lines = [
        json.dumps({"fact": fact, "meta": {"relevant_articles": articles}}, indent=None)
        if number % 2
        else json.dumps(
            {"fact": fact, "articles": articles}, ensure_ascii=False, separators=(",", ":")
        )
        for number, (fact, articles) in enumerate(cases)
    ]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def long_tail(seed=1):
    """Facts with common and rare articles, some with several, some in families."""
    numbers = random.Random(seed)
    cases = []
    for article, groups in ((264, 200), (234, 80), (133, 40), (266, 20), (293, 9), (303, 5)):
        for _ in range(groups):
            more = [347] if numbers.random() < 0.1 else []
            for fact in family(numbers, numbers.choice((1, 1, 1, 1, 1, 3))):
                cases.append((fact, [article, *more]))
    for article, groups in ((151, 3), (152, 3), (153, 2), (154, 1)):
        cases += [(family(numbers, 1)[0], [article, 264]) for _ in range(groups)]
    numbers.shuffle(cases)
    return cases


def lines_of(path):
    return path.read_bytes().splitlines()


def written(folder):
    return {name: (folder / f"{name}.json").read_bytes().splitlines() for name in SPLITS}


def facts(lines):
    return [json.loads(line)["fact"] for line in lines]


@pytest.fixture
def done(tmp_path):
    source = write(tmp_path / "all.json", long_tail())
    report = split_files([source], tmp_path / "out")
    return source.read_bytes().splitlines(), written(tmp_path / "out"), report


def test_the_splits_are_the_input_and_nothing_twice(done):
    lines, splits, report = done
    assert sorted(line for part in splits.values() for line in part) == sorted(lines)
    assert report.cases == {name: len(part) for name, part in splits.items()}


def test_each_split_keeps_the_order_of_the_input(done):
    lines, splits, _ = done
    positions = {line: position for position, line in enumerate(lines)}
    for part in splits.values():
        assert [positions[line] for line in part] == sorted(positions[line] for line in part)


def test_no_group_is_divided(done):
    _, splits, report = done
    stems = [{fact[1:] for fact in facts(part)} for part in splits.values()]
    assert not stems[0] & stems[1] | stems[0] & stems[2] | stems[1] & stems[2]
    assert report.groups == len(set.union(*stems))


def test_the_ratios_are_near_what_was_asked(done):
    lines, _, report = done
    for ratio, count in zip(RATIOS, report.cases.values(), strict=True):
        assert count / len(lines) == pytest.approx(ratio, abs=0.02)


def test_each_article_of_three_groups_or_more_reaches_every_split(done):
    _, splits, report = done
    held = []
    for part in splits.values():
        records = [json.loads(line) for line in part]
        held.append(
            {a for r in records for a in r.get("articles") or r["meta"]["relevant_articles"]}
        )
    assert held[0] & held[1] & held[2] == {264, 234, 133, 266, 293, 303, 347, 151, 152}
    assert {153, 154} <= held[0]
    assert (report.total_articles, report.articles_in_every_split) == (11, 9)


def test_the_same_seed_gives_the_same_bytes_whoever_compares(tmp_path):
    source = write(tmp_path / "all.json", long_tail())
    for name, seed, each in (("a", 1, map_here), ("b", 1, map_elsewhere), ("c", 2, map_here)):
        split_files([source], tmp_path / name, settings=SplitSettings(seed=seed, map_items=each))
    assert written(tmp_path / "a") == written(tmp_path / "b") != written(tmp_path / "c")


def test_several_files_and_formats_become_one(tmp_path):
    cases = long_tail()[:60]
    json_file = write(tmp_path / "a.json", cases[:30])
    rows = [f"{fact}\t{';'.join(map(str, articles))}" for fact, articles in cases[30:]]
    table = tmp_path / "b.tsv"
    table.write_text("\n".join(["fact\tarticles", *rows]), encoding="utf-8")
    split_files([json_file, table], tmp_path / "out", settings=SplitSettings((0.5, 0.25, 0.25)))
    splits = written(tmp_path / "out")
    got = [fact for part in splits.values() for fact in facts(part)]
    assert sorted(got) == sorted(fact for fact, _ in cases)
    kept = set(json_file.read_bytes().splitlines())
    assert kept < {line for part in splits.values() for line in part}


def test_packed_and_several_files_become_one(tmp_path):
    cases = long_tail()[:60]
    (tmp_path / "parts").mkdir()
    for number in range(3):
        write(tmp_path / f"parts/{number}.json", cases[number * 15 : number * 15 + 15])
    rest = write(tmp_path / "rest.json", cases[45:])
    (tmp_path / "rest.json.gz").write_bytes(gzip.compress(rest.read_bytes()))
    lines = [line for path in (tmp_path / "parts").iterdir() for line in lines_of(path)]
    for number, parts in enumerate(("parts", "parts/*.json")):
        out = tmp_path / f"out-{number}"
        split_files([tmp_path / parts, tmp_path / "rest.json.gz"], out)
        got = [line for part in written(out).values() for line in part]
        assert sorted(got) == sorted([*lines, *lines_of(rest)])
    assert written(tmp_path / "out-0") == written(tmp_path / "out-1")


def test_cases_of_other_names_and_encodings_become_cail2018(tmp_path):
    cases = long_tail()[:30]
    rows = [f"{number}\t{fact}\t{'#'.join(map(str, a))}" for number, (fact, a) in enumerate(cases)]
    path = tmp_path / "a.tsv"
    path.write_bytes("\n".join(["号\t案情\t法条", *rows]).encode("gb18030"))
    case_format = CaseFormat(fact_field="案情", articles_field="法条", id_field="号", separator="#")
    split_files([path], tmp_path / "out", case_format=case_format)
    records = [json.loads(line) for part in written(tmp_path / "out").values() for line in part]
    got = sorted((int(r["id"]), r["fact"], r["meta"]["relevant_articles"]) for r in records)
    assert got == [(number, *case) for number, case in enumerate(cases)]


def test_an_unusable_line_is_an_error_or_is_skipped_and_logged(tmp_path):
    source = write(tmp_path / "all.json", long_tail()[:20])
    source.write_text('{"\n' + source.read_text(encoding="utf-8"), encoding="utf-8")
    with pytest.raises(CaseError, match="broken JSON"):
        split_files([source], tmp_path / "out")
    assert not (tmp_path / "out").exists()
    report = split_files([source], tmp_path / "out", skip_bad=True)
    assert (sum(report.cases.values()), report.skipped) == (20, 1)
    (skipped,) = (tmp_path / "out/skipped.jsonl").read_text(encoding="utf-8").splitlines()
    assert json.loads(skipped)["where"] == f"{source}:1"


def test_nothing_is_overwritten(tmp_path):
    source = write(tmp_path / "train.json", long_tail()[:20])
    with pytest.raises(CaseError, match="the folder must be new or empty"):
        split_files([source], tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["train.json"]


@pytest.mark.parametrize(
    "ratios", [(0.8, 0.2), (0.8, 0.1, 0.2), (0.9, 0.1, 0.0), (1.2, -0.1, -0.1)]
)
def test_ratios_that_make_no_sense_are_refused(tmp_path, ratios):
    with pytest.raises(ConfigError, match="must be positive with the sum 1"):
        split_files([], tmp_path / "out", settings=SplitSettings(ratios))


@pytest.mark.parametrize("content", ["", "\n", '{"fact": ""}\n'])
def test_files_without_a_case_are_refused(tmp_path, content):
    path = tmp_path / "cases.jsonl"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(CaseError, match="got 0 cases in 0 groups"):
        split_files([path], tmp_path / "new", skip_bad=True)
    assert not (tmp_path / "new").exists()


def test_a_split_that_would_stay_empty_is_refused(tmp_path):
    source = write(tmp_path / "all.json", long_tail()[:2])
    with pytest.raises(CaseError, match="there must be a group of cases for each split"):
        split_files([source], tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_unknown_labels_are_named_unless_a_list_names_them(tmp_path):
    cases = [(fact, ["民法典第1165条"]) for fact, _ in long_tail()[:20]]
    (tmp_path / "in").mkdir()
    source = write(tmp_path / "in/all.json", cases)
    with pytest.raises(CaseError, match="20 cases in all") as caught:
        split_files([source], tmp_path / "out")
    assert caught.value.where == f"{source}:1"
    assert not (tmp_path / "out").exists()
    case_format = CaseFormat(any_label=True)
    split_files([source], tmp_path / "any", case_format=case_format)
    assert sorted(line for part in written(tmp_path / "any").values() for line in part) == sorted(
        lines_of(source)
    )
    law = tmp_path / "civil.txt"
    law.write_text("民法典第1165条\n", encoding="utf-8")
    split_files([source], tmp_path / "listed", article_list=law)
    law.rename(tmp_path / "in/law.txt")
    report = split_files([source], tmp_path / "beside")
    assert (sum(report.cases.values()), report.total_articles) == (20, 1)
    write(source, [*cases, (long_tail()[21][0], [264])])
    with pytest.raises(CaseError, match=r"list of articles .*in/law\.txt, got \['264'\]"):
        split_files([source], tmp_path / "refused", case_format=case_format)
    report = split_files([source], tmp_path / "skipped", skip_bad=True)
    assert (sum(report.cases.values()), report.skipped) == (20, 1)


@pytest.mark.parametrize("number", [-2, 0, 1])
def test_cases_that_change_between_the_two_readings_are_refused(tmp_path, number):
    source = write(tmp_path / "all.json", long_tail())
    lines = source.read_bytes().splitlines(keepends=True)
    changed = [*lines[:number], *lines[-1:]] if number else [*reversed(lines), *lines]

    def change(stage, done, *_):
        if (stage, done) == ("write", 1):
            source.write_bytes(b"".join(changed))

    with pytest.raises(CaseError, match=r"all\.json: the cases must not change"):
        split_files([source], tmp_path / "out", progress=Reports(change))
    assert not (tmp_path / "out").exists()
