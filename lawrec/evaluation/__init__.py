"""Evaluation: how good recommendations are, in NumPy and scikit-learn only."""
