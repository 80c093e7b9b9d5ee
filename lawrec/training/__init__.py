"""Training: the loop, checkpoints, devices and TensorBoard."""
