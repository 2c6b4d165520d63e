"""What an operator's console may ask, over the daemon's unix socket with JSON bodies.

A session's token travels in `Authorization: Bearer <token>`. Personal data leaves only in `Found` and `Person`,
and at most what the assessment allows (本人確認情報ファイル II-5); 住民票コード and 個人番号 stay masked until opened.
"""

from datetime import date, datetime
from enum import StrEnum

from msgspec import Struct

from daemon.contract.announcements import Announcement
from daemon.contract.boundaries import BOUNDARY_ENDPOINTS
from daemon.contract.daily import LOG_DAY
from daemon.contract.deadlines import Deadline
from daemon.contract.disk import Disk
from daemon.contract.endpoint import Empty, Endpoint
from daemon.contract.exports import EXPORT_ENDPOINTS
from daemon.contract.findings import FINDING_ENDPOINTS
from daemon.contract.halt import HALT_ENDPOINTS
from daemon.contract.holds import CONSOLE_ENDPOINTS as HOLD_ENDPOINTS
from daemon.contract.holds import Pending
from daemon.contract.keys import KEY_ENDPOINTS, Rotation, TokenState
from daemon.contract.log import LOG_ENDPOINTS
from daemon.contract.log_epochs import EPOCH_ENDPOINTS, Epoch
from daemon.contract.log_holds import LOG_HOLD_ENDPOINTS, Purge
from daemon.contract.outbox import OUTBOX_ENDPOINTS
from daemon.contract.reconciled import RECONCILED_ENDPOINTS
from daemon.contract.seal_keys import LOG_KEYS
from daemon.contract.timestamps import TimestampState
from daemon.contract.verification import VERIFICATION_ENDPOINTS, Verification
from daemon.contract.witnessing import WitnessState
from daemon.register.rows import RegisterDate

MASK = "＊"
MAX_HITS = 50
"""People shown at the most, where the register's configuration says nothing else (`Session.max_hits`)."""
MOST_HITS = 200
"""What a configuration may say at the most."""


class State(StrEnum):
    """Where the daemon is in its life; see `daemon.lifecycle`."""

    STARTING = "starting"
    SEALED = "sealed"
    READY = "ready"
    DEGRADED = "degraded"
    STOPPING = "stopping"


class Reason(StrEnum):
    """Why it is degraded."""

    TOKEN_AWAY = "token_away"  # noqa: S105 - the HSM's token
    NATIONAL_AWAY = "national_away"
    OUTBOX_ASIDE = "outbox_aside"
    REPORTS_OVERDUE = "reports_overdue"
    RECONCILIATION_OVERDUE = "reconciliation_overdue"
    """A municipality has not compared its records for longer than its schedule says."""
    WITNESS_OVERDUE = "witness_overdue"
    """A witness of the log has not cosigned for longer than configured."""
    SIGNATURE_LATE = "signature_late"
    SPOOL_AWAY = "spool_away"
    """The log's copy on the second disk is not level with it."""
    DISK_LOW = "disk_low"
    """Room runs short; everything goes on."""
    DISK_DISCLOSURES = "disk_disclosures"
    """So little room that nobody is shown anybody."""
    DISK_NOTICES = "disk_notices"
    """So little room that peers are told to come again, too; the log goes on in the room of the ballast."""
    BALLAST_MISSING = "ballast_missing"
    """There is no ballast: it was given up, or cannot be made."""
    LOG_ALTERED = "log_altered"
    """Read back, entries of the log did not fit its tree."""
    SIGNATURE_REFUSED = "signature_refused"
    ENTRIES_LOST = "entries_lost"
    """The log went on in a new epoch lately: entries that were signed, and what they tell of, are not in the register."""
    STORE_UNTRUSTED = "store_untrusted"
    ROWS_DIFFER = "rows_differ"
    """Other rows lie in the store than were committed, and nobody has explained it: nobody is shown anything."""
    """Store or log do not verify, or the file in use is not the one that was opened: sealed until somebody has looked at it."""
    SERVICE_STOPPED = "service_stopped"
    """緊急遮断."""
    PEERS_CLOSED = "peers_closed"
    """No municipality is let in: there is no revocation list in force."""
    TRUST_STALE = "trust_stale"
    """Certificates or revocation lists were changed into something that cannot be used; what was in force before still is."""
    TIMESTAMP_OVERDUE = "timestamp_overdue"
    """The time-stamp authority has been away, or its replies do not hold, for longer than the configuration says."""


