"""What others may know, pure: endpoints, messages, error texts, checkpoints. Imports no I/O."""
