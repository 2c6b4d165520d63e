"""What a witness is given: the body of tlog-witness, to the byte."""

from base64 import b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.contract.codec import shape
from daemon.contract.witnessing import MAX_PROOF, CheckpointQuery, Offer
from daemon.errors import InputError

EXAMPLE = """\
old 20852014
PlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=
jrJZDmY8Y7SyJE0MWLpLozkIVMSMZcD5kvuKxPC3swk=
5+pKlUdi2LeF/BcMHBn+Ku6yhPGNCswZZD1X/6QgPd8=
/6WVhPs2CwSsb5rYBH5cjHV/wSmA79abXAwhXw3Kj/0=

example.com/behind-the-sofa
20852163
CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=

— example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=
— example.com/behind-the-sofa opLqBQsREYCgu6xQkYQwJr9fo45a62DN9EdmHXnZdXNqlcVGlCum2Wks+49/V6267UEjw6QUXTS5Rovnzv++qbSzm9Q=
"""
"""The example of C2SP tlog-witness, add-checkpoint."""
HASH = b64encode(bytes(32)).decode()


def test_the_example_of_the_specification() -> None:
    offer = Offer.parse(EXAMPLE)
    assert (offer.old, len(offer.proof), offer.proof[0][:4].hex()) == (20852014, 4, "3e544d0a")
    assert offer.note.startswith("example.com/behind-the-sofa\n20852163\n")
    assert offer.text() == EXAMPLE


@given(
    st.builds(
        Offer,
        st.integers(0, 10**16 - 1),
        st.lists(st.binary(min_size=32, max_size=32), max_size=MAX_PROOF).map(tuple),
        st.text(st.characters(exclude_categories=["Cs"])),
    )
)
def test_whatever_is_offered_is_read_as_it_was(offer: Offer) -> None:
    assert Offer.parse(offer.text()) == offer


@pytest.mark.parametrize(
    "text",
    [
        "",
        "old 0\n",
        "old 01\n\nnote",
        "old -1\n\nnote",
        "old 1 \n\nnote",
        "Old 1\n\nnote",
        "old ١\n\nnote",
        "old 99999999999999999\n\nnote",
        "\nold 1\n\nnote",
        f"old 1\n{HASH[:-1]}\n\nnote",
        f"old 1\n{HASH} \n\nnote",
        f"old 1\r\n{HASH}\r\n\r\nnote",
        "old 1\nAAAA\n\nnote",
        # Not the one way to write these bytes (RFC 4648 §3.5).
        f"old 1\n{HASH[:-2]}B=\n\nnote",
        "old 1\n" + f"{HASH}\n" * (MAX_PROOF + 1) + "\nnote",
    ],
)
def test_what_has_another_form_is_refused(text: str) -> None:
    with pytest.raises(InputError) as refused:
        Offer.parse(text)
    assert refused.value.code == "witness.bad_offer"


@pytest.mark.parametrize("old", ["0", "7", "9" * 16])
def test_a_size_is_asked_for_in_decimal(old: str) -> None:
    assert shape({"old": old}, CheckpointQuery).old == old


@pytest.mark.parametrize("old", ["", "00", "07", "-1", "+1", " 1", "1\n", "1e3", "1.0", "٣", "9" * 17])
def test_and_in_no_other_way(old: str) -> None:
    with pytest.raises(InputError, match=r"json\.wrong_shape"):
        shape({"old": old}, CheckpointQuery)
