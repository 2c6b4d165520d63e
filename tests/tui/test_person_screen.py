from tests.tui.driving import Operator, console
from tests.tui.fake_daemon import FakeDaemon, Refusal

CODE, NUMBER = "24727059600", "123456789000"


async def opens_taro(operator: Operator, *, tax: bool = False) -> None:
    await operator.signs_in()
    if tax:
        await operator.press("enter", "down", "enter")
    await operator.searches("じゅうみん　た")
    await operator.sees("1件見つかりました")
    await operator.press("enter")
    await operator.sees("履歴（全3版）")


async def test_a_person_is_shown_in_full_with_history(fake: FakeDaemon) -> None:
    async with console(fake) as operator:
        await opens_taro(operator)
        await operator.sees(
            "住民　太郎", "じゅうみん　たろう", "見本（みほん）", "昭和64年1月7日", "山口県山口市滝町１番１号",
            "山口市（35203）", "職権修正", "転居", "転入（国内）", "令和元年5月7日",
        )  # fmt: skip
    (asked,) = fake.asked("POST /v1/person")
    assert (asked.affair, asked.purpose, asked.application) == ("passport", "旅券申請の審査", "旅券R8-0123")
    assert not asked.open_code
    assert not asked.open_number


async def test_the_code_is_masked_until_it_is_opened(fake: FakeDaemon) -> None:
    async with console(fake) as operator:
        await opens_taro(operator)
        screen = await operator.sees("＊＊＊＊＊＊＊＊＊＊＊", "F5 で開く")
        assert CODE not in screen
        await operator.press("f5")
        await operator.sees(CODE, "開いて表示した住民票コードは記録されました")
        await operator.press("f5")
        await operator.sees("すでに開いています")
    assert [asked.open_code for asked in fake.asked("POST /v1/person")] == [False, True]


async def test_the_number_opens_only_for_an_affair_that_may(fake: FakeDaemon) -> None:
    async with console(fake) as operator:
        await opens_taro(operator)
        await operator.sees("この事務では表示できません")
        await operator.press("f6")
        assert "F6" not in operator.screen()
    assert len(fake.asked("POST /v1/person")) == 1


async def test_the_number_is_opened_for_a_tax_affair(fake: FakeDaemon) -> None:
    async with console(fake) as operator:
        await opens_taro(operator, tax=True)
        screen = await operator.sees("＊＊＊＊＊＊＊＊＊＊＊＊", "F6 で開く")
        assert NUMBER not in screen
        await operator.press("f6")
        await operator.sees(NUMBER, "開いて表示した個人番号は記録されました")
    assert [asked.open_number for asked in fake.asked("POST /v1/person")] == [False, True]


async def test_an_older_version_is_shown_under_the_cursor(fake: FakeDaemon) -> None:
    async with console(fake) as operator:
        await opens_taro(operator)
        await operator.press("down", "down")
        await operator.until(lambda: "見本　太郎" in operator.screen())
        card = "\n".join(operator.lines()[:16])
        assert "山口県山口市例示１丁目１番１号" in card
        assert "旧氏" not in card


async def test_a_refused_opening_shows_why_and_opens_nothing(fake: FakeDaemon) -> None:
    async with console(fake) as operator:
        await opens_taro(operator)
        fake.refuse["/v1/person"] = Refusal(403, "affair.without_code", field="open_code")
        await operator.press("f5")
        screen = await operator.sees("affair.without_code", "次の手順。", "住民　太郎")
        assert CODE not in screen
        del fake.refuse["/v1/person"]
        await operator.press("f5")
        await operator.sees(CODE)


async def test_esc_goes_back_to_the_hits(fake: FakeDaemon) -> None:
    async with console(fake) as operator:
        await opens_taro(operator)
        await operator.press("f5")
        await operator.sees(CODE)
        await operator.press("escape")
        screen = await operator.sees("1件見つかりました")
        assert CODE not in screen
        # Opened again, it is masked again.
        await operator.press("enter")
        screen = await operator.sees("履歴（全3版）", "＊＊＊")
        assert CODE not in screen


async def test_one_who_died_is_marked_as_struck(fake: FakeDaemon) -> None:
    async with console(fake) as operator:
        await operator.signs_in()
        await operator.searches("やまの")
        await operator.sees("該当なし")
        await operator.press("f5", "right", "enter")
        await operator.sees("1件見つかりました")
        await operator.press("enter")
        await operator.sees("消除（死亡）", "死亡", "履歴（全1版）")


async def test_fuhyo_shows_the_last_address_and_has_nothing_to_open(fuhyo: FakeDaemon) -> None:
    async with console(fuhyo) as operator:
        await operator.signs_in()
        await operator.searches("たび")
        await operator.sees("旅野　空")
        await operator.press("enter")
        screen = await operator.sees("最終住所", "山口県山口市例示町２番２号", "修正")
        assert "F5" not in screen
        assert "個人番号" not in screen


async def test_it_opens_at_the_version_that_was_found(fake: FakeDaemon) -> None:
    async with console(fake) as operator:
        await operator.signs_in()
        await operator.searches("じゅうみん　た")
        await operator.sees("1件見つかりました")
        await operator.press("escape", "f5", "tab")
        await operator.write("20240101")
        await operator.press("enter")
        await operator.sees("20240101現在で1件")
        await operator.press("enter")
        await operator.sees("第1版を示しています。最新は第3版です", "履歴（全3版）")
        card = "\n".join(operator.lines()[:16])
        assert "山口県山口市例示１丁目１番１号" in card
        # Opening the code does not lead away from it.
        await operator.press("f5")
        await operator.sees(CODE, "山口県山口市例示１丁目１番１号")


async def test_kanji_that_a_font_may_lack_are_spelt_out(fake: FakeDaemon) -> None:
    async with console(fake) as operator:
        await operator.signs_in()
        await operator.searches("やまね")
        await operator.sees("1件見つかりました")
        await operator.press("enter")
        await operator.sees("文字", "齋\U000e0101 U+9F4B U+E0101")
        await operator.press("escape", "f8", "shift+tab")
        await operator.searches("やまだ　た")
        await operator.sees("1件見つかりました")
        await operator.press("enter")
        screen = await operator.sees("履歴（全1版）")
        assert "文字" not in screen
