"""A notice on its way in, and what is needed to take it."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime

from msgspec import Struct

from daemon.commands.correspondence import Reports
from daemon.contract.peer import HonninNotice, Notice
from daemon.crypto.seal import Sealer
from daemon.errors import JukuraError
from daemon.register.reasons import Boundary
from daemon.register.rows import Record, Register
from daemon.store.holds import Holds
from daemon.store.rows import RowCodec


@dataclass(frozen=True)
class Broken:
    """A notice whose form is not in order; `id` is empty where it could not even name itself."""

    id: str
    error: JukuraError
    code: str = ""
    """The 住民票コード of whom it is about, where that could be read."""


class Sound(Struct, frozen=True):
    """A notice whose form is in order."""

    notice: Notice
    record: Record
    """As it is to be stored."""
    key: bytes
    """Of its receipt."""


@dataclass(frozen=True)
class Means:
    """What taking notices needs beside the piece of work."""

    register: Register
    codec: RowCodec
    sealer: Sealer
    holds: Holds
    hold_days: int
    """For so many days a notice may wait; 0 refuses what would."""
    reports: Reports
    """Where municipalities are told what became of one that waited."""
    announced: Callable[[], Collection[Boundary]]
    """The 廃置分合・境界変更 that are announced now."""


class Arrival(Struct, frozen=True):
    """One notice that can be read, and who sent it when."""

    sender: str
    """5 digits."""
    notice: Notice
    record: Record
    """As it is to be stored."""
    key: bytes
    """Of its receipt."""
    received: datetime
    held: bool = False
    """Whether it waited until now."""

    @property
    def old(self) -> str:
        """The 住民票コード that it says its person had before; empty where it names none."""
        return old_code(self.notice)


def old_code(notice: Notice) -> str:
    """The 住民票コード that a notice says its person had before; empty where it names none."""
    return notice.old_code if isinstance(notice, HonninNotice) else notice.record.former_code
