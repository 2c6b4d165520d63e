"""The PIN: where it comes from, and how well it was kept there. Never from argv or the environment.

`--pin-file` (a plain file, at rest in clear), `--pin-fd` (a pipe from whoever asked the holders), or the service
manager's credential "pin" (LoadCredentialEncrypted=; a file in memory). Exactly one of them.
"""

import os
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path

from daemon.errors import InputError

MAX_PIN = 255  # bytes
_CREDENTIAL = "pin"


class PinSource(Enum):
    """How the PIN reached us."""

    FILE = "file"
    """A plain file: whoever takes the disk has it."""
    DESCRIPTOR = "descriptor"
    """An open file descriptor, read once."""
    CREDENTIAL = "credential"
    """A credential of the service manager; whether it is sealed on disk is that unit's matter."""


@dataclass(frozen=True)
class Pin:
    """The PIN and its source. Its value never shows in a repr, so in no log and no traceback either."""

    source: PinSource
    value: bytes = field(repr=False)


def read(*, file: Path | None, descriptor: int | None, credential: Path | None) -> Pin:
    """The PIN from the one source that is given; a credential counts only where nothing else is."""
    if file is not None and descriptor is not None:
        raise InputError("hsm.pin_twice")
    if file is not None:
        return Pin(PinSource.FILE, _sound(_read_file(file)))
    if descriptor is not None:
        return Pin(PinSource.DESCRIPTOR, _sound(_read_descriptor(descriptor)))
    if credential is not None:
        return Pin(PinSource.CREDENTIAL, _sound(_read_file(credential, private=False)))
    raise InputError("hsm.pin_missing")


def _read_file(file: Path, *, private: bool = True) -> bytes:
    try:
        descriptor = os.open(file, os.O_RDONLY | os.O_CLOEXEC | os.O_NOCTTY)
    except OSError:
        raise InputError("hsm.pin_unreadable") from None
    if private and os.fstat(descriptor).st_mode & 0o077:
        os.close(descriptor)
        raise InputError("hsm.pin_file_open")
    return _read_descriptor(descriptor)


def _read_descriptor(descriptor: int) -> bytes:
    """All of it, up to what a PIN can be; the descriptor is closed, so that no child can read it again."""
    try:
        with open(descriptor, "rb", closefd=True) as stream:
            return stream.read(MAX_PIN + 2)
    except OSError:
        raise InputError("hsm.pin_unreadable") from None


def _sound(raw: bytes) -> bytes:
    """`raw` without the newline that editors add; `hsm.pin_malformed` where no token could take it."""
    value = raw.removesuffix(b"\n")
    try:
        text = value.decode("utf-8")
    except UnicodeDecodeError:
        raise InputError("hsm.pin_malformed") from None
    if not 0 < len(value) <= MAX_PIN or not text.isprintable():
        raise InputError("hsm.pin_malformed")
    return value
