"""Answers: what `lawrec predict` writes, for people and for programs."""
