"""Storage: files that are written whole or not at all, sealed with digests, read within limits."""
