"""What an auditor reads of the log: each reading is an entry of its own before it is answered."""
