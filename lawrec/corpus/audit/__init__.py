"""Audit: what is wrong with labelled cases before anyone trains on them."""
