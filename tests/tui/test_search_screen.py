import pytest
from rich.cells import cell_len
from textual.widgets import Input, Select

from daemon.contract.console import Match, Scope, Search
from tests.tui.driving import Operator, console
from tests.tui.fake_daemon import FakeDaemon, Refusal
from tui.widgets.choice import Choice
from tui.widgets.hits import Hits
from tui.widgets.notice import Notice
from tui.widgets.search_form import FOLDED, SearchForm
from tui.words import Lang

FULL = Search(
    affair="passport", purpose="審査", application="A-1", kana="やまの", kana_match=Match.WHOLE, name="山野",
    name_match=Match.WHOLE, former=True, birth="1940〜1941", sex="2", municipality="35203", town="001", address="見本町",
    scope=Scope.STRUCK, as_of="R8.4.1",
)  # fmt: skip


async def fill(operator: Operator) -> None:
    """The form as in `FULL`; that keys alone do it is tested below."""
    form = operator.app.screen.query_one(SearchForm)
    for field in ("purpose", "application", "kana", "name", "birth", "town", "address", "as_of"):
        form.query_one(f"#{field}", Input).value = getattr(FULL, field)
    for field, place in (("kana_match", 1), ("name_match", 1), ("former", 1), ("sex", 2), ("scope", 1)):
        form.query_one(f"#{field}", Choice).index = place
    form.query_one("#municipality", Select).value = FULL.municipality
    await operator.settled()


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
        await operator.press("tab", *"山野", "tab", "right", "left", "tab", *"1940", "tab", "right", "tab")
        await operator.press("enter", *"35203", "enter")
        await operator.until(lambda: "山口市 35203" in operator.screen())
        await operator.press("tab", *"見本町", "f5", "right", "tab", *"R8.4.1", "tab", "right", "tab")
        await operator.press(*"001", "enter")
        await operator.sees("R8.4.1現在で1件", "山野　守", "消除（死亡）")
    (asked,) = fake.asked("POST /v1/search")
    assert asked == Search(
        affair="tax", purpose="課税", application="税-7", kana="やまの　まもる", kana_match=Match.WHOLE, name="山野",
        name_match=Match.PREFIX, former=True, birth="1940", sex="1", municipality="35203", town="001", address="見本町",
        scope=Scope.STRUCK, as_of="R8.4.1",
    )  # fmt: skip


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
        await operator.sees("該当なし", "今日の現存の中にいません", "検索は正しく行われました")
        assert operator.app.screen.query_one(Notice).kind == "empty"
        fake.refuse["/v1/search"] = Refusal(413, "search.too_many", field="birth")
        await operator.press("enter")
        await operator.sees(
            "該当多数: 50人を超えました", "search.too_many", "加える条件: 生年月日", "次の手順。"
        )
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
            ("A-1", "かな氏名、氏名、生年月日、住所のどれかを入力してください", "kana"),
        ):
            await operator.write(text)
            await operator.press("enter")
            await operator.sees(said)
            await operator.is_at(focused)
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
        form = operator.app.screen.query_one(SearchForm)
        empty = Search(affair="passport", purpose="", application="")
        await fill(operator)
        assert form.asked("passport") == FULL
        await operator.press("f8")
        screen = await operator.sees("条件を入力して", "時点 今日")
        assert form.asked("passport") == empty
        assert "栞" not in screen
        assert "事務 旅券の発給" in screen
        await operator.is_at("purpose")


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
        await operator.sees("範囲 国外転出者", "附票管理市町村", "最終住所  例: 山口県山口市滝町")
        await operator.press("f5")
        screen = await operator.sees("● 国外転出者")
        assert "消除者" not in screen
        assert "大字" not in screen
        await operator.press("f5")
        operator.app.screen.query_one("#affair").focus()
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


async def test_rare_conditions_are_folded_and_one_line_says_what_is_set_there(fake: FakeDaemon) -> None:
    async with console(fake) as operator:
        await operator.signs_in()
        screen = await operator.sees("F5 ほかの条件  範囲 現存  時点 今日  以前の氏名 含めない")
        assert "大字コード" not in screen
        await fill(operator)
        await operator.press("f5")
        screen = await operator.sees("● 消除者", "大字コード", "● 含める")
        assert "範囲 消除者" not in screen
        await operator.is_at("scope")
        await operator.press("f5")
        await operator.sees("範囲 消除者  時点 R8.4.1  以前の氏名 含める  大字コード 001")
        await operator.is_at("kana")
        # What is out of sight is asked all the same.
        await operator.press("enter")
        await operator.until(lambda: fake.asked("POST /v1/search") == [FULL])


async def test_tab_does_not_stop_at_what_is_folded_away(fake: FakeDaemon) -> None:
    async with console(fake) as operator:
        await operator.signs_in()
        stops = []
        for _ in range(12):
            assert operator.app.focused is not None
            stops.append(operator.app.focused.id)
            await operator.tabs()
    assert stops[:11] == [
        "affair", "purpose", "application", "kana", "kana_match", "name", "name_match", "birth", "sex",
        "municipality", "address",
    ]  # fmt: skip
    assert not {"scope", "as_of", "former", "town"} & set(stops)


