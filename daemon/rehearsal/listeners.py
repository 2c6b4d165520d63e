"""Listening sockets, as the service manager would hand them in: each unix socket with its owner and the group of its callers."""

import socket
from pathlib import Path

from daemon.rehearsal.users import Users


def unix(users: Users, path: Path, owner: str, group: str) -> socket.socket:
    """At `path`, for the owner and the group."""
    path.unlink(missing_ok=True)
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listening.bind(str(path))
    users.own(path, owner, mode=0o660, group=group)
    listening.listen(64)
    return listening


def tcp() -> socket.socket:
    """On this machine alone, at a port that is free."""
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listening.bind(("127.0.0.1", 0))
    listening.listen(256)
    return listening
