"""Who is at the other end of a unix socket: the second check, after the socket's own group and mode.

65534 (nobody, and what an unmapped uid reads as inside a user namespace) and 0 are always refused: root has no
business at the register, and an unreadable caller is not a caller.
"""

import socket
import struct

from daemon.errors import AuthenticationError

NEVER = frozenset({0, 65534})


def uid_of(connection: socket.socket) -> int:
    """The uid of the peer when it connected (SO_PEERCRED, unix(7))."""
    raw = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    _, uid, _ = struct.unpack("3i", raw)
    return int(uid)


def admit(uid: int, allowed: frozenset[int] | None) -> None:
    """Raise unless `uid` may be here; `allowed` None leaves the choice to the socket's group."""
    if uid in NEVER or (allowed is not None and uid not in allowed):
        raise AuthenticationError("caller.refused")
