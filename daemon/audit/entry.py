"""One entry of the log: a public header, and sealed fields that are commitments in the leaf (design, section 5).

The leaf is what the tree hashes and what anyone may see: canonical JSON of the header and, for each sealed field,
SHA-256(0x02 ‖ name ‖ 0x00 ‖ salt ‖ canonical value). Salts and values are only in the *secret*, which the caller
encrypts under `log.<fiscal year>`; with that key destroyed, 256 bits of salt leave nothing to guess against.

A header has no room for a person: its strings are identifiers in ASCII without a run of 11 digits and its counts
have 10 digits at the most, so neither a name nor a 住民票コード nor an 個人番号 fits. Every breach is an IntegrityError (`log.bad_entry`, `log.bad_commitment`).
"""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from enum import StrEnum
from functools import lru_cache
from hashlib import sha256
from hmac import compare_digest
from typing import Annotated, Any, Literal, NamedTuple

import msgspec
from msgspec import Meta, Struct

from daemon.audit.canonical import JSON, MAX_INT, canonical
from daemon.errors import IntegrityError

FORMAT: Literal[1] = 1
SALT_SIZE = 32  # bytes
MAX_COUNT = 10**10 - 1  # ten digits
FIELD_TAG = b"\x02"  # 0x00 and 0x01 are the tree's own (RFC 9162 §2.1.1)

IDENTIFIER = re.compile(r"(?!.*[0-9]{11})[A-Za-z0-9._:/@-]{0,64}", re.ASCII)
CODE = re.compile(r"(?!.*[0-9]{4})[a-z0-9_.]{0,64}", re.ASCII)
_NAME = re.compile(r"(?!.*[0-9]{4})[a-z][a-z0-9_]{0,31}", re.ASCII)
KEPT = 1024
"""Texts of a header of which is known whether they are in order: few are in use, and each entry has the same again."""


@lru_cache(KEPT)
def _is_identifier(text: str) -> bool:
    return IDENTIFIER.fullmatch(text) is not None


@lru_cache(KEPT)
def _is_code(text: str) -> bool:
    return CODE.fullmatch(text) is not None


@lru_cache(KEPT)
def _is_name(text: str) -> bool:
    return _NAME.fullmatch(text) is not None


