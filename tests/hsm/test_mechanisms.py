"""What a token must be able to do, and how it signs."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.errors import StateError
from hsm.mechanisms import DERIVING, SIGNING, negotiate
from hsm.protocol import SignatureKind

EC, RSA = SignatureKind
ALL = {*DERIVING, *SIGNING[EC], *SIGNING[RSA]}


def missing(offered: set[str], present: SignatureKind | None = None) -> str:
    with pytest.raises(StateError) as caught:
        negotiate(offered, present)
    assert caught.value.code == "hsm.mechanism_missing"
    return caught.value.field


def test_ecdsa_comes_first_then_rsa() -> None:
    assert negotiate(ALL) is EC
    for name in SIGNING[EC]:
        assert negotiate(ALL - {name}) is RSA


def test_a_token_keeps_to_the_kind_of_its_pairs() -> None:
    assert negotiate(ALL, RSA) is RSA
    assert missing(ALL - set(SIGNING[RSA]), RSA) == "RSA_PKCS_PSS"
    assert missing(ALL - {"ECDSA"}, EC) == "ECDSA"


@pytest.mark.parametrize("name", DERIVING)
def test_without_deriving_there_is_nothing(name: str) -> None:
    assert missing(ALL - {name}) == name


def test_without_any_signature_both_are_named() -> None:
    assert missing(set(DERIVING)) == "ECDSA or RSA_PKCS_PSS"


@given(st.sets(st.sampled_from(sorted(ALL)) | st.text()), st.sampled_from([None, EC, RSA]))
def test_what_is_chosen_can_be_done(offered: set[str], present: SignatureKind | None) -> None:
    try:
        kind = negotiate(offered, present)
    except StateError:
        return
    assert {*DERIVING, *SIGNING[kind]} <= offered
    assert present in (None, kind)
