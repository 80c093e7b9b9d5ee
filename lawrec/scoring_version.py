"""Scoring version: which scores this code computes from weights.

Weights mean nothing without the code that reads a fact for them: its tokens and their ids, its
n-grams and windows, the features of the second stage, the layers of the network. None of that is
in a file of a run. Where that code changes, older weights would score otherwise without a word.

So a run keeps the version that it was trained with, in run.json, and runs and bundles of other
versions are refused. Records have it in their key, as they hold token ids. A test has the scores of
a tiny model with fixed weights, and fails where they change and the version does not.
"""

SCORING_VERSION = 3
"""To be raised when the same fact and the same weights give other scores."""
