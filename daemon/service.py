"""What the service manager gives a program: listening sockets, credentials, and an ear for its state.

Both programs meet systemd only here (sd_listen_fds(3), sd_notify(3), systemd.exec(5) LoadCredential=). The
rehearsal hands sockets in by the same protocol, so there is one way only.
"""

import os
import socket
from pathlib import Path

from systemd.daemon import listen_fds_with_names
from systemd.daemon import notify as sd_notify

from daemon.errors import StateError


def handed_in() -> dict[str, socket.socket]:
    """The listening sockets handed in, by their FileDescriptorName; StateError if one name came twice."""
    sockets: dict[str, socket.socket] = {}
    for fd, name in listen_fds_with_names(unset_environment=True).items():
        if name in sockets:
            raise StateError("service.socket_twice", field=name)
        os.set_inheritable(fd, False)  # noqa: FBT003
        listening = socket.socket(fileno=fd)
        listening.setblocking(False)  # noqa: FBT003
        sockets[name] = listening
    return sockets


def take(sockets: dict[str, socket.socket], name: str) -> socket.socket:
    """The socket called `name`; StateError if it was not handed in."""
    if name not in sockets:
        raise StateError("service.socket_missing", field=name)
    return sockets[name]


def notify(**fields: str | int) -> None:
    """Tell the service manager, for example notify(READY=1, STATUS="..."). Does nothing without one."""
    sd_notify("\n".join(f"{key}={value}" for key, value in fields.items()))


def credentials() -> Path | None:
    """The folder of the credentials, if the service manager gave any."""
    folder = os.environ.get("CREDENTIALS_DIRECTORY")
    return Path(folder) if folder else None
