"""Link digests and lists of links."""
