"""The PIN: where it comes from, and how well it was kept there. Never from argv or the environment.

| source | how |
|---|---|
| file | `--pin-file`, at rest in clear |
| descriptor | `--pin-fd`, a pipe from whoever has it |
| credential | the service manager's `pin`, or `pin.<token label>` for one token alone (a file in memory) |
| sealed | the same, proven by `pin.sealed` or `pin.<token label>.sealed`: the credential as it lies on the disk |
| asked | the credential `pin.asked`, which a person types at each start (jukura-ask-pin@.service) |
| holders | `--pin-holders`: nobody has it; M holders give their shares on the socket "ceremony" |
| token | `--pin-at-token`: typed at the token's own pad, or its own quorum (CKF_PROTECTED_AUTHENTICATION_PATH) |

Exactly one of file, descriptor, holders and token; credentials count only where none of these is given.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path

from daemon.errors import InputError
from hsm import credential

MAX_PIN = 255  # bytes
EVERY = ""
"""The label that stands for every token without a PIN of its own."""

_PREFIX, _SEALED, _ASKED = "pin", ".sealed", "pin.asked"


class PinSource(Enum):
    """How the PIN reached us."""

    FILE = "file"
    """A plain file: whoever takes the disk has it."""
    DESCRIPTOR = "descriptor"
    """An open file descriptor, read once: where it was before, nobody can tell."""
    CREDENTIAL = "credential"
    """A credential of the service manager that is not proven to be sealed to a TPM2."""
    SEALED = "sealed"
    """A credential that lies on the disk sealed to this machine's TPM2."""
    ASKED = "asked"
    """Typed by a person at this start."""
    HOLDERS = "holders"
    """Made anew from the shares of M holders, at this start."""
    TOKEN = "token"  # noqa: S105 - a source, not a secret
    """Typed at the token itself; we never see it."""

    @property
    def off_disk(self) -> bool:
        """Whether it is proven that the PIN does not lie on this disk in a form that the disk alone opens."""
        return self in _OFF_DISK


_OFF_DISK = frozenset({PinSource.SEALED, PinSource.ASKED, PinSource.HOLDERS, PinSource.TOKEN})


@dataclass(frozen=True)
class Pin:
    """The PIN and its source; empty where the token asks for it itself. Its value never shows in a repr."""

    source: PinSource
    value: bytes = field(repr=False)


class Pins:
    """The PINs that we have, by token label. `expected` is the source of those that are still to come."""

    def __init__(
        self, given: Mapping[str, Pin] | None = None, *, expected: PinSource = PinSource.FILE
    ) -> None:
        self._pins = dict(given or {})
        self._expected = expected

    def get(self, label: str) -> Pin | None:
        """The PIN of the token `label`; None where nobody gave it yet. Where the label is not known, the only one."""
        only = next(iter(self._pins.values())) if not label and len(self._pins) == 1 else None
        return self._pins.get(label) or self._pins.get(EVERY) or only

    def put(self, label: str, pin: Pin) -> None:
        """`pin` is the token's from now on."""
        self._pins[label] = pin

    def value(self, label: str) -> bytes | None:
        """The PIN itself, at the moment of use."""
        pin = self.get(label)
        return None if pin is None else pin.value

    def source(self, label: str) -> PinSource:
        """Where the PIN of the token `label` comes from, also before it came."""
        pin = self.get(label)
        return self._expected if pin is None else pin.source


def gather(
    *,
    file: Path | None = None,
    descriptor: int | None = None,
    holders: bool = False,
    at_token: bool = False,
    credentials: Path | None = None,
) -> Pins:
    """The PINs from the one source that is given. `credentials` is the service manager's folder of them."""
    given = [file is not None, descriptor is not None, holders, at_token]
    if sum(given) > 1:
        raise InputError("hsm.pin_twice")
    if file is not None:
        return Pins({EVERY: Pin(PinSource.FILE, _sound(_read_file(file)))})
    if descriptor is not None:
        return Pins({EVERY: Pin(PinSource.DESCRIPTOR, _sound(_read_descriptor(descriptor)))})
    if at_token:
        return Pins({EVERY: Pin(PinSource.TOKEN, b"")})
    pins = {} if credentials is None else _credentials(credentials)
    if not pins and not holders:
        raise InputError("hsm.pin_missing")
    # With holders, a credential serves the token that it names alone: no fallback may stand in for shares.
    return Pins(
        {label: pin for label, pin in pins.items() if label or not holders}, expected=PinSource.HOLDERS
    )


def _credentials(folder: Path) -> dict[str, Pin]:
    """Every PIN among the service manager's credentials, by token label."""
    pins: dict[str, Pin] = {}
    for name in sorted(path.name for path in folder.iterdir() if path.is_file()):
        stem, _, label = name.partition(".")
        if stem != _PREFIX or name.endswith(_SEALED):
            continue
        where = EVERY if name == _ASKED else label
        if where in pins:
            raise InputError("hsm.pin_twice")
        pins[where] = Pin(_source(folder, name), _sound(_read_file(folder / name, private=False)))
    return pins


def _source(folder: Path, name: str) -> PinSource:
    if name == _ASKED:
        return PinSource.ASKED
    proof = folder / f"{name}{_SEALED}"
    if not proof.is_file():
        return PinSource.CREDENTIAL
    blob = _read_file(proof, private=False, limit=credential.MAX_BLOB)
    return PinSource.SEALED if credential.sealed_to(blob) in credential.TPM2 else PinSource.CREDENTIAL


def _read_file(file: Path, *, private: bool = True, limit: int = MAX_PIN + 2) -> bytes:
    try:
        descriptor = os.open(file, os.O_RDONLY | os.O_CLOEXEC | os.O_NOCTTY)
    except OSError:
        raise InputError("hsm.pin_unreadable") from None
    if private and os.fstat(descriptor).st_mode & 0o077:
        os.close(descriptor)
        raise InputError("hsm.pin_file_open")
    return _read_descriptor(descriptor, limit)


def _read_descriptor(descriptor: int, limit: int = MAX_PIN + 2) -> bytes:
    """All of it, up to `limit` bytes; the descriptor is closed, so that no child can read it again."""
    try:
        with open(descriptor, "rb", closefd=True) as stream:
            return stream.read(limit)
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
