"""Where an operator's password comes from: a file, a descriptor, or a prompt. Never argv, never the environment."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from daemon.errors import InputError

MAX_PASSWORD = 4096  # bytes; longer input is a wrong file


@dataclass(frozen=True)
class PasswordSource:
    """At most one of `file` and `descriptor`; `ask` is called at the moment of use where neither is given."""

    ask: Callable[[str], str]
    file: Path | None = None
    descriptor: int | None = None

    def read(self, operator: str) -> str:
        """The password without its line end; InputError where it cannot be read."""
        if self.descriptor is not None:
            return _from(self.descriptor)
        if self.file is None:
            return self.ask(operator)
        return _from(self.open())

    def open(self) -> int:
        """A descriptor of `file`, which this process alone holds until it is handed over."""
        try:
            return os.open(self.file or Path(), os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            raise _unreadable() from None


def _from(descriptor: int) -> str:
    try:
        with os.fdopen(descriptor, "rb") as stream:
            raw = stream.read(MAX_PASSWORD + 1)
        if len(raw) > MAX_PASSWORD:
            raise _unreadable()
        return raw.decode("utf-8").removesuffix("\n").removesuffix("\r")
    except (OSError, UnicodeDecodeError):
        raise _unreadable() from None


def _unreadable() -> InputError:
    return InputError("console.password_unreadable", field="password")
