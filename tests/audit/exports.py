"""An export under test: asking the verifier about it, and changing its files."""

from collections.abc import Callable
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any, Protocol

import pytest

from daemon.audit import verify
from daemon.audit.verify import Report, VerificationError
from daemon.contract.statement import Kind, Lines
from hsm.protocol import SignatureKind

New = Callable[..., Any]
STATEMENTS = "statements.txt"
RSA, ECDSA = SignatureKind.RSA_PSS_3072, SignatureKind.ECDSA_P256


class Signing(Protocol):
    name: str
    generation: str
    serial: str

    @property
    def public(self) -> bytes: ...
    @property
    def lines(self) -> Lines: ...
    def line(self, text: bytes, name: str = "") -> str: ...


class Logged(Protocol):
    """See `Log` in conftest."""

    signer: Signing
    entries: list[tuple[bytes, bytes]]
    origin: str
    statements: list[str]
    others: list[Any]

    def add(self, count: int) -> None: ...
    def note(self, size: int, *signers: Signing) -> str: ...
    def state(self, by: Any, kind: Kind, lines: Lines, *, at: int = 0, number: int | None = None) -> str: ...
    def endorse(self, by: Any, new: Any, *, at: int = 0) -> str: ...
    def tell(self, number: int, kind: Kind) -> None: ...
    def export(self, folder: Path, *, sizes: Any = (), open_seqs: Any = (), notes: Any = None) -> None: ...


NOW = datetime(2026, 4, 1, tzinfo=UTC)


def check(folder: Path, known: Path | None = None, *pins: str) -> Report:
    return verify.verify(folder, known, frozenset(pins))


def fault(folder: Path, known: Path | None = None, *pins: str) -> str:
    with pytest.raises(VerificationError) as caught:
        check(folder, known, *pins)
    text = verify.TEXTS[caught.value.code]
    assert all(language.format(**caught.value.where) for language in text)
    return caught.value.code


def lines(folder: Path, file: str) -> list[str]:
    return (folder / file).read_text("utf-8").splitlines()


def rewrite(folder: Path, file: str, changed: list[str]) -> None:
    (folder / file).write_text("".join(f"{line}\n" for line in changed), "utf-8")


def kept(folder: Path, note: str) -> Path:
    """A checkpoint that the auditor kept elsewhere."""
    file = folder.parent / "kept.txt"
    file.write_text(f"{note}\n", "utf-8")
    return file


def fingerprint(key: Signing) -> str:
    return sha256(key.public).hexdigest()


def generations(log: Logged, new: New, count: int, *kinds: SignatureKind) -> list[Any]:
    """`count` seals in one token, each endorsed by the last, of these kinds in turn; statements at seconds 1, 2 ..."""
    keys = [log.signer]
    for number in range(2, count + 1):
        kind = kinds[number % len(kinds)] if kinds else ECDSA
        key = new(generation=f"seal.{number}", serial=log.signer.serial, kind=kind)
        log.endorse(keys[-1], key, at=number - 1)
        keys.append(key)
    return keys


def destroy(log: Logged, by: Any, dead: Signing, *, at: int = 0, field: str = "confirmed") -> None:
    log.state(by, Kind.DESTRUCTION, [("name", dead.generation), (field, dead.serial)], at=at)
