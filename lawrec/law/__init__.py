"""Law: articles, their catalog, statutes and their versions."""
