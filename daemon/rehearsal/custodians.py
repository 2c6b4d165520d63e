"""Training 鍵管理者: each with an account, and with a card, which is a SoftHSM token with its PIN in a file.

The public keys go to the key services at their first start; afterwards the custodians alone say who they are.
"""

import json
import secrets
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from daemon.commands.caller import Role
from daemon.errors import StateError
from daemon.rehearsal import softhsm
from daemon.rehearsal.certificates import write
from daemon.rehearsal.layout import Layout
from daemon.rehearsal.training import TRAINEES, Trainee
from daemon.rehearsal.users import Users

PIN = 12  # bytes of randomness
OWNER = "jukura-console"


@dataclass(frozen=True)
class Card:
    """A custodian's card."""

    custodian: str
    uri: str
    pin_file: Path
    conf: Path
    """For SOFTHSM2_CONF: where the card is found."""


async def cards(layout: Layout, users: Users) -> list[Card]:
    """The cards of all training custodians, made at the first call, and the file with their public keys."""
    conf = layout.cards / softhsm.CONF
    if not conf.exists():
        write(conf, softhsm.configuration(layout.cards).encode(), mode=0o600)
        users.own(conf, OWNER, mode=0o600)
    trainees = [trainee for trainee in TRAINEES if Role.CUSTODIAN in trainee.roles]
    made = [await _card(trainee, layout, users, conf) for trainee in trainees]
    _tell(trainees, layout)
    return made


async def _card(trainee: Trainee, layout: Layout, users: Users, conf: Path) -> Card:
    card = Card(trainee.id, softhsm.uri(trainee.id), layout.training / f"{trainee.id}.pin", conf)
    public = _public(layout, trainee)
    if not public.exists():
        pin = secrets.token_urlsafe(PIN)
        write(card.pin_file, f"{pin}\n".encode(), mode=0o600)
        users.own(card.pin_file, OWNER, mode=0o600)
        await softhsm.init_token(conf, trainee.id, pin, lambda argv: users.command(OWNER, argv))
        write(public, (await _made(card, users)).encode())
    return card


async def _made(card: Card, users: Users) -> str:
    """The public key (PEM) that `jukura card make` tells, called as a custodian calls it."""
    words = ["card", "make", "--card", card.uri, "--card-pin-file", str(card.pin_file), "--json"]
    command = users.command(OWNER, [sys.executable, "-m", "tui.cli", *words])
    code, printed = await softhsm.told(command, softhsm.environment(card.conf))
    if code != 0:
        raise StateError("rehearsal.no_card", field=card.custodian)
    return str(json.loads(printed)["public"])


def _tell(trainees: Sequence[Trainee], layout: Layout) -> None:
    entries = [
        {"id": each.id, "name": each.name, "public": _public(layout, each).read_text("utf-8")}
        for each in trainees
    ]
    write(layout.custodians, json.dumps(entries, ensure_ascii=False, indent=1).encode())


def _public(layout: Layout, trainee: Trainee) -> Path:
    return layout.cards / f"{trainee.id}.pem"
