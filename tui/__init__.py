"""Console and CLI for operators: sees the contract only, no store, no keys."""
