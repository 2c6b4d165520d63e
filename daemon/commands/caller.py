"""Who acts: an operator at a terminal, with what they may do. Made by the console's sessions, read by the use cases."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from daemon.contract.console import Affair
from daemon.errors import AuthorityError, InputError
from daemon.register.rows import Register

MOST_TEXT = 200  # characters of a purpose or a reference


class Role(StrEnum):
    """What a person is here (design: People)."""

    OPERATOR = "operator"
    """操作者"""
    CLERK = "clerk"
    """市町課職員"""
    AUDITOR = "auditor"
    """監査人"""
    ADMINISTRATOR = "administrator"
    """システム管理者"""
    OFFICER = "officer"
    """セキュリティ責任者"""
    CHIEF = "chief"
    """セキュリティ統括責任者"""
    CUSTODIAN = "custodian"
    """鍵管理者"""


class Right(StrEnum):
    """What an endpoint needs."""

    SEARCH = "search"
    SHOW = "show"
    EXPORT = "export"
    """Order an export of the log, and fetch it."""
    EXPORT_SEE = "export.see"
    """Which exports there are, and what each opens."""
    EXPORT_APPROVE = "export.approve"
    """Approve one that opens sealed fields; never one's own."""
    LOG_READ = "log.read"
    """Find entries of the log, with proofs and figures; never a sealed value."""
    LOG_DAY = "log.day"
    """日報: one day in figures, with the checkpoints of its hours, to be printed."""
    LOG_KEYS = "log.keys"
    """The public keys of the log, to be handed to witnesses and auditors."""
    LOG_HOLDS_SEE = "log_holds.see"
    """Which entries of the log are kept beyond their time (保全)."""
    LOG_HOLDS = "log_holds"
    """Ask for some to be kept, or for that to end; it takes two people."""
    HOLDS_SEE = "holds.see"
    """The list of notices that are held (保留)."""
    HOLDS_CANCEL = "holds.cancel"
    """Ask for one to be cancelled; it takes two people."""
    BOUNDARIES = "boundaries"
    """See 廃置分合・境界変更, and ask for one to be announced or taken back; it takes two people."""
    HALT_SEE = "halt.see"
    """Whether the service is stopped, and planned stops."""
    STOP = "halt.stop"
    """緊急遮断: one person, at once."""
    RESUME_PROPOSE = "halt.resume_propose"
    RESUME_CONFIRM = "halt.resume_confirm"
    """Serving again takes two people: one proposes, another confirms."""
    ANNOUNCE = "halt.announce"
    """計画停止, and taking one back."""
    OUTBOX_SEE = "outbox.see"
    """What waits for the national server, and what is aside."""
    OUTBOX_RETRY = "outbox.retry"
    """Have it tried again."""
    REPORTS_SEE = "reports.see"
    """Which reports municipalities have, without words."""
    REPORTS_READ = "reports.read"
    """What the 機構 wrote in one: it may name people."""
    RECONCILIATIONS_SEE = "reconciliations.see"
    """Which municipality compared when, and what it came to, in figures."""
    RECONCILIATIONS_READ = "reconciliations.read"
    """What was found, one by one: each is about a person."""
    ROWS_ACCEPT = "rows.accept"
    """Say that other rows than were committed are explained; it takes two people."""
    KEYS_SEE = "keys.see"
    """Keys, tokens, proposals, statements."""
    KEYS_PROPOSE = "keys.propose"
    """Put a deed before the custodians: nothing happens by it alone."""
    KEYS_DECIDE = "keys.decide"
    """Make, rotate, hand in custodians' signatures, carry out."""


