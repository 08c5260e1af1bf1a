"""The models that ship, and what runs them."""
