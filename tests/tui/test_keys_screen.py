"""The screens about keys, proposals and tokens, as a custodian uses them: keyboard only, 80 by 24."""

from datetime import timedelta

import pytest
from msgspec.structs import replace

from daemon.contract.keys import ClearPin, DestroyKey, EnrolToken, ReplaceToken, RetireToken, RotateSeal
from tests.tui.driving import Operator, console
from tests.tui.fake_daemon import CUSTODIAN, OPERATOR, FakeDaemon
from tests.tui.fake_keys import PIN, FakeCards, KeyRefusal
from tui.words import Lang

CARD = "pkcs11:token=kagi01"


async def at_the_keys(operator: Operator) -> None:
    await operator.sees("9,981")
    await operator.signs_in(CUSTODIAN)
    await operator.sees("6件の鍵。2件は破棄済み。", "live.10")


async def proposed(operator: Operator, name: str) -> None:
    """Propose to destroy the key `name`."""
    await operator.press("shift+tab")
    await operator.write(name)
    await operator.press("enter")
    await operator.sees(name)
    await operator.press("f8")
    await operator.sees(f"{name} の破棄を提案します", "72時間")
    await operator.agrees()
    await operator.sees("提案しました", "署名待ち（0/2）", "jukura.jp/honnin/proposal")


async def signs(operator: Operator, custodian: str, *, key: str = "f5", pin: str = PIN) -> None:
    """Sign with that custodian's card."""
    await operator.press(key)
    await operator.sees("カードのPIN", "一度だけ試します")
    await operator.press("shift+tab", "shift+tab") if operator.app.desk.card_uri else await operator.press(
        "shift+tab"
    )
    await operator.write(custodian, f"pkcs11:token={custodian}", pin)
    await operator.press("enter")


async def test_a_custodian_comes_to_the_keys_and_an_operator_never_does(fake: FakeDaemon) -> None:
    async with console(fake) as operator:
        await at_the_keys(operator)
        await operator.press("escape", "f3")
        assert "live.10" in operator.screen()
        await operator.press("f9")
        await operator.sees("サインアウトしました")
        await operator.signs_in(OPERATOR)
        await operator.press("f4")
        await operator.sees("かな氏名")
        assert not fake.asked("GET /v1/keys")[1:]


async def test_the_table_tells_what_depends_on_a_key_and_where_it_lies(fake: FakeDaemon) -> None:
    async with console(fake) as operator:
        await at_the_keys(operator)
        screen = await operator.sees("uid 59101: 3回", "写しのあるトークン: a1b2")
    rows = {line.split()[0]: line.split()[1:] for line in screen.splitlines() if "." in line[:12]}
    assert rows["live.10"] == ["運用", "2026-03-02", "—", "3", "9,981", "1"]
    assert rows["expire.2176"][:3] == ["法定", "2026-03-02", "2177-01-01"]
    assert rows["live.7"][0] == "破棄（未完了）"


async def test_the_filter_narrows_and_says_when_nothing_fits(fake: FakeDaemon) -> None:
    async with console(fake) as operator:
        await at_the_keys(operator)
        await operator.press("shift+tab")
        await operator.write("live 運用")
        await operator.until(lambda: "expire.2176" not in operator.screen())
        assert "live.9" in operator.screen()
        await operator.write("zzz")
        await operator.sees("該当する鍵はありません")
        await operator.write("")
        await operator.until(lambda: "該当する鍵はありません" not in operator.screen())
        await operator.sees("log.2026")


async def test_a_rotation_is_asked_for_begun_and_followed_to_its_end(fake: FakeDaemon) -> None:
    async with console(fake) as operator:
        await at_the_keys(operator)
        await operator.press("down", "down", "f7")
        await operator.sees("live を更新します", "やめる")
        await operator.press("enter")
        assert fake.asked("POST /v1/keys/rotations") == []
        await operator.press("f7")
        await operator.sees("live を更新します")
        await operator.agrees()
        await operator.sees("live.11 を作り", "更新中 live.10→live.11  2,500/9,981  毎秒5,000件  残り2秒")
        fake.keys.rotations = [replace(fake.keys.rotations[0], done=7_500)]
        await operator.sees("7,500/9,981")
        fake.keys.keys = [
            replace(each, name="live.11") if each.name == "live.10" else each for each in fake.keys.keys
        ]
        fake.keys.rotations = []
        await operator.until(lambda: "更新中" not in operator.screen())
        await operator.until(lambda: "live.10 " not in operator.screen())


