"""Witnesses of one register: what they are given, what is kept of them, and that nothing waits for them."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from daemon.audit.action import Action
from daemon.audit.journal import sequence
from daemon.commands.caller import Caller
from daemon.contract.console import SEARCH, Search
from daemon.contract.cosignature import find
from daemon.contract.merkle import verify_consistency
from daemon.contract.peer import NOTICES, Outcome
from daemon.errors import AuthorityError, InputError, JukuraError, SizeError
from daemon.register.rows import HonninRecord, Register
from daemon.store.engine import Table
from tests.audit.exporting import taken
from tests.audit.test_journal import log
from tests.commands.notices.test_notices import notice
from tests.commands.reconciliation import comparing
from tests.commands.witnessing import checkpoint, cosign, hand_in, offered, told, witnessed
from tests.conftest import Bench
from tests.contract.witnessing import cosigned, ed25519, ml_dsa

HERE, THERE, NO_WITNESS = "35203", "35201", "35202"
A, B = ed25519("a.example/w"), ml_dsa("b.example/w")
"""HERE signs with A, THERE with B."""


@pytest.fixture(autouse=True)
async def _witnessed(honnin: Bench) -> None:
    await witnessed(honnin, {HERE: A, THERE: B})


async def signed(bench: Bench, entries: int = 3) -> int:
    """Some entries more, and a checkpoint over them; its size."""
    await log(bench, entries)
    await bench.open.signer.sign()
    return bench.open.signer.signed


async def stored(bench: Bench, size: int) -> str:
    return (await bench.open.engine.get_many(Table.CHECKPOINTS, [sequence(size)]))[sequence(size)].decode()


def times(bench: Bench) -> int:
    return int(bench.clock.now().timestamp())


async def code_of(work: Any) -> str:
    with pytest.raises(JukuraError) as refused:
        await work
    return refused.value.code


async def test_before_anything_is_signed_there_is_nothing_to_witness(honnin: Bench) -> None:
    with pytest.raises(InputError) as refused:
        await offered(honnin, HERE)
    assert refused.value.code == "witness.nothing_signed"


async def test_a_witness_is_given_the_newest_checkpoint_and_a_proof_from_the_one_it_knows(
    honnin: Bench,
) -> None:
    sizes = [await signed(honnin, count) for count in (3, 5, 9)]
    known = {size: checkpoint(await stored(honnin, size)) for size in sizes}
    first = await offered(honnin, HERE)
    assert (first.old, first.proof) == (0, ())
    newest = checkpoint(first.note)
    assert newest == known[sizes[-1]]
    for size in sizes[:-1]:
        offer = await offered(honnin, HERE, size)
        verify_consistency(size, newest.size, known[size].root, newest.root, offer.proof)
    same = await offered(honnin, HERE, sizes[-1])
    assert (same.old, same.proof, same.note) == (sizes[-1], (), first.note)
    with pytest.raises(SizeError) as refused:
        await offered(honnin, HERE, sizes[-1] + 1)
    assert (refused.value.code, refused.value.size) == ("witness.old_beyond", sizes[-1])
    assert await told(honnin) == []


async def test_a_size_that_a_purge_leaves_no_proof_of_is_unknown(honnin: Bench) -> None:
    old = await signed(honnin, 3)
    await signed(honnin, 9)
    tree = dict(await honnin.open.engine.scan(Table.TREE, limit=100))
    await honnin.open.engine.apply({Table.TREE: dict.fromkeys(tree)})
    with pytest.raises(InputError) as refused:
        await offered(honnin, HERE, old)
    assert refused.value.code == "witness.old_unknown"


async def test_a_cosignature_is_kept_beneath_its_checkpoint_and_told_in_the_log(honnin: Bench) -> None:
    size = await signed(honnin)
    before = await stored(honnin, size)
    at = times(honnin)
    for code, key in ((HERE, A), (THERE, B)):
        await cosign(honnin, code, key)
    note = await stored(honnin, size)
    assert note.startswith(before)
    for key in (A, B):
        found = find(note, key.cosigner)
        assert found is not None
        assert found.at == at
    assert await told(honnin) == [
        (Action.WITNESS_COSIGNED, f"CS:{code}", "", {"size": size}) for code in (HERE, THERE)
    ]
    states = {each.municipality: each for each in honnin.open.witnesses.states()}
    assert {(each.size, each.taken, each.overdue) for each in states.values()} == {
        (size, honnin.clock.now(), False)
    }
    assert {each.name for each in states.values()} == {"a.example/w", "b.example/w"}
    assert all(each.cosigned is not None and each.cosigned.timestamp() == at for each in states.values())


async def test_an_export_carries_the_cosignatures(honnin: Bench, tmp_path: Path) -> None:
    size = await signed(honnin)
    await cosign(honnin, HERE, A)
    folder = await taken(honnin, tmp_path / "export")
    assert (folder / "checkpoints.txt").read_text("utf-8").startswith(await stored(honnin, size))


async def test_handed_in_again_it_changes_nothing_and_a_later_one_takes_its_place(honnin: Bench) -> None:
    size = await signed(honnin)
    note = await cosign(honnin, HERE, A)
    kept, known = await stored(honnin, size), honnin.open.witnesses.states()
    honnin.clock.advance(timedelta(minutes=1))
    assert (await hand_in(honnin, HERE, note)).size == size
    assert (await stored(honnin, size), honnin.open.witnesses.states()) == (kept, known)
    assert len(await told(honnin)) == 1
    await cosign(honnin, HERE, A)
    found = find(await stored(honnin, size), A.cosigner)
    assert found is not None
    assert found.at == times(honnin)
    assert len((await stored(honnin, size)).splitlines()) == len(kept.splitlines())
    await hand_in(honnin, HERE, note)
    assert find(await stored(honnin, size), A.cosigner) == found


async def test_what_witnesses_signed_is_not_lost_when_the_same_size_is_signed_again(honnin: Bench) -> None:
    size = await signed(honnin)
    first = await stored(honnin, size)
    honnin.clock.advance(timedelta(hours=1))
    await honnin.open.signer.sign()
    second = await stored(honnin, size)
    assert (checkpoint(first).root, first != second) == (checkpoint(second).root, True)
    # A witness that is late with the first has to fetch the second.
    late = cosigned(first, A, times(honnin))
    assert await code_of(hand_in(honnin, HERE, late)) == "witness.checkpoint_unknown"
    # Signed while the key service is asked: what it gives for the same size does not take the place of what witnesses signed.
    signer = honnin.open.signer
    note = cosigned(second, A, times(honnin))
    await honnin.open.engine.apply({Table.CHECKPOINTS: {sequence(size): note.encode()}})
    await signer._keep(size, first)
    assert await stored(honnin, size) == note


async def test_an_older_checkpoint_may_still_be_cosigned_by_who_has_seen_no_larger_one(honnin: Bench) -> None:
    older = await offered_after(honnin)
    newer = await offered_after(honnin)
    at = times(honnin)
    await hand_in(honnin, HERE, cosigned(older, A, at))
    await hand_in(honnin, HERE, cosigned(newer, A, at))
    with pytest.raises(SizeError) as refused:
        await hand_in(honnin, HERE, cosigned(older, A, at + 1))
    assert (refused.value.code, refused.value.size) == ("witness.contradicts", checkpoint(newer).size)
    kept = find(await stored(honnin, checkpoint(older).size), A.cosigner)
    assert kept is not None
    assert kept.at == at
    # Another witness knows nothing of that.
    await hand_in(honnin, THERE, cosigned(older, B, at + 1))


def person(number: int) -> HonninRecord:
    """Somebody who lives in HERE."""
    made = comparing.person(Register.HONNIN, number)
    assert isinstance(made, HonninRecord)
    return made


async def offered_after(bench: Bench) -> str:
    await signed(bench)
    return (await offered(bench, HERE)).note


def without_its_end(note: str) -> str:
    return note.rstrip("\n")


@pytest.mark.parametrize(
    ("make", "error", "code"),
    [
        (lambda _: "", InputError, "witness.not_a_checkpoint"),
        (lambda note: note.replace("\n\n", "\n"), InputError, "witness.not_a_checkpoint"),
        (without_its_end, InputError, "witness.not_a_checkpoint"),
        (lambda note: note * 400, InputError, "witness.not_a_checkpoint"),
        (lambda note: note.replace("honnin", "\x07"), InputError, "witness.not_a_checkpoint"),
        (lambda note: "\n".join([*note.splitlines()[:-1], ""]), AuthorityError, "witness.signature_missing"),
        (lambda note: note.replace("honnin", "fuhyo"), AuthorityError, "witness.signature_false"),
        (lambda note: note.replace("\ntime ", "\ntimes "), AuthorityError, "witness.signature_false"),
    ],
)
async def test_what_is_no_good_cosignature_is_refused_and_told(
    honnin: Bench, make: Any, error: type[JukuraError], code: str
) -> None:
    size = await signed(honnin)
    before = await stored(honnin, size)
    note = make(cosigned(before, A, times(honnin)))
    with pytest.raises(error) as refused:
        await hand_in(honnin, HERE, note)
    assert refused.value.code == code
    assert await stored(honnin, size) == before
    counts = {} if code == "witness.not_a_checkpoint" else {"size": size}
    assert [(code_, figures) for _, _, code_, figures in await told(honnin)] in (
        [(code, counts)],
        [(code, {})],
    )
    assert honnin.open.witnesses.states()[0].size == 0


@pytest.mark.parametrize(
    ("minutes", "code"), [(-6, "witness.time_too_early"), (66, "witness.time_too_late"), (-4, ""), (64, "")]
)
async def test_its_time_is_not_before_the_checkpoint_nor_ahead(
    honnin: Bench, minutes: int, code: str
) -> None:
    await signed(honnin)
    at = times(honnin) + 60 * minutes
    honnin.clock.advance(timedelta(hours=1))
    if not code:
        await cosign(honnin, HERE, A, at=at)
        return
    with pytest.raises(InputError) as refused:
        await cosign(honnin, HERE, A, at=at)
    assert refused.value.code == code
    assert [each[2] for each in await told(honnin)] == [code]


async def test_a_checkpoint_that_is_not_the_register_s_is_refused_whoever_signed_it(honnin: Bench) -> None:
    size = await signed(honnin)
    note = await stored(honnin, size)
    largest = "9" * 19
    for forged in (
        note.replace(f"\n{size}\n", f"\n{size + 1}\n"),
        note.replace(f"\n{size}\n", f"\n{largest}\n"),
        note.replace("honnin", "fuhyo"),
    ):
        assert await code_of(hand_in(honnin, HERE, cosigned(forged, A, times(honnin)))) == (
            "witness.checkpoint_unknown"
        )
    assert [figures for _, _, _, figures in await told(honnin)] == [{"size": size + 1}, {}, {"size": size}]


async def test_deny_by_default(honnin: Bench) -> None:
    await signed(honnin)
    note = cosigned((await offered(honnin, HERE)).note, A, times(honnin))
    for asked in (offered(honnin, NO_WITNESS), hand_in(honnin, NO_WITNESS, note)):
        with pytest.raises(AuthorityError) as refused:
            await asked
        assert refused.value.code == "witness.not_one"
    # With the key of another witness it is not signed.
    assert await code_of(hand_in(honnin, THERE, note)) == "witness.signature_missing"


async def test_nobody_waits_for_witnesses_and_their_absence_is_seen(honnin: Bench, caller: Caller) -> None:
    await signed(honnin)
    await cosign(honnin, HERE, A)
    assert honnin.open.witnesses.overdue() == []
    for day in range(1, 6):
        honnin.clock.advance(timedelta(days=1))
        await honnin.open.signer.sign()
        verdicts = await honnin.open.peer_desk.acts[NOTICES](HERE, [notice(f"n{day}", person(day))])
        assert verdicts.verdicts[0].outcome is Outcome.APPLIED
        asked = Search(affair="plain", purpose="審査", application="A-1", kana="ヤマグチ")
        assert (await honnin.open.desk.handlers[SEARCH](caller, asked)).hits is not None
        assert honnin.open.witnesses.overdue() == ([THERE, HERE] if day > 2 else [])
        assert not honnin.open.signer.late
    await cosign(honnin, HERE, A)
    assert honnin.open.witnesses.overdue() == [THERE]


async def test_what_is_known_of_witnesses_outlives_a_restart(honnin: Bench) -> None:
    size = await signed(honnin)
    await cosign(honnin, HERE, A)
    before = honnin.open.witnesses.states()
    await honnin.stop()
    honnin.clock.advance(timedelta(hours=47))
    await honnin.start()
    await honnin.open.witnesses.remember()
    assert honnin.open.witnesses.states() == before
    assert [each.size for each in before] == [0, size]
    honnin.clock.advance(timedelta(hours=2))
    assert honnin.open.witnesses.overdue() == [THERE, HERE]


async def test_one_that_is_configured_no_more_is_forgotten_and_a_new_one_is_not_overdue(
    honnin: Bench,
) -> None:
    honnin.clock.advance(timedelta(days=9))
    await witnessed(honnin, {HERE: A})
    assert honnin.open.witnesses.overdue() == [HERE]
    await witnessed(honnin, {HERE: A, THERE: B})
    assert honnin.open.witnesses.overdue() == [HERE]
    await witnessed(honnin, {HERE: A, THERE: B}, hours=1000)
    assert honnin.open.witnesses.overdue() == []
