"""What only custodians decide: for each deed how long it waits, what they read and sign, and what forbids it. Pure.

One table, `RULES`. A deed is checked when it is proposed, and again before its first step.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from daemon.contract.epochs import OpenEpoch
from daemon.contract.statement import Lines
from daemon.errors import AuthorityError, ConflictError, InputError
from hsm import custodians, epochs, names, policy, uri
from hsm.checkpoints import Last
from hsm.protocol import (
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

QUORUM = 2  # custodians
AT_ONCE = timedelta()
WAIT = timedelta(hours=72)
"""In which any custodian can cancel."""
CLOCK_NEAR = timedelta(hours=1)
MAX_URI = 512  # characters


@dataclass(frozen=True)
class Facts:
    """What a deed is judged by."""

    names: frozenset[str]
    """Keys that exist."""
    destroyed: frozenset[str]
    tokens: Mapping[str, str]
    """Serial to URI of the enrolled tokens."""
    labels: frozenset[str]
    """Of tokens that may have a PIN to clear."""
    modules: frozenset[str] | None
    """PKCS#11 modules that the machine's own configuration lets us load; None leaves it to the custodians."""
    wall: datetime
    register: str = ""
    last: Last | None = None
    """The checkpoint that was signed last."""
    seals: Sequence[bytes] = ()
    """Every public key that ever signed checkpoints (DER)."""


@dataclass(frozen=True)
class Rule:
    """How one kind of deed is decided."""

    wait: timedelta
    """From the second signature on."""
    lines: Callable[[Any], Lines]
    check: Callable[[Any, Facts], None]


def name_of(deed: Deed) -> str:
    """The deed's kind, as it stands in the text: its tag on the wire."""
    return str(deed.__struct_config__.tag)


def lines_of(deed: Deed) -> Lines:
    """All of the deed's fields, as custodians read them."""
    return RULES[type(deed)].lines(deed)


def check(deed: Deed, facts: Facts) -> None:
    """Raise the reason why this deed cannot be."""
    RULES[type(deed)].check(deed, facts)


def custodian_line(custodian: Custodian) -> str:
    """A custodian in a statement: id and SHA-256 of the public key."""
    return f"{custodian.id} {custodians.fingerprint(custodian)}"


def time_line(moment: datetime) -> str:
    """A moment in a text: UTC, to the second."""
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="seconds") + "Z"


def _destroy_key(deed: DestroyKey, facts: Facts) -> None:
    policy.admit([deed.name])
    policy.not_destroyed([deed.name], facts.destroyed)
    policy.existing([deed.name], facts.names)
    kind = names.kind(deed.name)
    if kind in names.DATED:
        raise AuthorityError("hsm.key_dies_on_its_date", field=deed.name)
    if kind in names.PAIRS:
        raise AuthorityError("hsm.pair_rotates", field=deed.name)
    if kind == names.HOLD:
        return
    alone = sum(names.kind(each) == kind for each in facts.names) == 1
    newest = names.number(deed.name) == names.newest(kind, facts.names)
    if alone or (kind == "live" and newest):
        raise AuthorityError("hsm.key_in_force", field=deed.name)


def _rotate_seal(_: RotateSeal, facts: Facts) -> None:
    if not names.newest(names.SEAL, facts.names):
        raise ConflictError("hsm.key_unknown", field=names.SEAL)


def _enrol(deed: EnrolToken | ReplaceToken, facts: Facts) -> None:
    if len(deed.uri) > MAX_URI:
        raise InputError("hsm.uri_malformed")
    module = uri.parse(deed.uri).module
    if facts.modules is not None and module not in facts.modules:
        raise AuthorityError("hsm.module_unknown")
    if deed.uri in facts.tokens.values():
        raise ConflictError("hsm.token_enrolled")


def _replace(deed: ReplaceToken, facts: Facts) -> None:
    if deed.serial not in facts.tokens:
        raise ConflictError("hsm.token_unknown")
    _enrol(deed, facts)


def _retire(deed: RetireToken, facts: Facts) -> None:
    if deed.serial not in facts.tokens:
        raise ConflictError("hsm.token_unknown")
    if len(facts.tokens) == 1:
        raise AuthorityError("hsm.token_last")


def _set_clock(deed: SetClock, facts: Facts) -> None:
    if deed.now.tzinfo is None:
        raise InputError("hsm.request_malformed", field="now")
    if abs(facts.wall - deed.now) > CLOCK_NEAR:
        raise ConflictError("hsm.clock_differs")


def _set_custodians(deed: SetCustodians, _: Facts) -> None:
    custodians.require_sound(deed.custodians)


def _clear_pin(deed: ClearPin, facts: Facts) -> None:
    if deed.label not in facts.labels:
        raise ConflictError("hsm.token_unknown")


def _open_epoch(deed: OpenEpoch, facts: Facts) -> None:
    epochs.check(deed, facts.register, facts.last, facts.seals)


def _custodian_lines(deed: SetCustodians) -> Sequence[tuple[str, str]]:
    return [("custodian", f"{custodian_line(each)} {each.name}") for each in deed.custodians]


RULES: Mapping[type[Any], Rule] = {
    DestroyKey: Rule(WAIT, lambda deed: [("name", deed.name)], _destroy_key),
    RotateSeal: Rule(WAIT, lambda _: [], _rotate_seal),
    SetCustodians: Rule(WAIT, _custodian_lines, _set_custodians),
    EnrolToken: Rule(AT_ONCE, lambda deed: [("uri", deed.uri)], _enrol),
    ReplaceToken: Rule(AT_ONCE, lambda deed: [("serial", deed.serial), ("uri", deed.uri)], _replace),
    RetireToken: Rule(AT_ONCE, lambda deed: [("serial", deed.serial)], _retire),
    SetClock: Rule(AT_ONCE, lambda deed: [("now", time_line(deed.now))], _set_clock),
    ClearPin: Rule(AT_ONCE, lambda deed: [("label", deed.label)], _clear_pin),
    # At once: nothing is destroyed by it, and until it is done no municipality is served.
    OpenEpoch: Rule(AT_ONCE, epochs.lines, _open_epoch),
}
