"""The lines to other servers: municipalities in, the national server out. Mutual TLS 1.3 only."""
