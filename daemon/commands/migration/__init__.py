"""The first load of a register from the system before it."""
