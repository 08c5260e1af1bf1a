"""Papers: PDF and arXiv."""
