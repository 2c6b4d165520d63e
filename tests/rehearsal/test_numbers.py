"""Numbers of people who do not exist: valid, and never the same for two."""

from hypothesis import given
from hypothesis import strategies as st

from daemon.register.codes import is_juminhyo_code, is_kojin_bango
from daemon.rehearsal.numbers import Numbers

SEEDS = st.integers(-(2**63), 2**63)
PEOPLE = st.integers(0, 10**10)


@given(SEEDS, PEOPLE)
def test_every_number_has_its_check_digit(seed: int, person: int) -> None:
    """Whoever it is."""
    numbers = Numbers(seed)
    assert is_juminhyo_code(numbers.juminhyo_code(person))
    assert is_kojin_bango(numbers.kojin_bango(person))


@given(SEEDS, PEOPLE, st.integers(0, 9), st.sampled_from([1, 2, 4, 5, 25, 10]))
def test_two_people_never_share_a_number(seed: int, person: int, zeros: int, part: int) -> None:
    """Not even two as far apart as where a step with a factor of 10 would come round again."""
    numbers, other = Numbers(seed), person + max(1, 10 ** (10 - zeros) // part) % 10**10
    if other != person:
        assert numbers.juminhyo_code(person)[:-1] != numbers.juminhyo_code(other)[:-1]
    far = person + 10**11 // (2 * part)
    assert numbers.kojin_bango(person)[:-1] != numbers.kojin_bango(far)[:-1]
