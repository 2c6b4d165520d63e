"""An exported log made of real entries, a real tree and software keys, for the tests to damage."""

import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from daemon.audit import export
from daemon.audit.canonical import JSON
from daemon.audit.entry import Action, Header, Outcome, opened, seal_parts
from daemon.audit.tree import Tree
from daemon.contract.console import ExportLine
from daemon.contract.merkle import leaf_hash
from daemon.contract.note import Checkpoint, origin_of, signature_line, signed

ORIGIN = origin_of("honnin", 1)
START = datetime(2026, 4, 1, 0, 0, tzinfo=UTC)


@dataclass
class Signer:
    """A `seal` key in software."""

    name: str = ORIGIN
    private: ec.EllipticCurvePrivateKey = field(
        default_factory=lambda: ec.generate_private_key(ec.SECP256R1())
    )

    @property
    def public(self) -> bytes:
        return self.private.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)

    def line(self, text: bytes) -> str:
        return signature_line(self.name, self.public, self.private.sign(text, ec.ECDSA(SHA256())))


def header(seq: int, *, epoch: int = 1) -> Header:
    """A plausible header for entry `seq`."""
    return Header(
        epoch=epoch,
        seq=seq,
        time=START + timedelta(seconds=seq),
        actor="operator:s01",
        terminal="T-01",
        action=Action.SEARCH_DONE,
        outcome=Outcome.OK,
        affair="a-1",
        counts={"hits": seq % 50},
    )


@dataclass
class Log:
    """A log in memory; `export` writes it as the register would."""

    signer: Signer = field(default_factory=Signer)
    origin: str = ORIGIN
    entries: list[tuple[bytes, bytes]] = field(default_factory=list)
    """(leaf, secret)."""

    def add(self, count: int) -> None:
        for seq in range(len(self.entries), len(self.entries) + count):
            fields: dict[str, JSON] = {
                "terms": {"kana": "ヤマグチ", "birth": str(1900 + seq % 100)},
                "purpose": "照会",
            }
            self.entries.append(seal_parts(header(seq), fields, lambda: os.urandom(32)))

    def note(self, size: int, *signers: Signer) -> str:
        tree, _ = Tree().append(leaf_hash(leaf) for leaf, _ in self.entries[:size])
        text = Checkpoint(self.origin, size, tree.root()).text()
        return signed(text, *(signer.line(text) for signer in signers or (self.signer,)))

    def export(self, folder: Path, *, sizes: Iterable[int], open_seqs: Iterable[int] = ()) -> None:
        key = export.key_line(key="seal.1", name=self.signer.name, public_der=self.signer.public, made=START)
        shown = set(open_seqs)
        write(folder, export.readme_lines())
        write(folder, [key])
        write(folder, (line for size in sizes for line in export.checkpoint_lines(self.note(size))))
        write(folder, (export.entry_line(leaf, opened(leaf, secret).fields if seq in shown else None)
                       for seq, (leaf, secret) in enumerate(self.entries)))  # fmt: skip


def write(folder: Path, lines: Iterable[ExportLine]) -> None:
    """Write `lines` as a client does that receives them."""
    folder.mkdir(exist_ok=True)
    for line in lines:
        with (folder / line.file).open("a", encoding="utf-8", newline="\n") as file:
            file.write(f"{line.line}\n")


@pytest.fixture
def new_signer() -> Callable[[], Signer]:
    return Signer


@pytest.fixture
def log() -> Log:
    """Eight entries, none exported yet."""
    log = Log()
    log.add(8)
    return log


@pytest.fixture
def exported(log: Log, tmp_path: Path) -> Path:
    """`log` with checkpoints at 1, 5 and 8, entries 2 and 6 opened."""
    folder = tmp_path / "export"
    log.export(folder, sizes=(1, 5, 8), open_seqs=(2, 6))
    return folder
