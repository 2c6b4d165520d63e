"""An exported log made of real entries, a real tree, real statements and software keys, for the tests to damage."""

import os
from base64 import b64encode
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, PSS
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from daemon.audit.action import Action
from daemon.audit.canonical import JSON, canonical
from daemon.audit.entry import Header, Outcome, opened, seal_parts
from daemon.audit.tree import Node, Tree, consistency_proof, cover, inclusion_proof
from daemon.contract.merkle import leaf_hash
from daemon.contract.note import Checkpoint, origin_of, signature_line, signed, time_line
from daemon.contract.statement import Kind, Lines, statement_name, statement_text
from hsm.protocol import SignatureKind
from tests.audit.exports import MAKERS, remade

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
    def listed(self) -> dict[str, JSON]:
        """Its line among the keys."""
        made = START.replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"
        return {"from": made, "key": self.generation, "kind": self.kind, "name": self.name,
                "public": b64encode(self.public).decode(), "serial": self.serial}  # fmt: skip

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
    last: Signer | None = None
    """Who signed the last checkpoint."""
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

    def tree(self, size: int) -> Tree:
        return Tree().append(leaf_hash(leaf) for leaf, _ in self.entries[:size])[0]

    def note(self, size: int, *signers: Signer, at: datetime | None = None) -> str:
        """The checkpoint of the first `size` entries, signed a second after the last."""
        time = time_line(at or START + timedelta(seconds=size))
        text = Checkpoint(self.origin, size, self.tree(size).root(), (time,)).text()
        self.last = (signers or (self.signer,))[0]
        return signed(text, *(signer.line(text) for signer in signers or (self.signer,)))

    def line(self, seq: int, *, shown: bool = False, **more: JSON) -> str:
        """An entry's line, its fields open where `shown`."""
        leaf, secret = self.entries[seq]
        body: dict[str, JSON] = {"leaf": leaf.decode(), **more}
        if shown:
            fields = opened(leaf, secret).fields
            body["open"] = {
                name: [b64encode(each.salt).decode(), each.value] for name, each in fields.items()
            }
        return canonical(body).decode()

    async def inclusion(self, seq: int, size: int) -> list[Any]:
        return _texts(await inclusion_proof(seq, size, self._nodes))

    async def consistency(self, size: int, end: int) -> list[Any]:
        return _texts(await consistency_proof(size, end, self._nodes))

    async def _nodes(self, nodes: Sequence[Node]) -> dict[Node, bytes]:
        made = Tree().append(leaf_hash(leaf) for leaf, _ in self.entries)[1]
        return {node: made[node] for node in nodes}

    def export(
        self,
        folder: Path,
        *,
        sizes: Iterable[int] = (),
        open_seqs: Iterable[int] = (),
        notes: Iterable[str] | None = None,
        first: int = 0,
        end: int | None = None,
        maker: Signer | None = None,
    ) -> None:
        """Checkpoints at `sizes`, or these `notes`; the entries from `first` to before `end`, or to the last checkpoint."""
        folder.mkdir(exist_ok=True)
        shown, sizes = set(open_seqs), list(sizes)
        made = [self.note(size) for size in sizes] if notes is None else list(notes)
        end = end if end is not None else int(made[-1].split("\n")[1]) if made else len(self.entries)
        keys = [canonical(key.listed).decode() for key in (self.signer, *self.others)]
        put(folder, "README.txt", ["監査ログ"])
        put(folder, "keys.jsonl", keys)
        put(folder, "statements.txt", [line for note in self.statements for line in note.split("\n")])
        put(folder, "checkpoints.txt", [line for note in made for line in note.split("\n")])
        put(folder, "entries-0001.jsonl", [self.line(seq, shown=seq in shown) for seq in range(first, end)])
        if first:
            peaks = self.tree(first).peaks
            assert len(peaks) == len(cover(0, first))
            put(folder, "start.txt", _texts(peaks))
        MAKERS[folder] = (maker or self.last or self.signer, first, end)
        remade(folder)


def _texts(hashes: Iterable[bytes]) -> list[Any]:
    return [b64encode(each).decode() for each in hashes]


def put(folder: Path, name: str, lines: Iterable[str]) -> None:
    (folder / name).write_text("".join(f"{line}\n" for line in lines), "utf-8", newline="\n")


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
