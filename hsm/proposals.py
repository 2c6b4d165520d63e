"""A proposal's life: asked, signed by custodians, ripe, carried out; or cancelled, or lapsed. Pure.

Only the signatures of those who are custodians now, with the very key they signed with, count, and a key counts once.
Time is the service's own record.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from daemon.contract.statement import cancel_text, proposal_text
from daemon.errors import AuthorityError, ConflictError, TooMuchError
from hsm.deeds import QUORUM, RULES, lines_of, name_of
from hsm.protocol import LAPSED, Custodian, Deed, Proposal
from hsm.signatures import verifies

LAPSE = timedelta(days=30)
"""Without its signatures since it was asked, or without being begun since it was ripe."""
SHOWN = timedelta(days=90)
"""For how long one that is closed is listed."""
MOST_OPEN = 32


@dataclass(frozen=True)
class Signature:
    """One custodian's consent."""

    custodian: str
    public: bytes
    at: datetime


@dataclass(frozen=True)
class Case:
    """A proposal as it is kept."""

    id: str
    deed: Deed
    text: bytes
    cancel_text: bytes
    asked: datetime
    signatures: tuple[Signature, ...] = ()
    cancelled_by: str = ""
    closed: datetime | None = None
    """When it was cancelled or done."""
    done: bool = False
    steps_done: int = 0
    steps: int = 0
    work: str = ""
    """What carrying out has come to: for the deed's own steps; empty before it begins."""


def opened(register: str, ident: str, deed: Deed, now: datetime) -> Case:
    """A new case; InputError where a field could smuggle in a line."""
    name, lines = name_of(deed), lines_of(deed)
    return Case(
        ident,
        deed,
        proposal_text(register, name, ident, now, lines),
        cancel_text(register, name, ident, now, lines),
        now,
    )


def counting(case: Case, custodians: Sequence[Custodian]) -> list[Signature]:
    """The signatures that count now, oldest first."""
    keys = {each.id: each.public for each in custodians}
    found: dict[bytes, Signature] = {}
    for each in sorted(case.signatures, key=lambda each: each.at):
        if keys.get(each.custodian) == each.public:
            found.setdefault(each.public, each)
    return list(found.values())


def ripe_from(case: Case, custodians: Sequence[Custodian]) -> datetime | None:
    """From when it may be carried out; None while signatures are missing."""
    signatures = counting(case, custodians)
    return signatures[QUORUM - 1].at + RULES[type(case.deed)].wait if len(signatures) >= QUORUM else None


def lapsed_at(case: Case, custodians: Sequence[Custodian], now: datetime) -> datetime | None:
    """When it lapsed, if it has; what has begun does not lapse."""
    if case.closed or case.work:
        return None
    over = (ripe_from(case, custodians) or case.asked) + LAPSE
    return over if over <= now else None


def is_open(case: Case, custodians: Sequence[Custodian], now: datetime) -> bool:
    """Whether it can still be signed, cancelled or carried out."""
    return not case.closed and lapsed_at(case, custodians, now) is None


def is_listed(case: Case, custodians: Sequence[Custodian], now: datetime) -> bool:
    """Whether it is open, or was until lately."""
    over = case.closed or lapsed_at(case, custodians, now)
    return over is None or over > now - SHOWN


def require_open(case: Case, custodians: Sequence[Custodian], now: datetime) -> None:
    """Raise unless it is open."""
    if not is_open(case, custodians, now):
        raise ConflictError("hsm.proposal_closed")


def require_ripe(case: Case, custodians: Sequence[Custodian], now: datetime) -> None:
    """Raise unless it is open and may be carried out now."""
    require_open(case, custodians, now)
    ripe = ripe_from(case, custodians)
    if ripe is None:
        raise AuthorityError("hsm.proposal_unsigned")
    if now < ripe:
        raise AuthorityError("hsm.proposal_unripe")


def judge_signature(text: bytes, custodian: str, signature: bytes, known: Mapping[str, Custodian]) -> bytes:
    """The public key of the custodian who signed `text`; AuthorityError for anything else."""
    if custodian not in known:
        raise AuthorityError("hsm.custodian_unknown")
    public = known[custodian].public
    if not verifies(public, text, signature):
        raise AuthorityError("hsm.custodian_signature_false")
    return public


def shown(case: Case, custodians: Sequence[Custodian], now: datetime) -> Proposal:
    """The case as the register sees it."""
    lapsed = lapsed_at(case, custodians, now) is not None
    return Proposal(
        id=case.id,
        deed=case.deed,
        text=case.text.decode(),
        cancel_text=case.cancel_text.decode(),
        asked=case.asked,
        signed_by=[each.custodian for each in counting(case, custodians)],
        ripe=ripe_from(case, custodians),
        cancelled_by=LAPSED if lapsed else case.cancelled_by,
        done=case.closed if case.done else None,
        steps_done=case.steps_done,
        steps=case.steps,
    )


def require_room(open_cases: int) -> None:
    """Raise where too many are open already."""
    if open_cases >= MOST_OPEN:
        raise TooMuchError("hsm.too_many_proposals")
