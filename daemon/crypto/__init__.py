"""Keys in memory, and what is sealed with them."""
