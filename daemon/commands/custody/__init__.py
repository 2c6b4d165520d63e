"""Keys and their custodians: what there is, what is proposed, and what the key service has said."""
