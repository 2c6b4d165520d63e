"""`jukura keys`, `jukura tokens` and `jukura card`, over the real socket of a fake register, with cards in memory."""

import json
import sys
from datetime import timedelta
from hashlib import sha256
from pathlib import Path

import pytest
from msgspec.structs import replace

from daemon.contract.keys import (
    ClearPin,
    Custodian,
    DestroyKey,
    EnrolToken,
    ReplaceToken,
    RetireToken,
    RotateSeal,
    SetClock,
    SetCustodians,
)
from tests.tui.calling import Ran
from tests.tui.fake_daemon import CUSTODIAN, PASSWORD, FakeDaemon
from tests.tui.fake_keys import CUSTODIANS, NOW, PIN, FakeCards, KeyRefusal, public_of
from tui.cli import main

CARD = "pkcs11:token=kagi01"


class Terminal:
    """Runs `jukura` here as a custodian, against the register in `states/honnin`."""

    def __init__(
        self, states: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        self.cards = FakeCards()
        self._monkeypatch = monkeypatch
        self._capsys = capsys
        self.password, self.pin = states / "password", states / "pin"
        self.password.write_text(PASSWORD + "\n", "utf-8")
        self.pin.write_text(PIN + "\n", "utf-8")

    def __call__(self, *arguments: str) -> Ran:
        self._monkeypatch.setattr(sys, "argv", ["jukura", *arguments])
        with pytest.raises(SystemExit) as ended:
            main(self.cards)
        out, err = self._capsys.readouterr()
        return Ran(int(ended.value.code or 0), out, err)

    def signed(self, *arguments: str) -> Ran:
        return self(*arguments, "--operator", CUSTODIAN, "--password-file", str(self.password))

    def with_card(self, command: str, ident: str, number: int = 1, *more: str) -> Ran:
        who = ("--card", f"pkcs11:token=kagi0{number}", "--custodian", f"kagi0{number}")
        return self.signed("keys", command, ident, *who, "--card-pin-file", str(self.pin), *more)

    def proposed(self, *arguments: str) -> str:
        """The id of what these words propose."""
        ran = self.signed(*arguments, "--json")
        assert ran.code == 0, ran
        return str(ran.json["id"])


@pytest.fixture
def terminal(
    states: Path, fake: FakeDaemon, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Terminal:
    for name in ("LC_ALL", "LC_MESSAGES", "JUKURA_CARD"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("LANG", "ja_JP.UTF-8")
    monkeypatch.setenv("JUKURA_STATE", str(states / "honnin"))
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    return Terminal(states, monkeypatch, capsys)


def test_the_keys_are_listed(terminal: Terminal, fake: FakeDaemon) -> None:
    ran = terminal.signed("keys", "list")
    assert (ran.code, ran.err) == (0, "")
    (live,) = [line.split() for line in ran.out.splitlines() if line.startswith("live.10")]
    assert live == ["live.10", "運用", "2026-03-02", "—", "3", "9,981", "1"]
    assert fake.sessions == set()


def test_the_list_is_filtered_and_as_json_is_whole(terminal: Terminal) -> None:
    ran = terminal.signed("keys", "list", "--filter", "expire")
    assert "expire.2176" in ran.out
    assert "live" not in ran.out
    assert "該当する鍵はありません" in terminal.signed("keys", "list", "--filter", "zzz").out
    whole = terminal.signed("keys", "list", "--json").json
    assert {each["name"] for each in whole["keys"]} >= {"live.9", "live.10", "seal.1"}
    assert [each["complete"] for each in whole["destroyed"]] == [True, False]


def test_english_is_complete(terminal: Terminal) -> None:
    ran = terminal.signed("keys", "list", "--lang", "en")
    assert "destroyed (partial)" in ran.out
    for words in (("keys",), ("keys", "sign"), ("tokens",), ("tokens", "replace"), ("card", "make")):
        helped = terminal(*words, "--help", "--lang", "en")
        shown = helped.out.replace("╭", "").replace("─", "")
        assert not any("\u3040" < char < "\u9fff" for char in shown), words


def test_keys_are_made_ahead(terminal: Terminal, fake: FakeDaemon) -> None:
    assert "work.2026-06" in terminal.signed("keys", "make", "work.2026-06").out
    assert "作った鍵はありません" in terminal.signed("keys", "make").out
    assert [asked.names for asked in fake.asked("POST /v1/keys")] == [["work.2026-06"], []]


def test_a_rotation_begins_and_is_waited_for(
    terminal: Terminal, fake: FakeDaemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tui.cli_keys.LOOK", 0.01)
    ran = terminal.signed("keys", "rotate", "live", "--json")
    assert ran.json == {"name": "live.11"}
    fake.keys.rotations, fake.keys.looks = [], 3
    ran = terminal.signed("keys", "rotate", "live", "--wait")
    assert ran.code == 0
    assert "更新中 live.10→live.11  2,500/9,981" in ran.err
    assert "live.11" in ran.out
    assert fake.keys.rotations == []


def test_a_second_rotation_of_a_kind_is_refused(terminal: Terminal) -> None:
    assert terminal.signed("keys", "rotate", "store").code == 0
    ran = terminal.signed("keys", "rotate", "store")
    assert (ran.code, ran.out) == (1, "")
    assert "key.rotation_runs" in ran.err
    assert terminal.signed("keys", "rotate", "expire").code == 2


@pytest.mark.parametrize(
    ("words", "deed"),
    [
        (("keys", "destroy", "live.9"), DestroyKey("live.9")),
        (("keys", "rotate", "seal"), RotateSeal()),
        (("keys", "clock"), SetClock(NOW)),
        (("keys", "clear-pin", "jukura-honnin"), ClearPin("jukura-honnin")),
        (("tokens", "enrol", "pkcs11:token=b"), EnrolToken("pkcs11:token=b")),
        (("tokens", "replace", "a1b2", "pkcs11:token=b"), ReplaceToken("a1b2", "pkcs11:token=b")),
        (("tokens", "retire", "a1b2"), RetireToken("a1b2")),
    ],
)
def test_what_custodians_decide_is_proposed(
    terminal: Terminal, fake: FakeDaemon, words: tuple[str, ...], deed: object
) -> None:
    ran = terminal.signed(*words)
    assert (ran.code, ran.err) == (0, "")
    assert "署名待ち（0/2）" in ran.out
    assert "jukura.jp/honnin/proposal" in ran.out
    assert [asked.deed for asked in fake.asked("POST /v1/proposals")] == [deed]


def test_a_key_in_use_is_refused(terminal: Terminal, fake: FakeDaemon) -> None:
    ran = terminal.signed("keys", "destroy", "live.10", "--json")
    assert (ran.code, ran.json["error"]["code"]) == (1, "key.in_use")
    assert fake.keys.cases == {}


def test_a_destruction_over_two_cards_to_its_end(terminal: Terminal, fake: FakeDaemon) -> None:
    ident = terminal.proposed("keys", "destroy", "live.9")
    one = terminal.with_card("sign", ident[:4], 1, "--yes")
    assert (one.code, "署名待ち（1/2）" in one.out) == (0, True)
    assert "name live.9" in one.err
    assert "取消期間中（残り3日）" in terminal.with_card("sign", ident[:4], 2, "--yes").out
    early = terminal.signed("keys", "carry-out", ident, "--yes")
    assert (early.code, "hsm.proposal_unripe" in early.err) == (1, True)
    fake.keys.now += timedelta(hours=72)
    ran = terminal.signed("keys", "carry-out", ident, "--yes")
    assert (ran.code, "完了" in ran.out) == (0, True)
    assert "実行中 1/3" in ran.err
    (case,) = fake.keys.cases.values()
    assert terminal.cards.signed == [case.text.encode()] * 2
    assert "提案はありません" in terminal.signed("keys", "proposals").out
    assert "完了" in terminal.signed("keys", "proposals", "--all").out


def test_a_proposal_is_cancelled_with_the_other_text(terminal: Terminal, fake: FakeDaemon) -> None:
    ident = terminal.proposed("keys", "destroy", "live.9")
    ran = terminal.with_card("cancel", ident, 3, "--yes", "--json")
    assert (ran.code, ran.json["cancelled_by"]) == (0, "kagi03")
    assert b"/cancel\n" in terminal.cards.signed[0]


def test_nothing_is_signed_without_a_yes(
    terminal: Terminal, fake: FakeDaemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    ident = terminal.proposed("keys", "destroy", "live.9")
    for answer in ("n\n", ""):
        reading = _stdin(monkeypatch, answer)
        ran = terminal.with_card("sign", ident)
        assert (ran.code, "console.not_confirmed" in ran.err) == (2, True)
        assert "name live.9" in ran.err
        assert reading
    assert terminal.cards.signed == []
    _stdin(monkeypatch, "y\n")
    assert terminal.with_card("sign", ident).code == 0


def _stdin(monkeypatch: pytest.MonkeyPatch, text: str) -> bool:
    import io

    monkeypatch.setattr(sys, "stdin", io.StringIO(text))
    return True


def test_a_wrong_card_pin_is_tried_once(terminal: Terminal, fake: FakeDaemon) -> None:
    ident = terminal.proposed("keys", "destroy", "live.9")
    terminal.pin.write_text("0000", "utf-8")
    ran = terminal.with_card("sign", ident, 1, "--yes")
    assert (ran.code, "hsm.pin_wrong" in ran.err) == (3, True)
    assert terminal.cards.refused == 1
    assert fake.asked("POST /v1/proposals/signatures") == []
    assert "0000" not in ran.out + ran.err.replace("0" * 28, "")


def test_the_signature_of_another_card_is_refused(terminal: Terminal) -> None:
    ident = terminal.proposed("keys", "destroy", "live.9")
    pin = ("--card-pin-file", str(terminal.pin))
    ran = terminal.signed("keys", "sign", ident, "--card", CARD, "--custodian", "kagi02", *pin, "--yes")
    assert (ran.code, "hsm.custodian_signature_false" in ran.err) == (1, True)


@pytest.mark.parametrize(
    ("given", "code"), [("ff", "console.proposal_unknown"), ("ab0", "console.proposal_ambiguous")]
)
def test_a_proposal_is_named_by_its_first_digits(terminal: Terminal, given: str, code: str) -> None:
    terminal.proposed("keys", "destroy", "live.9")
    terminal.proposed("tokens", "retire", "a1b2")
    ran = terminal.signed("keys", "show", given)
    assert (ran.code, code in ran.err) == (2, True)


def test_the_custodians_are_listed_and_replaced(terminal: Terminal, fake: FakeDaemon, states: Path) -> None:
    listed = terminal.signed("keys", "custodians")
    assert sha256(public_of(CARD)).hexdigest() in listed.out
    ids = ["kagi01", "kagi02"]
    pems = [
        terminal(
            "card", "public", "--card", f"pkcs11:token={i}", "--card-pin-file", str(terminal.pin), "--json"
        ).json
        for i in ids
    ]
    file = states / "custodians.json"
    entries = [{"id": i, "name": f"{i}号", "public": pem["public"]} for i, pem in zip(ids, pems, strict=True)]
    file.write_text(json.dumps(entries), "utf-8")
    assert terminal.signed("keys", "custodians", "--set", str(file)).code == 0
    (asked,) = fake.asked("POST /v1/proposals")
    expected = [Custodian(id=i, name=f"{i}号", public=public_of(f"pkcs11:token={i}")) for i in ids]
    assert asked.deed == SetCustodians(expected)


@pytest.mark.parametrize(
    "text", ["", "[", '[{"id": "a"}]', '[{"id": "a", "name": "b", "public": "?"}]', '{"id": 1}']
)
def test_a_file_of_custodians_that_does_not_fit_is_wrong_usage(
    terminal: Terminal, states: Path, text: str
) -> None:
    file = states / "custodians.json"
    file.write_text(text, "utf-8")
    ran = terminal.signed("keys", "custodians", "--set", str(file))
    assert (ran.code, "console.custodians_unreadable" in ran.err) == (2, True)


def test_the_tokens_are_listed_with_what_to_do(terminal: Terminal) -> None:
    ran = terminal.signed("tokens", "list")
    for shown in (
        "使用中",
        "SoftHSM v2",
        "pkcs11:token=jukura-honnin",
        "2台目を登録してください",
        "保管時 未保護",
    ):
        assert shown in ran.out
    assert terminal.signed("tokens", "list", "--json").json["alarms"] == ["one_token"]


def test_the_status_tells_alarms_tokens_and_rotations(terminal: Terminal, fake: FakeDaemon) -> None:
    fake.status = replace(fake.status, alarms=["pin_awaited"])
    terminal.signed("keys", "rotate", "live")
    ran = terminal("status")
    assert "PIN待ち: 起動後、PINがまだ与えられていません" in ran.out
    assert "更新中 live.10→live.11" in ran.out
    assert terminal("status", "--json").json["rotations"][0]["new"] == "live.11"


def test_statements_are_shown_as_they_were_signed(terminal: Terminal) -> None:
    assert "name live.8" in terminal.signed("keys", "statements").out
    assert terminal.signed("keys", "statements", "--after", "1", "--json").json["statements"] == []


def test_a_card_is_prepared_without_a_register(terminal: Terminal, fake: FakeDaemon) -> None:
    ran = terminal("card", "make", "--card", CARD, "--card-pin-file", str(terminal.pin))
    assert ran.code == 0
    assert "-----BEGIN PUBLIC KEY-----" in ran.out
    assert sha256(CUSTODIANS[0].public).hexdigest() in ran.out
    assert fake.calls == []


@pytest.mark.parametrize(
    "words",
    [
        ("keys", "sign", "ab"),
        ("keys", "sign", "ab", "--card", CARD, "--card-pin-file", "p", "--card-pin-fd", "5"),
        ("keys", "rotate", "nothing"),
        ("keys", "destroy"),
        ("card", "make"),
    ],
)
def test_wrong_usage_ends_with_2(terminal: Terminal, words: tuple[str, ...]) -> None:
    ran = terminal.signed(*words) if words[0] == "keys" else terminal(*words)
    assert (ran.code, bool(ran.err)) == (2, True)


def test_a_refusal_of_the_register_ends_with_1(terminal: Terminal, fake: FakeDaemon) -> None:
    fake.refuse["/v1/keys"] = KeyRefusal(403, "right.missing")  # type: ignore[assignment]
    ran = terminal.signed("keys", "list")
    assert (ran.code, "right.missing" in ran.err) == (1, True)
    assert fake.sessions == set()
