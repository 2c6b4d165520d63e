"""The configuration of one register: a TOML file, decoded strictly. Nothing here is secret or personal.

What people may do is not configuration but set-up (`daemon.commands.setup`), taken in once and then kept sealed.
"""

import tomllib
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Struct

from daemon.contract.console import MAX_HITS, MOST_HITS
from daemon.errors import InputError
from daemon.register.rows import Register


class Files(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One end of mutual TLS."""

    certificate: Path
    key: Path
    ca: Path
    """Who signs those whom we accept: one CA store per kind of peer."""


class Peers(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The municipalities' servers."""

    tls: Files
    municipalities: list[str]
    """5-digit codes that may send: the allow-list behind the certificate."""


class National(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The national server, through a unix socket that is forwarded to it."""

    tls: Files
    socket: Path
    name: str
    """The DNS name that its certificate must carry."""


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
    idle_seconds: int = msgspec.field(default=600)
    """A session ends after this long without an act; 600 s at the most (PIA III-3)."""
    disk_floor: int = 512 * 1024 * 1024
    """Bytes free below which the register says DISK_LOW."""

    max_hits: Annotated[int, msgspec.Meta(ge=1, le=MOST_HITS)] = MAX_HITS
    """People that one search shows at the most."""
    rotation_share: Annotated[float, msgspec.Meta(ge=0.05, le=1.0)] = 0.5
    """The part of the time that a key rotation works in the background; the rest is left to notices and searches."""

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
