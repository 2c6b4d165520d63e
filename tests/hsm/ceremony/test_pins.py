"""PINs from the secret: letters and digits, as long as the token takes, and never the same twice."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.errors import ConflictError
from hsm.ceremony.pins import LONGEST, Role, derive, length

ID = "00112233445566778899aabbccddeeff"


@given(st.binary(min_size=16, max_size=16), st.sampled_from(Role), st.integers(8, 64))
def test_a_pin_is_letters_and_digits_of_the_length_asked_for(secret: bytes, role: Role, size: int) -> None:
    pin = derive(secret, ID, role, size)
    assert re.fullmatch(rb"[A-Z2-7]{%d}" % size, pin)


def test_pins_differ_by_role_ceremony_and_secret() -> None:
    pins = {
        derive(secret, ceremony, role, LONGEST)
        for secret in (bytes(16), b"\x01" * 16)
        for ceremony in (ID, ID[::-1])
        for role in Role
    }
    assert len(pins) == 8


def test_a_pin_is_the_same_in_ten_years() -> None:
    assert derive(bytes(range(16)), ID, Role.USER, LONGEST) == b"VBTFV6ZYHHJG347QYJ22BRT3D7"
    assert derive(bytes(range(16)), ID, Role.SO, LONGEST) == b"YYWKRLH3B2LQGFXU3X7XZIJXRI"


@pytest.mark.parametrize(
    ("least", "most", "chosen"), [(4, 255, 26), (4, 26, 26), (4, 16, 16), (8, 20, 20), (32, 64, 32)]
)
def test_the_length_is_what_the_token_takes(least: int, most: int, chosen: int) -> None:
    assert length(least, most) == chosen


@pytest.mark.parametrize("most", [4, 8, 15])
def test_a_token_that_takes_only_a_short_pin_is_refused_outside_of_tests(most: int) -> None:
    with pytest.raises(ConflictError, match=r"ceremony\.pin_too_short"):
        length(4, most)
    assert length(4, most, allow_short=True) == most
