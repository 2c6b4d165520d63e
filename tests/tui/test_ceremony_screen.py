"""The ceremony as holders see it, from begin to done, on an 80 by 24 screen and a keyboard."""

from pathlib import Path
from typing import cast

from msgspec.structs import replace
from textual.widgets import Input

from daemon.contract.console import State
from hsm.ceremony.client import CeremonyClient
from hsm.ceremony.protocol import Phase
from tests.hsm.ceremony.desks import LABEL, URI, FakeToken, Process, World, beginning, whole
from tests.hsm.kit import listening_at, running
from tests.tui.driving import Ticks, console
from tests.tui.fake_daemon import FakeDaemon
from tests.tui.holders import Holders, desk, first_round, second_round
from tui.app import ConsoleApp
from tui.ceremony_app import CeremonyApp
from tui.words import Lang

NAMES = ["山田花子", "佐藤一郎", "鈴木次郎"]


async def test_a_whole_ceremony_by_keyboard() -> None:
    world = World()
    async with desk(world) as (holders, process):
        await holders.sees("進行中の儀式はありません", "F5", "練習", "F6", "本番")
        await holders.press("enter")
        await holders.sees("F5で練習を始めます")
        await holders.press("f6")
        await holders.sees("本番の儀式を始める", "トークンのURI")
        await holders.fills(uri=URI, label=LABEL, threshold="2", holders="、".join(NAMES))
        await holders.sees("3人のうち2人の割符で開く", "▶1")
        papers = await first_round(holders, NAMES)
        await second_round(holders, papers)
        await holders.sees("全員の割符を2回確認しました", "トークンを初期化する")
        await holders.press("enter")
        await holders.sees(f"トークン {LABEL} を初期化しますか", "戻せません")
        assert holders.app.focused is not None
        assert holders.app.focused.id == "leave"
        await holders.agrees()
        await holders.sees("儀式が終わりました", "トークン S1（Fake 1）")
        assert process.opened == {LABEL: world.token.pin}


async def test_a_dry_run_is_marked_on_every_line_of_the_way() -> None:
    world = World()
    async with desk(world) as (holders, _):
        await holders.sees("進行中の儀式はありません")
        await holders.press("f5")
        screen = await holders.sees("練習を始める", "捨ててよい")
        assert "URI" not in screen
        await holders.fills(label="renshu", threshold="2", holders="A,B")
        await holders.sees("練習（実物のトークンには触れない）")
        papers = await first_round(holders, ["A", "B"])
        await second_round(holders, papers)
        await holders.press("enter")
        await holders.sees("練習用のトークンを初期化します")
        await holders.agrees()
        await holders.sees("練習が終わりました")
    assert world.token == FakeToken()


async def begins(holders: Holders) -> list[str]:
    """A dry run of A and B, as far as A's share on paper."""
    await holders.sees("進行中")
    await holders.press("f5")
    await holders.fills(label="renshu", threshold="2", holders="A,B")
    await holders.sees("Aさんの割符を表示する")
    return await holders.reads_share()


async def test_a_share_is_hidden_until_its_holder_asks_and_after_they_wrote_it() -> None:
    async with desk(World()) as (holders, process):
        paper = await begins(holders)
        assert not [word for word in paper if len(word) > 4 and word in holders.screen()]
        await holders.press("escape")
        await holders.sees("Aさんの割符を表示する")
        assert await holders.reads_share() == paper
        await holders.types(paper)
        await holders.sees("Bさんの割符を表示する")
        assert (await process.looks()).phase is Phase.SHARING


async def test_an_unknown_word_is_refused_at_the_first_letter_that_fits_none() -> None:
    async with desk(World()) as (holders, _):
        await begins(holders)
        await holders.press("a", "c", "a")
        await holders.sees("academic")
        await holders.press("z")
        await holders.sees("その綴りで始まる単語はありません")
        field = holders.app.screen.query_one("#word", Input)
        assert field.value == "aca"
        field.value = "a"
        await holders.press("enter")
        await holders.sees("まだ一つに決まりません", "1語目")
        await holders.press("c", "a", "enter")
        await holders.sees("2語目", "●●●●")
        await holders.press("f4")
        await holders.sees("1 academic")


