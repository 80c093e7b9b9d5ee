"""The network: layers, losses and word vectors."""
