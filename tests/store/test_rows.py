"""Row versions in their sealed form: lossless, bound to their place, under the class that the law's term gives."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from daemon.crypto.keyring import Keyring
from daemon.crypto.seal import Sealer
from daemon.errors import IntegrityError
from daemon.register.rows import Record, Register, RegisterDate, Row
from daemon.register.versions import next_row
from daemon.store.rows import RowCodec, Stored
from tests.conftest import NOON
from tests.register.people import FUHYO, HONNIN

CLASSES = ("live.1", "expire.2176", "expire.2180")


def codec(register: Register) -> RowCodec:
    keyring = Keyring()
    keyring.add({name: bytes([number]) * 32 for number, name in enumerate(CLASSES)})
    return RowCodec(register, Sealer(keyring))


def row(record: Record, **changes: object) -> Row:
    return replace(next_row(record, None, received=NOON, terminal="CS35203"), **changes)


@given(st.text(max_size=40), st.text(max_size=80), st.integers(0, 3))
def test_a_row_comes_back_exactly(name: str, address: str, count: int) -> None:
    stored = Stored(b"r" * 16, b"p" * 16, row(HONNIN, name=name, address=address, name_gaiji=count))
    one = codec(Register.HONNIN)
    assert one.open(stored.id, one.seal(stored)) == stored


def test_a_fuhyo_row_comes_back_with_its_bookkeeping() -> None:
    stored = Stored(b"r" * 16, b"p" * 16, row(FUHYO), successor_on=date(2026, 12, 1))
    one = codec(Register.FUHYO)
    assert one.open(stored.id, one.seal(stored)) == stored


def test_a_row_put_under_another_id_or_register_does_not_open() -> None:
    one = codec(Register.HONNIN)
    sealed = one.seal(Stored(b"r" * 16, b"p" * 16, row(HONNIN)))
    with pytest.raises(IntegrityError):
        one.open(b"s" * 16, sealed)
    with pytest.raises(IntegrityError):
        codec(Register.FUHYO).open(b"r" * 16, sealed)


STRUCK = row(replace(HONNIN, reason="23", event_date=RegisterDate("20261124", "5")))


@pytest.mark.parametrize(
    ("version", "successor_on", "expected"),
    [
        (row(HONNIN), None, None),
        (row(HONNIN), date(2030, 5, 1), "expire.2180"),
        (STRUCK, None, "expire.2176"),
        # A 消除 counts from its own notice, whatever comes after it.
        (STRUCK, date(2030, 5, 1), "expire.2176"),
    ],
)
def test_the_class_is_that_of_the_terms_end(
    version: Row, successor_on: date | None, expected: str | None
) -> None:
    assert Stored(b"r", b"p", version, successor_on).term == expected
