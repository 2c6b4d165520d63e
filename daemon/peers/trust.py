"""Certificates that we trust on one kind of line, and how that changes without a restart.

Files are looked at every `LOOK` seconds (a changed file is the one way; there is no signal). What changed is read whole and
verified before it takes the place of the old: a list that is unreadable, of another authority or older than the one in
force changes nothing but `stale`. Every load makes a fresh TLS context, so no handshake straddles two states.

**Without a revocation list in force nobody is let in**, be it that none could be read since the start or that its
nextUpdate has passed. A municipality's certificate can put people into the register, and whoever stole one and was revoked
would only have to keep the next list from us; while a municipality that waits loses nothing, since it sends again.
The end of a list is told a week ahead, and the register itself goes on.
"""

import asyncio
import ssl
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm

from daemon.config import Files
from daemon.contract.deadlines import Deadline, Ends
from daemon.errors import InputError
from daemon.peers import revocations
from daemon.peers.revocations import Lists, Number, Shown
from daemon.peers.tls import serving

LOOK = 2.0  # seconds between two looks at the files
AHEAD = timedelta(days=60)  # certificates that end within this are told
LIST_AHEAD = timedelta(days=7)  # and revocation lists, which are short-lived


@dataclass(frozen=True)
class Trusted:
    """One state of the files."""

    context: ssl.SSLContext
    own: x509.Certificate
    authorities: tuple[x509.Certificate, ...]
    lists: Lists
    revoked: frozenset[Number]


Stamp = tuple[tuple[int, int, int], ...]
"""Of each file: inode, size, time of change in ns."""


class Trust:
    """What is in force now."""

    def __init__(self, files: Files, now: Callable[[], datetime]) -> None:
        """Raises InputError or OSError where certificate, key or CA cannot be used; a list that cannot be read only shuts."""
        self._files = files
        self._now = now
        self._stamp = stamp_of(files)
        self.stale = False
        """Whether the files say something that cannot be used, and what is in force is from before, or nothing is."""
        try:
            self._trusted = load(files, now())
        except InputError:
            if files.crl is None:
                raise
            self._trusted, self.stale = load(files, now(), shut=True), True

    @property
    def context(self) -> ssl.SSLContext:
        """For handshakes that begin now."""
        return self._trusted.context

    @property
    def closed(self) -> bool:
        """Whether nobody is let in, for want of a revocation list in force."""
        return self._files.crl is not None and (
            not self._trusted.lists
            or any(revocations.end(each) <= self._now() for each in self._trusted.lists)
        )

    async def look(self) -> bool:
        """Look at the files; whether the authorities are others than before, so that every line must prove itself anew."""
        stamp = stamp_of(self._files)
        if stamp == self._stamp and not self.stale:
            return False
        before = self._trusted
        try:
            new = await asyncio.to_thread(load, self._files, self._now())
            revocations.require_newer(before.lists, new.lists)
        except (InputError, OSError):
            self._stamp, self.stale = stamp, True
            return False
        self._trusted, self._stamp, self.stale = new, stamp, False
        return new.authorities != before.authorities

    def refuses(self, shown: Shown) -> str:
        """Why a certificate that was let in is so no longer: the code, or empty."""
        if shown.number in self._trusted.revoked:
            return "peer.certificate_revoked"
        if shown.ends <= self._now():
            return "peer.certificate_expired"
        return "peer.revocations_missing" if self.closed else ""

    def deadlines(self) -> list[Deadline]:
        """What of ours and of the authorities' ends soon, or has ended."""
        trusted = self._trusted
        ends = _ends(trusted.own, trusted.authorities)
        lists = [
            Deadline(what=Ends.REVOCATIONS, who=_name(each.issuer), ends=revocations.end(each))
            for each in trusted.lists
        ]
        return soon(ends, self._now(), AHEAD) + soon(lists, self._now(), LIST_AHEAD)


def ends_of(files: Files) -> list[Deadline]:
    """When the certificate and the authorities in `files` end, for a line that we call."""
    try:
        own = x509.load_pem_x509_certificate(files.certificate.read_bytes())
        return _ends(own, x509.load_pem_x509_certificates(files.ca.read_bytes()))
    except ValueError as error:
        raise InputError("peer.files_unusable") from error


def _ends(own: x509.Certificate, authorities: Sequence[x509.Certificate]) -> list[Deadline]:
    return [
        Deadline(what=what, who=_name(each.subject), ends=each.not_valid_after_utc)
        for what, each in ((Ends.OWN, own), *((Ends.AUTHORITY, each) for each in authorities))
    ]


def soon(deadlines: Sequence[Deadline], now: datetime, ahead: timedelta) -> list[Deadline]:
    """Those that end within `ahead`."""
    return [each for each in deadlines if each.ends <= now + ahead]


def load(files: Files, now: datetime, *, shut: bool = False) -> Trusted:
    """What the files say at `now`; `shut` leaves out the lists that are then asked for, so that no handshake passes.

    InputError where something is not what it should be.
    """
    try:
        context = serving(files)
        own = x509.load_pem_x509_certificate(files.certificate.read_bytes())
        authorities = tuple(x509.load_pem_x509_certificates(files.ca.read_bytes()))
        if files.crl is None:
            return Trusted(context, own, authorities, (), frozenset())
        # OpenSSL asks for a list of the authority that signed the peer's own certificate, and refuses without one.
        context.verify_flags |= ssl.VerifyFlags.VERIFY_CRL_CHECK_LEAF
        if shut:
            return Trusted(context, own, authorities, (), frozenset())
        lists = revocations.read(files.crl, authorities, now)
        context.load_verify_locations(files.crl)
    except (ValueError, ssl.SSLError, UnsupportedAlgorithm) as error:
        raise InputError("peer.files_unusable") from error
    return Trusted(context, own, authorities, lists, revocations.numbers(lists))


def _name(name: x509.Name) -> str:
    names = name.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
    return str(names[0].value) if names else name.rfc4514_string()


def stamp_of(files: Files) -> Stamp:
    """What tells that a file was changed or replaced; zeros for one that is not there."""
    stats = []
    for file in (files.certificate, files.key, files.ca, files.crl):
        try:
            stat = file.stat() if file else None
        except OSError:
            stat = None
        stats.append((stat.st_ino, stat.st_size, stat.st_mtime_ns) if stat else (0, 0, 0))
    return tuple(stats)
