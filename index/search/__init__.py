"""The indexes that are searched: BM25, vectors, words as they sound."""
