"""Which way is taken: the narrow one, and where all are broad the one on which hits are dense."""

from dataclasses import replace

import pytest

from daemon.register.transitions import Standing
from daemon.register.wanted import Named, Wanted
from daemon.store.index.plan import LOOKS, PEOPLE, Way, birth_part, choose, guesses

ANY = Wanted(on=20261124, standings=(Standing.PRESENT,))
LIMIT = 51


class Counts:
    """How many entries lie on each way; what is not stated is a million."""

    def __init__(self, **entries: int) -> None:
        self.entries = entries
        self.looked: list[tuple[Way, int]] = []

    def __call__(self, way: Way, most: int) -> int:
        self.looked.append((way, most))
        return min(self.entries.get(way, 1_000_000), most)


def test_nothing_asked_leads_nowhere_and_one_thing_leads_without_a_look() -> None:
    counts = Counts()
    assert choose(ANY, LIMIT, counts) is None
    assert choose(replace(ANY, sex="9"), LIMIT, counts) is Way.BIRTH
    assert choose(replace(ANY, kana=Named(("あ",))), LIMIT, counts) is Way.KANA
    assert counts.looked == []


def test_a_whole_name_and_a_birth_date_need_no_look() -> None:
    counts, wanted = (
        Counts(),
        replace(ANY, kana=Named(("さとはなこ",), whole=True), birth=(19890107, 19890107)),
    )
    assert choose(wanted, LIMIT, counts) is Way.KANA
    assert counts.looked == []


SURNAME = replace(ANY, kana=Named(("たなか",)), birth=(19890101, 19891231), municipality="35203", sex="1")


@pytest.mark.parametrize(
    ("entries", "way"),
    [
        ({"kana": 12_000, "place": 1_100}, Way.PLACE),
        ({"kana": 40, "place": 1_100}, Way.KANA),
        ({"kana": 40, "place": 12}, Way.PLACE),
    ],
)
def test_a_rare_surname_or_a_small_town_leads_though_its_kind_is_common(
    entries: dict[str, int], way: Way
) -> None:
    assert choose(SURNAME, LIMIT, Counts(**entries)) is way


def test_whoever_is_born_then_and_lives_there_is_counted_once() -> None:
    counts = Counts(kana=12_000, place=1_100)
    assert choose(SURNAME, LIMIT, counts) is Way.PLACE
    assert [way for way, _ in counts.looked] == [Way.PLACE, Way.KANA]


def test_a_way_whose_index_tells_everything_costs_no_rows() -> None:
    town = {guess.way: guess for guess in guesses(replace(SURNAME, town="001"))}
    place, kana = town[Way.PLACE], town[Way.KANA]
    assert place.whole > place.part * PEOPLE
    assert kana.whole > kana.part * PEOPLE
    for guess in guesses(SURNAME):
        assert guess.whole == guess.part * PEOPLE


def test_where_hits_are_dense_nobody_looks_twice() -> None:
    counts, wanted = Counts(), replace(ANY, kana=Named(("あ",)), municipality="35201")
    assert choose(wanted, LIMIT, counts) in (Way.KANA, Way.PLACE)
    assert {most for _, most in counts.looked} == {LOOKS[0]}


def test_three_broad_criteria_go_by_the_one_that_is_narrow_here() -> None:
    wanted = replace(ANY, kana=Named(("あ",)), birth=(19800101, 19891231), address="滝")
    assert choose(wanted, 5_000, Counts(kana=100_000, birth=250_000, address=2_000)) is Way.ADDRESS
    assert choose(wanted, 5_000, Counts(kana=2_000, birth=250_000, address=60_000)) is Way.KANA


def test_the_past_has_no_way_by_place() -> None:
    wanted = replace(SURNAME, town="001")
    assert {guess.way for guess in guesses(wanted)} == {Way.KANA, Way.PLACE, Way.TOWN}
    assert {guess.way for guess in guesses(wanted, past=True)} == {Way.KANA, Way.BIRTH}


def test_a_longer_beginning_a_shorter_span_and_a_further_criterion_never_widen_a_way() -> None:
    for length in range(1, 9):
        shorter, longer = (replace(ANY, kana=Named(("あ" * n,))) for n in (length, length + 1))
        assert guesses(longer)[0].part <= guesses(shorter)[0].part
    day, month, year, ever = (
        birth_part(span)
        for span in ((19890107, 19890107), (19890101, 19890131), (19890101, 19891231), (0, 99991231))
    )
    assert 0 < day < month < year < ever <= 1
