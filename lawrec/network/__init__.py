"""Network: from batches to scores."""
