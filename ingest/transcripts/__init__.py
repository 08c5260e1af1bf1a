"""Talk in writing: subtitles, JSON, HTML and plain text, with times and speakers."""
