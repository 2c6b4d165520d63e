"""An export under test: asking the verifier about it, and changing its files."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

import pytest

from daemon.audit import verify
from daemon.audit.verify import Report, VerificationError


class Signing(Protocol):
    name: str

    @property
    def public(self) -> bytes: ...
    def line(self, text: bytes) -> str: ...


class Logged(Protocol):
    """See `Log` in conftest."""

    signer: Signing
    entries: list[tuple[bytes, bytes]]
    origin: str

    def add(self, count: int) -> None: ...
    def note(self, size: int, *signers: Signing) -> str: ...
    def export(self, folder: Path, *, sizes: Any, open_seqs: Any = ()) -> None: ...


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
