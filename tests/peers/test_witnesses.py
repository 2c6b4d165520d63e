"""Witnesses over real mutual TLS: the exchange of C2SP tlog-witness, and what becomes of those who do otherwise."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from daemon.audit.action import Action
from daemon.contract.cosignature import find
from daemon.contract.endpoint import Endpoint
from daemon.contract.note import MAX_NOTE, Checkpoint, origin_of, signature_line, signed, split
from daemon.contract.witnessing import CHECKPOINT, COSIGNATURE, Offer
from daemon.errors import AuthorityError, ConflictError, IntegrityError, JukuraError, StateError
from daemon.register.rows import Register
from daemon.rehearsal.calls import Calls
from daemon.rehearsal.municipality import Door
from daemon.rehearsal.pki import Pki
from daemon.rehearsal.tls import client_context
from daemon.rehearsal.watching import Manner, look, watch
from daemon.rehearsal.witness import Log, Witness
from daemon.store.engine import Table
from daemon.tasks import Tasks
from tests.audit.test_journal import log
from tests.commands.notices.test_notices import entries
from tests.commands.witnessing import told, witnessed
from tests.conftest import NOON, Bench
from tests.contract.witnessing import Key, cosigned
from tests.peers.test_server import Line, received, served

HERE, THERE, NO_WITNESS = "35203", "35201", "35202"
ORIGIN = origin_of("honnin", 1)


@pytest.fixture
def witnesses(tmp_path: Path) -> dict[str, Witness]:
    folder = tmp_path / "witnesses"
    folder.mkdir()
    return {code: Witness(folder, code) for code in (HERE, THERE)}


@pytest.fixture
async def line(honnin: Bench, pki: Pki, witnesses: dict[str, Witness]) -> AsyncIterator[Line]:
    keys = {code: Key(each.cosigner, each._key) for code, each in witnesses.items()}
    await witnessed(honnin, keys)
    await grow(honnin)
    async for made in served(honnin, pki, [HERE, THERE, NO_WITNESS]):
        yield made


async def grow(bench: Bench, entries: int = 3) -> int:
    await log(bench, entries)
    await bench.open.signer.sign()
    return bench.open.signer.signed


def calls(line: Line, code: str = HERE) -> Calls:
    context = client_context(line.pki.municipality(code), line.pki.register_ca)
    return Calls(Door("127.0.0.1", line.port, "honnin.jukura.test"), context)


async def known(bench: Bench) -> Log:
    """What the prefecture tells its witnesses of the log."""
    pairs = (await bench.service.keys()).pairs
    return Log(ORIGIN, [pair.public for pair in pairs if pair.name.startswith("seal.")])


async def looks(line: Line, witness: Witness, manner: Manner = Manner.TRUE) -> int:
    async with calls(line, witness.code) as there:
        return await look(there, witness, await known(line.bench), line.bench.clock.now(), manner)


async def ask(
    line: Line, endpoint: Endpoint, *, code: str = HERE, kind: str = "text/plain", **given: Any
) -> tuple[int, str, bytes]:
    """Status, type and body of an answer."""
    if "data" in given:
        given["headers"] = {"Content-Type": kind}
    async with calls(line, code) as there:
        await there.requested(CHECKPOINT, params={"old": "0"})
        assert there._session is not None
        async with there._session.request(
            endpoint.method,
            there._url + endpoint.path,
            ssl=there._tls,
            server_hostname=there._name,
            **given,
        ) as answer:
            return answer.status, answer.headers["Content-Type"], await answer.read()


async def notes(bench: Bench) -> list[str]:
    return [value.decode() for _, value in await bench.open.engine.scan(Table.CHECKPOINTS, limit=500)]


async def test_witnesses_follow_the_log_each_by_itself(line: Line, witnesses: dict[str, Witness]) -> None:
    first = await looks(line, witnesses[HERE])
    await grow(line.bench, 20)
    second = await looks(line, witnesses[HERE])
    third = await looks(line, witnesses[THERE])
    assert first < second <= third
    by_size = {Checkpoint.parse(split(note)[0]).size: note for note in await notes(line.bench)}
    signed = {
        (code, size)
        for code, each in witnesses.items()
        for size, note in by_size.items()
        if find(note, each.cosigner)
    }
    assert signed == {(HERE, first), (HERE, second), (THERE, third)}
    assert [each.size for each in line.bench.open.witnesses.states()] == [third, second]
    kinds = {name for entry in await received(line) for name in entry.header.counts}
    assert {"checkpoint", "cosignature"} <= kinds


async def test_the_answer_is_the_body_of_the_specification(line: Line) -> None:
    status, kind, body = await ask(line, CHECKPOINT, params={"old": "0"})
    assert (status, kind) == (200, "text/plain; charset=utf-8")
    assert body.startswith(f"old 0\n\n{ORIGIN}\n".encode())
    offer = Offer.parse(body.decode())
    size = Checkpoint.parse(split(offer.note)[0]).size
    assert size == line.bench.open.signer.signed
    beyond = await ask(line, CHECKPOINT, params={"old": str(size + 1)})
    assert beyond == (409, "text/x.tlog.size; charset=utf-8", f"{size}\n".encode())
    refused = [
        entry.header for entry in await entries(line.bench) if entry.header.code == "witness.old_beyond"
    ]
    assert [(each.action, each.actor) for each in refused] == [(Action.PEER_REFUSED, f"CS:{HERE}")]


@pytest.mark.parametrize("old", [None, "", "x", "01", "-1", "1e3", "9" * 17, "1\n"])
async def test_a_size_of_another_form_is_refused(line: Line, old: str | None) -> None:
    status, _, body = await ask(line, CHECKPOINT, params={} if old is None else {"old": old})
    assert (status, b"json.wrong_shape" in body) == (400, True)


@pytest.mark.parametrize(
    ("data", "kind", "status", "code"),
    [
        (b"\xff\xfe", "text/plain", 400, "peer.not_text"),
        (b"x", "text/plain", 400, "witness.not_a_checkpoint"),
        (b"", "text/plain", 400, "witness.not_a_checkpoint"),
        (b"{}", "application/json", 415, "peer.wrong_type"),
        (b"x" * (MAX_NOTE + 1), "text/plain", 413, "peer.body_too_large"),
    ],
)
async def test_a_body_that_is_no_note_is_refused(
    line: Line, data: bytes, kind: str, status: int, code: str
) -> None:
    answered, _, body = await ask(line, COSIGNATURE, data=data, kind=kind)
    assert (answered, code in body.decode()) == (status, True)


async def test_a_contradiction_is_answered_with_the_size_that_counts(
    line: Line, witnesses: dict[str, Witness]
) -> None:
    older = Offer.parse((await ask(line, CHECKPOINT, params={"old": "0"}))[2].decode()).note
    await grow(line.bench)
    size = await looks(line, witnesses[HERE])
    at = int(line.bench.clock.now().timestamp()) + 1
    key = Key(witnesses[HERE].cosigner, witnesses[HERE]._key)
    answer = await ask(line, COSIGNATURE, data=cosigned(older, key, at).encode())
    assert answer == (409, "text/x.tlog.size; charset=utf-8", f"{size}\n".encode())
    assert (await told(line.bench))[-1][:3] == (Action.WITNESS_REFUSED, f"CS:{HERE}", "witness.contradicts")


@pytest.mark.parametrize(("minutes", "status"), [(-9, 422), (9, 422), (0, 200)])
async def test_a_time_that_cannot_be_is_told_as_such(
    line: Line, witnesses: dict[str, Witness], minutes: int, status: int
) -> None:
    note = Offer.parse((await ask(line, CHECKPOINT, params={"old": "0"}))[2].decode()).note
    at = int((line.bench.clock.now() + timedelta(minutes=minutes)).timestamp())
    key = Key(witnesses[HERE].cosigner, witnesses[HERE]._key)
    assert (await ask(line, COSIGNATURE, data=cosigned(note, key, at).encode()))[0] == status


async def test_a_checkpoint_of_another_log_is_not_found(line: Line, witnesses: dict[str, Witness]) -> None:
    note = Offer.parse((await ask(line, CHECKPOINT, params={"old": "0"}))[2].decode()).note
    key = Key(witnesses[HERE].cosigner, witnesses[HERE]._key)
    at = int(line.bench.clock.now().timestamp())
    forged = cosigned(note.replace("honnin", "fuhyo"), key, at)
    status, _, body = await ask(line, COSIGNATURE, data=forged.encode())
    assert (status, b"witness.checkpoint_unknown" in body) == (404, True)


async def test_a_municipality_that_is_no_witness_gets_nothing(line: Line) -> None:
    for given in ({"params": {"old": "0"}}, {"data": b"x"}):
        endpoint = CHECKPOINT if "params" in given else COSIGNATURE
        status, _, body = await ask(line, endpoint, code=NO_WITNESS, **given)
        assert (status, b"witness.not_one" in body) == (403, True)
    assert await told(line.bench) == []


async def test_rubbish_is_refused_and_told_and_the_next_look_is_good_again(
    line: Line, witnesses: dict[str, Witness]
) -> None:
    with pytest.raises(AuthorityError) as refused:
        await looks(line, witnesses[HERE], Manner.RUBBISH)
    assert refused.value.code == "witness.signature_false"
    assert [each[2] for each in await told(line.bench)] == ["witness.signature_false"]
    assert line.bench.open.witnesses.states()[1].size == 0
    await grow(line.bench)
    size = await looks(line, witnesses[HERE])
    assert line.bench.open.witnesses.states()[1].size == size


async def test_one_that_asks_with_a_size_it_never_had_learns_that_the_log_is_shorter(
    line: Line, witnesses: dict[str, Witness]
) -> None:
    with pytest.raises(ConflictError):
        await looks(line, witnesses[HERE], Manner.LOST)
    assert witnesses[HERE].last(ORIGIN) == 0


async def test_whoever_watches_goes_on_after_what_fails_and_who_is_away_never_asks(
    line: Line, witnesses: dict[str, Witness], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("daemon.rehearsal.watching.LOOK", 0.02)
    monkeypatch.setattr("daemon.rehearsal.watching.MANNERS", {HERE: Manner.TRUE, THERE: Manner.AWAY})
    asked = list[str]()
    named = list[Register]()

    def there(register: Register, code: str) -> Calls:
        # Whatever the register, it is this one that answers: of the other's log it signs nothing.
        asked.append(f"{register} {code}")
        return calls(line, code)

    async def keys(register: Register) -> list[bytes]:
        named.append(register)
        if len(named) == 1:
            raise StateError("hsm.unreachable")
        return list((await known(line.bench)).keys)

    tasks = Tasks()
    tasks.start(watch(witnesses.values(), there, keys, line.bench.clock.now), name="watch")
    async with asyncio.timeout(20):
        while len(asked) < 4:
            await asyncio.sleep(0.02)
    assert tasks.names() == ["watch"]
    assert await tasks.stop(within=5) == []
    assert set(asked) == {f"honnin {HERE}", f"fuhyo {HERE}"}
    assert witnesses[HERE].last(ORIGIN) > 0
    assert (witnesses[HERE].last(origin_of("fuhyo", 1)), witnesses[THERE].last(ORIGIN)) == (0, 0)
    assert [each.size > 0 for each in line.bench.open.witnesses.states()] == [False, True]


# A true witness believes nobody.


async def test_it_does_not_sign_what_another_key_signed(line: Line, witnesses: dict[str, Witness]) -> None:
    offer = Offer.parse((await ask(line, CHECKPOINT, params={"old": "0"}))[2].decode())
    now = line.bench.clock.now()
    there = await known(line.bench)
    for log_, text in (
        (Log(ORIGIN, []), offer.note),
        (Log(origin_of("fuhyo", 1), there.keys), offer.note),
        (there, offer.note.replace("honnin", "fuhyo")),
        (there, offer.note.replace("\ntime 2", "\ntime 1")),
    ):
        with pytest.raises(IntegrityError, match=r"log\.bad_signature"):
            witnesses[HERE].cosign(Offer(0, (), text), log_, now)
    assert witnesses[HERE].last(ORIGIN) == 0


def test_it_does_not_sign_another_log_s_checkpoint_under_this_log_s_name(
    witnesses: dict[str, Witness],
) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    public = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    text = Checkpoint(origin_of("fuhyo", 1), 1, bytes(32)).text()
    note = signed(text, signature_line(ORIGIN, public, key.sign(text, ec.ECDSA(SHA256()))))
    with pytest.raises(IntegrityError, match=r"log\.bad_signature"):
        witnesses[HERE].cosign(Offer(0, (), note), Log(ORIGIN, [public]), NOON)


async def test_it_does_not_sign_what_does_not_continue_what_it_signed(
    line: Line, witnesses: dict[str, Witness]
) -> None:
    old = await looks(line, witnesses[HERE])
    await grow(line.bench, 9)
    offer = Offer.parse((await ask(line, CHECKPOINT, params={"old": str(old)}))[2].decode())
    there, now = await known(line.bench), line.bench.clock.now()
    for wrong in (
        Offer(old, (), offer.note),
        Offer(old, (*offer.proof, bytes(32)), offer.note),
        Offer(old, offer.proof[::-1], offer.note),
    ):
        with pytest.raises(IntegrityError, match=r"log\.inconsistent"):
            witnesses[HERE].cosign(wrong, there, now)
    with pytest.raises(ConflictError):
        witnesses[HERE].cosign(Offer(0, (), offer.note), there, now)
    assert witnesses[HERE].last(ORIGIN) == old
    witnesses[HERE].cosign(offer, there, now)
    # It stands in its own files what it signed: made anew it goes on from there.
    again = Witness(witnesses[HERE]._file.parent, HERE)
    assert again.last(ORIGIN) == witnesses[HERE].last(ORIGIN) > old
    assert again.cosigner == witnesses[HERE].cosigner


async def test_a_log_rolled_back_is_seen_by_its_witness(line: Line, witnesses: dict[str, Witness]) -> None:
    await grow(line.bench, 9)
    await looks(line, witnesses[HERE])
    shorter = (await line.bench.open.engine.scan(Table.CHECKPOINTS, limit=1))[0]
    held = await line.bench.open.engine.scan(Table.CHECKPOINTS, limit=100)
    await line.bench.open.engine.apply(
        {Table.CHECKPOINTS: {key: None for key, _ in held if key != shorter[0]}}
    )
    with pytest.raises(JukuraError):
        await looks(line, witnesses[HERE])
    assert (await notes(line.bench))[-1] == shorter[1].decode()
