"""The population: repeatable, well formed, and shaped like Yamaguchi's."""

import hashlib
import os
import re
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from datetime import date, timedelta

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.contract.peer import MAX_ID, MAX_NOTICE
from daemon.register.checks import check, check_sender
from daemon.register.codes import MUNICIPALITIES, is_juminhyo_code, is_kojin_bango
from daemon.register.derived import ABROAD
from daemon.register.items import UNIFIED
from daemon.register.names import gaiji, graphemes
from daemon.register.rows import FuhyoRecord, HonninRecord, Register
from daemon.rehearsal.residents import Population, Source

TODAY = date(2026, 11, 24)


def digest(population: Population) -> str:
    """Of everything that is sent of a population."""
    sent = [(one.sender, one.notice) for register in Register for one in population.initial(register)]
    return hashlib.sha256(msgspec.json.encode(sent)).hexdigest()


def honnin(population: Population) -> list[HonninRecord]:
    """The records for `honnin`."""
    return [one.honnin for one in population.residents if one.honnin]


def fuhyo(population: Population) -> list[FuhyoRecord]:
    """The records for `fuhyo`."""
    return [one.fuhyo for one in population.everybody if one.fuhyo]


def test_the_same_seed_gives_the_same_people_on_every_machine(source: Source) -> None:
    """Another process, with another hash seed, makes the very same notices; another seed makes others."""
    program = (
        "import hashlib, msgspec; from datetime import date\n"
        "from daemon.register.rows import Register; from daemon.rehearsal.residents import Population\n"
        "p = Population(3, 120, date(2026, 11, 24))\n"
        "sent = [(one.sender, one.notice) for register in Register for one in p.initial(register)]\n"
        "print(hashlib.sha256(msgspec.json.encode(sent)).hexdigest())\n"
    )
    there = subprocess.run(
        [sys.executable, "-c", program],
        env=os.environ | {"PYTHONHASHSEED": "12345"},
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    assert digest(Population(3, 120, TODAY, source=source)) == there
    assert digest(Population(4, 120, TODAY, source=source)) != there


def test_a_bigger_population_begins_with_the_same_residents(population: Population, source: Source) -> None:
    """SIZE does not change who the first residents are."""
    fewer = Population(population.seed, 50, TODAY, source=source)
    assert [one.honnin for one in fewer.residents] == honnin(population)[:50]


def test_every_notice_is_well_formed(population: Population) -> None:
    """Each record passes the register's own checks unchanged, and comes from whom it names."""
    for register in Register:
        sendings = list(population.initial(register))
        for sending in sendings:
            assert check(sending.notice.record) == sending.notice.record
            check_sender(sending.notice.record, sending.sender)
            assert sending.notice.sender_seq == 1
            assert re.fullmatch(rf"[A-Za-z0-9._-]{{1,{MAX_ID}}}", sending.notice.id)
            assert len(msgspec.json.encode(sending.notice)) <= MAX_NOTICE
        assert len({(one.sender, one.notice.id) for one in sendings}) == len(sendings)


def test_every_text_comes_with_its_unified_codes(population: Population) -> None:
    for register in Register:
        for sending in population.initial(register):
            record = sending.notice.record
            for codes, text in UNIFIED[register].items():
                assert len(getattr(record, codes)) == 4 * graphemes(getattr(record, text))


def test_initial_notices_may_be_the_first_of_their_person(
    population: Population, books: Callable[[Register], object]
) -> None:
    """An empty register takes every one of them."""
    for register in Register:
        empty = books(register)
        taken = [empty.take(one.sender, one.notice).serial for one in population.initial(register)]  # type: ignore[attr-defined]
        assert set(taken) == {1}


def test_numbers_are_valid_and_nobody_shares_one(population: Population) -> None:
    """Of everybody, in either register."""
    people = [one.person for one in population.everybody]
    codes, numbers = [one.juminhyo_code for one in people], [one.kojin_bango for one in people]
    assert all(map(is_juminhyo_code, codes))
    assert all(map(is_kojin_bango, numbers))
    assert len(set(codes)) == len(set(numbers)) == len(people)


def test_a_number_stands_only_where_a_register_can_know_it(population: Population) -> None:
    """Births and arrivals from abroad come without 個人番号; births are recent, and happen on the day they tell."""
    by_reason = Counter((one.reason, bool(one.kojin_bango)) for one in honnin(population))
    assert by_reason.keys() == {("11", True), ("12", False), ("13", False)}
    for one in honnin(population):
        if one.reason == "13":
            assert one.event_date.code == one.birth.code >= f"{TODAY - timedelta(days=365):%Y%m%d}"
        assert one.event_date.code <= f"{TODAY:%Y%m%d}"


def share(hits: int, whole: int) -> float:
    """Hits per hundred."""
    return 100 * hits / whole


def test_ages_have_the_shape_of_the_census(population: Population) -> None:
    """65 and over 35.5 %, median about 52, more old women than old men."""
    days = sorted((TODAY - one.person.age.born).days for one in population.residents)
    old = [
        one.person.age.sex for one in population.residents if (TODAY - one.person.age.born).days > 85 * 365.25
    ]
    assert share(sum(one > 65 * 365.25 for one in days), len(days)) == pytest.approx(35.5, abs=3.5)
    assert days[len(days) // 2] / 365.25 == pytest.approx(52.4, abs=3)
    assert days[0] >= 0
    assert days[-1] < 115 * 365.25
    assert share(sum(one == "2" for one in old), len(old)) > 58


def test_municipalities_have_their_shares(population: Population) -> None:
    """The biggest has 19 %, and every one of the nineteen has somebody."""
    by_code = Counter(one.municipality for one in honnin(population))
    assert by_code.keys() <= MUNICIPALITIES.keys()
    assert share(by_code["35201"], by_code.total()) == pytest.approx(19.0, abs=3)
    assert share(by_code["35203"], by_code.total()) == pytest.approx(14.5, abs=3)
    assert len(by_code) >= 17


def test_few_are_foreigners_and_they_look_like_it(population: Population) -> None:
    """About 1.3 %: Latin capitals, 西暦, never in `fuhyo`."""
    foreigners = [one for one in population.everybody if one.person.family is None]
    assert share(len(foreigners), population.size) == pytest.approx(1.3, abs=0.9)
    for one in foreigners:
        assert re.match(r"[A-Z]+ [A-Z]+", one.person.written)
        assert one.person.birth.era == "0"
        assert one.fuhyo is None


@pytest.mark.parametrize(
    ("what", "low", "high"),
    [
        (lambda one: bool(one.former_name), 0.5, 1.7),
        (lambda one: gaiji(one.name) > 0, 0.02, 0.4),
        (
            lambda one: any(ord(character) > 0xFFFF or character in "髙﨑邉濵桒槗" for character in one.name),
            0.15,
            0.9,
        ),
        (lambda one: any(0xE0100 <= ord(character) <= 0xE01EF for character in one.name), 0.01, 0.4),
        (lambda one: bool(one.birth.text) or one.birth.code.endswith("0229"), 0.02, 0.4),
        (lambda one: "（" in one.name, 0.05, 0.8),
    ],
    ids=["旧氏", "外字", "rare writing", "IVS", "unknown birth", "通称"],
)
def test_rare_things_are_there_and_rare(
    crowd: Population, what: Callable[[HonninRecord], bool], low: float, high: float
) -> None:
    """Per cent of the residents."""
    records = honnin(crowd)
    assert low <= share(sum(map(what, records)), len(records)) <= high


def test_unknown_births_come_in_several_forms(crowd: Population) -> None:
    """Day unknown, month unknown, and all unknown."""
    codes = [one.birth.code for one in honnin(crowd) if one.birth.text]
    assert any(code.endswith("0000") and code != "00000000" for code in codes)
    assert any(code.endswith("00") and not code.endswith("0000") for code in codes)
    assert "00000000" in codes


def test_fuhyo_holds_people_from_everywhere(population: Population) -> None:
    """Most live here, some elsewhere in Japan, about one in a hundred abroad, with a last address in Japan."""
    records = fuhyo(population)
    abroad = [one for one in records if one.address_municipality == ABROAD]
    elsewhere = [one for one in records if one.address_municipality[:2] not in {"35", "99"}]
    assert share(len(abroad), len(records)) == pytest.approx(1.0, abs=0.7)
    assert share(len(elsewhere), len(records)) == pytest.approx(22, abs=3)
    assert len({one.address_municipality[:2] for one in elsewhere}) >= 20
    assert all(one.last_address for one in abroad)
    assert not any(one.last_address for one in records if one not in abroad)


def test_both_registers_tell_the_same_of_one_person(population: Population) -> None:
    """Name, birth, sex, and where they live."""
    for one in population.residents:
        if one.honnin and one.fuhyo:
            assert (one.honnin.name, one.honnin.kana, one.honnin.birth) == (
                one.fuhyo.name,
                one.fuhyo.kana,
                one.fuhyo.birth,
            )
            assert (one.honnin.address, one.honnin.municipality) == (
                one.fuhyo.address,
                one.fuhyo.address_municipality,
            )


def test_ten_thousand_people_take_less_than_three_seconds(crowd: Population, source: Source) -> None:
    """The promise that `make run` builds on, measured on a part: machines that test do other things too."""
    begin = time.process_time()
    assert len(Population(5, 2_500, TODAY, source=source).residents) == len(crowd.residents) / 4
    assert time.process_time() - begin < 3 / 4


@settings(max_examples=40, deadline=None)
@given(st.integers(-(2**40), 2**40), st.integers(1, 12), st.dates(date(2024, 1, 1), date(2040, 12, 31)))
def test_any_seed_size_and_day_will_do(source: Source, seed: int, size: int, today: date) -> None:
    """Whatever the day, nothing lies ahead of it and everything is well formed."""
    population = Population(seed, size, today, source=source)
    assert len(population.residents) == size
    for one in population.everybody:
        assert one.person.age.born <= one.since <= today
    for sending in [*population.initial(Register.HONNIN), *population.initial(Register.FUHYO)]:
        record = sending.notice.record
        assert check(record) == record
        assert record.event_date.code <= f"{today:%Y%m%d}"
