import json


def changed_data(source, folder, change):
    """Copy the splits of cases with each case changed."""
    folder.mkdir()
    for path in source.glob("*.json"):
        cases = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
        lines = [json.dumps(change(case, path.stem, row)) for row, case in enumerate(cases)]
        (folder / path.name).write_text("\n".join(lines), encoding="utf-8")
    return folder
