"""Row versions in their sealed form: lossless, bound to their place, under the class that the law's term gives."""

from datetime import date

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import astuple, replace

from daemon.crypto.keyring import Keyring
from daemon.crypto.seal import Place, Sealer
from daemon.errors import IntegrityError
from daemon.register.checks import check
from daemon.register.items import UNIFIED
from daemon.register.rows import FuhyoRecord, HonninRecord, Record, Register, RegisterDate, Row
from daemon.register.versions import next_row
from daemon.store.engine import Table
from daemon.store.rows import RowCodec, Stored
from tests.conftest import NOON
from tests.register.people import FUHYO, HONNIN
from tests.register.strategies import fuhyo_records, honnin_records

CLASSES = ("live.1", "expire.2176", "expire.2180")


def keyring() -> Keyring:
    keys = Keyring()
    keys.add({name: bytes([number]) * 32 for number, name in enumerate(CLASSES)})
    return keys


def codec(register: Register) -> RowCodec:
    return RowCodec(register, Sealer(keyring()))


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


@given(honnin_records(), fuhyo_records())
def test_every_right_record_comes_back_from_its_row_as_it_was_taken(
    honnin: HonninRecord, fuhyo: FuhyoRecord
) -> None:
    for register, record in ((Register.HONNIN, honnin), (Register.FUHYO, fuhyo)):
        taken = check(record)
        one, stored = codec(register), Stored(b"r" * 16, b"p" * 16, row(taken))
        opened = one.open(stored.id, one.seal(stored)).row
        for field in taken.__struct_fields__:
            if getattr(taken, field) is not None:
                assert getattr(opened, field) == getattr(record, field)


def sealed_items(register: Register, items: list[object]) -> tuple[RowCodec, bytes]:
    """What another version of this program sealed."""
    sealer = Sealer(keyring())
    content = msgspec.msgpack.encode((b"p" * 16, None, items))
    return RowCodec(register, sealer), sealer.seal("live.1", Place(register, Table.ROWS, b"r" * 16), content)


def test_a_row_from_before_it_had_unified_codes_opens() -> None:
    for register, record in ((Register.HONNIN, HONNIN), (Register.FUHYO, FUHYO)):
        before = list(astuple(row(record)))[: -len(UNIFIED[register])]
        one, sealed = sealed_items(register, before)
        assert one.open(b"r" * 16, sealed).row == row(record)


def test_a_row_with_more_or_fewer_items_than_there_are_does_not_open() -> None:
    items = [*astuple(row(HONNIN))[:28], b"", b"", b""]
    for wrong in ([*items, ""], items[:27], [*items[:28], ""], []):
        one, sealed = sealed_items(Register.HONNIN, wrong)
        with pytest.raises(IntegrityError):
            one.open(b"r" * 16, sealed)


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
