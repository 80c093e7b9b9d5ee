"""Diagnostics: what a run is made of and what this machine computes with."""
