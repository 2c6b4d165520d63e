"""The store: sealed truth, its projection for search, and the one writer."""