class Counts(Struct, frozen=True, kw_only=True):
    """Live figures; no personal data."""

    people: int
    """Present (現存) people."""
    rows: int
    notices_today: int
    refused_today: int
    searches_today: int
    outbox: int
    """Messages still to be delivered to the national server."""
    outbox_aside: int
    delivered: int
    """Messages that the national server acknowledged today."""
    log_size: int
    log_signed: int


class Status(Struct, frozen=True, kw_only=True):
    register: str
    state: State
    reasons: list[Reason]
    at_rest: str
    """`protected`, or `unprotected` where token or PIN lie on the same disk as the data."""
    started: datetime
    now: datetime
    version: str
    terminal: str
    municipalities: int
    connections: list[str]
    """The closed list of what this register talks to."""
    counts: Counts | None
    """None while sealed."""
    alarms: list[str] = []
    """What stands wrong with the keys until someone acts (`hsm.protocol.Alarm`)."""
    tokens: list[TokenState] = []
    """The enrolled tokens, as last heard of."""
    rotations: list[Rotation] = []
    """Key rotations that run now."""
    deadlines: list[Deadline] = []
    """Certificates that end within 60 days or have ended, revocation lists that end within 7; whose, and when."""
    verification: Verification | None = None
    """Whether the rows are those that were committed; None while sealed."""
    announcements: list[Announcement] = []
    """Planned stops that are not over."""
    timestamps: TimestampState | None = None
    """None where no time-stamp authority is configured."""
    witnesses: list[WitnessState] | None = None
    """Of the log, by municipality; empty where none is configured, None while sealed."""
    disk: Disk | None = None
    """The room on the register's disk, once it was looked at."""
    fault: str = ""
    """The error code that says why the store is not trusted."""
    purge: Purge | None = None
    """How far the log is purged; None while sealed."""
    epoch: Epoch | None = None
    """How the log's present epoch began; None in the first, and while sealed."""


class SignIn(Struct, frozen=True, forbid_unknown_fields=True):
    operator: str
    password: str


