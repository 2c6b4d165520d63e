"""Wrapping of data keys, against the vectors of the RFC and an independent KDF."""

import hmac

import pytest
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.kbkdf import KBKDFHMAC, CounterLocation, Mode
from hypothesis import given
from hypothesis import strategies as st

from daemon.errors import IntegrityError
from hsm.wrap import KEY_SIZE, PURPOSE, kdf_input, unwrap, wrap

KEYS = st.binary(min_size=KEY_SIZE, max_size=KEY_SIZE)
NAMES = st.text(st.characters(codec="utf-8"), max_size=30)


@given(KEYS, NAMES, NAMES)
def test_the_token_computes_what_sp_800_108_says(secret: bytes, register: str, name: str) -> None:
    context = b"".join(len(part.encode()).to_bytes(2, "big") + part.encode() for part in (register, name))
    independent = KBKDFHMAC(
        SHA256(), Mode.CounterMode, KEY_SIZE, 4, 4, CounterLocation.BeforeFixed, PURPOSE, context, None
    )
    assert hmac.digest(secret, kdf_input(register, name), "sha256") == independent.derive(secret)


@given(NAMES, NAMES, NAMES, NAMES)
def test_no_two_names_share_an_input(a: str, b: str, c: str, d: str) -> None:
    assert (kdf_input(a, b) == kdf_input(c, d)) == ((a, b) == (c, d))


def test_the_vector_of_rfc_5649_section_6() -> None:
    wrapping = bytes.fromhex("5840df6e29b02af1ab493b705bf16ea1ae8338f4dcc176a8")
    key = bytes.fromhex("c37b7e6492584340bed12207808941155068f738")
    wrapped = "138bdeaa9b8fa7fc61f97742e72248ee5ae6ae5360d1ae6a5f54f373fa543b6a"
    assert wrap(wrapping, key).hex() == wrapped


@given(KEYS, KEYS)
def test_a_key_comes_back(wrapping: bytes, key: bytes) -> None:
    wrapped = wrap(wrapping, key)
    assert unwrap(wrapping, wrapped, name="live.1") == key
    assert key not in wrapped


@given(KEYS, KEYS, st.integers(0, 40 * 8 - 1))
def test_one_flipped_bit_is_seen(wrapping: bytes, key: bytes, bit: int) -> None:
    damaged = bytearray(wrap(wrapping, key))
    damaged[bit // 8] ^= 1 << bit % 8
    with pytest.raises(IntegrityError) as caught:
        unwrap(wrapping, bytes(damaged), name="live.1")
    assert (caught.value.code, caught.value.field) == ("hsm.wrapped_damaged", "live.1")


@given(KEYS, KEYS, KEYS)
def test_another_wrapping_key_opens_nothing(wrapping: bytes, other: bytes, key: bytes) -> None:
    if wrapping != other:
        with pytest.raises(IntegrityError):
            unwrap(other, wrap(wrapping, key), name="live.1")


@given(KEYS, st.binary(max_size=100))
def test_no_bytes_do_more_than_be_refused(wrapping: bytes, wrapped: bytes) -> None:
    with pytest.raises(IntegrityError):
        unwrap(wrapping, wrapped, name="live.1")


def test_a_key_of_another_length_is_refused() -> None:
    with pytest.raises(IntegrityError):
        unwrap(bytes(32), wrap(bytes(32), bytes(16)), name="live.1")
