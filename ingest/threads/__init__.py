"""Imageboard threads: fetched, saved, recapped."""
