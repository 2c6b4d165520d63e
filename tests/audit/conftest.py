"""An exported log made of real entries, a real tree, real statements and software keys, for the tests to damage."""

import os
from base64 import b64encode
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, PSS
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from daemon.audit import export
from daemon.audit.canonical import JSON
from daemon.audit.entry import Action, Header, Outcome, opened, seal_parts
from daemon.audit.tree import Tree
from daemon.contract.console import ExportLine
from daemon.contract.merkle import leaf_hash
from daemon.contract.note import Checkpoint, origin_of, signature_line, signed
from daemon.contract.statement import Kind, Lines, statement_name, statement_text
from hsm.protocol import PairInfo, SignatureKind

ORIGIN = origin_of("honnin", 1)
START = datetime(2026, 4, 1, 0, 0, tzinfo=UTC)


@dataclass
class Signer:
    """A `seal` key in software."""

    name: str = ORIGIN
    generation: str = "seal.1"
    serial: str = "0000111122223333"
    kind: SignatureKind = SignatureKind.ECDSA_P256
    private: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | None = None

    def __post_init__(self) -> None:
        if self.private is None:
            ecdsa = self.kind is SignatureKind.ECDSA_P256
            self.private = (
                ec.generate_private_key(ec.SECP256R1()) if ecdsa else rsa.generate_private_key(65537, 3072)
            )

    @property
    def public(self) -> bytes:
        assert self.private is not None
        return self.private.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)

    def line(self, text: bytes, name: str = "") -> str:
        if isinstance(self.private, rsa.RSAPrivateKey):
            made = self.private.sign(text, PSS(MGF1(SHA256()), 32), SHA256())
        else:
            assert self.private is not None
            made = self.private.sign(text, ec.ECDSA(SHA256()))
        return signature_line(name or self.name, self.public, made)

    @property
    def pair(self) -> PairInfo:
        return PairInfo(
            name=self.generation,
            serial=self.serial,
            made=START,
            kind=self.kind,
            public=self.public,
            endorsement="",
        )

    @property
    def lines(self) -> Lines:
        """What an endorsement says of it."""
        public = b64encode(self.public).decode()
        return [("name", self.generation), ("serial", self.serial), ("kind", self.kind), ("public", public)]


def header(
    seq: int, *, epoch: int = 1, action: Action = Action.SEARCH_DONE, counts: dict[str, int] | None = None
) -> Header:
    """A plausible header for entry `seq`."""
    return Header(
        epoch=epoch,
        seq=seq,
        time=START + timedelta(seconds=seq),
        actor="operator:s01",
        terminal="T-01",
        action=action,
        outcome=Outcome.OK,
        affair="a-1",
        counts={"hits": seq % 50} if counts is None else counts,
    )


@dataclass
class Log:
    """A log in memory; `export` writes it as the register would."""

    signer: Signer = field(default_factory=Signer)
    origin: str = ORIGIN
    entries: list[tuple[bytes, bytes]] = field(default_factory=list)
    """(leaf, secret)."""
    others: list[Signer] = field(default_factory=list)
    """Further keys, listed after the first."""
    statements: list[str] = field(default_factory=list)

    def state(self, by: Signer, kind: Kind, lines: Lines, *, at: int = 0, number: int | None = None) -> str:
        """A statement, `at` seconds after the log began; added to the others."""
        number = len(self.statements) + 1 if number is None else number
        text = statement_text("honnin", kind, number, START + timedelta(seconds=at), lines)
        self.statements.append(signed(text, by.line(text, statement_name("honnin"))))
        return self.statements[-1]

    def endorse(self, by: Signer, new: Signer, *, at: int = 0) -> str:
        """`by` vouches for `new`, which is listed from now on."""
        self.others.append(new)
        return self.state(by, Kind.ENDORSEMENT, new.lines, at=at)

    def tell(self, number: int, kind: Kind) -> None:
        """The entry of a statement."""
        head = header(len(self.entries), action=Action.KEY_STATEMENT, counts={"number": number, kind: 1})
        self.entries.append(seal_parts(head, {"note": "-"}, lambda: os.urandom(32)))

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

    def export(
        self,
        folder: Path,
        *,
        sizes: Iterable[int] = (),
        open_seqs: Iterable[int] = (),
        notes: Iterable[str] | None = None,
    ) -> None:
        """Checkpoints at `sizes`, or these `notes`."""
        shown = set(open_seqs)
        write(folder, export.readme_lines())
        write(folder, (export.key_line(key.pair, key.name) for key in (self.signer, *self.others)))
        write(folder, (line for note in self.statements for line in export.statement_lines(note)))
        made = [self.note(size) for size in sizes] if notes is None else notes
        write(folder, (line for note in made for line in export.checkpoint_lines(note)))
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
