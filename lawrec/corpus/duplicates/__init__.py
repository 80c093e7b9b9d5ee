"""Duplicates: texts that are the same or nearly the same as others."""
