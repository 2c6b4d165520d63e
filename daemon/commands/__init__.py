"""The use cases, one file each. Who calls has been made sure of; whether they may is decided here."""
