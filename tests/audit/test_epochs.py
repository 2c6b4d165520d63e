"""Whether a log continues what was signed last, judged by itself; and which entry is of which epoch."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.audit.epochs import Standing, standing
from daemon.audit.verify.epochs import Epochs, number_of
from daemon.audit.verify.epochs import Opening as Read
from daemon.contract.epochs import Opening, Span, epoch_at, spans
from daemon.contract.merkle import EMPTY_ROOT
from daemon.contract.note import signed
from daemon.contract.statement import Kind, statement_text
from daemon.errors import IntegrityError
from hsm.protocol import Witnessed
from tests.audit.conftest import START

ROOT, OTHER = bytes(range(32)), bytes(32)
SIGNED = Witnessed(epoch=2, size=5, root=ROOT)


@pytest.mark.parametrize(
    ("epoch", "size", "root", "expected"),
    [
        (2, 5, ROOT, Standing.CONTINUES),
        (2, 9, ROOT, Standing.CONTINUES),
        (1, 5, ROOT, Standing.OPENED),
        (2, 4, None, "log.cut"),
        (1, 4, None, "log.cut"),
        (2, 5, OTHER, "log.replaced"),
        (2, 9, OTHER, "log.replaced"),
        (1, 5, OTHER, "log.replaced"),
        (1, 6, ROOT, "log.replaced"),
        (3, 5, ROOT, "log.epoch_ahead"),
        (3, 9, ROOT, "log.epoch_ahead"),
    ],
)
def test_a_log_stands_to_what_was_signed_in_one_way(
    epoch: int, size: int, root: bytes | None, expected: Standing | str
) -> None:
    if isinstance(expected, Standing):
        assert standing(epoch, size, root, SIGNED) is expected
    else:
        with pytest.raises(IntegrityError, match=expected.replace(".", r"\.")):
            standing(epoch, size, root, SIGNED)


def test_before_the_first_signature_every_log_continues() -> None:
    assert standing(1, 0, EMPTY_ROOT, Witnessed(epoch=1, size=0, root=EMPTY_ROOT)) is Standing.CONTINUES
    assert standing(1, 7, EMPTY_ROOT, Witnessed(epoch=1, size=0, root=EMPTY_ROOT)) is Standing.CONTINUES


def opening(epoch: int, kept: int) -> Opening:
    return Opening(epoch, kept + 3, ROOT, kept, ROOT, kept, "restored", ("a 1", "b 2"))


def openings(kept: list[int]) -> list[Opening]:
    return [opening(number, each) for number, each in enumerate(kept, start=2)]


def test_a_later_epoch_takes_with_it_what_began_at_or_after_its_beginning() -> None:
    assert spans([]) == [Span(0, 1)]
    assert spans(openings([5, 9])) == [Span(0, 1), Span(5, 2), Span(9, 3)]
    assert spans(openings([5, 3])) == [Span(0, 1), Span(3, 3)]
    assert spans(openings([5, 5])) == [Span(0, 1), Span(5, 3)]
    assert spans(openings([0])) == [Span(0, 2)]


@given(st.lists(st.integers(0, 12), max_size=6), st.integers(0, 20))
def test_register_and_verifier_agree_on_which_entry_is_of_which_epoch(kept: list[int], seq: int) -> None:
    made = openings(kept)
    # The newest that begins at or before it and was not taken along by a later one: counted afresh.
    expected = 1
    for each in made:
        expected = each.epoch if each.kept <= seq else expected
        if each.kept <= seq:
            continue
        expected = next((other.epoch for other in reversed(made[: each.epoch - 1]) if other.kept <= seq), 1)
    read = [Read(0, "", each.epoch, each.size, ROOT, each.kept, ROOT, each.proven, [], []) for each in made]
    assert epoch_at(seq, spans(made)) == number_of(Epochs("honnin", read).at(seq)) == expected


def test_an_epoch_left_out_is_no_row_of_epochs() -> None:
    for wrong in ([opening(3, 5)], [opening(2, 5), opening(2, 3)], [opening(1, 5)]):
        with pytest.raises(IntegrityError, match=r"log\.bad_epoch"):
            spans(wrong)


def note(lines: list[tuple[str, str]], kind: Kind = Kind.EPOCH_OPENED) -> str:
    return signed(statement_text("honnin", kind, 1, START, lines), "— x AAAAAAA=")


@given(st.integers(2, 9), st.integers(0, 99), st.integers(0, 99), st.sampled_from(["", "a\nb\n\n— c d\n"]))
def test_an_opening_is_read_as_it_was_written(epoch: int, size: int, kept: int, last: str) -> None:
    made = replace(opening(epoch, kept), size=size, last=last)
    assert Opening.parse(note(list(made.lines))) == made


def test_another_statement_is_no_opening() -> None:
    sound = list(opening(2, 5).lines)
    broken = [
        note(sound, Kind.CLOCK_SET),
        note(sound[1:]),
        note([*sound, ("size", "9")]),
        note([("epoch", "two"), *sound[1:]]),
        note([(name, "AAAA" if name == "root" else value) for name, value in sound]),
        "nothing",
    ]
    for text in broken:
        with pytest.raises(IntegrityError, match=r"log\.bad_epoch"):
            Opening.parse(text)
