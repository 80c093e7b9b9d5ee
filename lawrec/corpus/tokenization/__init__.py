"""Tokenization: from the text of a fact to its tokens, by jieba or rjieba."""