async def test_keys_that_nobody_rotates_or_destroys_say_so(fake: FakeDaemon) -> None:
    async with console(fake) as operator:
        await at_the_keys(operator)
        await operator.press("f7")
        await operator.sees("人が更新するものではありません")
        await operator.press("f8")
        await operator.sees("人が破棄するものではありません")


async def test_the_seal_is_rotated_by_proposal(fake: FakeDaemon) -> None:
    async with console(fake) as operator:
        await at_the_keys(operator)
        await operator.press("down", "down", "down", "down", "f7")
        await operator.sees("seal.1 を更新します", "72時間")
        await operator.agrees()
        await operator.sees("署名鍵の更新", "署名待ち（0/2）")
    assert [asked.deed for asked in fake.asked("POST /v1/proposals")] == [RotateSeal()]


async def test_a_destruction_from_proposal_over_two_cards_to_its_end(fake: FakeDaemon) -> None:
    cards = FakeCards()
    async with console(fake, cards=cards) as operator:
        await at_the_keys(operator)
        await proposed(operator, "live.9")
        await signs(operator, "kagi01")
        await operator.sees("署名を受け付けました", "署名待ち（1/2）")
        await signs(operator, "kagi02")
        await operator.sees("取消期間中（残り3日）", "kagi01 kagi02")
        await operator.press("f7")
        await operator.sees("鍵の破棄 live.9 を実行します")
        await operator.agrees()
        await operator.sees("hsm.proposal_unripe")
        fake.keys.now += timedelta(hours=72)
        await operator.sees("実行できます")
        await operator.press("f7")
        await operator.agrees()
        await operator.sees("実行が終わりました", "完了")
    (case,) = fake.keys.cases.values()
    assert (case.deed, case.steps_done) == (DestroyKey("live.9"), 3)
    assert cards.signed == [case.text.encode()] * 2


async def test_any_custodian_cancels_with_a_card(fake: FakeDaemon) -> None:
    cards = FakeCards()
    async with console(fake, cards=cards) as operator:
        await at_the_keys(operator)
        await proposed(operator, "live.9")
        await signs(operator, "kagi03", key="f6")
        await operator.sees("提案を取り消しました", "取消（kagi03）")
        await operator.press("f5")
        assert "カードのPIN" not in operator.screen()
        await operator.press("escape", "f5")
        await operator.sees("取消（kagi03）", "鍵管理者: kagi01")
    (case,) = fake.keys.cases.values()
    assert cards.signed == [case.cancel_text.encode()]


async def test_a_wrong_pin_is_tried_once_and_never_shown(fake: FakeDaemon) -> None:
    cards = FakeCards()
    async with console(fake, cards=cards) as operator:
        await at_the_keys(operator)
        await proposed(operator, "live.9")
        await operator.press("f5")
        await operator.sees("カードのURI")
        await operator.write(CARD, "999999")
        assert "999999" not in operator.screen()
        await operator.press("enter")
        await operator.sees("カードで署名できませんでした", "hsm.pin_wrong")
    assert (cards.refused, cards.signed, fake.asked("POST /v1/proposals/signatures")) == (1, [], [])


async def test_what_is_missing_in_the_card_dialog_is_said(fake: FakeDaemon) -> None:
    async with console(fake) as operator:
        await at_the_keys(operator)
        await proposed(operator, "live.9")
        await operator.press("f5")
        await operator.sees("カードのURI")
        await operator.press("enter")
        await operator.sees("カードのURIを入力してください")
        await operator.write(CARD)
        await operator.press("enter")
        await operator.sees("PINを入力してください")
        await operator.press("escape")
        await operator.until(lambda: "PINを入力してください" not in operator.screen())


