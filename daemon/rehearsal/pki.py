"""The rehearsal's public-key infrastructure: who holds which certificate, and who trusts which authority.

authority         issues                                             trusted by
municipalities    each 市町村CS (URI urn:jukura:municipality:<code>)    the registers, for notices
registers         each register, as server and as client             市町村CS; the national servers
                  (URI urn:jukura:register:<register>)
national          the national servers, as server (DNS name) and as  the registers, for the outbox, and for
                  client (URI urn:jukura:national:<register>)        what the national server asks
timestamps        the time-stamp authority (DNS name)                 the registers, for the log's time-stamps
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from daemon.register.codes import MUNICIPALITIES
from daemon.register.rows import Register
from daemon.rehearsal.certificates import LIST_DAYS, Authority, Holder, Pair, Purpose, fresh, list_fresh

PEER_NAMES = {Register.HONNIN: "honnin.jukura.test", Register.FUHYO: "fuhyo.jukura.test"}
"""DNS name of each register's endpoint for municipalities."""

NATIONAL_NAMES = {Register.HONNIN: "zenkoku.jukura.test", Register.FUHYO: "fuhyo-zenkoku.jukura.test"}
"""DNS name of the national server of each register."""

TIMESTAMP_NAME = "jikoku.jukura.test"
"""DNS name of the time-stamp authority."""


def municipality_uri(code: str) -> str:
    """The SAN URI of a 市町村CS."""
    return f"urn:jukura:municipality:{code}"


def register_uri(register: Register) -> str:
    """The SAN URI of a register."""
    return f"urn:jukura:register:{register}"


def national_uri(register: Register) -> str:
    """The SAN URI of the national server of a register, as a caller."""
    return f"urn:jukura:national:{register}"


@dataclass(frozen=True)
class Pki:
    """Where everything is, under `folder`."""

    folder: Path

    @property
    def municipality_ca(self) -> Path:
        """What a register trusts for its municipalities."""
        return self.pair("municipalities-ca").cert

    @property
    def municipality_crl(self) -> Path:
        """Which of the municipalities' certificates are worth nothing any more."""
        return self.folder / "municipalities-ca.crl"

    @property
    def register_ca(self) -> Path:
        """What municipalities and the national servers trust for the registers."""
        return self.pair("registers-ca").cert

    @property
    def national_ca(self) -> Path:
        """What a register trusts for its national server."""
        return self.pair("national-ca").cert

    @property
    def timestamp_ca(self) -> Path:
        """What a register trusts for time-stamps."""
        return self.pair("timestamps-ca").cert

    @property
    def timestamp_authority(self) -> Pair:
        """Of the time-stamp authority."""
        return self.pair("timestamps")

    def municipality(self, code: str) -> Pair:
        """Of one 市町村CS, as client."""
        return self.pair(f"municipality-{code}")

    def register_server(self, register: Register) -> Pair:
        """Of a register, toward its municipalities."""
        return self.pair(f"{register}-server")

    def register_client(self, register: Register) -> Pair:
        """Of a register, toward its national server."""
        return self.pair(f"{register}-client")

    def national_server(self, register: Register) -> Pair:
        """Of the national server of a register."""
        return self.pair(f"{register}-national")

    def national_client(self, register: Register) -> Pair:
        """Of the national server of a register, toward the register."""
        return self.pair(f"{register}-national-client")

    def pair(self, name: str) -> Pair:
        """The files called `name`."""
        return Pair(self.folder / f"{name}.pem", self.folder / f"{name}.key")


def make_pki(folder: Path, *, now: datetime) -> Pki:
    """Everything of the table above that is missing or about to expire, as PEM files in `folder`."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    pki = Pki(folder)
    municipal = _authority(pki.municipality_ca, now)
    _issue(municipal, _municipalities(pki), now)
    if municipal.made or not list_fresh(pki.municipality_crl, now):
        municipal.revoke(pki.municipality_crl, [], now=now)
    _issue(_authority(pki.register_ca, now), _registers(pki), now)
    _issue(_authority(pki.national_ca, now), _national(pki), now)
    stamps = Holder(TIMESTAMP_NAME, [TIMESTAMP_NAME], purpose=Purpose.STAMPS)
    _issue(_authority(pki.timestamp_ca, now), {pki.timestamp_authority: stamps}, now)
    return pki


def revoke(pki: Pki, *codes: str, now: datetime, days: int = LIST_DAYS) -> None:
    """Write the municipalities' revocation list anew: these, and no others, are revoked."""
    authority = _authority(pki.municipality_ca, now)
    authority.revoke(
        pki.municipality_crl, [pki.municipality(code).cert for code in codes], now=now, days=days
    )


def expired_municipality(pki: Pki, code: str, *, now: datetime) -> Pair:
    """A certificate of the right authority that ran out before `now`."""
    authority = _authority(pki.municipality_ca, now)
    pair = pki.pair(f"expired-{code}")
    return authority.issue(pair, _municipality(code), now=now - timedelta(days=2), days=1)


def unknown_municipality(pki: Pki, code: str, *, now: datetime) -> Pair:
    """A certificate that says the right thing, from an authority that nobody trusts."""
    authority = Authority(pki.pair("unknown-ca"), "unknown-ca", now=now)
    return authority.issue(pki.pair(f"unknown-{code}"), _municipality(code), now=now)


def _authority(cert: Path, now: datetime) -> Authority:
    return Authority(Pair(cert, cert.with_suffix(".key")), f"Jukura rehearsal {cert.stem}", now=now)


def _issue(authority: Authority, holders: Mapping[Pair, Holder], now: datetime) -> None:
    for pair, holder in holders.items():
        if authority.made or not fresh(pair, now):
            authority.issue(pair, holder, now=now)


def _municipality(code: str) -> Holder:
    return Holder(MUNICIPALITIES[code].name, uris=[municipality_uri(code)])


def _municipalities(pki: Pki) -> dict[Pair, Holder]:
    return {pki.municipality(code): _municipality(code) for code in MUNICIPALITIES}


def _registers(pki: Pki) -> dict[Pair, Holder]:
    servers = {
        pki.register_server(register): Holder(name, [name], [register_uri(register)], Purpose.SERVER)
        for register, name in PEER_NAMES.items()
    }
    clients = {
        pki.register_client(register): Holder(f"{register} client", uris=[register_uri(register)])
        for register in Register
    }
    return servers | clients


def _national(pki: Pki) -> dict[Pair, Holder]:
    servers = {
        pki.national_server(register): Holder(name, [name], purpose=Purpose.SERVER)
        for register, name in NATIONAL_NAMES.items()
    }
    clients = {
        pki.national_client(register): Holder(f"{name} client", uris=[national_uri(register)])
        for register, name in NATIONAL_NAMES.items()
    }
    return servers | clients
