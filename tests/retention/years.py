"""A register over many years: entries whose secrets can be looked for, restarts with the keys of that time, and its pages decrypted."""

from base64 import b64decode
from datetime import datetime, timedelta
from pathlib import Path

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES256
from cryptography.hazmat.primitives.ciphers.modes import CBC

from daemon.audit import purged
from daemon.audit.act import Act
from daemon.audit.action import Action
from daemon.audit.entry import Opened, opened
from daemon.audit.journal import Nodes, leaf_of, sequence
from daemon.audit.purged import State
from daemon.audit.tree import consistency_proof, inclusion_proof
from daemon.clock import JST
from daemon.commands.caller import Caller, Role
from daemon.contract.log_holds import (
    LIFT_LOG_HOLD,
    PLACE_LOG_HOLD,
    LiftLogHold,
    LogHoldAsked,
    PlaceLogHold,
    Run,
)
from daemon.contract.merkle import leaf_hash, verify_consistency, verify_inclusion
from daemon.crypto.seal import Place, class_of
from daemon.store.connection import PAGE
from daemon.store.engine import Table
from tests.conftest import Bench

RESERVED = 48  # bytes at the end of a page: initialisation vector and tag
IV = 16
SALT = 16  # bytes in clear at the start of the file
HOUR = timedelta(hours=1)
BASIS = "住基法30条の35に基づく開示の係争"


def day(text: str) -> datetime:
    """Two o'clock at night in Japan."""
    return datetime.fromisoformat(f"{text}T02:00:00").replace(tzinfo=JST)


BEFORE, AFTER = day("2033-11-24"), day("2033-11-25")
"""Two nights between which what is of `NOON` becomes 7 years old."""


async def until(bench: Bench, moment: datetime) -> None:
    """Started again at that moment, with the keys of that time."""
    await bench.stop()
    bench.clock.advance(moment - bench.clock.now())
    await bench.start()


async def log(bench: Bench, count: int = 1) -> None:
    """Entries a second apart, each with a secret of its own, and a checkpoint after them."""
    for _ in range(count):
        bench.clock.advance(timedelta(seconds=1))
        size = bench.open.journal.tree.size
        await bench.open.writer.log(
            Act(Action.LOOKUP_DONE, f"operator:o{size}", sealed={"terms": secret_of(size)})
        )
    await bench.open.signer.sign()


def secret_of(seq: int) -> str:
    return f"secret-{seq:06}"


async def night(bench: Bench) -> None:
    await bench.open.purging.look()


async def state(bench: Bench) -> State:
    return await purged.load(bench.open.engine)


async def numbers(bench: Bench) -> list[int]:
    """Of the entries that are there."""
    return [int.from_bytes(key, "big") for key, _ in await bench.open.engine.scan(Table.LOG, limit=10_000)]


async def entry(bench: Bench, seq: int) -> Opened:
    """One entry, opened, its commitments checked."""
    key = sequence(seq)
    leaf, sealed = leaf_of((await bench.open.engine.get_many(Table.LOG, [key]))[key])
    sealer = bench.open.people._sealer
    return opened(leaf, sealer.open(Place(bench.config.register, Table.LOG, key), sealed))


async def said(bench: Bench, action: Action) -> list[Opened]:
    """The entries of that action, oldest first."""
    found = [await entry(bench, seq) for seq in await numbers(bench)]
    return [each for each in found if each.header.action is action]


def officer(name: str, role: Role = Role.OFFICER) -> Caller:
    return Caller(name, "名前", "市町課", frozenset({role}), {}, "T01")


async def hold(bench: Bench, first: int, last: int, until: str, *, basis: str = BASIS) -> int:
    """Two people keep entries; the hold's number."""
    asked = PlaceLogHold(entries=[Run(first=first, last=last)], until=day(until).date(), basis=basis)
    place = bench.open.desk.handlers[PLACE_LOG_HOLD]
    await place(officer("a"), asked)
    answer = await place(officer("b"), asked)
    assert isinstance(answer, LogHoldAsked)
    assert answer.done
    return answer.hold


async def lift(bench: Bench, number: int) -> None:
    """Two people end a hold."""
    end, asked = bench.open.desk.handlers[LIFT_LOG_HOLD], LiftLogHold(hold=number, reason="終結")
    await end(officer("c"), asked)
    answer = await end(officer("d"), asked)
    assert isinstance(answer, LogHoldAsked)
    assert answer.done


async def pages(bench: Bench) -> bytes:
    """Every page of the closed file, free ones too, decrypted."""
    engine = bench.open.engine
    key = engine.pages.key.raw
    await bench.stop()
    file = Path(bench.state) / "register.db"
    assert not file.with_name("register.db-wal").exists()
    raw = file.read_bytes()
    clear = [_decrypted(key, raw[at : at + PAGE], first=at == 0) for at in range(0, len(raw), PAGE)]
    await bench.start()
    return b"".join(clear)


def _decrypted(key: bytes, page: bytes, *, first: bool) -> bytes:
    body, vector = page[SALT if first else 0 : -RESERVED], page[-RESERVED : IV - RESERVED]
    decryptor = Cipher(AES256(key), CBC(vector)).decryptor()
    return decryptor.update(body) + decryptor.finalize()


async def classes_of(bench: Bench, *seqs: int) -> set[str]:
    """The keys under which these entries lie."""
    held = await bench.open.engine.get_many(Table.LOG, [sequence(seq) for seq in seqs])
    assert len(held) == len(seqs)
    return {class_of(leaf_of(value)[1]) for value in held.values()}


async def proven(bench: Bench) -> None:
    """Every entry that is there is in the tree, and the tree continues every root that an entry about a purge gives."""
    tree, nodes = bench.open.journal.tree, Nodes(bench.open.engine)
    for seq in await numbers(bench):
        leaf = leaf_of((await bench.open.engine.get_many(Table.LOG, [sequence(seq)]))[sequence(seq)])[0]
        verify_inclusion(
            seq, tree.size, leaf_hash(leaf), tree.root(), await inclusion_proof(seq, tree.size, nodes)
        )
    for told in await said(bench, Action.LOG_PURGED):
        span = told.fields["range"].value
        assert isinstance(span, dict)
        end = told.header.counts["end"]
        proof = await consistency_proof(end, tree.size, nodes)
        verify_consistency(end, tree.size, b64decode(str(span["root"])), tree.root(), proof)


async def leaves(bench: Bench) -> list[bytes]:
    return [leaf_of(value)[0] for _, value in await bench.open.engine.scan(Table.LOG, limit=10_000)]


async def names(bench: Bench) -> set[str]:
    return {info.name for info in (await bench.service.keys()).keys}
