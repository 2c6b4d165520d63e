"""What the law lets end: entries of the log whose 7 years are over, found, told of, deleted."""
