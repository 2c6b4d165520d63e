"""Which entries belong to one case, by what their sealed fields have in common."""

from datetime import UTC, datetime
from typing import Any

from daemon.audit.action import Action
from daemon.audit.case import Known, belonging, leads
from daemon.audit.entry import Header, Outcome
from daemon.audit.mention import Kind, Mention

AT = datetime(2026, 4, 1, tzinfo=UTC)
MADE: list[int] = []


def known(**fields: Any) -> Known:
    """An entry with these sealed fields, and a number of its own."""
    MADE.append(len(MADE))
    header = Header(
        seq=MADE[-1], time=AT, actor="CS:35203", terminal="", action=Action.NOTICE_APPLIED, outcome=Outcome.OK, affair="",
        epoch=1, code="", counts={},
    )  # fmt: skip
    return Known(header, fields)


HELD = known(notice="n1", subject="A")
APPLIED = known(notice="n1", subject="A", serial=2)
ASIDE = known(key="k", subject="A", serial=2)
DELIVERED = known(subjects=["A", "B"], serials=[2, 1])
OTHER = known(notice="n9", subject="B", serial=1)
LATER = known(notice="n2", subject="A", serial=3)
EVERY = [HELD, APPLIED, ASIDE, DELIVERED, OTHER, LATER]


def case_of(one: Known, *others: Known) -> set[int]:
    left = [each for each in others or EVERY if each is not one]
    return {one.header.seq, *(each.header.seq for each in belonging(one, left))}


def numbers(*entries: Known) -> set[int]:
    return {each.header.seq for each in entries}


def test_from_wherever_one_begins_a_notice_is_followed_to_its_delivery() -> None:
    for one in (HELD, APPLIED, ASIDE):
        assert case_of(one) == numbers(HELD, APPLIED, ASIDE, DELIVERED)
    assert case_of(OTHER) == numbers(OTHER, DELIVERED)
    assert case_of(LATER) == numbers(LATER)


def test_a_delivery_has_all_its_notices_and_what_belongs_to_them() -> None:
    assert case_of(DELIVERED) == numbers(HELD, APPLIED, ASIDE, DELIVERED, OTHER)


def test_without_the_row_that_it_became_nothing_leads_from_a_hold_to_a_delivery() -> None:
    assert case_of(HELD, HELD, DELIVERED, ASIDE) == numbers(HELD)


def test_what_is_looked_through_is_what_mentions_any_of_them() -> None:
    a, b = Mention(Kind.SUBJECT, "A"), Mention(Kind.SUBJECT, "B")
    assert leads(DELIVERED) == {a, b}
    assert leads(ASIDE) == leads(HELD) == {a}
    assert leads(known(subjects=["A"], application="R8-1")) == {Mention(Kind.REFERENCE, "R8-1")}
    assert leads(known(reason="r")) == set()
