"""Decision: scores -> lists of articles, in NumPy only."""
