"""Bytes to text: encodings, offsets and lines, HTML."""
