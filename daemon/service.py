"""What the service manager gives a program: listening sockets, credentials, an ear for its state, and the journal.

Both programs meet systemd only here (sd_listen_fds(3), sd_notify(3), sd_journal_send(3), systemd.exec(5) LoadCredential=). The
rehearsal hands sockets in by the same protocol, so there is one way only.
"""

import os
import socket
from pathlib import Path
from uuid import UUID

from systemd.daemon import listen_fds_with_names
from systemd.daemon import notify as sd_notify
from systemd.journal import sendv

from daemon.errors import StateError

NOTICE = 5  # syslog(3)


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


JOURNAL = Path("/run/systemd/journal/socket")
"""Where the journal takes structured entries (systemd-journald.service(8))."""


def record(message_id: UUID, message: str, **fields: str | int) -> bool:
    """One entry in the machine's journal under a fixed id (systemd.journal-fields(7)); whether there is a journal."""
    named = {"MESSAGE_ID": message_id.hex, "PRIORITY": NOTICE, **fields}
    try:
        # Without that socket libsystemd says that all is well (sd_journal_send(3)).
        if not JOURNAL.is_socket():
            return False
        sendv(f"MESSAGE={message}", *(f"{name}={value}" for name, value in named.items()))
    except OSError:
        return False
    return True


def credentials() -> Path | None:
    """The folder of the credentials, if the service manager gave any."""
    folder = os.environ.get("CREDENTIALS_DIRECTORY")
    return Path(folder) if folder else None
