"""What one municipality sends to one register: a notice with its sender."""

from dataclasses import dataclass

from daemon.contract.peer import Notice
from daemon.register.rows import Register


@dataclass(frozen=True)
class Sending:
    """`sender` is the municipality's 5-digit code: the one whose client must send the notice."""

    register: Register
    sender: str
    notice: Notice
