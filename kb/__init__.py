"""A research knowledge base that answers with citations."""
