"""Answers over evidence."""
