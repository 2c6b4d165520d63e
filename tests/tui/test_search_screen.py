from daemon.contract.console import Match, Scope
from tests.tui.driving import console
from tests.tui.fake_daemon import FakeDaemon, Refusal
from tui.widgets.notice import Notice


async def test_a_search_shows_its_hits(fake: FakeDaemon) -> None:
    async with console(fake) as operator:
        await operator.signs_in()
        await operator.searches("やま")
        screen = await operator.sees(
            "9件見つかりました", "山県　あおい", "平成13年9月9日", "昭和22年月日不詳"
        )
        assert "山野　守" not in screen
        # The whole address of the person under the cursor stands below the table.
        await operator.sees("萩市（35204）  山口県萩市大字架空１２番地")
        await operator.press("down", "down")
        await operator.sees("光市（35210）")
    (asked,) = fake.asked("POST /v1/search")
    assert (asked.affair, asked.purpose, asked.application) == ("passport", "旅券申請の審査", "旅券R8-0123")
    assert (asked.kana, asked.kana_match, asked.scope, asked.birth) == (
        "やま",
        Match.PREFIX,
        Scope.CURRENT,
        "",
    )


async def test_every_field_is_reached_by_keys_alone(fake: FakeDaemon) -> None:
    async with console(fake) as operator:
        await operator.signs_in()
        await operator.press("enter", "down", "enter")  # the second affair
        await operator.sees("県税の賦課徴収", "番号法9条1項")
        await operator.press("tab")
        await operator.press(*"課税", "tab", *"税-7", "tab", *"やまの　まもる", "tab", "right")
        await operator.press("tab", *"1940", "tab", "right", "enter")
        await operator.sees("1件見つかりました", "山野　守", "消除（死亡）")
    (asked,) = fake.asked("POST /v1/search")
    assert (asked.affair, asked.birth, asked.purpose, asked.application) == ("tax", "1940", "課税", "税-7")
    assert (asked.kana_match, asked.scope) == (Match.WHOLE, Scope.STRUCK)


async def test_a_form_filled_fast_is_filled_right(fake: FakeDaemon) -> None:
    async with console(fake) as operator:
        await operator.signs_in()
        await operator.types_ahead("tab", *"審査", "tab", *"A-1", "tab", *"やまだ", "enter")
        await operator.sees("2件見つかりました")
    (asked,) = fake.asked("POST /v1/search")
    assert (asked.purpose, asked.application, asked.kana) == ("審査", "A-1", "やまだ")


async def test_the_bar_names_the_affair(fake: FakeDaemon) -> None:
    async with console(fake) as operator:
        await operator.signs_in()
        assert "事務 旅券の発給" in operator.lines()[1]
        await operator.press("enter", "down", "enter")
        await operator.until(lambda: "事務 県税の賦課徴収" in operator.lines()[1])


async def test_nobody_found_does_not_look_like_an_error(fake: FakeDaemon) -> None:
    async with console(fake) as operator:
        await operator.signs_in()
        await operator.searches("ぬぬぬ")
        await operator.sees("該当なし", "現存の中にいません", "検索は正しく行われました")
        assert operator.app.screen.query_one(Notice).kind == "empty"
        fake.refuse["/v1/search"] = Refusal(413, "search.too_many", field="birth")
        await operator.press("enter")
        await operator.sees("受け付けられませんでした", "search.too_many", "項目: 生年月日", "次の手順。")
        assert operator.app.screen.query_one(Notice).kind == "error"
        assert "該当なし" not in operator.screen()


async def test_a_refusal_takes_the_earlier_hits_off_the_screen(fake: FakeDaemon) -> None:
    async with console(fake) as operator:
        await operator.signs_in()
        await operator.searches("やまだ")
        await operator.sees("山田　栞")
        fake.refuse["/v1/search"] = Refusal(400, "search.bad_date", field="birth")
        await operator.press("escape", "enter")
        screen = await operator.sees("search.bad_date")
    assert "山田　栞" not in screen


async def test_what_is_missing_is_said_and_focused(fake: FakeDaemon) -> None:
    async with console(fake) as operator:
        await operator.signs_in()
        await operator.tabs()
        for text, said, focused in (
            ("　 ", "利用目的を入力してください", "purpose"),
            ("審査", "申請書番号を入力してください", "application"),
            ("A-1", "かな氏名か生年月日のどちらかを入力してください", "kana"),
        ):
            await operator.write(text)
            await operator.press("enter")
            await operator.sees(said)
            assert operator.app.focused is not None
            assert operator.app.focused.id == focused
    assert fake.asked("POST /v1/search") == []


async def test_a_register_that_goes_away_during_a_search_is_said(fake: FakeDaemon) -> None:
    async with console(fake) as operator:
        await operator.signs_in()
        fake.stop()
        await operator.searches("やま")
        await operator.sees("検索できませんでした", "console.unreachable")


async def test_the_screen_stays_alive_while_the_register_thinks(fake: FakeDaemon) -> None:
    async with console(fake) as operator:
        await operator.signs_in()
        fake.delay = 1.0
        await operator.searches("やま")
        await operator.sees("検索しています…")
        await operator.press("f1")
        await operator.sees("キーの一覧")
        await operator.press("escape")
        fake.delay = 0
        await operator.sees("9件見つかりました")


async def test_the_form_is_emptied_for_the_next_application(fake: FakeDaemon) -> None:
    async with console(fake) as operator:
        await operator.signs_in()
        await operator.searches("やまだ")
        await operator.sees("山田　栞")
        await operator.press("f8")
        screen = await operator.sees("条件を入力して")
        assert "山田" not in screen
        assert "旅券R8-0123" not in screen.replace("例: 旅券R8-0123", "")
        assert "事務 旅券の発給" in screen


async def test_a_session_that_ended_elsewhere_leads_to_the_sign_in_screen(fake: FakeDaemon) -> None:
    async with console(fake) as operator:
        await operator.signs_in()
        await operator.searches("やまだ")
        await operator.sees("山田　栞")
        fake.sessions.clear()
        await operator.press("enter")
        screen = await operator.sees("session.unknown", "操作者ID")
    assert "山田" not in screen


async def test_in_fuhyo_only_those_abroad_are_searched(fuhyo: FakeDaemon) -> None:
    async with console(fuhyo) as operator:
        await operator.signs_in()
        screen = await operator.sees("● 国外転出者")
        assert "消除者" not in screen
        await operator.searches("たび")
        await operator.sees("旅野　空", "国外転出者")


async def test_markup_in_a_name_is_shown_as_it_is(fake: FakeDaemon) -> None:
    from dataclasses import replace as with_

    from msgspec.structs import replace

    who = fake.people[0]
    odd = replace(who.versions[0], name="[red]住民[/red]", address="[b]山口[/b]")
    fake.people = (with_(who, versions=(odd,)),)
    async with console(fake) as operator:
        await operator.signs_in()
        await operator.searches("じゅう")
        await operator.sees("[red]住民[/red]", "[b]山口[/b]")