async def test_a_signature_that_the_key_service_refuses_changes_nothing(fake: FakeDaemon) -> None:
    async with console(fake) as operator:
        await at_the_keys(operator)
        await proposed(operator, "live.9")
        fake.refuse["/v1/proposals/signatures"] = KeyRefusal(403, "hsm.custodian_unknown")  # type: ignore[assignment]
        await signs(operator, "kagi01")
        await operator.sees("受け付けられませんでした", "hsm.custodian_unknown", "署名待ち（0/2）")


async def test_a_key_in_use_is_not_even_proposed(fake: FakeDaemon) -> None:
    async with console(fake) as operator:
        await at_the_keys(operator)
        await operator.press("down", "down", "f8")
        await operator.sees("live.10 の破棄を提案します")
        await operator.agrees()
        await operator.sees("key.in_use", "live.10")
    assert fake.keys.cases == {}


@pytest.mark.parametrize(
    ("key", "keys", "deed"),
    [
        ("f5", ("pkcs11:token=b",), EnrolToken("pkcs11:token=b")),
        ("f6", ("pkcs11:token=b",), ReplaceToken("a1b2", "pkcs11:token=b")),
        ("f7", (), RetireToken("a1b2")),
        ("f8", (), ClearPin("jukura-honnin")),
    ],
)
async def test_what_is_done_to_tokens_is_proposed(
    fake: FakeDaemon, key: str, keys: tuple[str, ...], deed: object
) -> None:
    async with console(fake) as operator:
        await at_the_keys(operator)
        await operator.press("f6")
        await operator.sees("1台のトークン", "使用中", "トークン1台のみ", "鍵サービスの時計: 2026-04-01")
        await operator.press(key)
        await operator.sees("やめる")
        if keys:
            await operator.write(*keys)
            await operator.press("enter")
        else:
            await operator.agrees()
        await operator.sees("提案しました")
    assert [asked.deed for asked in fake.asked("POST /v1/proposals")] == [deed]


async def test_a_token_wants_a_uri(fake: FakeDaemon) -> None:
    async with console(fake) as operator:
        await at_the_keys(operator)
        await operator.press("f6")
        await operator.sees("1台のトークン")
        await operator.press("f5")
        await operator.sees("新しいトークンのURI")
        await operator.write("/usr/lib/softhsm")
        await operator.press("enter")
        await operator.sees("pkcs11: で始まるURIを入力してください")
    assert fake.keys.cases == {}


async def test_keys_are_made_ahead(fake: FakeDaemon) -> None:
    async with console(fake, lang=Lang.EN) as operator:
        await operator.sees("9,981")
        await operator.signs_in(CUSTODIAN)
        await operator.sees("live.10")
        await operator.press("ctrl+n")
        await operator.sees("Every key that is needed exists.")
    assert [asked.names for asked in fake.asked("POST /v1/keys")] == [[]]


async def test_an_administrator_sees_and_proposes_and_decides_nothing(fake: FakeDaemon) -> None:
    fake.roles[CUSTODIAN] = ["administrator"]
    async with console(fake) as operator:
        await at_the_keys(operator)
        await operator.press("down", "down", "f7")
        assert "更新します" not in operator.screen()
        await proposed(operator, "live.9")
        await operator.press("f5", "f7")
        assert "カードのPIN" not in operator.screen()
        assert "を実行します" not in operator.screen()


async def test_an_idle_screen_asks_nothing_that_would_keep_the_session_alive(fake: FakeDaemon) -> None:
    async with console(fake, poll=0.02) as operator:
        await at_the_keys(operator)
        asked = len(fake.calls)
        fake.keys.now += timedelta(minutes=1)
        await operator.sees("14:04")
        assert len(fake.calls) == asked


async def test_a_standing_alarm_stands_on_every_screen_and_says_what_to_do(fake: FakeDaemon) -> None:
    fake.status = replace(fake.status, alarms=["one_token", "pin_refused"], at_rest="unprotected")
    async with console(fake) as operator:
        await operator.sees("トークン1台のみ ほか1", "保管時 未保護")
        await at_the_keys(operator)
        for keys in (("f5",), ("escape", "f6"), ("escape", "f2")):
            await operator.press(*keys)
            await operator.sees("トークン1台のみ ほか1", "保管時 未保護")
        await operator.sees("2台目を登録", "PINを拒みました")
