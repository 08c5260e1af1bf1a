"""Notes: Markdown outlines, front matter, links, notebooks."""
