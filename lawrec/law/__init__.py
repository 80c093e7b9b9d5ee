"""Statutes and their articles: names, titles, charges, texts and versions.

Facts about the Criminal Law's articles are shipped: numbers, titles, chapters and amendments. The
text of a statute is not: whoever has it imports it, one version per effective date.
"""
