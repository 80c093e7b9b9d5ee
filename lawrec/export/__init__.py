"""Export: a run packed for use elsewhere."""
