"""The connections that are open, by whose they are: counted, and ended when their certificate is worth nothing any more."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from daemon.config import Limits
from daemon.errors import JukuraError
from daemon.peers.kind import STRANGER, Kind
from daemon.peers.limits import Allowance
from daemon.peers.records import Records
from daemon.peers.revocations import Shown, shown

log = logging.getLogger(__name__)


@dataclass(eq=False)
class Line:
    """One open connection, its handshake done."""

    transport: asyncio.Transport
    address: str
    actor: str
    shown: Shown
    sender: str
    """Empty where the certificate names nobody who may send; `error` says why."""
    error: JukuraError | None
    allowance: Allowance
    counted: bool = False

    @property
    def open(self) -> bool:
        """Whether it may be used."""
        return not self.transport.is_closing()


class Lines:
    """All of one listener."""

    def __init__(self, kind: Kind, limits: Limits, records: Records) -> None:
        self._kind = kind
        self._limits = limits
        self._records = records
        self._open: set[Line] = set()
        self._allowances: dict[str, Allowance] = {}
        self.seen: dict[str, datetime] = {}
        """When the certificate ends that each sender showed last."""

    def arrive(self, transport: asyncio.Transport) -> Line:
        """Take in a connection whose handshake is done; it is closed at once where there are too many."""
        address, certificate = address_of(transport), transport.get_extra_info("peercert")
        held = shown(transport.get_extra_info("ssl_object").getpeercert(binary_form=True))
        sender, error = "", None
        try:
            sender = self._kind.identify(certificate)
        except JukuraError as refusal:
            error = refusal
        actor = self._kind.actor(sender) if sender else STRANGER
        line = Line(transport, address, actor, held, sender, error, self._allowance(sender))
        if len(self._open) >= self._limits.connections_total or not line.allowance.connect():
            self.end(line, "peer.connections_over")
            return line
        line.counted = True
        self._open.add(line)
        if error is not None:
            self._records.not_connected(actor, error.code, address)
        else:
            self.seen[sender] = held.ends
            self._records.connected(actor, address)
        return line

    def leave(self, line: Line) -> None:
        """A connection is gone."""
        self._open.discard(line)
        if line.counted:
            line.allowance.connections -= 1
            line.counted = False

    def end(self, line: Line, code: str) -> None:
        """Close a connection now, whatever is under way."""
        self._records.not_connected(line.actor, code, line.address)
        line.transport.abort()

    def cut(self, refuses: Callable[[Shown], str], *, every: bool) -> None:
        """End the connections whose certificate is refused now; `every` one where its authority may be trusted no more."""
        for line in list(self._open):
            code = refuses(line.shown) or ("peer.authorities_changed" if every else "")
            if code and line.open:
                self.end(line, code)

    async def close(self) -> None:
        """Let go of whoever has not said goodbye."""
        for line in self._open:
            line.transport.abort()
        await asyncio.sleep(0)

    def _allowance(self, sender: str) -> Allowance:
        # Strangers share one: they get one answer a connection, and it is no.
        return self._allowances.setdefault(sender, Allowance(self._limits))


def address_of(transport: asyncio.BaseTransport) -> str:
    """Where a connection comes from."""
    name = transport.get_extra_info("peername")
    return str(name[0]) if isinstance(name, tuple) and name else "unix"
