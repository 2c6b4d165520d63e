"""The life of keys over real processes: rotated while notices flow, put before custodians, signed with real cards.

The 72 hours cannot pass here: that they are kept is seen here, what comes after them in tests/commands.
"""

import asyncio
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from daemon.clock import SystemClock, day_of
from daemon.register.rows import Register
from daemon.rehearsal.cohort import Totals, load
from daemon.rehearsal.layout import Layout
from daemon.rehearsal.residents import Population
from daemon.rehearsal.stage import Stage
from daemon.rehearsal.users import users
from tests.processes import mentioning

pytestmark = pytest.mark.timeout(300)

CHECKOUT = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent
PEOPLE = 300
HONNIN = Register.HONNIN


@dataclass
class Told:
    """What one call of the command line came to."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@dataclass
class Played:
    """What is left of the run."""

    totals: Totals | None = None
    during: list[int] = field(default_factory=list)
    """Notices that were acknowledged when the rotation was asked for, and when it was done."""
    told: dict[str, Told] = field(default_factory=dict)
    left_over: list[str] = field(default_factory=list)


class Play:
    """One run."""

    def __init__(self, root: Path) -> None:
        clock = SystemClock()
        plan = users(os.geteuid(), [CHECKOUT, Path(sys.prefix), root])
        self.root = root
        self.stage = Stage(Layout(root), plan, now=clock.now)
        self.people = Population(11, PEOPLE, day_of(clock.now()))
        self.played = Played()
        self._done = 0

    async def run(self) -> Played:
        self.stage.set_up()
        try:
            await self.stage.start()
            await self._rotate_while_notices_flow()
            for step in (self._decide, self._second_token, self._look):
                await asyncio.to_thread(step)
        finally:
            await self.stage.stop()
        self.played.left_over = mentioning(self.root)
        return self.played

    async def _rotate_while_notices_flow(self) -> None:
        clients = self.stage.clients(HONNIN)

        def progress(_: str, done: int, whole: int) -> None:
            del whole
            self._done = done

        async with asyncio.TaskGroup() as group:
            sending = group.create_task(load(self.people, HONNIN, clients, progress=progress, batch=2))
            while self._done < PEOPLE // 4:
                await asyncio.sleep(0.005)
            self.played.during.append(self._done)
            await asyncio.to_thread(self.say, "rotated", "keys", "rotate", "live", "--wait")
            self.played.during.append(self._done)
        self.played.totals = sending.result()
        for client in clients.values():
            await client.close()
        # Whatever was written while it ran lies under the new key, or was brought there.
        await asyncio.to_thread(self.say, "listed", "keys", "list")

    def _decide(self) -> None:
        ident = self.say("proposed", "keys", "destroy", "live.1").json["id"]
        self.say("one", "keys", "sign", ident, "--yes", custodian="kagi01")
        self.say("twice", "keys", "sign", ident, "--yes", custodian="kagi01")
        self.say("two", "keys", "sign", ident, "--yes", custodian="kagi02")
        self.say("early", "keys", "carry-out", ident, "--yes")
        self.say("cancelled", "keys", "cancel", ident, "--yes", custodian="kagi03")
        self.say("closed", "keys", "carry-out", ident, "--yes")
        self.say("in_use", "keys", "destroy", "live.2")
        self.say("operator", "keys", "list", operator="kunren01")

    def _second_token(self) -> None:
        made = subprocess.run(
            [str(BIN / "jukura-rehearsal"), "token", "--state", str(self.root), "--register", "honnin",
             "--label", "jukura-honnin-2"],
            capture_output=True, text=True, timeout=60, check=True,
        )  # fmt: skip
        ident = self.say("enrol", "tokens", "enrol", made.stdout.strip()).json["id"]
        for custodian in ("kagi02", "kagi03"):
            self.say("agreed", "keys", "sign", ident, "--yes", custodian=custodian)
        self.say("enrolled", "keys", "carry-out", ident, "--yes")
        self.say("tokens", "tokens", "list")

    def _look(self) -> None:
        words = ("--affair", "ryoken", "--purpose", "試験", "--application", "S-1", "--birth", "1980")
        self.say("found", "search", *words, operator="kunren01")
        target = self.root / "export"
        self.say("exported", "export", "take", "--basis", "試験", "--to", str(target), operator="kansa01")
        verified = subprocess.run(
            [str(BIN / "jukura-verify"), str(target)], capture_output=True, text=True, timeout=60, check=False
        )
        self.played.told["verified"] = Told(verified.returncode, verified.stdout, verified.stderr)
        entries = (target / "entries-0001.jsonl").read_text("utf-8")
        self.played.told["entries"] = Told(0, entries, "")
        self.say("status", "status", operator="")

    def say(self, name: str, *words: str, operator: str = "kagi01", custodian: str = "") -> Told:
        """Call `jukura` as a person at the terminal does, with a card where a custodian signs."""
        state = str(self.stage.actors[HONNIN].folder.root)
        signed = (
            ["--operator", operator, "--password-file", str(self.stage.passwords[operator])]
            if operator
            else []
        )
        card = next((card for card in self.stage.cards if card.custodian == custodian), None)
        by_card = (
            ["--card", card.uri, "--card-pin-file", str(card.pin_file), "--custodian", custodian]
            if card
            else []
        )
        done = subprocess.run(
            [str(BIN / "jukura"), *words, "--json", "--state", state, *signed, *by_card],
            capture_output=True, text=True, timeout=100, check=False,
            env={**os.environ, "SOFTHSM2_CONF": str(self.stage.cards[0].conf)},
        )  # fmt: skip
        self.played.told[name] = Told(done.returncode, done.stdout, done.stderr)
        return self.played.told[name]


@pytest.fixture(scope="module")
def played() -> Iterator[Played]:
    # Not below pytest's own folder: that one lets nobody else in, and sockets want short paths.
    root = Path(tempfile.mkdtemp(prefix="jukura-", dir="/tmp"))
    root.chmod(0o755)
    yield asyncio.run(Play(root).run())
    shutil.rmtree(root)


def test_a_rotation_runs_through_while_notices_flow(played: Played) -> None:
    rotated = played.told["rotated"]
    assert (rotated.code, rotated.json) == (0, {"name": "live.2"}), rotated
    before, _ = played.during
    assert 0 < before < PEOPLE
    assert played.totals is not None
    assert (played.totals.applied, not played.totals.refused) == (PEOPLE, True)
    keys = {key["name"]: key for key in played.told["listed"].json["keys"]}
    assert (keys["live.1"]["dependents"], keys["live.2"]["dependents"]) == (0, PEOPLE)


def test_two_different_custodians_have_to_sign(played: Played) -> None:
    assert played.told["one"].json["signed_by"] == ["kagi01"]
    assert played.told["one"].json["ripe"] is None
    again = played.told["twice"]
    assert again.code != 0 or again.json["ripe"] is None
    assert sorted(played.told["two"].json["signed_by"]) == ["kagi01", "kagi02"]
    assert played.told["two"].json["ripe"] is not None


def test_nothing_is_destroyed_before_72_hours_nor_after_a_third_cancels(played: Played) -> None:
    assert (played.told["early"].code, played.told["early"].json["error"]["code"]) == (
        1,
        "hsm.proposal_unripe",
    )
    assert played.told["cancelled"].json["cancelled_by"] == "kagi03"
    assert played.told["closed"].json["error"]["code"] == "hsm.proposal_closed"


def test_a_key_in_use_and_a_person_without_the_right_are_refused(played: Played) -> None:
    assert played.told["in_use"].json["error"]["code"] == "key.in_use"
    assert played.told["operator"].json["error"]["code"] == "right.missing"


def test_a_second_token_is_enrolled_without_a_pause(played: Played) -> None:
    assert played.told["enrolled"].code == 0, played.told["enrolled"]
    assert played.told["enrolled"].json["done"] is not None
    tokens = played.told["tokens"].json
    assert {token["label"] for token in tokens["tokens"]} == {"jukura-honnin", "jukura-honnin-2"}
    assert {(token["present"], token["lacking"]) for token in tokens["tokens"]} == {(True, 0)}
    assert "one_token" not in tokens["alarms"]
    assert played.told["found"].code == 0
    assert played.told["found"].json["hits"]


def test_the_log_tells_it_and_verifies(played: Played) -> None:
    assert played.told["verified"].code == 0, played.told["verified"]
    actions = [
        json.loads(json.loads(line)["leaf"])["action"] for line in played.told["entries"].out.splitlines()
    ]
    for action in (
        "key.rotation_asked", "key.rotation_started", "key.rotation_done", "key.proposed", "key.signed",
        "key.cancelled", "key.carried_out", "key.view_refused", "key.statement",
    ):  # fmt: skip
        assert action in actions, action
    assert "key.destroyed" not in actions


def test_the_status_knows_both_tokens(played: Played) -> None:
    status = played.told["status"].json
    assert len(status["tokens"]) == 2
    assert status["counts"]["rows"] == PEOPLE
    assert status["at_rest"] == "unprotected"


def test_nothing_is_left_running(played: Played) -> None:
    assert played.left_over == []
