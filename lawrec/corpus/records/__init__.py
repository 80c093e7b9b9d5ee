"""Records: tokenized cases in TFRecord shards, how they are made, checked and read in batches."""