class Action(StrEnum):
    """What was done or tried."""

    REGISTER_STARTED = "register.started"
    """The register became able to serve."""
    REGISTER_STOPPED = "register.stopped"
    """The register was shut down in order; a start without it before follows a crash."""
    NOTICE_APPLIED = "notice.applied"
    """更新: a municipality's notice became a row (住基法30条の6, 30条の41)."""
    NOTICE_DUPLICATE = "notice.duplicate"
    """A notice that was applied before came again; nothing changed."""
    NOTICE_REFUSED = "notice.refused"
    """One notice was not applied; `code` says why."""
    NOTICE_HELD = "notice.held"
    """A notice waits for another one (保留) for `counts.days` days; `code` says for what."""
    NOTICE_FORGOTTEN = "notice.forgotten"
    """Receipts of notices are deleted whose fiscal year's key is due: the same notice would not be known again."""
    HOLD_CANCEL_ASKED = "hold.cancel_asked"
    """One person asked for a held notice to be cancelled; a second one has to."""
    HOLD_CANCELLED = "hold.cancelled"
    """Two people cancelled a held notice; its own entry `notice.refused` follows."""
    HOLDS_SHOWN = "hold.shown"
    """The list of held notices was shown to a municipality or on a console."""
    BOUNDARY_ANNOUNCE_ASKED = "boundary.announce_asked"
    """One person asked for a 廃置分合・境界変更 to be announced, or was refused it; `counts` has both codes and the day."""
    BOUNDARY_ANNOUNCED = "boundary.announced"
    """A second person asked for the same: from its day on the new municipality may notify."""
    BOUNDARY_WITHDRAW_ASKED = "boundary.withdraw_asked"
    """One person asked for one to be taken back, or was refused it."""
    BOUNDARY_WITHDRAWN = "boundary.withdrawn"
    """Two people took one back, before its day."""
    HANDSHAKE_ACCEPTED = "handshake.accepted"
    """A peer connected. Of many in a minute the first few have an entry each, the others one together: `counts.times`."""
    HANDSHAKE_REFUSED = "handshake.refused"
    """A peer was turned away before it could say anything, or cut off: unknown, expired, revoked, too many, too old TLS.
    Summed up as `handshake.accepted` is."""
    PEER_RECEIVED = "peer.received"
    """One request of a peer, taken in or refused (`code`); `counts` names its kind with how many and its bytes, whose digest
    is sealed. What became of each notice in it has an entry of its own."""
    PEER_REFUSED = "peer.refused"
    """A request that was taken in (`peer.received`) came to nothing."""
    PEER_TURNED_AWAY = "peer.turned_away"
    """Requests were refused unread: too many, too fast, or while nobody is served. Summed up as `handshake.accepted` is."""
    SESSION_OPENED = "session.opened"
    """Somebody signed in at a console."""
    SESSION_REFUSED = "session.refused"
    """Somebody tried to, and was refused; under which name is sealed."""
    SESSION_CLOSED = "session.closed"
    """By the operator, by idleness or by shutdown."""
    SEARCH_DONE = "search.done"
    """検索 by 4情報; `counts.hits` is the number of people shown."""
    SEARCH_REFUSED = "search.refused"
    """A search that showed nobody: not allowed, not in order, or too broad (該当多数)."""
    LOOKUP_DONE = "lookup.done"
    """照会 by 住民票コード or 個人番号: `counts.code` or `counts.number` is 1, the key itself is sealed."""
    LOOKUP_REFUSED = "lookup.refused"
    """An inquiry by code or number that was not answered."""
    PERSON_SHOWN = "person.shown"
    """One person's rows were shown; `code` and `number` in counts are 1 where unmasked."""
    PERSON_REFUSED = "person.refused"
    """A person's rows were asked for and not shown."""
    OUTBOX_DELIVERED = "outbox.delivered"
    """通知 to the national server, acknowledged (住基法30条の7)."""
    OUTBOX_SET_ASIDE = "outbox.set_aside"
    """The national server refused a message: it waits for a person, the others go on."""
    OUTBOX_WAITS = "outbox.waits"
    """`counts.messages` more are aside, behind a refused one of the same person."""
    OUTBOX_RETRY_ASKED = "outbox.retry_asked"
    """Somebody wants messages that are aside tried again, with what waits behind them; which ones is sealed."""
    OUTBOX_VIEW_REFUSED = "outbox.view_refused"
    """Somebody who may not see what goes to the national server, or reports to municipalities, asked to."""
    OUTBOX_PUT_BACK = "outbox.put_back"
    """They are in the outbox again, in their old order."""
    OUTBOX_REPEATED = "outbox.repeated"
    """Messages that the national server asked for again went out; `counts.erased` of them tell of rows erased meanwhile."""
    OUTBOX_REPEAT_REFUSED = "outbox.repeat_refused"
    """The national server asked for a message again and refused it then."""
    OUTBOX_FORGOTTEN = "outbox.forgotten"
    """Which messages were delivered long ago is remembered no longer; the rows they told of stay."""
    NATIONAL_AGAIN = "national.again"
    """The 機構 asked for messages again, from one number to another (sealed)."""
    NATIONAL_ERROR = "national.error"
    """通報 of the 機構 that a record is wrong (住基法30条の8); it changes no record. Which and how is sealed."""
    REPORT_MADE = "report.made"
    """通報・連絡調整 to a municipality; `counts` names its kind, whom it is about is sealed."""
    REPORT_FETCHED = "report.fetched"
    """A municipality was shown reports to it."""
    REPORT_SHOWN = "report.shown"
    """One report was shown to somebody here, with what the 機構 wrote; which one is sealed."""
    REPORT_ACKNOWLEDGED = "report.acknowledged"
    """A municipality has taken note of reports to it."""
    REPORT_FORGOTTEN = "report.forgotten"
    """Reports that were acknowledged long ago are deleted."""
    SERVICE_STOPPED = "service.stopped"
    """緊急遮断: municipalities, searches and the outbox stand still from here on; the reason is sealed."""
    RESUMPTION_PROPOSED = "service.resumption_proposed"
    """One person proposed to serve again."""
    SERVICE_RESUMED = "service.resumed"
    """Another one confirmed it: it is served again."""
    STOP_ANNOUNCED = "stop.announced"
    """計画停止: a planned stop was announced to municipalities."""
    STOP_WITHDRAWN = "stop.withdrawn"
    """A planned stop was taken back, or ended before its time."""
    SETUP_IMPORTED = "setup.imported"
    """Operators, affairs, peers or terminals were taken in from a set-up file."""
    MIGRATION_STARTED = "migration.started"
    """The first load of a register begins, or goes on; `counts` says how many people and rows are in."""
    MIGRATION_BATCH = "migration.batch"
    """One group of a first load; the digest of the ids of all rows so far is sealed."""
    MIGRATION_DONE = "migration.done"
    """Everybody is in, and found; `warnings` counts rows that our transition table would not have let follow."""
    MIGRATION_STOPPED = "migration.stopped"
    """A first load failed with `code`; what is in stays, and it can be begun again."""
    RECONCILIATION_STARTED = "reconciliation.started"
    """整合性確認 with a municipality begins; `counts` has the mode and how many records it announced."""
    RECONCILIATION_DONE = "reconciliation.done"
    """It came to its end; `counts` has the records that came, and what was found by kind. No row was changed."""
    RECONCILIATION_STOPPED = "reconciliation.stopped"
    """It was cancelled or given up; `code` says why."""
    RECONCILIATION_SHOWN = "reconciliation.shown"
    """A page of what the last one found was shown to somebody here; `counts` has the municipality and how many of each kind."""
    RECONCILIATION_VIEW_REFUSED = "reconciliation.view_refused"
    """Somebody asked for what one found and was not shown it; `code` says why."""
    WITNESS_COSIGNED = "witness.cosigned"
    """A municipality cosigned a checkpoint of this log (立会い); `counts.size` is how many entries it covers."""
    WITNESS_REFUSED = "witness.refused"
    """A municipality handed in a cosignature that was not taken; `code` says why."""
    ROWS_VERIFIED = "rows.verified"
    """All `counts.rows` rows were looked at, and are those that were committed; `failed` where they are not, or could not be read."""
    ROWS_ACCEPT_ASKED = "rows.accept_asked"
    """One person said that other rows than were committed are explained, or was refused it; how is sealed."""
    ROWS_ACCEPTED = "rows.accepted"
    """A second person said so: from here on the rows count as they were found."""
    TIMESTAMP_KEPT = "timestamp.kept"
    """A time-stamp authority (RFC 3161) stated when it saw the checkpoint of `counts.size`; its reply was verified and is kept."""
    TIMESTAMP_FAILED = "timestamp.failed"
    """The checkpoint of `counts.size` was not time-stamped: the authority was away (failed), or its reply does not hold (refused);
    `code` says why. Each code has one entry a day, however often it is tried."""
    LOG_MISMATCH = "log.mismatch"
    """Entries were read back and one did not fit, `code` says how; `counts` has the first that did not and how many were read with it."""
    DISK_STAGE = "disk.stage"
    """The disk is fuller, or emptier, than the stage before (1 is its name), with so many MiB free: what is refused changed with it."""
    LOG_PURGED = "log.purged"
    """Entries whose 7 years are over will be deleted: all before `counts.end` but those held. `range` says which, and what proves their age."""
    LOG_RELEASED = "log.released"
    """Entries that outlived their 7 years under a hold that has ended will be deleted; which ones is sealed, as [first, last] of each run."""
    LOG_HOLD_ASKED = "log.hold_asked"
    """One person asked for log entries to be kept beyond their time (保全), or was refused it; which and why is sealed."""
    LOG_HOLD_PLACED = "log.hold_placed"
    """A second person asked for the same: hold number `counts.hold` keeps them, under its own key."""
    LOG_HOLD_LIFT_ASKED = "log.hold_lift_asked"
    """One person asked for a hold to end before its day, or was refused it; why is sealed."""
    LOG_HOLD_ENDED = "log.hold_ended"
    """A hold is over: two people lifted it, or its last day has passed."""
    LOG_HOLDS_SHOWN = "log.holds_shown"
    """The list of holds on log entries was shown, or refused to somebody."""
    LOG_EXPORT_ORDERED = "log.export_ordered"
    """An auditor ordered an export of this log, or was refused it; `openings` counts what is to be open beyond the policy."""
    LOG_EXPORT_APPROVED = "log.export_approved"
    """A second person approved one that opens sealed fields, or was refused to."""
    LOG_EXPORT_DECLINED = "log.export_declined"
    """A second person declined one that was to open sealed fields, or was refused to."""
    LOG_EXPORT_CANCELLED = "log.export_cancelled"
    """Who ordered an export gave it up."""
    LOG_EXPORT_MADE = "log.export_made"
    """It is made and its manifest is signed, over the entries from `counts.first` up to, and without, `counts.end`; or `code` says why not."""
    LOG_EXPORT_FORGOTTEN = "log.export_forgotten"
    """Exports whose days are over were deleted here."""
    LOG_EXPORT_VIEW_REFUSED = "log.export_view_refused"
    """Somebody who may not see which exports there are asked to."""
    LOG_EXPORTED = "log.exported"
    """One file of an export was handed out to the auditor who ordered it, or refused."""
    LOG_SEARCHED = "log.searched"
    """An auditor was shown a page of entries; `subject` or `reference` in counts is 1 where they were found by a person or a case."""
    LOG_ENTRY_SHOWN = "log.entry_shown"
    """One entry was shown with its proof: `counts.entry` is its place."""
    LOG_CASE_SHOWN = "log.case_shown"
    """The `counts.entries` entries of one case were shown: of that to which entry `counts.entry` belongs."""
    LOG_DAY_SHOWN = "log.day_shown"
    """日報: somebody has the figures and checkpoints of `counts.day` (YYYYMMDD) to print."""
    LOG_STATISTICS_SHOWN = "log.statistics_shown"
    """How often what was done, month by month, was shown."""
    LOG_VIEW_REFUSED = "log.view_refused"
    """Somebody asked to read the log and was not shown it; `code` says why."""
    KEY_MADE = "key.made"
    """The key service made data keys or a key pair; `counts.keys` is how many."""
    KEY_VIEW_REFUSED = "key.view_refused"
    """Somebody who may not see keys, tokens and proposals asked to."""
    KEY_ROTATION_ASKED = "key.rotation_asked"
    """A custodian asked for a new generation; `key.rotation_started` and `key.rotation_done` follow."""
    KEY_ROTATION_STARTED = "key.rotation_started"
    """A new generation is in use; `counts` has its kind and number, `rows` is what still lies under older ones."""
    KEY_ROTATION_DONE = "key.rotation_done"
    """Nothing lies under the old generation any more; `counts` has its kind and number, and `rows` (0)."""
    KEY_PROPOSED = "key.proposed"
    """A deed was put before the custodians; `counts` names its kind, its text is sealed."""
    KEY_SIGNED = "key.signed"
    """A custodian's signature was handed in, and the key service took it (or refused: `code`)."""
    KEY_CANCELLED = "key.cancelled"
    """A custodian's signature against a deed was handed in, and the key service took it."""
    KEY_CARRY_OUT = "key.carry_out"
    """Carrying out a ripe deed begins or is taken up again."""
    KEY_CARRIED_OUT = "key.carried_out"
    """It is done."""
    KEY_ENDED = "key.ended"
    """Lawful keys are past their date and nothing lies under them: the key service is asked to destroy them."""
    KEY_DESTROYED = "key.destroyed"
    """A key is destroyed; `counts` has its kind and generation, `rows` (0) and how many tokens have not confirmed."""
    KEY_STATEMENT = "key.statement"
    """A statement that the key service signed, whole and sealed; `counts` has its number and names its kind."""


