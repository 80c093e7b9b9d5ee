"""Score cases with the default model in PyTorch, in a process without TensorFlow, to compare with.

    python tests/benchmarks/torch_scoring.py CASES N_TOKENS N_ARTICLES

CASES is a .npz file with the token ids of each case. Cases of about the same length are in batches
together, as in lawrec. It prints the cases per second of the second round.
"""

import sys
import time
from pathlib import Path

import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).parent))
from torch_training import Model

from lawrec.config import Config
from lawrec.ranking.length_batches import run_in_batches


def main() -> None:
    """Print the rate."""
    path, n_tokens, n_articles = sys.argv[1:]
    with np.load(path, allow_pickle=False) as file:
        cases = [file[name] for name in file.files]
    model = Model(Config(), int(n_tokens), int(n_articles)).eval()

    def forward(batch: np.ndarray) -> np.ndarray:
        lengths, order = torch.from_numpy((batch > 0).sum(axis=1)).sort(descending=True)
        logits = torch.empty((len(batch), int(n_articles)))
        logits[order] = model(torch.from_numpy(batch).long()[order], lengths, packed=True)
        return logits.numpy()

    with torch.inference_mode():
        for _ in range(2):
            start = time.perf_counter()
            run_in_batches(forward, cases, n_outputs=int(n_articles))
    print(len(cases) / (time.perf_counter() - start))


if __name__ == "__main__":
    main()
