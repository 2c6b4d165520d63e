"""The policy of what an export opens: nothing about a person unless it was ordered, and then that alone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.audit.action import Action
from daemon.audit.fields import FIELDS
from daemon.audit.opening import ALWAYS, Openings, require_known
from daemon.contract.exports import Opening
from daemon.errors import InputError

PERSONAL = frozenset(
    [
        "subject",
        "subjects",
        "terms",
        "notice",
        "purpose",
        "application",
        "withheld",
        "operator",
        "report",
        "items",
        "words",
        "key",
        "reason",
        "text",
        "address",
        "addresses",
        "digest_of_person",
        "basis",
        "custodian",
        "ids",
        "reference",
        "first",
        "last",
        "deed",
    ]
)
"""Fields that say something about a resident or of the staff, or may: never open by policy. A key's name is `key` of `key.destroyed`."""


def test_the_policy_names_fields_that_there_are_and_nothing_personal() -> None:
    for action, names in ALWAYS.items():
        opened = names & FIELDS[action].sealed
        assert opened, action
        assert not opened & PERSONAL - ({"key"} if action is Action.KEY_DESTROYED else set()), action


def test_without_an_order_the_policy_alone_counts() -> None:
    openings = Openings()
    for action in Action:
        assert openings.of(action, 5) == ALWAYS.get(action, frozenset()) & FIELDS[action].sealed


@st.composite
def orders(draw: st.DrawFn) -> Opening:
    action = draw(st.sampled_from([action for action in Action if FIELDS[action].sealed]))
    fields = draw(st.lists(st.sampled_from(sorted(FIELDS[action].sealed)), min_size=1, unique=True))
    first = draw(st.integers(0, 20))
    return Opening(action=action, fields=fields, first=first, last=draw(st.none() | st.integers(first, 30)))


@given(st.lists(orders(), min_size=1, max_size=5), st.data())
def test_an_order_opens_its_fields_in_its_range_and_no_others(
    ordered: list[Opening], data: st.DataObject
) -> None:
    require_known(ordered)
    action = data.draw(st.sampled_from([Action(each.action) for each in ordered]))
    seq = data.draw(st.integers(0, 31))
    wanted = {
        name
        for each in ordered
        if each.action == action and each.first <= seq <= (seq if each.last is None else each.last)
        for name in each.fields
    }
    assert Openings(ordered).of(action, seq) == wanted | Openings().of(action, seq)


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        (Opening(action="search.done2", fields=["terms"]), "export.action_unknown"),
        (Opening(action="search.done", fields=["subject"]), "export.field_unknown"),
        (Opening(action="search.done", fields=[]), "export.field_unknown"),
        (Opening(action="search.done", fields=["terms"], first=5, last=4), "export.range_empty"),
    ],
)
def test_an_order_that_means_nothing_is_refused(wrong: Opening, code: str) -> None:
    with pytest.raises(InputError) as error:
        require_known([Opening(action="search.done", fields=["terms"]), wrong])
    assert error.value.code == code