class Outcome(StrEnum):
    """How it ended."""

    OK = "ok"
    REFUSED = "refused"
    """A rule forbade it; nothing changed."""
    FAILED = "failed"
    """It was allowed and did not work."""


class Header(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What anyone may know of an entry. Raises `log.bad_entry` where a field breaks the form."""

    epoch: int
    """Of the log, from 1."""
    seq: int
    """Place in the tree, from 0."""
    time: datetime
    """When it happened; written as UTC with microseconds."""
    actor: str
    """An operator's id, `municipality:<5 digits>`, `system`; empty where unknown."""
    terminal: str
    """Item 17; empty where no terminal took part."""
    action: Action
    outcome: Outcome
    affair: str = ""
    """Id in the catalogue of affairs (事務)."""
    code: str = ""
    """The error's code where the outcome is not ok."""
    counts: dict[str, int] = {}
    """Public figures such as `hits`."""

    def __post_init__(self) -> None:
        sound = {
            "epoch": 1 <= self.epoch <= MAX_INT,
            "seq": 0 <= self.seq <= MAX_INT,
            "time": self.time.tzinfo is not None,
            "actor": _is_identifier(self.actor),
            "terminal": _is_identifier(self.terminal),
            "affair": _is_identifier(self.affair),
            "code": _is_code(self.code),
            "counts": not self.counts
            or all(_is_name(name) and 0 <= n <= MAX_COUNT for name, n in self.counts.items()),
        }
        if not all(sound.values()):
            raise IntegrityError("log.bad_entry", field=next(field for field in sound if not sound[field]))


class Sealed(NamedTuple):
    """A sealed field, open: with both parts anyone can check the commitment."""

    salt: bytes
    value: JSON


class Opened(NamedTuple):
    """An entry with its sealed fields, all of them checked against the leaf."""

    header: Header
    fields: dict[str, Sealed]


_FieldName = Annotated[str, Meta(pattern=rf"\A{_NAME.pattern}\Z")]
_Digest = Annotated[str, Meta(pattern=r"\A[0-9a-f]{64}\Z")]


class _Leaf(Header, frozen=True, kw_only=True, forbid_unknown_fields=True):
    format: Literal[1]
    commitments: dict[_FieldName, _Digest]


def seal_parts(header: Header, fields: Mapping[str, JSON], salt: Callable[[], bytes]) -> tuple[bytes, bytes]:
    """The leaf, and the secret that the caller must encrypt; `salt` gives 32 fresh random bytes a call."""
    sealed = {name: Sealed(salt(), fields[name]) for name in sorted(fields)}
    commitments = {name: commitment(name, field) for name, field in sealed.items()}
    return _leaf(header, commitments), msgspec.msgpack.encode(sealed)


def commitment(name: str, field: Sealed) -> str:
    """The commitment to one field, 64 hex digits."""
    if len(field.salt) != SALT_SIZE:
        raise IntegrityError("log.bad_entry", field="fields")
    return sha256(_opening(name) + field.salt + canonical(field.value)).hexdigest()


@lru_cache(KEPT)
def _opening(name: str) -> bytes:
    """How what is hashed of a field begins."""
    if not _is_name(name):
        raise IntegrityError("log.bad_entry", field="fields")
    return FIELD_TAG + name.encode() + b"\x00"


def header_of(leaf: bytes) -> Header:
    """The header in `leaf`; `log.bad_entry` unless the leaf is canonical and whole."""
    return _parsed(leaf)[0]


def public_of(leaf: bytes) -> tuple[Header, list[str]]:
    """As `header_of`, and the names of the sealed fields."""
    header, commitments = _parsed(leaf)
    return header, sorted(commitments)


def opened(leaf: bytes, secret: bytes) -> Opened:
    """The entry with every field that its leaf commits to; `log.bad_commitment` if one differs or is missing."""
    header, commitments = _parsed(leaf)
    fields = _secret(secret)
    if fields.keys() != commitments.keys():
        raise IntegrityError("log.bad_commitment")
    for name, field in fields.items():
        if not compare_digest(commitment(name, field), commitments[name]):
            raise IntegrityError("log.bad_commitment", field=name)
    return Opened(header, fields)


def _leaf(header: Header, commitments: Mapping[str, str]) -> bytes:
    """Canonical JSON (RFC 8785), put together directly: an entry's texts are of forms in which nothing needs an escape."""
    time = _written(header.time)
    sealed = ",".join(f'"{name}":"{commitments[name]}"' for name in sorted(commitments))
    counts = ",".join(f'"{name}":{int(header.counts[name])}' for name in sorted(header.counts))
    return (
        f'{{"action":"{header.action}","actor":"{header.actor}","affair":"{header.affair}","code":"{header.code}",'
        f'"commitments":{{{sealed}}},"counts":{{{counts}}},"epoch":{header.epoch},"format":{FORMAT},'
        f'"outcome":"{header.outcome}","seq":{header.seq},"terminal":"{header.terminal}","time":"{time}Z"}}'
    ).encode()


@lru_cache(16)
def _written(time: datetime) -> str:
    """The same for all entries of a commit."""
    return time.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds")


def _parsed(leaf: bytes) -> tuple[Header, dict[str, str]]:
    try:
        whole = msgspec.json.decode(leaf, type=_Leaf)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise IntegrityError("log.bad_entry") from None
    header = Header(**{name: getattr(whole, name) for name in Header.__struct_fields__})
    if _leaf(header, whole.commitments) != leaf:
        raise IntegrityError("log.bad_entry")
    return header, whole.commitments


def _secret(secret: bytes) -> dict[str, Sealed]:
    try:
        fields = msgspec.msgpack.decode(secret, type=dict[str, tuple[bytes, Any]])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise IntegrityError("log.bad_commitment") from None
    return {name: Sealed(salt, value) for name, (salt, value) in fields.items()}