async def test_a_wrong_word_is_named_by_its_number_and_mended_alone() -> None:
    async with desk(World()) as (holders, _):
        paper = await begins(holders)
        wrong = list(paper)
        wrong[6] = "academic" if paper[6] != "academic" else "acid"
        await holders.types(wrong)
        await holders.sees("ceremony.share_checksum", "7語目")
        await holders.types([paper[6]])
        await holders.sees("割符を確認しました", "Bさんの割符を表示する")


async def test_nobody_types_too_fast() -> None:
    async with desk(World()) as (holders, _):
        await holders.types([*(await begins(holders)), "", ""])
        await holders.sees("Bさんの割符を表示する")


async def test_at_start_holders_give_their_shares() -> None:
    world = World()
    made = await world.started()
    _, papers = await whole(made, beginning(names=NAMES))
    async with desk(world) as (holders, process):
        for number, paper in enumerate(papers[:2]):
            await holders.sees(f"PIN待ち  トークン {LABEL}  受け付けた割符 {number}／2")
            await holders.press("enter")
            await holders.sees("1語目")
            await holders.types(paper)
            await holders.sees("割符を確認しました")
        await holders.sees("進行中の儀式はありません")
        assert "PIN待ち" not in holders.screen()
        assert process.opened == {LABEL: world.token.pin}


async def test_giving_up_asks_first_and_begins_on_leave_it() -> None:
    async with desk(World()) as (holders, _):
        await holders.sees("進行中")
        await holders.press("f5")
        await holders.fills(label="renshu", threshold="2", holders="A,B")
        await holders.sees("Aさんの割符")
        await holders.press("f8")
        await holders.sees("儀式 renshu を中止しますか")
        await holders.press("enter")
        await holders.sees("Aさんの割符を表示する")
        await holders.press("f8")
        await holders.sees("を中止しますか")
        await holders.agrees()
        await holders.sees("中止しました", "進行中の儀式はありません")


async def test_a_refusal_says_what_to_do_and_nothing_is_begun() -> None:
    async with desk(World(token=FakeToken(label="theirs"))) as (holders, _):
        await holders.sees("進行中")
        await holders.press("f6")
        await holders.fills(uri=URI, label=LABEL, threshold="3", holders="A、B")
        await holders.sees("必要な人数は、2以上で保持者の数以下です")
        await holders.fills(threshold="2")
        await holders.sees("ceremony.token_in_use", "進行中の儀式はありません")


async def test_a_service_that_is_away_is_said_and_comes_back(states: Path) -> None:
    path = states / "ceremony.sock"
    app = CeremonyApp(CeremonyClient(path))
    async with app.run_test(size=(80, 24)) as pilot:
        holders = Holders(cast("ConsoleApp", app), pilot, Ticks())
        await holders.sees("ceremony.unreachable")
        process = Process(World())
        async with running(listening_at(path), process.handler):
            await holders.sees("進行中の儀式はありません")


async def test_every_word_is_there_in_english() -> None:
    async with desk(World(), lang=Lang.EN) as (holders, _):
        await holders.sees("No ceremony is under way", "Dry run", "Real")


async def test_a_sealed_register_leads_to_the_ceremony(fake: FakeDaemon) -> None:
    async with console(fake) as operator:
        await operator.press("f2")
        await operator.sees("すべての機能を使えます")
        assert "儀式" not in operator.lines()[-1]
        fake.status = replace(fake.status, state=State.SEALED, counts=None)
        await operator.sees("封印中", "F6 儀式")
        await operator.press("f6")
        await operator.sees("鍵の儀式", "ceremony.unreachable")
        await operator.press("escape")
        await operator.sees("封印中")
