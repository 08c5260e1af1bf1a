"""From a question to a cited, checked answer at a level."""
