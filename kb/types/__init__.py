"""The nouns: documents, passages, hits, citations, answers. They import nothing of ours but errors."""
