"""The multiset hash: the same whatever the order and the way there, another one for other rows, and shown to nobody who lacks the key."""

import hashlib
import hmac
from base64 import b64decode, b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.crypto.multiset import MODULUS, ROWS, MultisetHash, packed
from daemon.errors import IntegrityError

KEY, NONCE = b"k" * 32, b"n" * 32
HASH = MultisetHash(KEY)
ROWS_OF = st.dictionaries(st.binary(min_size=16, max_size=16), st.binary(max_size=200), max_size=6)


def total(rows: dict[bytes, bytes]) -> int:
    return sum(HASH.element(row, blob) for row, blob in rows.items()) % MODULUS


def test_it_is_what_its_docstring_says() -> None:
    def keyed(content: bytes) -> int:
        return int.from_bytes(hashlib.blake2b(content, key=KEY, digest_size=32).digest(), "big")

    row, blob = b"r" * 16, b"sealed"
    assert HASH.element(row, blob) == keyed(b"\x01" + row + hashlib.sha256(blob).digest())
    value = (keyed(b"\x00" + NONCE) + 7) % 2**256
    line = f"rows {b64encode(NONCE).decode()} {b64encode(value.to_bytes(32, 'big')).decode()}"
    assert HASH.line(7, NONCE) == line


@given(rows=ROWS_OF, others=ROWS_OF)
def test_other_rows_have_another_sum(rows: dict[bytes, bytes], others: dict[bytes, bytes]) -> None:
    assert (total(rows) == total(others)) == (rows == others)


@given(rows=ROWS_OF, key=st.binary(min_size=32, max_size=32))
def test_another_key_gives_another_sum(rows: dict[bytes, bytes], key: bytes) -> None:
    other = MultisetHash(key)
    same = all(other.element(row, blob) == HASH.element(row, blob) for row, blob in rows.items())
    assert same == (not rows or key == KEY)


@given(
    first=st.integers(0, MODULUS - 1),
    second=st.integers(0, MODULUS - 1),
    nonce=st.binary(min_size=32, max_size=32),
)
def test_a_line_commits_to_one_sum(first: int, second: int, nonce: bytes) -> None:
    line = HASH.line(first, nonce)
    HASH.require(first, ["time 2026-11-24T03:00:00Z", line])
    if first != second:
        with pytest.raises(IntegrityError, match=r"store\.rows_replaced"):
            HASH.require(second, [line])


def test_lines_of_one_sum_under_two_nonces_have_nothing_in_common() -> None:
    values = [
        int.from_bytes(b64decode(HASH.line(5, nonce).split()[2]), "big") for nonce in (b"a" * 32, b"b" * 32)
    ]
    assert abs(values[0] - values[1]) > 2**200
    assert all(abs(value - 5) > 2**200 for value in values)


GOOD = HASH.line(7, NONCE)


@pytest.mark.parametrize(
    "lines",
    [
        [],
        ["time 2026-11-24T03:00:00Z"],
        [GOOD, GOOD],
        [GOOD, HASH.line(8, NONCE)],
        [GOOD + " "],
        [GOOD.replace("=", "")],
        ["rows"],
        [ROWS],
        ["rows x"],
        [f"rows \u3042 {GOOD.split()[2]}"],
        [" ".join(["rows", GOOD.split()[2], GOOD.split()[1]])],
    ],
)
def test_anything_but_one_line_is_none(lines: list[str]) -> None:
    with pytest.raises(IntegrityError, match=r"store\.rows_replaced"):
        HASH.require(7, lines)


def test_a_sum_is_packed_modulo_its_width() -> None:
    assert packed(-1) == b"\xff" * 32
    assert packed(MODULUS + 3) == packed(3)
    assert hmac.compare_digest(packed(0), bytes(32))
