"""Models: layers, networks and losses."""
