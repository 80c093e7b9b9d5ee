"""Training: the loop, checkpoints, the ranker and TensorBoard."""
