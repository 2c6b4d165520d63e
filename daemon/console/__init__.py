"""The operators' side: a unix socket, sessions, and one handler per endpoint of the contract."""
