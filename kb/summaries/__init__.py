"""Summaries of threads and papers, as passages that lead to their places."""
