"""What is let through now: by the emergency stop and planned stops, by the room on the disk, by the log's signature, by what waits already.

Each gate is asked before anything is read or begun, and raises with the code that says why it is shut.
"""

from daemon.audit.signer import Signer
from daemon.commands.halt import Halt
from daemon.commands.verification.nightly import Nightly
from daemon.contract.announcements import ANNOUNCEMENTS
from daemon.contract.endpoint import Endpoint
from daemon.errors import TooFastError
from daemon.peers.limits import BUSY
from daemon.store.space import Space
from daemon.store.stages import Use
from daemon.store.writer import Writer


class Gates:
    """Of one open register."""

    def __init__(self, halt: Halt, space: Space, signer: Signer, writer: Writer, nightly: Nightly) -> None:
        self._halt = halt
        self._nightly = nightly
        self._space = space
        self._signer = signer
        self._writer = writer

    def admit(self, endpoint: Endpoint) -> None:
        """A peer's request: StateError while it is stopped or the disk is full, TooFastError while too much waits to be written."""
        self.still(endpoint)
        if self._writer.crowded:
            raise TooFastError("peer.busy", after=BUSY)

    def still(self, endpoint: Endpoint) -> None:
        """One that was taken in: StateError where it must end. What was busy then is no reason."""
        self._halt.admit(endpoint)
        if endpoint is not ANNOUNCEMENTS:
            self._space.require(Use.NOTICE)

    def require_notices(self) -> None:
        """Notices that wait for the writer."""
        self._halt.require_running()
        self._space.require(Use.NOTICE)

    def require_disclosures(self) -> None:
        """Showing people: while the service runs, the rows are not in doubt, the log is signed in time, and there is room for its entries."""
        self._halt.require_running()
        self._nightly.require_whole()
        self._signer.require_timely()
        self._space.require(Use.DISCLOSURE)

    def require_export(self) -> None:
        """The log for an auditor; an emergency stop does not keep it back."""
        self._space.require(Use.DISCLOSURE)

    def may_send(self) -> bool:
        """Whether anything goes to the national server: not from a store that is not trusted, since what it acknowledges could not be kept."""
        return self._halt.running() and self._writer.barred is None
