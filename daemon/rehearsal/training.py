"""What operators train with: invented affairs and operators, with passwords made for this rehearsal alone."""

import secrets
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import msgspec
from argon2 import PasswordHasher

from daemon.clock import fiscal_year
from daemon.commands.caller import Role
from daemon.commands.people import Account
from daemon.commands.setup import Setup
from daemon.contract.console import Affair
from daemon.rehearsal.certificates import write

PASSWORD = 12  # bytes of randomness


@dataclass(frozen=True)
class Trainee:
    """A training operator."""

    id: str
    name: str
    department: str
    roles: tuple[Role, ...]
    affairs: tuple[str, ...] = ()


TRAINEES = (
    Trainee("kunren01", "訓練 一郎", "市町課", (Role.OPERATOR, Role.CLERK), ("ryoken", "kenzei", "kokugai")),
    Trainee("kunren02", "訓練 二葉", "税務課", (Role.OPERATOR,), ("kenzei",)),
    # The second of two people: what one clerk asks for, another has to ask for as well.
    Trainee("kunren03", "訓練 三咲", "市町課", (Role.OPERATOR, Role.CLERK), ("ryoken", "kenzei", "kokugai")),
    Trainee("kanri01", "管理 守", "市町課", (Role.ADMINISTRATOR,)),
    Trainee("sekinin01", "責任 四郎", "市町課", (Role.OFFICER,)),
    Trainee("tokatsu01", "統括 五月", "総務課", (Role.CHIEF,)),
    Trainee("kagi01", "鍵守 一美", "市町課", (Role.CUSTODIAN,)),
    Trainee("kagi02", "鍵守 二朗", "情報政策課", (Role.CUSTODIAN,)),
    Trainee("kagi03", "鍵守 三枝", "総務課", (Role.CUSTODIAN,)),
    Trainee("kansa01", "監査 三郎", "監査委員事務局", (Role.AUDITOR,)),
)


def affairs(today: date) -> list[Affair]:
    """The training catalogue, valid to the end of the next fiscal year."""
    year = fiscal_year(today)
    valid_from, valid_until = date(year, 4, 1), date(year + 2, 3, 31)
    return [
        Affair(
            id="ryoken",
            title="旅券の発給に関する事務",
            basis="住基法30条の15第1項1号（別表第五）",
            valid_from=valid_from,
            valid_until=valid_until,
        ),
        Affair(
            id="kenzei",
            title="県税の賦課徴収に関する事務",
            basis="住基法30条の15第1項2号（条例）",
            number=True,
            valid_from=valid_from,
            valid_until=valid_until,
        ),
        Affair(
            id="kokugai",
            title="国外転出者に係る旅券の発給に関する事務",
            basis="住基法30条の44の6第1項1号",
            number=True,
            abroad=True,
            valid_from=valid_from,
            valid_until=valid_until,
        ),
    ]


def passwords(folder: Path) -> dict[str, Path]:
    """The password file of each trainee, made at the first call."""
    files = {trainee.id: folder / f"{trainee.id}.password" for trainee in TRAINEES}
    for file in files.values():
        if not file.exists():
            write(file, secrets.token_urlsafe(PASSWORD).encode() + b"\n", mode=0o600)
    return files


def setup(today: date, files: dict[str, Path]) -> bytes:
    """The set-up file of a register, as JSON."""
    hasher = PasswordHasher()
    operators = [
        Account(
            id=trainee.id,
            name=trainee.name,
            department=trainee.department,
            roles=list(trainee.roles),
            affairs=list(trainee.affairs),
            password=hasher.hash(files[trainee.id].read_text("utf-8").strip()),
        )
        for trainee in TRAINEES
    ]
    return msgspec.json.encode(Setup(affairs(today), operators))
