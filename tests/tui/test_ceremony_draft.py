"""The ceremony apart from the screen: what comes next, and twenty words as they are typed."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hsm.ceremony.client import COUNT, WORDS
from hsm.ceremony.protocol import Phase, Picture, Waiting
from tui.ceremony import Draft, Next, choices, next_of, socket_of

WAITING = [Waiting(label="honnin", given=0, threshold=2)]


@pytest.mark.parametrize(
    ("phase", "ready", "waiting", "step"),
    [
        (Phase.IDLE, False, [], Next.BEGIN),
        (Phase.IDLE, False, WAITING, Next.GIVE),
        (Phase.VOID, False, [], Next.BEGIN),
        (Phase.SHARING, False, WAITING, Next.SHOW),
        (Phase.CHECKING, False, [], Next.CHECK),
        (Phase.CHECKED, True, [], Next.INITIALISE),
        (Phase.INITIALISING, False, [], Next.CARRY_ON),
        (Phase.INITIALISING, True, [], Next.INITIALISE),
        (Phase.DONE, False, [], Next.BEGIN),
    ],
)
def test_what_comes_next(phase: Phase, ready: bool, waiting: list[Waiting], step: Next) -> None:  # noqa: FBT001
    assert next_of(Picture(register="honnin", phase=phase, ready=ready, waiting=waiting)) is step


@given(st.lists(st.sampled_from(WORDS), min_size=COUNT, max_size=COUNT))
def test_four_letters_of_each_word_give_the_share(paper: list[str]) -> None:
    draft = Draft()
    for word in paper:
        assert not draft.whole
        assert draft.accept(word[:4].upper())
    assert draft.whole
    assert draft.words == paper


@given(st.sampled_from(WORDS), st.integers(1, 8))
def test_every_beginning_offers_its_word(word: str, letters: int) -> None:
    assert word in choices(word[:letters])


@pytest.mark.parametrize("typed", ["", "a", "ac", "zzzz", "academicx"])
def test_what_means_no_one_word_is_not_taken(typed: str) -> None:
    draft = Draft()
    assert not draft.accept(typed)
    assert (draft.at, draft.words) == (0, [""] * COUNT)


def test_a_word_that_begins_another_can_be_meant() -> None:
    """Should the list ever hold such a pair: the whole word is that word."""
    assert Draft().accept("academic")


def test_one_word_is_mended_alone_and_the_share_is_whole_again() -> None:
    draft = Draft()
    for word in WORDS[:COUNT]:
        draft.accept(word)
    draft.at = 6
    assert draft.accept("zero")
    assert (draft.whole, draft.words[6], draft.words[7]) == (True, "zero", WORDS[7])


def test_moving_goes_round() -> None:
    draft = Draft()
    draft.move(-1)
    assert draft.at == COUNT - 1
    draft.move(1)
    assert draft.at == 0


def test_a_draft_is_wiped_and_never_shows() -> None:
    draft = Draft()
    draft.accept("academic")
    assert "academic" not in repr(draft)
    draft.wipe()
    assert draft == Draft()


def test_the_socket_is_never_below_a_folder_of_the_register_that_is_installed() -> None:
    assert socket_of(Path("/var/lib/jukura/fuhyo")) == Path("/run/jukura/fuhyo/ceremony/ceremony.sock")
    assert socket_of(Path("var/honnin")) == Path("var/honnin/run/ceremony.sock")
