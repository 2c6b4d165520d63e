"""Our end of a line that we call: certificate, key and the authorities of the other side, taken up anew when the files change.

As with the lines that we serve (`daemon.peers.trust`): what changed is read whole and has to fit together before it takes the
place of the old. A connection that stands goes on with what it began with; the next one shows the new certificate.
"""

import asyncio
import ssl
from dataclasses import dataclass

from daemon.config import Files
from daemon.contract.deadlines import Deadline
from daemon.errors import InputError
from daemon.peers.tls import calling
from daemon.peers.trust import ends_of, stamp_of


@dataclass(frozen=True)
class _Own:
    """One state of the files."""

    context: ssl.SSLContext
    ends: list[Deadline]


class Calling:
    """What is in force now."""

    def __init__(self, files: Files) -> None:
        """Raises InputError or OSError where the files cannot be used."""
        self._files = files
        self._stamp = stamp_of(files)
        self._own = _load(files)
        self.stale = False
        """Whether the files say something that cannot be used, and what is in force is from before."""

    @property
    def context(self) -> ssl.SSLContext:
        """For a connection that begins now."""
        return self._own.context

    @property
    def ends(self) -> list[Deadline]:
        """When our certificate and the authorities end."""
        return self._own.ends

    async def look(self) -> None:
        """Look at the files, and take up what changed."""
        stamp = stamp_of(self._files)
        if stamp == self._stamp and not self.stale:
            return
        try:
            self._own = await asyncio.to_thread(_load, self._files)
        except (InputError, OSError):
            self.stale = True
        else:
            self.stale = False
        self._stamp = stamp


def _load(files: Files) -> _Own:
    try:
        return _Own(calling(files), ends_of(files))
    except ssl.SSLError as error:
        raise InputError("peer.files_unusable") from error
