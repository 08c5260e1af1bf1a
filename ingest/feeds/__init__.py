"""Feeds: RSS, Atom, JSON Feed, podcasts, OPML."""
