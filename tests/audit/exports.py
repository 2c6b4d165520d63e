"""An export under test: asking the verifier about it, and changing its files."""

from collections.abc import Callable
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any, Protocol

import pytest

from daemon.audit.verify import checking, texts
from daemon.audit.verify.checking import Asked, Report
from daemon.audit.verify.faults import VerificationError
from daemon.audit.verify.source import source
from daemon.audit.verify.witnesses import Witness
from daemon.contract.note import signed
from daemon.contract.statement import Kind, Lines
from hsm.protocol import SignatureKind

New = Callable[..., Any]
STATEMENTS, ENTRIES = "statements.txt", "entries-0001.jsonl"
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
    def note(self, size: int, *signers: Signing, at: datetime | None = None) -> str: ...
    def state(self, by: Any, kind: Kind, lines: Lines, *, at: int = 0, number: int | None = None) -> str: ...
    def endorse(self, by: Any, new: Any, *, at: int = 0) -> str: ...
    def tell(self, number: int, kind: Kind) -> None: ...
    def line(self, seq: int, *, shown: bool = False, **more: Any) -> str: ...
    def export(
        self,
        folder: Path,
        *,
        sizes: Any = (),
        open_seqs: Any = (),
        notes: Any = None,
        first: int = 0,
        end: int | None = None,
        maker: Any = None,
    ) -> None: ...
    async def inclusion(self, seq: int, size: int) -> list[str]: ...
    async def consistency(self, size: int, end: int) -> list[str]: ...


NOW = datetime(2026, 4, 1, tzinfo=UTC)


MAKERS: dict[Path, tuple[Any, int, int]] = {}
"""Folder of an export to who signs for it, its first entry, and its end."""
IDENT = "0123456789abcdef" * 2


def remade(folder: Path) -> None:
    """Sign for the files as they lie there now, as only somebody with the key can."""
    maker, first, end = MAKERS[folder]
    put = [
        path for path in sorted(folder.iterdir()) if path.name != "manifest.txt" and path.suffix != ".docx"
    ]
    files = [
        f"file {sha256(path.read_bytes()).hexdigest()} {path.stat().st_size} {path.name}" for path in put
    ]
    manifest(folder, maker, [f"first {first}", f"end {end}", *files])


def manifest(folder: Path, maker: Any, rest: list[str]) -> None:
    name = maker.name.rpartition("/")[0] + "/manifest"
    head = [
        name,
        "export",
        IDENT,
        "2026-04-02T00:00:00Z",
        f"epoch {maker.name.rpartition('/')[2]}",
        "from 2026-04-01T00:00:00Z",
        "until 2026-04-02T00:00:00Z",
    ]
    text = "".join(f"{line}\n" for line in [*head, *rest]).encode()
    (folder / "manifest.txt").write_text(f"{signed(text, maker.line(text, name))}\n", "utf-8")


def check(
    folder: Path,
    known: Path | None = None,
    *pins: str,
    receipts: tuple[Path, ...] = (),
    witnesses: tuple[str, ...] = (),
) -> Report:
    """Verify what lies in `folder`, signed for as it lies there."""
    if folder in MAKERS:
        remade(folder)
    return checked(folder, known, *pins, receipts=receipts, witnesses=witnesses)


def checked(
    folder: Path,
    known: Path | None = None,
    *pins: str,
    receipts: tuple[Path, ...] = (),
    witnesses: tuple[str, ...] = (),
) -> Report:
    """Verify what lies in `folder` under the manifest that is there."""
    asked = Asked(known, frozenset(pins), tuple(map(Witness.parse, witnesses)), receipts)
    return checking.verify(source(folder), asked)


def fault(folder: Path, known: Path | None = None, *pins: str, as_it_is: bool = False, **more: Any) -> str:
    """Why it does not verify."""
    with pytest.raises(VerificationError) as caught:
        (checked if as_it_is else check)(folder, known, *pins, **more)
    told = texts.TEXTS[caught.value.code]
    assert all(language.format(**caught.value.where) for language in told)
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
