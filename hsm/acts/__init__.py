"""What each request does, a module per noun: policy first, then the vault, and only then the answer."""
