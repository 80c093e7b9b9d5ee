"""Inference: score, tune, evaluate and recommend with a trained run."""
