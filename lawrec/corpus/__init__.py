"""Corpus: case files -> tokens -> TFRecord -> tf.data."""
