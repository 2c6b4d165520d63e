"""`jukura epoch`: from what is found to the open epoch, without signing in, with two cards."""

import pytest
from msgspec.structs import replace

from daemon.contract.console import Reason, State
from daemon.contract.log_epochs import Epoch
from tests.tui.calling import Ran
from tests.tui.fake_daemon import FakeDaemon
from tests.tui.fake_keys import NOW
from tests.tui.test_cli_keys import Terminal, terminal

__all__ = ["terminal"]


def by_card(terminal: Terminal, command: str, ident: str, number: int, *more: str) -> Ran:
    who = ("--card", f"pkcs11:token=kagi0{number}", "--custodian", f"kagi0{number}")
    return terminal("epoch", command, ident, *who, "--card-pin-file", str(terminal.pin), *more)


def test_what_would_be_lost_is_shown_before_anybody_signs(terminal: Terminal, fake: FakeDaemon) -> None:
    ran = terminal("epoch", "show")
    assert (ran.code, ran.err) == (0, "")
    assert "log.cut" in ran.out
    assert "1,000件（990件までは署名された内容と証明済み）" in ran.out
    assert "200件の記録と、それに対応する変更" in ran.out
    assert terminal("epoch", "show", "--json").json["proven"] == 990
    assert fake.sessions == set()


def test_two_cards_open_an_epoch_and_one_does_not(terminal: Terminal, fake: FakeDaemon) -> None:
    ident = terminal("epoch", "propose", "--reason", "restored", "--json").json["id"]
    one = by_card(terminal, "sign", ident[:4], 1, "--yes")
    assert (one.code, "署名待ち（1/2）" in one.out) == (0, True)
    assert "kept 1000" in one.err
    early = terminal("epoch", "open", ident, "--yes")
    assert (early.code, "hsm.proposal_unsigned" in early.err) == (1, True)
    assert by_card(terminal, "sign", ident, 2, "--yes").code == 0
    ran = terminal("epoch", "open", ident, "--yes")
    assert (ran.code, "新しい世代を開きました" in ran.out) == (0, True)
    assert "open_epoch" in ran.err
    (case,) = fake.keys.cases.values()
    assert terminal.cards.signed == [case.text.encode()] * 2
    over = terminal("epoch", "show")
    assert (over.code, "log.epoch_not_open" in over.err) == (1, True)


def test_a_third_card_stops_it(terminal: Terminal, fake: FakeDaemon) -> None:
    ident = terminal("epoch", "propose", "--reason", "damaged", "--json").json["id"]
    assert by_card(terminal, "cancel", ident, 3, "--yes").code == 0
    (case,) = fake.keys.cases.values()
    assert case.cancelled_by == "kagi03"
    assert terminal.cards.signed == [case.cancel_text.encode()]


def test_without_a_yes_nothing_is_signed_or_opened(
    terminal: Terminal, fake: FakeDaemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tui.cli_epoch.confirmed", lambda _: False)
    ident = terminal("epoch", "propose", "--reason", "replaced", "--json").json["id"]
    assert by_card(terminal, "sign", ident, 1).code == 2
    assert terminal.cards.signed == []
    for number in (1, 2):
        by_card(terminal, "sign", ident, number, "--yes")
    assert terminal("epoch", "open", ident).code == 2
    assert [case.done for case in fake.keys.cases.values()] == [None]
    assert terminal("epoch", "open", "nothing", "--yes").code == 2
    assert terminal("epoch", "propose", "--reason", "whatever").code == 2


def test_a_status_says_for_ever_that_entries_are_lost(terminal: Terminal, fake: FakeDaemon) -> None:
    fake.status = replace(
        fake.status,
        state=State.DEGRADED,
        reasons=[Reason.ENTRIES_LOST],
        epoch=Epoch(number=2, first=1_000, lost=200, opened=NOW),
    )
    ran = terminal("status")
    assert "ログの記録の喪失" in ran.out
    assert "第2世代、記録1,000番から" in ran.out
    assert "200件は失われています" in ran.out
    english = terminal("status", "--lang", "en")
    assert "200 entries that were signed before are lost" in english.out
