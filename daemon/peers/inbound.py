"""The national server as a caller: a kind of peer of its own, with its own authority and its own listener."""

from functools import partial
from typing import Any

from daemon.contract.inbound import ENDPOINTS
from daemon.errors import AuthenticationError
from daemon.peers.kind import Kind
from daemon.register.rows import Register

PREFIX = "urn:jukura:national:"
ACTOR = "zenkoku"


def national(register: Register) -> Kind:
    """全国サーバ of one register."""
    return Kind(partial(named, register=register), lambda _: ACTOR, ENDPOINTS)


def named(certificate: dict[str, Any] | None, register: Register) -> str:
    """The sender that a certificate names; AuthenticationError unless it names this register's national server and nobody else."""
    names = [value for kind, value in (certificate or {}).get("subjectAltName", ()) if kind == "URI"]
    if names != [f"{PREFIX}{register}"]:
        raise AuthenticationError("national.not_named")
    return ACTOR