@pytest.mark.parametrize("folded", [True, False])
async def test_the_hits_stay_in_sight_above_the_foot(fake: FakeDaemon, *, folded: bool) -> None:
    async with console(fake) as operator:
        await operator.signs_in()
        await operator.searches("やま")
        await operator.sees("9件見つかりました")
        if not folded:
            await operator.press("f5")
            await operator.sees("● 現存")
        shown = operator.screen()
        assert [hit.name for hit in operator.app.screen.query_one(Hits).hits if hit.name not in shown] == []


async def test_too_many_says_what_to_add_and_goes_there(fake: FakeDaemon) -> None:
    fake.max_hits = 5
    async with console(fake, lang=Lang.EN) as operator:
        await operator.signs_in()
        await operator.searches("やま")
        await operator.sees("Too many: over 5", "search.too_many", "add: Birth date")
        await operator.is_at("birth")
        assert operator.app.screen.query_one(Hits).hits == []
        await operator.write("1965")
        await operator.press("enter")
        await operator.sees("1 found")


@pytest.mark.parametrize(
    ("field", "word"),
    [("kana", "かな氏名"), ("name", "氏名"), ("as_of", "時点"), ("town", "大字コード"), ("municipality", "市町村"), ("sex", "性別")],
)  # fmt: skip
async def test_a_refused_input_is_gone_to_and_stays(fake: FakeDaemon, field: str, word: str) -> None:
    fake.refuse["/v1/search"] = Refusal(400, "search.bad_text", field=field)
    async with console(fake) as operator:
        await operator.signs_in()
        await fill(operator)
        operator.app.screen.query_one("#birth").focus()
        await operator.press("enter")
        await operator.sees("受け付けられませんでした", "search.bad_text", f"項目: {word}")
        await operator.is_at(field)
        form = operator.app.screen.query_one(SearchForm)
        assert form.asked("passport") == FULL
        assert form.folded is (field not in FOLDED)


async def test_in_fuhyo_a_refusal_names_the_items_of_the_form(fuhyo: FakeDaemon) -> None:
    fuhyo.refuse["/v1/search"] = Refusal(400, "search.bad_text", field="municipality")
    async with console(fuhyo) as operator:
        await operator.signs_in()
        await operator.searches("たび")
        await operator.sees("項目: 附票管理市町村")


async def test_a_hit_by_another_name_says_so(fake: FakeDaemon) -> None:
    async with console(fake) as operator:
        await operator.signs_in()
        await operator.searches("じゅうみん")
        assert "該当の項目" not in await operator.sees("2件見つかりました")
        form = operator.app.screen.query_one(SearchForm)
        form.go_to("name")
        form.query_one("#kana", Input).value, form.query_one("#name", Input).value = "", "見本"
        form.query_one("#former", Choice).index = 1
        await operator.press("enter")
        await operator.sees("1件見つかりました", "該当の項目", "以前の氏名", "住民　太郎")


async def test_nobody_found_says_among_whom_and_as_of_when(fake: FakeDaemon) -> None:
    async with console(fake) as operator:
        await operator.signs_in()
        await fill(operator)
        operator.app.screen.query_one("#kana").focus()
        await operator.press("enter")
        await operator.sees("該当なし", "R8.4.1現在の消除者の中にいません")


async def test_hits_of_the_past_say_so(fake: FakeDaemon) -> None:
    async with console(fake) as operator:
        await operator.signs_in()
        await operator.searches("じゅうみん")
        screen = await operator.sees("2件見つかりました")
        assert operator.app.screen.query_one(Hits).columns.__len__() == 6
        assert "最新の版とは限りません" not in screen
        await operator.press("escape", "f5", "tab")
        await operator.write("20200101")
        await operator.press("enter")
        await operator.sees("20200101現在で1件", "最新の版とは限りません", "版  氏名", "1   見本　太郎")
        # Back to today, the column goes.
        await operator.press("f5", "f5", "tab")
        await operator.write("")
        await operator.press("enter")
        screen = await operator.sees("2件見つかりました", "住民　太郎")
        assert "版  氏名" not in screen


async def test_however_long_the_input_the_register_hears_it_whole(fake: FakeDaemon) -> None:
    async with console(fake) as operator:
        await operator.signs_in()
        await operator.tabs()
        await operator.write("審査", "A-1", "や" * 10_000)
        await operator.press("enter")
        await operator.sees("該当なし")
    (asked,) = fake.asked("POST /v1/search")
    assert asked.kana == "や" * 10_000


async def test_columns_stand_under_each_other_with_rare_kanji(fake: FakeDaemon) -> None:
    async with console(fake) as operator:
        await operator.signs_in()
        await operator.searches("やま")
        await operator.sees("9件見つかりました")
        rows = [line for line in operator.lines() if "現存" in line and "範囲" not in line]
    assert any("\U000e0101" in row for row in rows)
    assert {cell_len(row[: row.index("現存")]) for row in rows} == {
        cell_len(rows[0][: rows[0].index("現存")])
    }
