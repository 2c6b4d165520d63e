"""The use cases, one file each, those of one office in one folder. Who calls has been made sure of; whether they may is decided here."""
