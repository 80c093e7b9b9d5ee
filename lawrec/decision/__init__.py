"""Decision: from scores to recommendations, on NumPy arrays alone."""
