"""A file per source: from files to documents with exact offsets."""
