"""Corpus: from raw case facts to batches of token ids."""
