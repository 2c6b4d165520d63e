"""The signed log: entry, tree, checkpoint, journal, export, verify."""
