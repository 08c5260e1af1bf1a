"""What pages show, as HTML; the one place that escapes."""
