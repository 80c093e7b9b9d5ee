"""Models: layers, networks, losses and word vectors."""
