"""Fingerprints of ranges: they add up, they notice whatever differs, and no two runs or registers share a digest."""

from collections.abc import Callable
from typing import Any

import pytest
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from hypothesis import given
from hypothesis import strategies as st

from daemon.errors import InputError
from daemon.register.ranges import DIGEST, Fingerprint, digest, fingerprint, run_key
from daemon.register.rows import Register

KEY = bytes(range(32))
digests = st.lists(st.binary(min_size=DIGEST, max_size=DIGEST), max_size=20)


@given(digests, digests)
def test_fingerprints_of_two_parts_are_that_of_the_whole(one: list[bytes], other: list[bytes]) -> None:
    both = fingerprint([*one, *other])
    assert fingerprint(one).and_(fingerprint(other)) == both
    assert both.less(fingerprint(other)) == fingerprint(one)
    assert both.people == len(one) + len(other)
    assert 0 <= both.total < 2**128


@given(digests, st.randoms())
def test_the_order_does_not_matter(held: list[bytes], chance: object) -> None:
    other = list(held)
    shuffle: Callable[[list[bytes]], None] = chance.shuffle  # type: ignore[attr-defined]
    shuffle(other)
    assert fingerprint(held) == fingerprint(other)


@given(digests, st.binary(min_size=DIGEST, max_size=DIGEST), st.integers(0, 8 * DIGEST - 1))
def test_one_other_bit_is_noticed(held: list[bytes], one: bytes, bit: int) -> None:
    other = (int.from_bytes(one, "big") ^ (1 << bit)).to_bytes(DIGEST, "big")
    assert fingerprint([*held, one]) != fingerprint([*held, other])


def test_sums_that_pass_the_modulus() -> None:
    most = b"\xff" * DIGEST
    assert fingerprint([most, (1).to_bytes(DIGEST, "big")]) == Fingerprint(2, 0)
    assert fingerprint([]) == Fingerprint()


def test_the_key_is_hkdf_over_both_ends() -> None:
    ours, theirs = b"o" * 32, b"t" * 32
    info = b"\x00".join((b"jukura reconciliation", b"honnin", b"35203", b"ab"))
    expected = HKDF(algorithm=SHA256(), length=32, salt=None, info=info).derive(ours + theirs)
    assert run_key(ours, theirs, register=Register.HONNIN, municipality="35203", run="ab") == expected


def test_runs_registers_and_municipalities_share_no_key() -> None:
    ours, theirs = b"o" * 32, b"t" * 32
    given_: dict[str, Any] = {"register": Register.HONNIN, "municipality": "35203", "run": "ab"}
    others: list[dict[str, Any]] = [
        {"register": Register.FUHYO}, {"municipality": "35201"}, {"run": "ac"}, {"municipality": "3520", "run": "3ab"},
    ]  # fmt: skip
    keys = {run_key(ours, theirs, **{**given_, **other}) for other in ({}, *others)}
    keys |= {run_key(theirs, ours, **given_), run_key(ours, b"u" * 32, **given_)}
    assert len(keys) == len(others) + 3
    assert len({digest(b"same", key) for key in keys}) == len(keys)


@pytest.mark.parametrize("nonces", [(b"", b"t" * 32), (b"o" * 32, b""), (b"o" * 31, b"t" * 33)])
def test_a_key_needs_both_ends(nonces: tuple[bytes, bytes]) -> None:
    with pytest.raises(InputError) as refused:
        run_key(*nonces, register=Register.HONNIN, municipality="35203", run="ab")
    assert refused.value.code == "reconciliation.bad_nonce"


def test_a_digest_needs_the_key() -> None:
    assert digest(b"a", KEY) != digest(b"a", KEY[::-1])
    assert digest(b"a", KEY) != digest(b"b", KEY)
    assert len(digest(b"a", KEY)) == DIGEST
