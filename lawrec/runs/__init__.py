"""Runs: the folder of a trained model and what it keeps, without TensorFlow."""
