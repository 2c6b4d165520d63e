"""H5, F5: finding people and showing them, each for an affair and a purpose, in the log before the answer."""
