"""English and Markdown: what every part asks of words, sentences, names, numbers and dates."""
