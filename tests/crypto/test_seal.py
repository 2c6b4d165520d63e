"""Sealing: what opens, what does not, and what a sealed value shows."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.crypto import seal as sealing
from daemon.crypto.keyring import Keyring
from daemon.crypto.seal import SIZE_CLASS, Place, Sealer, class_of
from daemon.errors import IntegrityError, StateError

PLACE = Place("honnin", "rows", b"id-1")


def sealer() -> Sealer:
    keyring = Keyring()
    keyring.add({"live.1": bytes(32), "live.2": bytes([1]) * 32, "log.2026": bytes([2]) * 32})
    return Sealer(keyring)


@given(st.binary(max_size=500))
def test_what_is_sealed_opens_in_its_place(content: bytes) -> None:
    one = sealer()
    assert one.open(PLACE, one.seal("live.1", PLACE, content)) == content


@pytest.mark.parametrize(
    "place",
    [Place("fuhyo", "rows", b"id-1"), Place("honnin", "log", b"id-1"), Place("honnin", "rows", b"id-2")],
)
def test_moved_to_another_place_it_does_not_open(place: Place) -> None:
    one = sealer()
    with pytest.raises(IntegrityError):
        one.open(place, one.seal("live.1", PLACE, b"x"))


def test_parts_of_a_place_do_not_run_together() -> None:
    one = sealer()
    with pytest.raises(IntegrityError):
        one.open(Place("honnin", "row", b"sid-1"), one.seal("live.1", PLACE, b"x"))


@given(st.data())
def test_any_changed_bit_is_seen(data: st.DataObject) -> None:
    one = sealer()
    sealed = bytearray(one.seal("live.1", PLACE, b"content"))
    where = data.draw(st.integers(0, len(sealed) - 1))
    sealed[where] ^= 1 << data.draw(st.integers(0, 7))
    with pytest.raises((IntegrityError, StateError)):
        one.open(PLACE, bytes(sealed))


def test_another_generation_in_the_label_does_not_open() -> None:
    one = sealer()
    sealed = one.seal("live.1", PLACE, b"x").replace(b"live.1", b"live.2")
    with pytest.raises(IntegrityError):
        one.open(PLACE, sealed)


@given(st.binary(max_size=40))
def test_rubbish_is_no_sealed_value(rubbish: bytes) -> None:
    with pytest.raises((IntegrityError, StateError)):
        sealer().open(PLACE, rubbish)


@given(st.integers(0, 200))
def test_the_length_shows_a_size_class_only(length: int) -> None:
    one = sealer()
    overhead = len(one.seal("live.1", PLACE, b"")) - SIZE_CLASS
    assert (len(one.seal("live.1", PLACE, bytes(length))) - overhead) % SIZE_CLASS == 0


def test_nonces_never_repeat_and_the_same_content_never_looks_the_same() -> None:
    one = sealer()
    sealed = {one.seal("live.1", PLACE, b"same") for _ in range(500)}
    assert len({value[8:20] for value in sealed}) == 500
    assert class_of(next(iter(sealed))) == "live.1"


def test_seals_are_counted_and_a_worn_key_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sealing, "MOST_SEALS", 2)
    one = sealer()
    one.seal("live.1", PLACE, b"x")
    one.seal("live.1", PLACE, b"x")
    with pytest.raises(StateError, match=r"key\.worn_out"):
        one.seal("live.1", PLACE, b"x")
    assert one.counts == {"live.1": 2}
    assert one.seal("live.2", PLACE, b"x")


def test_a_key_that_is_not_loaded_is_said_so() -> None:
    with pytest.raises(StateError, match=r"key\.not_loaded"):
        sealer().seal("live.9", PLACE, b"x")
