"""Cluster: long jobs in shards, which many hosts share through a folder, or by Ray."""
