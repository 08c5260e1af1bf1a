"""What is new, changed, moved and gone: from sources to the store."""
