"""Synthetic residents and simulated peers: never real people, the real protocol."""
