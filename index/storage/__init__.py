"""The SQLite catalog: documents, passages, vectors, links, feeds, cards, locks. All SQL is here."""
