"""Questions from the sources, their answers, and the reviews that bring them back."""
