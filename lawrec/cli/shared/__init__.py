"""What the commands share: their options, what those become, and how results are printed."""