RIGHTS: dict[Right, frozenset[Role]] = {
    Right.SEARCH: frozenset({Role.OPERATOR, Role.CLERK}),
    Right.SHOW: frozenset({Role.OPERATOR, Role.CLERK}),
    Right.EXPORT: frozenset({Role.AUDITOR}),
    Right.LOG_HOLDS_SEE: frozenset({Role.AUDITOR, Role.OFFICER, Role.CHIEF, Role.ADMINISTRATOR}),
    Right.LOG_HOLDS: frozenset({Role.OFFICER, Role.CHIEF}),
    Right.EXPORT_SEE: frozenset({Role.AUDITOR, Role.CHIEF}),
    Right.EXPORT_APPROVE: frozenset({Role.CHIEF}),
    Right.LOG_READ: frozenset({Role.AUDITOR}),
    Right.LOG_DAY: frozenset({Role.AUDITOR, Role.OFFICER, Role.CHIEF, Role.ADMINISTRATOR}),
    Right.LOG_KEYS: frozenset({Role.AUDITOR, Role.OFFICER, Role.CHIEF, Role.ADMINISTRATOR, Role.CUSTODIAN}),
    Right.HOLDS_SEE: frozenset({Role.CLERK, Role.ADMINISTRATOR}),
    Right.HOLDS_CANCEL: frozenset({Role.CLERK}),
    Right.BOUNDARIES: frozenset({Role.CLERK}),
    Right.HALT_SEE: frozenset(Role),
    Right.STOP: frozenset({Role.OFFICER, Role.CHIEF, Role.ADMINISTRATOR}),
    Right.RESUME_PROPOSE: frozenset({Role.OFFICER, Role.CHIEF, Role.ADMINISTRATOR}),
    Right.RESUME_CONFIRM: frozenset({Role.CHIEF}),
    Right.ANNOUNCE: frozenset({Role.ADMINISTRATOR}),
    Right.OUTBOX_SEE: frozenset({Role.CLERK, Role.ADMINISTRATOR}),
    Right.OUTBOX_RETRY: frozenset({Role.CLERK, Role.ADMINISTRATOR}),
    Right.REPORTS_SEE: frozenset({Role.CLERK, Role.ADMINISTRATOR}),
    Right.REPORTS_READ: frozenset({Role.CLERK}),
    Right.RECONCILIATIONS_SEE: frozenset({Role.CLERK, Role.ADMINISTRATOR, Role.AUDITOR}),
    Right.RECONCILIATIONS_READ: frozenset({Role.CLERK}),
    Right.ROWS_ACCEPT: frozenset({Role.CHIEF, Role.ADMINISTRATOR}),
    Right.KEYS_SEE: frozenset({Role.CUSTODIAN, Role.ADMINISTRATOR}),
    Right.KEYS_PROPOSE: frozenset({Role.CUSTODIAN, Role.ADMINISTRATOR}),
    Right.KEYS_DECIDE: frozenset({Role.CUSTODIAN}),
}
"""The one table of who may do what; whatever it does not name is refused."""


@dataclass(frozen=True)
class Caller:
    """An operator who has signed in."""

    operator: str
    name: str
    department: str
    roles: frozenset[Role]
    affairs: Mapping[str, Affair]
    terminal: str

    def require(self, right: Right) -> None:
        """Raise unless one of the caller's roles has `right`."""
        if not RIGHTS[right] & self.roles:
            raise AuthorityError("right.missing")


def require_affair(caller: Caller, affair: str, *, register: Register, today: date) -> Affair:
    """The affair that the caller acts for; AuthorityError where it is not theirs, not valid today or not for `register`.

    附票 may be used only in affairs about 国外転出者 (住基法30条の44の6).
    """
    found = caller.affairs.get(affair)
    if found is None:
        raise AuthorityError("affair.not_yours", field="affair")
    if not found.valid_from <= today <= found.valid_until:
        raise AuthorityError("affair.not_valid_today", field="affair")
    if register is Register.FUHYO and not found.abroad:
        raise AuthorityError("affair.not_for_fuhyo", field="affair")
    return found


def require_text(text: str, field: str) -> str:
    """`text` without outer white space; InputError where it is empty, too long or not printable."""
    bare = text.strip()
    if not bare:
        raise InputError("search.text_missing", field=field)
    # A full-width space is printable here, whatever Unicode's category says.
    if len(bare) > MOST_TEXT or not bare.replace("\u3000", " ").isprintable():
        raise InputError("search.text_unfit", field=field)
    return bare
