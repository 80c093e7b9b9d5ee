import json

import numpy as np
import pytest

from lawrec.inference.score_cases import score_file
from lawrec.runs.run import find_run

pytestmark = pytest.mark.tensorflow


def test_stored_scores_say_which_labels_are_known(trained, tmp_path):
    run = find_run(trained.checkpoints, None)
    path = tmp_path / "cases.json"
    cases = [
        {"fact": "盗窃钱包", "articles": ["264"], "unknown_articles": ["266", "300"]},
        {"fact": "骗取信任", "articles": ["452"], "unknown_articles": ["264"]},
        {"fact": "醉酒驾驶", "articles": ["133之一"], "unknown_articles": ["452"]},
    ]
    path.write_text("\n".join(map(json.dumps, cases)), encoding="utf-8")
    for _ in range(2):
        scored = score_file(run, path)
        assert scored.articles == ("133之一", "264", "266", "452")
        masked = [
            [scored.articles[column] for column in np.flatnonzero(~row)] for row in scored.known
        ]
        assert masked == [["266"], ["264"], ["452"]]
