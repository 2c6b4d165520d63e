"""Reading the log back: what does not fit is found wherever it is, what fits is left alone, and all of it is read in time."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.audit import purged
from daemon.audit.act import Act
from daemon.audit.action import Action
from daemon.audit.entry import Header, Outcome, header_of, seal_parts
from daemon.audit.journal import leaf_of, node_key, sequence
from daemon.audit.scrub import SLICE, Round, Stored, check, check_node, climb, end_of_slice, subtrees
from daemon.audit.tree import Node, Tree
from daemon.contract.merkle import leaf_hash
from daemon.crypto import classes
from daemon.crypto.seal import Place
from daemon.errors import IntegrityError, JukuraError
from daemon.register.rows import Register
from daemon.store.engine import Table
from tests.conftest import NOON, Bench

START = datetime(2026, 4, 1, tzinfo=UTC)
PERIOD = timedelta(days=30)


def entry(seq: int) -> tuple[bytes, bytes]:
    """A leaf and its secret."""
    header = Header(
        epoch=1, seq=seq, time=START, actor="jukurad", terminal="", action=Action.KEY_MADE, outcome=Outcome.OK
    )
    return seal_parts(header, {"names": f"live.{seq}"}, lambda: bytes(32))


def grown(size: int) -> tuple[Tree, dict[Node, bytes], list[bytes]]:
    hashes = [leaf_hash(b"%d" % number) for number in range(size)]
    tree, nodes = Tree().append(hashes)
    return tree, nodes, hashes


spans = st.integers(1, 700).flatmap(
    lambda size: st.tuples(st.just(size), st.integers(0, size - 1)).flatmap(
        lambda both: st.tuples(st.just(both[0]), st.just(both[1]), st.integers(both[1] + 1, both[0]))
    )
)


@given(spans)
def test_the_subtrees_over_a_span_are_its_leaves_in_order(span: tuple[int, int, int]) -> None:
    _, start, end = span
    leaves = [
        leaf
        for node in subtrees(start, end)
        for leaf in range(node.place << node.level, node.place + 1 << node.level)
    ]
    assert leaves == list(range(start, end))


@given(spans)
@settings(max_examples=50)
def test_every_subtree_leads_up_to_the_head(span: tuple[int, int, int]) -> None:
    size, start, end = span
    tree, nodes, hashes = grown(size)
    for node in subtrees(start, end):
        leaves = hashes[node.place << node.level : node.place + 1 << node.level]
        held = {sibling: nodes[sibling] for sibling in climb(node, size).siblings}
        check_node(node, leaves, tree, held)


@given(spans, st.data())
@settings(max_examples=50)
def test_no_changed_leaf_and_no_changed_or_missing_node_leads_up_to_it(
    span: tuple[int, int, int], data: st.DataObject
) -> None:
    size, start, end = span
    tree, nodes, hashes = grown(size)
    node = data.draw(st.sampled_from(subtrees(start, end)))
    first = node.place << node.level
    leaves = hashes[first : first + (1 << node.level)]
    siblings = climb(node, size).siblings
    held = {sibling: nodes[sibling] for sibling in siblings}
    at = data.draw(st.integers(0, len(leaves) - 1))
    with pytest.raises(IntegrityError, match=r"log\.tree_altered"):
        check_node(node, [*leaves[:at], leaf_hash(b"another"), *leaves[at + 1 :]], tree, held)
    if siblings:
        beside = data.draw(st.sampled_from(siblings))
        for wrong in (
            {**held, beside: leaf_hash(b"another")},
            {k: v for k, v in held.items() if k != beside},
        ):
            with pytest.raises(IntegrityError, match=r"log\.tree_altered"):
                check_node(node, leaves, tree, wrong)


def test_an_entry_fits_its_node_its_place_and_its_commitments() -> None:
    leaf, secret = entry(7)
    node = leaf_hash(leaf)
    check(7, Stored(leaf, secret), node)
    check(7, Stored(leaf, None), node)


def wrong() -> Iterator[tuple[str, int, Stored | None, bytes | None]]:
    leaf, secret = entry(7)
    node = leaf_hash(leaf)
    yield "log.entry_missing", 7, None, node
    yield "log.entry_missing", 7, Stored(leaf, secret), None
    yield "log.entry_altered", 7, Stored(leaf.replace(b"jukurad", b"jukurax"), secret), node
    yield "log.entry_altered", 8, Stored(leaf, secret), node
    yield "log.bad_commitment", 7, Stored(leaf, entry(8)[1]), node


@pytest.mark.parametrize(("code", "seq", "stored", "node"), list(wrong()))
def test_what_does_not_fit_is_told_by_its_code(
    code: str, seq: int, stored: Stored | None, node: bytes | None
) -> None:
    with pytest.raises(JukuraError) as told:
        check(seq, stored, node)
    assert told.value.code == code


# Pace.


@given(
    st.integers(0, 100_000),
    st.integers(0, 100_000),
    st.lists(st.integers(0, 40 * 24), min_size=1, max_size=20).map(sorted),
)
def test_a_round_keeps_pace_and_is_over_at_its_end(first: int, count: int, hours: list[int]) -> None:
    reading = Round(START, first, first, first + count)
    for hour in hours:
        now = START + timedelta(hours=hour)
        due = reading.due(now, PERIOD)
        assert due >= 0
        at = reading.at
        for _ in range(due):
            at = end_of_slice(at, reading.end)
        reading = Round(START, first, at, reading.end)
        assert reading.due(now, PERIOD) == 0
        passed = min(hour / (30 * 24), 1)
        assert at - first >= int(count * passed) - SLICE
        # And no more than it has to, so that nobody else's reads wait for it.
        assert at - first <= count * passed + 2 * SLICE
        assert reading.over(now, PERIOD) == (now - START >= PERIOD)


def test_a_clock_that_goes_back_reads_nothing_twice() -> None:
    reading = Round(START, 0, SLICE, 10 * SLICE)
    assert reading.due(START - timedelta(days=1), PERIOD) == 0
    assert not reading.over(START - timedelta(days=1), PERIOD)


# On a real store.


async def fill(bench: Bench, count: int) -> None:
    for number in range(count):
        await bench.open.writer.log(
            Act(Action.KEY_MADE, "test", counts={"keys": number}, sealed={"names": "n"})
        )


async def whole_round(bench: Bench) -> None:
    """Everything that is there now is read, and the round is over."""
    await bench.open.scrubber.turn()
    bench.clock.advance(timedelta(days=bench.config.scrub_days))
    while await bench.open.scrubber.turn():
        pass


async def mismatches(bench: Bench) -> list[Header]:
    stored = await bench.open.engine.scan(Table.LOG, limit=10_000)
    headers = []
    for _, value in stored:
        try:
            headers.append(header_of(leaf_of(value)[0]))
        except (JukuraError, msgspec.MsgspecError):
            continue
    return [header for header in headers if header.action is Action.LOG_MISMATCH]


async def test_a_sound_log_is_read_to_its_end_and_says_nothing(honnin: Bench) -> None:
    await fill(honnin, 2 * SLICE + 3)
    await whole_round(honnin)
    await whole_round(honnin)
    assert not honnin.open.scrubber.altered
    assert await mismatches(honnin) == []


def altered_leaf(leaf: bytes, sealed: bytes) -> tuple[bytes, bytes]:
    return leaf.replace(b'"actor":"test"', b'"actor":"tess"'), sealed


async def alter(bench: Bench, seq: int, kind: str) -> None:
    """As somebody would who has every key of the store."""
    engine, key = bench.open.engine, sequence(seq)
    leaf, sealed = leaf_of((await engine.get_many(Table.LOG, [key]))[key])
    match kind:
        case "missing":
            await engine.apply({Table.LOG: {key: None}})
        case "leaf":
            changed = msgspec.msgpack.encode(altered_leaf(leaf, sealed))
            await engine.apply({Table.LOG: {key: changed}})
        case "leaf and node":
            other = altered_leaf(leaf, sealed)
            node = {node_key(Node(0, seq)): leaf_hash(other[0])}
            await engine.apply({Table.LOG: {key: msgspec.msgpack.encode(other)}, Table.TREE: node})
        case "sealed":
            sealer = bench.open.store.sealer
            place = Place(Register.HONNIN, Table.LOG, key)
            foreign = sealer.seal(classes.log(NOON.date()), place, entry(seq)[1])
            await engine.apply({Table.LOG: {key: msgspec.msgpack.encode((leaf, foreign))}})
        case "bytes":
            await engine.apply({Table.LOG: {key: b"\xc1"}})
        case _:
            torn = sealed[:-1] + bytes((sealed[-1] ^ 1,))
            await engine.apply({Table.LOG: {key: msgspec.msgpack.encode((leaf, torn))}})


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        ("missing", "log.entry_missing"),
        ("leaf", "log.entry_altered"),
        ("leaf and node", "log.tree_altered"),
        ("sealed", "log.bad_commitment"),
        ("bytes", "log.entry_altered"),
        ("ciphertext", "store.altered"),
    ],
)
async def test_whatever_was_changed_is_an_alarm_with_its_entry_and_the_register_goes_on(
    honnin: Bench, kind: str, code: str
) -> None:
    await fill(honnin, SLICE + 40)
    await alter(honnin, SLICE + 20, kind)
    await whole_round(honnin)
    assert honnin.open.scrubber.altered
    (told,) = await mismatches(honnin)
    assert (told.code, told.outcome) == (code, Outcome.FAILED)
    assert SLICE <= told.counts["entry"] <= SLICE + 20
    await fill(honnin, 1)


async def test_the_alarm_outlives_a_restart_and_ends_after_a_round_that_finds_nothing(honnin: Bench) -> None:
    await fill(honnin, 20)
    key = sequence(3)
    before = (await honnin.open.engine.get_many(Table.LOG, [key]))[key]
    await alter(honnin, 3, "leaf")
    await whole_round(honnin)
    await honnin.stop()
    await honnin.start()
    await honnin.open.scrubber.turn()
    assert honnin.open.scrubber.altered
    await honnin.open.engine.apply({Table.LOG: {key: before}})
    await whole_round(honnin)
    await whole_round(honnin)
    assert not honnin.open.scrubber.altered


async def test_what_a_day_brought_is_read_in_the_course_of_the_next(honnin: Bench) -> None:
    await honnin.open.scrubber.turn()
    await fill(honnin, 10)
    await alter(honnin, 5, "leaf")
    for _ in range(2):
        honnin.clock.advance(timedelta(days=1))
        await honnin.open.scrubber.turn()
        await honnin.open.scrubber.turn()
    assert len(await mismatches(honnin)) == 1


async def test_an_entry_whose_key_is_destroyed_is_held_against_the_tree_alone(
    honnin: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    await fill(honnin, 10)
    keyring = honnin.open.store.sealer._keyring
    name = classes.log(NOON.date())
    monkeypatch.setattr(keyring, "_keys", {of: key for of, key in keyring._keys.items() if of != name})
    monkeypatch.setattr(keyring, "_aead", {})
    assert await honnin.open.scrubber._read(0, 10) is None
    monkeypatch.undo()
    await alter(honnin, 4, "leaf")
    assert await honnin.open.scrubber._read(0, 10) == (4, "log.entry_altered")


async def test_after_a_long_stop_it_comes_back_to_pace_in_small_turns(
    honnin: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("daemon.audit.scrubber.MOST", 1)
    await fill(honnin, 3 * SLICE)
    await honnin.open.scrubber.turn()
    honnin.clock.advance(timedelta(days=20))
    assert [await honnin.open.scrubber.turn() for _ in range(3)] == [1, 1, 0]


async def test_what_was_purged_is_not_missed_and_what_remains_is_read(honnin: Bench) -> None:
    floor = SLICE + 10
    await fill(honnin, SLICE + 40)
    gone: dict[bytes, bytes | None] = {sequence(seq): None for seq in range(floor)}
    meta = {purged.KEY: msgspec.msgpack.encode(purged.Purged(end=floor, done=floor))}
    await honnin.open.engine.apply({Table.LOG: gone, Table.META: meta})
    await whole_round(honnin)
    assert not honnin.open.scrubber.altered
    await alter(honnin, floor, "leaf and node")
    await whole_round(honnin)
    (told,) = await mismatches(honnin)
    assert told.counts["entry"] == floor
