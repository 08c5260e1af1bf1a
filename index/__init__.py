"""From documents to passages that can be found: chunk, embed, store, retrieve."""
