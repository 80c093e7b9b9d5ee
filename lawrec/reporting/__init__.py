"""Reporting: results as text, JSON, CSV and HTML."""
