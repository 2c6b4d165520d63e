"""The configuration of one register: a TOML file, decoded strictly. Nothing here is secret or personal.

What people may do is not configuration but set-up (`daemon.commands.setup`), taken in once and then kept sealed.
"""

import tomllib
from datetime import time
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Struct

from daemon.contract.console import MAX_HITS, MOST_HITS
from daemon.contract.cosignature import Cosigner
from daemon.errors import InputError
from daemon.register.rows import Register


class Files(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One end of mutual TLS."""

    certificate: Path
    key: Path
    ca: Path
    """Who signs those whom we accept: one CA store per kind of peer."""
    crl: Path | None = None
    """Revocation lists (PEM, RFC 5280 §5) of all authorities in `ca`, for those who connect to us. Read anew when it changes."""


MOST_WITNESSES = 32
"""So many signatures of the longest kind fit beneath a checkpoint (`daemon.contract.note.MAX_NOTE`)."""

_Count = Annotated[int, msgspec.Meta(ge=1)]
_Rate = Annotated[float, msgspec.Meta(gt=0)]
_Burst = Annotated[float, msgspec.Meta(ge=1)]


class Limits(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What one listener takes. A second holds the rate; a burst what may come at once after a pause."""

    connections: _Count = 16
    """Open at once, of one peer."""
    in_flight: _Count = 8
    """Requests at once, of one peer."""
    requests: _Rate = 100.0
    """A second, of one peer."""
    requests_burst: _Burst = 200.0
    volume: _Rate = 16.0 * 1024 * 1024
    """Bytes of bodies a second, of one peer."""
    volume_burst: _Burst = 64.0 * 1024 * 1024
    handshakes: _Rate = 50.0
    """Begun a second, from one address."""
    handshakes_burst: _Burst = 100.0
    handshakes_at_once: _Count = 32
    """Under way, from one address."""
    handshakes_total: _Count = 128
    """Under way, from everywhere."""
    connections_total: _Count = 512
    """Open at once, of everybody."""
    bodies_total: _Count = 96 * 1024 * 1024
    """Bytes of bodies that may be on their way in at once, of everybody."""


class Peers(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The municipalities' servers."""

    tls: Files
    municipalities: list[str]
    """5-digit codes that may send: the allow-list behind the certificate."""
    limits: Limits = Limits()
    witnesses: Annotated[dict[str, str], msgspec.Meta(max_length=MOST_WITNESSES)] = {}
    """Those of them that cosign the log's checkpoints, each with its key as a vkey (C2SP signed-note, tlog-cosignature)."""
    witness_hours: Annotated[int, msgspec.Meta(ge=1, le=8784)] = 48
    """A witness that has cosigned nothing for so many hours is an alarm; nothing waits for it."""

    def __post_init__(self) -> None:
        try:
            keys = list(self.cosigners().values())
        except InputError:
            raise ValueError("witnesses: a key cannot be read") from None
        if not set(self.witnesses) <= set(self.municipalities):
            raise ValueError("witnesses: not among the municipalities")
        # An Ed25519 cosignature does not say whose it is, so a key is one witness's alone.
        if len({each.public for each in keys}) < len(keys) or len({each.name for each in keys}) < len(keys):
            raise ValueError("witnesses: a name or a key stands twice")

    def cosigners(self) -> dict[str, Cosigner]:
        """The witnesses' keys by municipality; `witness.bad_key` where one is none."""
        return {code: Cosigner.parse(vkey) for code, vkey in self.witnesses.items()}


class National(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The national server, through a unix socket that is forwarded to it."""

    tls: Files
    socket: Path
    name: str
    """The DNS name that its certificate must carry."""


class NationalIn(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The national server as a caller, on the socket `national-in`."""

    tls: Files
    limits: Limits = Limits()


class Spooled(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The log once more, on a second disk."""

    folder: Path
    days: Annotated[int, msgspec.Meta(ge=2, le=366)] = 35
    """For so many days entries stay there: longer than the newest backup may be old."""


_Hours = Annotated[int, msgspec.Meta(ge=1, le=8760)]


class Timestamps(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A time-stamp authority (RFC 3161 over HTTP), through a unix socket that is forwarded to it."""

    socket: Path
    host: Annotated[str, msgspec.Meta(pattern=r"\A[A-Za-z0-9.-]{1,253}(:[0-9]{1,5})?\Z")]
    """What the request says whom it is for."""
    path: Annotated[str, msgspec.Meta(pattern=r"\A/[!-~]{0,255}\Z")] = "/"
    ca: Path
    """Who signs the authority's certificate (PEM). Read anew at each request."""
    hours: _Hours = 1
    """A checkpoint is stamped every so many hours."""
    overdue_hours: _Hours = 24
    """It is an alarm when the last stamp is older than this."""


class Reconciling(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """整合性確認 with the municipalities."""

    days: Annotated[int, msgspec.Meta(ge=1, le=3660)] = 92
    """A municipality's comparison is overdue when its last one ended longer ago than this."""
    municipalities: dict[str, Annotated[int, msgspec.Meta(ge=1, le=3660)]] = {}
    """The same for municipalities (5 digits) that have a schedule of their own."""
    share: Annotated[float, msgspec.Meta(ge=0.05, le=1.0)] = 0.8
    """The part of the event loop's time that comparisons work in the background, all together."""


_Bytes = Annotated[int, msgspec.Meta(ge=1024 * 1024)]
_MiB = 1024 * 1024


class Disk(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The disk of the state folder as it fills: bytes that must be free, each less than the one before. The ballast is not free."""

    floor: _Bytes = 512 * _MiB
    """Below it there is an alarm (`disk_low`), and no key rotation begins or goes on."""
    disclosures: _Bytes = 256 * _MiB
    """Below it nobody is shown anybody, and the projection's file is not written anew."""
    notices: _Bytes = 128 * _MiB
    """Below it peers are told to come again later, and the ballast is given up."""
    ballast: _Bytes = 256 * _MiB
    """Of a file that holds the room for what must go on then: the log, its signatures, acknowledgements."""

    def __post_init__(self) -> None:
        if not self.floor > self.disclosures > self.notices:
            raise ValueError("floor, disclosures, notices: each has to be less than the one before")


class Config(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One register's configuration."""

    register: Register
    key_service: Path
    """The key service's socket."""
    terminal: Annotated[str, msgspec.Meta(pattern=r"\A[A-Za-z0-9._-]{1,20}\Z")] = "T01"
    """The local console's terminal id (item 17)."""
    setup: Path | None = None
    """Taken in once, at the first start."""
    peers: Peers
    national: National
    national_in: NationalIn | None = None
    """Without it the national server cannot call here."""
    spool: Spooled | None = None
    """Without it the log lies on one disk alone."""
    timestamps: Timestamps | None = None
    """Without it no checkpoint is time-stamped."""
    idle_seconds: int = msgspec.field(default=600)
    """A session ends after this long without an act; 600 s at the most (PIA III-3)."""
    disk: Disk = Disk()
    sent_days: Annotated[int, msgspec.Meta(ge=31, le=3660)] = 366
    """For so many days it is remembered which messages went to the national server under which number: 機構 can ask for them again."""
    report_days: Annotated[int, msgspec.Meta(ge=1, le=366)] = 14
    """A report that its municipality has not acknowledged for so many days is an alarm."""
    report_kept_days: Annotated[int, msgspec.Meta(ge=31, le=3660)] = 366
    """For so many days a report is kept after it was acknowledged."""
    hold_days: Annotated[int, msgspec.Meta(ge=0, le=60)] = 14
    """For so many days a notice may wait for another one (保留); with 0 it is refused, as the assessment has it."""
    scrub_days: Annotated[int, msgspec.Meta(ge=1, le=366)] = 30
    """In so many days all of the log is read back and held against what was signed."""
    max_hits: Annotated[int, msgspec.Meta(ge=1, le=MOST_HITS)] = MAX_HITS
    """People that one search shows at the most."""
    reconciliation: Reconciling = Reconciling()
    verify_at: time = time(2, 30)
    """The hour of the night, in Japan, at which all rows are looked at, in the background as a key rotation."""
    export_share: Annotated[float, msgspec.Meta(ge=0.05, le=1.0)] = 0.8
    """The part of the time that an export of the log is worked at in the background, or handed out."""
    rotation_share: Annotated[float, msgspec.Meta(ge=0.05, le=1.0)] = 0.5
    """The part of the time that a key rotation or a look at all rows works in the background; the rest is left to notices and searches."""

    def __post_init__(self) -> None:
        if not 10 <= self.idle_seconds <= 600:  # noqa: PLR2004 - the bounds stated above
            raise ValueError("idle_seconds")


def read(file: Path) -> Config:
    """The configuration in `file`; InputError that names the field."""
    try:
        return msgspec.convert(tomllib.loads(file.read_text("utf-8")), Config, dec_hook=_path)
    except (msgspec.ValidationError, tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        raise InputError("config.unreadable", field=str(error)) from error


def _path(kind: type, value: object) -> Path:
    if kind is Path and isinstance(value, str):
        return Path(value)
    raise TypeError("a path is text")
