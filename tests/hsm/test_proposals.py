"""A proposal's life, by itself: whose signatures count, when it is ripe, and when it lapses."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.contract.epochs import Loss, OpenEpoch
from daemon.contract.statement import lines_of
from daemon.errors import AuthorityError, ConflictError, InputError, JukuraError, TooMuchError
from hsm import proposals
from hsm.deeds import RULES
from hsm.proposals import Case, Signature
from hsm.protocol import (
    LAPSED,
    ClearPin,
    Custodian,
    Deed,
    DestroyKey,
    EnrolToken,
    ReplaceToken,
    RetireToken,
    RotateSeal,
    SetClock,
    SetCustodians,
)
from tests.hsm.kit import CUSTODIANS, HOLDERS

NOW = datetime(2026, 11, 25, 3, tzinfo=UTC)
DAY = timedelta(days=1)
CASE = proposals.opened("honnin", "0" * 32, DestroyKey("live.1"), NOW)

DEEDS: dict[str, tuple[Deed, list[str]]] = {
    "destroy_key": (DestroyKey("live.1"), ["name live.1"]),
    "rotate_seal": (RotateSeal(), []),
    "enrol_token": (EnrolToken("pkcs11:token=x"), ["uri pkcs11:token=x"]),
    "replace_token": (ReplaceToken("1", "pkcs11:token=x"), ["serial 1", "uri pkcs11:token=x"]),
    "retire_token": (RetireToken("1"), ["serial 1"]),
    "set_clock": (SetClock(NOW), ["now 2026-11-25T03:00:00Z"]),
    "clear_pin": (ClearPin("x"), ["label x"]),
    "open_epoch": (
        OpenEpoch(
            epoch=1,
            size=8,
            root=bytes(32),
            kept=5,
            kept_root=bytes([1] * 32),
            reason=Loss.RESTORED,
            checkpoint="jukura.jp/honnin/1\n3\n" + "A" * 43 + "=\n\n— jukura.jp/honnin/1 AAAAAAA=\n",
        ),
        [
            "epoch 2",
            "size 8",
            "root " + "A" * 43 + "=",
            "kept 5",
            "kept_root " + "AQEB" * 10 + "AQE=",
            "proven 3",
            "reason restored",
        ],
    ),
}


def signed(case: Case, *signatures: tuple[Custodian, datetime]) -> Case:
    given = tuple(Signature(custodian.id, custodian.public, at) for custodian, at in signatures)
    return replace(case, signatures=given)


def code(work: object, *args: object) -> str:
    assert callable(work)
    with pytest.raises(JukuraError) as caught:
        work(*args)
    return caught.value.code


@pytest.mark.parametrize(
    ("kind", "deed", "lines"), [(kind, *rest) for kind, rest in DEEDS.items()], ids=DEEDS
)
def test_the_text_says_everything_that_would_be_done(kind: str, deed: Deed, lines: list[str]) -> None:
    case = proposals.opened("honnin", "a" * 32, deed, NOW)
    head = [kind, "a" * 32, "2026-11-25T03:00:00Z", *lines]
    assert case.text.decode().splitlines() == ["jukura.jp/honnin/proposal", *head]
    assert case.cancel_text.decode().splitlines() == ["jukura.jp/honnin/cancel", *head]


def test_custodians_are_named_with_the_fingerprints_of_their_keys() -> None:
    case = proposals.opened("honnin", "a" * 32, SetCustodians(list(CUSTODIANS)), NOW)
    _, kind, fields = lines_of(case.text)
    assert (kind, [line.split()[0] for line in fields["custodian"]]) == (
        "set_custodians",
        [each.id for each in CUSTODIANS],
    )
    assert all(len(line.split()[1]) == 64 for line in fields["custodian"])


@given(st.text(max_size=30))
def test_no_field_smuggles_in_a_line(label: str) -> None:
    try:
        case = proposals.opened("honnin", "a" * 32, ClearPin(label), NOW)
    except InputError:
        return
    assert case.text.count(b"\n") == 5
    assert lines_of(case.text)[2] == {"label": [label]}


def test_every_deed_has_its_rule() -> None:
    assert set(RULES) == {type(deed) for deed, _ in DEEDS.values()} | {SetCustodians}


def test_it_is_ripe_72_hours_after_the_second_signature() -> None:
    first, second, third = ((custodian, NOW + n * DAY) for n, custodian in enumerate(CUSTODIANS))
    assert proposals.ripe_from(CASE, CUSTODIANS) is None
    assert proposals.ripe_from(signed(CASE, first), CUSTODIANS) is None
    assert proposals.ripe_from(signed(CASE, second, first), CUSTODIANS) == NOW + 4 * DAY
    ripe = signed(CASE, first, second, third)
    assert proposals.ripe_from(ripe, CUSTODIANS) == NOW + 4 * DAY
    assert code(proposals.require_ripe, ripe, CUSTODIANS, NOW + 4 * DAY - timedelta(seconds=1)) == (
        "hsm.proposal_unripe"
    )
    proposals.require_ripe(ripe, CUSTODIANS, NOW + 4 * DAY)


def test_one_key_counts_once_under_whatever_names_it_stands() -> None:
    twin = msgspec.structs.replace(CUSTODIANS[0], id="twin")
    case = signed(CASE, (CUSTODIANS[0], NOW), (twin, NOW))
    assert [each.custodian for each in proposals.counting(case, [*CUSTODIANS, twin])] == [CUSTODIANS[0].id]
    assert proposals.ripe_from(case, [*CUSTODIANS, twin]) is None


def test_a_signature_counts_only_while_its_custodian_has_that_key() -> None:
    case = signed(CASE, (CUSTODIANS[0], NOW), (CUSTODIANS[1], NOW))
    renewed = msgspec.structs.replace(CUSTODIANS[1], public=CUSTODIANS[2].public)
    assert proposals.ripe_from(case, CUSTODIANS[:1]) is None
    assert proposals.ripe_from(case, [CUSTODIANS[0], renewed]) is None
    assert proposals.ripe_from(case, CUSTODIANS) == NOW + 3 * DAY


@pytest.mark.parametrize(
    ("signatures", "days"), [((), 30), ((CUSTODIANS[0],), 30), (CUSTODIANS[:2], 33), (CUSTODIANS, 33)]
)
def test_it_lapses_when_nobody_goes_on_with_it(signatures: tuple[Custodian, ...], days: int) -> None:
    case = signed(CASE, *((custodian, NOW) for custodian in signatures))
    before, after = NOW + days * DAY - timedelta(seconds=1), NOW + days * DAY
    assert proposals.is_open(case, CUSTODIANS, before)
    assert not proposals.is_open(case, CUSTODIANS, after)
    assert proposals.shown(case, CUSTODIANS, before).cancelled_by == ""
    assert proposals.shown(case, CUSTODIANS, after).cancelled_by == LAPSED
    assert code(proposals.require_open, case, CUSTODIANS, after) == "hsm.proposal_closed"
    assert proposals.is_listed(case, CUSTODIANS, after + 89 * DAY)
    assert not proposals.is_listed(case, CUSTODIANS, after + 91 * DAY)


def test_what_has_begun_does_not_lapse() -> None:
    case = Case(CASE.id, CASE.deed, CASE.text, CASE.cancel_text, NOW, work="joining x")
    assert proposals.is_open(case, CUSTODIANS, NOW + 400 * DAY)


def test_a_signature_is_taken_from_a_custodian_over_that_very_text() -> None:
    known = {each.id: each for each in CUSTODIANS}
    signature = HOLDERS[0].sign(CASE.text.decode())
    assert proposals.judge_signature(CASE.text, "sato", signature, known) == CUSTODIANS[0].public
    for text, who, handed, expected in (
        (CASE.cancel_text, "sato", signature, "hsm.custodian_signature_false"),
        (CASE.text, "suzuki", signature, "hsm.custodian_signature_false"),
        (CASE.text, "sato", signature[:-1], "hsm.custodian_signature_false"),
        (CASE.text, "nobody", signature, "hsm.custodian_unknown"),
    ):
        with pytest.raises(AuthorityError) as caught:
            proposals.judge_signature(text, who, handed, known)
        assert caught.value.code == expected


def test_only_so_many_are_open_at_once() -> None:
    proposals.require_room(proposals.MOST_OPEN - 1)
    with pytest.raises(TooMuchError, match=r"hsm\.too_many_proposals"):
        proposals.require_room(proposals.MOST_OPEN)


def test_a_closed_one_is_listed_for_90_days() -> None:
    case = Case(CASE.id, CASE.deed, CASE.text, CASE.cancel_text, NOW, closed=NOW + DAY, done=True)
    assert proposals.shown(case, CUSTODIANS, NOW + 2 * DAY).done == NOW + DAY
    assert proposals.is_listed(case, CUSTODIANS, NOW + 90 * DAY)
    assert not proposals.is_listed(case, CUSTODIANS, NOW + 92 * DAY)
    with pytest.raises(ConflictError, match=r"hsm\.proposal_closed"):
        proposals.require_open(case, CUSTODIANS, NOW + 2 * DAY)
