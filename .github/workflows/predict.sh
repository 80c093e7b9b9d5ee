#!/usr/bin/env bash
# What a user of requirements/predict.txt does: predict facts with the shipped model, and nothing else.
set -euo pipefail
facts=$(realpath "$1")
cd "$(mktemp -d)"
lawrec info
lawrec predict < "$facts" | python -c '
import json, sys
answers = [json.loads(line) for line in sys.stdin]
assert answers and all(answer["articles"] for answer in answers), answers
print(len(answers), "facts answered")
'
python -c '
import importlib.util
import sys
from lawrec import Recommender
[answer] = Recommender.load()("被告人在超市秘密窃取他人手机一部。")
assert answer.decision.recommendations[0].article == "264", answer
absent = ["tensorflow", "keras", "pandas", "sklearn", "scipy"]
assert not any(map(importlib.util.find_spec, absent)), sys.path
'
