"""Parts, chunks and the fingerprints of ranges over them, against sets that simply hold everybody."""

from hypothesis import given
from hypothesis import strategies as st

from daemon.commands.reconciliation.prints import Prints, sorted_chunks, within
from daemon.commands.reconciliation.spill import CODE, Spill, codes, entries, parts
from daemon.register.ranges import CODES, DIGEST, fingerprint

people = st.dictionaries(
    st.one_of(st.integers(0, CODES - 1), st.integers(0, 50), st.just(CODES - 1)),
    st.binary(min_size=DIGEST, max_size=DIGEST),
    max_size=60,
)


def chunks_of(held: dict[int, bytes], many: int) -> list[bytes]:
    spill = Spill(many)
    for code, print_ in held.items():
        spill.add(code, print_)
    pieces = spill.pieces()
    return [chunk for part in range(many) for chunk in sorted_chunks([pieces.get(part, b"")])]


@given(people, st.integers(1, 9), st.integers(0, CODES - 1), st.integers(0, CODES - 1))
def test_a_range_is_answered_as_if_everybody_lay_open(
    held: dict[int, bytes], many: int, one: int, other: int
) -> None:
    first, last = sorted((one, other))
    _answers(held, many, first, last)


@given(people, st.integers(1, 5), st.data())
def test_also_where_it_begins_and_ends_with_somebody(
    held: dict[int, bytes], many: int, data: st.DataObject
) -> None:
    ends = st.sampled_from(sorted(held) or [0])
    first, last = sorted((data.draw(ends), data.draw(ends)))
    _answers(held, many, first, last)


def _answers(held: dict[int, bytes], many: int, first: int, last: int) -> None:
    chunks = chunks_of(held, many)
    prints = Prints()
    for chunk in chunks:
        prints.add(chunk)
    whole, touched = prints.whole(first, last)
    edges = prints.edges(first, last)
    found = [entry for number in edges for entry in within(chunks[number], first, last)]
    expected = {code: print_ for code, print_ in held.items() if first <= code <= last}
    assert whole.and_(fingerprint(entry[CODE:] for entry in found)) == fingerprint(expected.values())
    listed = [entry for number in touched for entry in within(chunks[number], first, last)]
    assert listed == [code.to_bytes(CODE, "big") + expected[code] for code in sorted(expected)]
    assert set(edges) <= set(touched)
    assert len(edges) <= 2


@given(people, st.integers(1, 9))
def test_parts_hold_everybody_once_and_in_their_order(held: dict[int, bytes], many: int) -> None:
    spill = Spill(many)
    for code in held:
        spill.add(code)
    pieces = spill.pieces()
    by_part = [sorted(codes(pieces[part])) for part in sorted(pieces)]
    assert [code for part in by_part for code in part] == sorted(held)
    assert set(pieces) <= set(range(many))


def test_of_a_code_that_was_put_down_twice_the_last_counts() -> None:
    first, second = (b"a" * DIGEST, b"b" * DIGEST)
    one, two = Spill(1), Spill(1)
    one.add(7, first)
    two.add(7, second)
    (chunk,) = sorted_chunks([one.pieces()[0], two.pieces()[0]])
    assert list(entries(chunk, DIGEST)) == [(7).to_bytes(CODE, "big") + second]


def test_how_many_parts() -> None:
    assert [parts(people) for people in (0, 1, 25_000, 25_001, 4_000_000)] == [1, 1, 1, 2, 160]
