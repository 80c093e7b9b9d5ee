"""Ranking: from token ids to scores, without TensorFlow: linear SVMs and a second stage."""
