"""Splitting: labelled cases into train, valid and test."""
