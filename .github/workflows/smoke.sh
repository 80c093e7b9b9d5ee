#!/usr/bin/env bash
# What a user of the installed wheel does first: train on the shipped cases, tune, predict.
set -euo pipefail
lawrec --version
lawrec train --preset tiny --set training.max_steps=20
lawrec tune-thresholds
lawrec predict < facts.txt | python -c '
import json, sys
answers = [json.loads(line) for line in sys.stdin]
assert answers and all(answer["articles"] for answer in answers), answers
print(len(answers), "facts answered")
'
python -c '
from lawrec import Recommender
print(Recommender.load()("被告人在超市秘密窃取他人手机一部。"))
'