class Affair(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One entry of the catalogue of affairs (事務) that an operator may act for."""

    id: str
    title: str
    basis: str
    """The legal item, such as 住基法30条の15第1項1号."""
    number: bool = False
    """番号利用: 個人番号 may be seen."""
    code: bool = True
    """住民票コード may be seen."""
    abroad: bool = False
    """国外転出者: may be used in `fuhyo`."""
    valid_from: date
    valid_until: date


class Session(Struct, frozen=True, kw_only=True):
    token: str
    register: str
    operator: str
    name: str
    department: str
    roles: list[str]
    """What they are here (`daemon.commands.caller.Role`): a console offers only what they may."""
    affairs: list[Affair]
    idle_seconds: int
    """After this long without an act the session ends (PIA III-3: 10 minutes at the most)."""
    max_hits: int = MAX_HITS
    """How many people one search shows at the most."""


class Scope(StrEnum):
    CURRENT = "current"
    """現存."""
    STRUCK = "struck"
    """消除者."""


class Match(StrEnum):
    WHOLE = "whole"
    PREFIX = "prefix"


class Search(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A search by 4情報 (H5, F5): whatever is given must fit, and at least one of name, birth and address is given.

    住民票コード and 個人番号 are no search: see `Lookup`.
    """

    affair: str
    purpose: str
    application: str
    """Reference to the application document (申請書等の番号)."""
    kana: str = ""
    """ふりがな, also of a 旧氏 or 通称."""
    kana_match: Match = Match.PREFIX
    name: str = ""
    """As it is written: kanji, Latin letters, kana; also a 旧氏, a 通称. Variants of a kanji find each other."""
    name_match: Match = Match.PREFIX
    former: bool = False
    """Also by names that the person had before."""
    birth: str = ""
    """A day, month or year: 19890107, 198901, 1989, 1989-01-07, 昭和64年1月7日, S64.1.7; or two with 〜 between."""
    sex: str = ""
    """`1` 男, `2` 女, `0` or `9` 不明・空欄; empty for any."""
    municipality: str = ""
    """5 or 6 digits. In `fuhyo` the municipality that keeps the 附票."""
    town: str = ""
    """大字 code of 3 digits, or 大字 and 小字 code of 6; with `municipality`, in `honnin` only."""
    address: str = ""
    """How the address begins after the municipality's name, such as 滝町1-1; in `fuhyo` with it: it may lie anywhere."""
    scope: Scope = Scope.CURRENT
    as_of: str = ""
    """A day of the past, as in `birth`: people are found as they stood on it. Empty for today."""


class Lookup(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One person by key, for an affair that may use that key; exactly one of `code` and `number` is given.

    They are found however they stand now: present, or struck off.
    """

    affair: str
    purpose: str
    application: str
    code: str = ""
    """住民票コード; the affair needs `code`."""
    number: str = ""
    """個人番号; the affair needs `number`. `honnin` only."""


class Hit(Struct, frozen=True, kw_only=True):
    person: str
    """Opaque reference, for `PersonQuery`."""
    name: str
    kana: str
    birth: RegisterDate
    sex: str
    address: str
    """Of a 国外転出者 最終住所: their 住所 says only that they are abroad."""
    municipality: str
    standing: str
    """`present`, `out`, `dead`, `gone`; in fuhyo `abroad`, `present`, `struck`."""
    serial: int = 0
    """更新順番号 of the version that was found: not the newest where the search was as of a day of the past."""
    by: str = "name"
    """By which name: `name`, `other` (旧氏, 通称, part of a foreigner's name), `earlier` (of an earlier version); or `former_code`: by
    a 住民票コード that is no longer theirs."""
    pending: bool = False
    """転入保留中: the 転入 of another municipality waits for the 消除 of the one that has them."""


class Found(Struct, frozen=True):
    """The hits, by 清音化かな氏名 (as `seion` makes it), then birth, then address, then 住民票コード.

    More than `Session.max_hits` is an error `search.too_many` with no rows; its field is what to add.
    """

    hits: list[Hit]


class PersonQuery(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    person: str
    affair: str
    purpose: str
    application: str
    open_code: bool = False
    """Show 住民票コード unmasked; needs the affair's `code`, and is logged."""
    open_number: bool = False
    """Show 個人番号 unmasked; needs the affair's `number`, and is logged."""


class Version(Struct, frozen=True, kw_only=True):
    """One version as the screen may show it."""

    serial: int
    standing: str
    juminhyo_code: str
    name: str
    kana: str
    birth: RegisterDate
    sex: str
    address: str
    municipality: str
    former_name: str
    former_name_kana: str
    last_address: str
    """fuhyo only: 最終住所."""
    kojin_bango: str
    """Masked, or empty where the affair has no 番号利用."""
    reason: str
    """異動事由 (honnin) or 通知区分 (fuhyo): the code."""
    event_date: RegisterDate
    received_on: date


class Person(Struct, frozen=True):
    """One person with history, the newest version first."""

    person: str
    versions: list[Version]
    pending: list[Pending] = []
    """What waits about them (保留), the oldest first."""


STATUS = Endpoint("GET", "/v1/status", Empty, Status, session=False, sealed=True)
SIGN_IN = Endpoint("POST", "/v1/session", SignIn, Session, session=False)
SIGN_OUT = Endpoint("DELETE", "/v1/session", Empty, Empty)
SEARCH = Endpoint("POST", "/v1/search", Search, Found)
LOOKUP = Endpoint("POST", "/v1/lookup", Lookup, Found)
PERSON = Endpoint("POST", "/v1/person", PersonQuery, Person)
ENDPOINTS = (
    STATUS, SIGN_IN, SIGN_OUT, SEARCH, LOOKUP, PERSON, *EXPORT_ENDPOINTS, *HALT_ENDPOINTS, *KEY_ENDPOINTS, *OUTBOX_ENDPOINTS,
    *HOLD_ENDPOINTS, *RECONCILED_ENDPOINTS, *FINDING_ENDPOINTS, *BOUNDARY_ENDPOINTS,
    *VERIFICATION_ENDPOINTS, *LOG_HOLD_ENDPOINTS,
    *LOG_ENDPOINTS,
    LOG_DAY, LOG_KEYS,
    *EPOCH_ENDPOINTS,
)  # fmt: skip
