"""Which tree may be signed after which."""

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.contract import note
from daemon.errors import ConflictError, InputError, JukuraError
from hsm import checkpoints
from hsm.checkpoints import Last
from hsm.protocol import SignCheckpoint
from tests.hsm.kit import grown

NOW = datetime(2026, 4, 1, 9, 30, 0, 999_999, tzinfo=UTC)


def last_of(size: int) -> Last:
    return Last(1, size, grown(size).root, "note", 1)


def judged(size: int, since: int, **changes: Any) -> bytes:
    request = msgspec.structs.replace(grown(size, since=since), **changes)
    return checkpoints.judge("honnin", request, last_of(since), NOW).text()


def refusal(size: int, since: int, **changes: Any) -> str:
    with pytest.raises(JukuraError) as caught:
        judged(size, since, **changes)
    return caught.value.code


@given(st.integers(0, 40), st.integers(0, 40))
def test_a_tree_is_signed_exactly_when_it_continues_the_last(since: int, size: int) -> None:
    if size >= since:
        assert judged(size, since).startswith(f"jukura.jp/honnin/1\n{size}\n".encode())
    else:
        assert refusal(size, since) == "hsm.checkpoint_inconsistent"


@given(st.integers(1, 40), st.integers(1, 40), st.data())
def test_a_proof_changed_anywhere_is_refused(since: int, more: int, data: st.DataObject) -> None:
    size = since + more
    honest = grown(size, since=since).proof
    where = data.draw(st.integers(0, len(honest) - 1))
    flipped = bytes([honest[where][0] ^ 1]) + honest[where][1:]
    for wrong in (
        [*honest[:where], flipped, *honest[where + 1 :]],
        [*honest[:where], *honest[where + 1 :]],
        [*honest, bytes(32)],
    ):
        assert refusal(size, since, proof=wrong) == "hsm.checkpoint_inconsistent"
    assert refusal(size, since, root=bytes(32)) == "hsm.checkpoint_inconsistent"


@given(st.integers(1, 40))
def test_the_tree_signed_last_may_be_signed_again_and_no_other_of_its_size(size: int) -> None:
    assert judged(size, size) == judged(size, size, proof=[bytes(32)])
    assert refusal(size, size, root=bytes(32)) == "hsm.checkpoint_inconsistent"


@pytest.mark.parametrize("last", [None, last_of(0)])
def test_after_nothing_any_tree_is_signed_without_a_proof(last: Last | None) -> None:
    assert checkpoints.judge("honnin", grown(7), last, NOW).size == 7
    with pytest.raises(ConflictError, match=r"hsm\.checkpoint_inconsistent"):
        checkpoints.judge("honnin", msgspec.structs.replace(grown(7), proof=[bytes(32)]), last, NOW)


@pytest.mark.parametrize(("last", "epoch"), [(None, 0), (None, 2), (last_of(3), 2), (last_of(3), 0)])
def test_another_epoch_is_refused(last: Last | None, epoch: int) -> None:
    with pytest.raises(ConflictError, match=r"hsm\.epoch_unknown"):
        checkpoints.judge("honnin", msgspec.structs.replace(grown(5, since=3), epoch=epoch), last, NOW)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"size": -1}, "size"),
        ({"size": checkpoints.MAX_SIZE + 1}, "size"),
        ({"size": 0}, "root"),
        ({"extensions": ["line"] * (checkpoints.MAX_EXTENSIONS + 1)}, "extensions"),
        ({"extensions": ["x" * (checkpoints.MAX_EXTENSION + 1)]}, "extensions"),
        ({"extensions": ["a\nb"]}, "extensions"),
        ({"extensions": [""]}, "extensions"),
        ({"extensions": ["time 2019-04-01T09:30:00Z"]}, "extensions"),
    ],
)
def test_a_checkpoint_that_breaks_its_form_is_refused(changes: dict[str, Any], field: str) -> None:
    request: SignCheckpoint = msgspec.structs.replace(grown(5), **changes)
    with pytest.raises(InputError) as caught:
        checkpoints.judge("honnin", request, None, NOW)
    assert (caught.value.code, caught.value.field) == ("hsm.checkpoint_malformed", field)


def test_the_time_is_written_by_the_signer_before_what_was_asked_for() -> None:
    made = checkpoints.judge("honnin", msgspec.structs.replace(grown(7), extensions=["rows abc"]), None, NOW)
    assert made.extensions == ("time 2026-04-01T09:30:00Z", "rows abc")
    assert made.signed_at == NOW.replace(microsecond=0)


@pytest.mark.parametrize(
    ("later", "asked", "same"),
    [
        (timedelta(), grown(5), True),
        (checkpoints.ASKED_AGAIN, grown(5), True),
        (checkpoints.ASKED_AGAIN + timedelta(seconds=1), grown(5), False),
        (timedelta(seconds=-1), grown(5), False),
        (timedelta(), msgspec.structs.replace(grown(5), extensions=["rows abc"]), False),
        (timedelta(), grown(6), False),
    ],
)
def test_a_note_is_given_again_for_the_same_words_within_a_minute(
    later: timedelta, asked: SignCheckpoint, *, same: bool
) -> None:
    first = checkpoints.judge("honnin", grown(5), None, NOW)
    line = "— jukura.jp/honnin/1 AAAAAAAA"
    last = Last(1, 5, grown(5).root, note.signed(first.text(), line), 1)
    again = checkpoints.judge("honnin", asked, None, NOW + later)
    assert checkpoints.answers_again(last, again) is same
