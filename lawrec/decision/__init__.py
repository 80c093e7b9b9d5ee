"""Decision: from scores to lists of articles, in NumPy only."""
