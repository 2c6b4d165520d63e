"""Shares: any M of N give the secret, fewer never do, and a wrong word is found."""

import secrets
from itertools import combinations
from random import Random  # noqa: TID251 - hypothesis hands it in, seeded

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.errors import ConflictError, InputError, IntegrityError
from hsm.ceremony import shares
from hsm.ceremony.client import WORDS

SECRETS = st.binary(min_size=shares.SECRET_SIZE, max_size=shares.SECRET_SIZE)


@st.composite
def quorums(draw: st.DrawFn) -> tuple[int, int]:
    """M of N."""
    count = draw(st.integers(2, 16))
    return draw(st.integers(2, count)), count


@given(SECRETS, quorums(), st.randoms(use_true_random=False))
@settings(max_examples=40, deadline=None)
def test_any_m_of_n_give_the_secret_and_fewer_do_not(
    secret: bytes, quorum: tuple[int, int], chance: Random
) -> None:
    threshold, count = quorum
    mnemonics = shares.split(secret, threshold, count)
    assert len(set(mnemonics)) == count
    assert shares.combine(chance.sample(mnemonics, threshold)) == secret
    with pytest.raises(ConflictError, match=r"ceremony\.shares_missing"):
        shares.combine(chance.sample(mnemonics, threshold - 1))


def test_every_choice_of_two_of_four_gives_the_secret() -> None:
    secret = secrets.token_bytes(16)
    mnemonics = shares.split(secret, 2, 4)
    assert {shares.combine(pair) for pair in combinations(mnemonics, 2)} == {secret}


def test_two_splits_of_one_secret_have_nothing_in_common() -> None:
    secret = bytes(16)
    first, second = shares.split(secret, 2, 3), shares.split(secret, 2, 3)
    assert not set(first) & set(second)
    with pytest.raises((ConflictError, IntegrityError)):
        shares.combine([first[0], second[1]])


@given(SECRETS, st.integers(0, shares.WORDS - 1), st.sampled_from(WORDS))
@settings(max_examples=60, deadline=None)
def test_one_wrong_word_is_found_by_its_number(secret: bytes, place: int, word: str) -> None:
    words = shares.split(secret, 2, 2)[0].split()
    if word == words[place]:
        return
    words[place] = word
    with pytest.raises(InputError) as caught:
        shares.read(words)
    assert (caught.value.code, caught.value.field) == ("ceremony.share_checksum", str(place + 1))
    assert str(caught.value) == f"ceremony.share_checksum ({place + 1})"


@given(SECRETS, st.lists(st.integers(0, shares.WORDS - 1), min_size=2, max_size=3, unique=True))
@settings(max_examples=60, deadline=None)
def test_two_and_three_wrong_words_never_pass(secret: bytes, places: list[int]) -> None:
    words = shares.split(secret, 2, 2)[0].split()
    for place in places:
        words[place] = WORDS[(WORDS.index(words[place]) + 1 + place) % len(WORDS)]
    with pytest.raises(InputError, match=r"ceremony\.share_checksum"):
        shares.read(words)


def test_an_unknown_word_is_named_by_its_number_alone() -> None:
    words = shares.split(bytes(16), 2, 2)[0].split()
    words[6] = "やまだ"
    with pytest.raises(InputError) as caught:
        shares.read(words)
    assert (caught.value.code, caught.value.field) == ("ceremony.word_unknown", "7")


@pytest.mark.parametrize("words", [[], ["academic"] * 19, ["academic"] * 33])
def test_a_share_has_twenty_words(words: list[str]) -> None:
    with pytest.raises(InputError, match=r"ceremony\.share_length"):
        shares.read(words)


@given(st.lists(st.text(max_size=12), max_size=25))
def test_anything_else_is_refused_as_an_error_of_ours(words: list[str]) -> None:
    with pytest.raises(InputError):
        shares.read(words)


def test_case_does_not_matter() -> None:
    words = shares.split(bytes(16), 2, 2)[0].split()
    assert shares.read([word.upper() for word in words]) == shares.read(words)


def test_one_share_twice_is_refused() -> None:
    first, _ = shares.split(bytes(16), 2, 2)
    with pytest.raises(ConflictError, match=r"ceremony\.share_doubled"):
        shares.combine([first, first])


def test_a_share_never_shows_in_a_repr() -> None:
    mnemonic = shares.split(bytes(16), 2, 2)[0]
    assert mnemonic.split()[5] not in repr(shares.read(mnemonic.split()))


PAPERS = """
density veteran academic acne dress yelp dream flavor theater dwarf junior friendly hobo
    payroll home simple maiden formal pacific blimp

density veteran academic agree acrobat replace sheriff leaf secret dwarf actress unknown alive
    mandate hour radar fumes olympic avoid package

density veteran academic amazing chest ending river diet teaspoon yield activity juice adjust
    eraser symbolic hybrid webcam season salon agency

density veteran academic arcade careful afraid escape temple scramble yield juice senior guest
    glad switch avoid daisy adapt family mayor

density veteran academic axle adequate forecast oasis darkness military mayor camera syndrome simple
    regular laden drift blind course morning papa
"""
"""3 of 5, split once: what has lain in a safe for years opens what it opened."""


def test_shares_written_down_once_give_their_secret_for_ever() -> None:
    secret = bytes.fromhex("fed5b3a2c1908f7e6d5c4b3a29180716")
    papers = [" ".join(paper.split()) for paper in PAPERS.split("\n\n")]
    assert {shares.combine(three) for three in combinations(papers, 3)} == {secret}
    assert {shares.read(paper.split()).threshold for paper in papers} == {3}
