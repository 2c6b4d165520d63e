"""What each program of a register is given: PIN, certificates, configuration, set-up; each can read its own and no other's."""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from daemon.register.codes import MUNICIPALITIES
from daemon.register.rows import Register
from daemon.rehearsal import authority, training
from daemon.rehearsal.certificates import Pair, write
from daemon.rehearsal.layout import RegisterFolder
from daemon.rehearsal.pki import NATIONAL_NAMES, TIMESTAMP_NAME, Pki
from daemon.rehearsal.users import Users
from daemon.rehearsal.witness import Witness

PIN = 18  # bytes of randomness

CONFIG = """\
register = "{register}"
key_service = "{keys}"
terminal = "T01"
setup = "{setup}"

[disk]
ballast = 16777216

[peers]
municipalities = [{municipalities}]
[peers.witnesses]
{witnesses}
[peers.tls]
certificate = "{tls}/server.pem"
key = "{tls}/server.key"
ca = "{tls}/municipalities-ca.pem"
crl = "{tls}/municipalities-ca.crl"

[national]
socket = "{national}"
name = "{national_name}"
[national.tls]
certificate = "{tls}/client.pem"
key = "{tls}/client.key"
ca = "{tls}/national-ca.pem"

[timestamps]
socket = "{timestamps}"
host = "{timestamp_name}"
path = "{timestamp_path}"
ca = "{tls}/timestamps-ca.pem"

[national_in.tls]
certificate = "{tls}/server.pem"
key = "{tls}/server.key"
ca = "{tls}/national-ca.pem"
"""


@dataclass(frozen=True)
class Given:
    """What every register is equipped from."""

    users: Users
    pki: Pki
    passwords: dict[str, Path]
    """Of the training operators."""
    witnesses: Sequence[Witness]
    today: date


def equip(register: Register, folder: RegisterFolder, given: Given) -> None:
    """Write the files of one register; the PIN and nothing else is kept from an earlier time."""
    users, pki = given.users, given.pki
    if not folder.pin.exists():
        write(folder.pin, secrets.token_urlsafe(PIN).encode(), mode=0o600)
    users.own(folder.pin, folder.user("jukura-hsm"), mode=0o600)
    tls = {
        "server": pki.register_server(register),
        "client": pki.register_client(register),
        "municipalities-ca": Pair(pki.municipality_ca, Path()),
        "national-ca": Pair(pki.national_ca, Path()),
        "timestamps-ca": Pair(pki.timestamp_ca, Path()),
    }
    _hand(folder.root / "tls", users, folder.user("jukurad"), tls)
    revoked = folder.root / "tls" / "municipalities-ca.crl"
    write(revoked, pki.municipality_crl.read_bytes(), mode=0o600)
    users.own(revoked, folder.user("jukurad"), mode=0o600)
    theirs = {
        f"{register}-national": pki.national_server(register),
        f"{register}-national-client": pki.national_client(register),
        "registers-ca": Pair(pki.register_ca, Path()),
    }
    _hand(folder.national_tls, users, "zenkoku", theirs)
    _hand(folder.timestamp_files, users, "jikoku", {"tsa": pki.timestamp_authority})
    for file, content in (
        (folder.config, _config(register, folder, given.witnesses).encode()),
        (folder.setup, training.setup(given.today, given.passwords)),
    ):
        write(file, content, mode=0o600)
        users.own(file, folder.user("jukurad"), mode=0o600)


def _hand(folder: Path, users: Users, user: str, pairs: Mapping[str, Pair]) -> None:
    """Copy certificates and keys to where `user` alone can read them."""
    folder.mkdir(exist_ok=True)
    users.own(folder, user, mode=0o700)
    for name, pair in pairs.items():
        for source, target in ((pair.cert, f"{name}.pem"), (pair.key, f"{name}.key")):
            if source.is_file():
                write(folder / target, source.read_bytes(), mode=0o600)
                users.own(folder / target, user, mode=0o600)


def _config(register: Register, folder: RegisterFolder, witnesses: Sequence[Witness]) -> str:
    return CONFIG.format(
        register=register,
        keys=folder.keys_socket,
        setup=folder.setup,
        municipalities=", ".join(f'"{code}"' for code in MUNICIPALITIES),
        witnesses="\n".join(f'{each.code} = "{each.cosigner.vkey()}"' for each in witnesses),
        tls=folder.root / "tls",
        national=folder.national_socket,
        national_name=NATIONAL_NAMES[register],
        timestamps=folder.timestamp_socket,
        timestamp_name=TIMESTAMP_NAME,
        timestamp_path=authority.PATH,
    )
