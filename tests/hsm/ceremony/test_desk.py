"""The ceremony from begin to done, what it refuses on the way, and what an interruption leaves."""

import asyncio
from collections.abc import Callable
from dataclasses import replace

import pytest

from daemon.contract.statement import Kind, statement_text
from hsm.ceremony import pins
from hsm.ceremony.protocol import Abandon, Begin, Enter, Give, Initialise, Look, Phase, Show
from tests.hsm.ceremony.desks import (
    LABEL,
    NAMES,
    NOON,
    FakeToken,
    KilledError,
    World,
    beginning,
    first_round,
    second_round,
    whole,
)  # fmt: skip


async def test_a_ceremony_initialises_the_token_and_opens_it() -> None:
    world = World()
    desk = await world.started()
    picture, papers = await whole(desk, beginning())
    assert (picture.phase, picture.serial, picture.model) == (Phase.DONE, "S1", "Fake 1")
    assert len({tuple(paper) for paper in papers}) == 3
    token = world.token
    assert token.label == LABEL
    assert len(token.pin) == len(token.so_pin) == pins.LONGEST
    assert token.pin != token.so_pin
    assert desk.opened == {LABEL: token.pin}


async def test_the_token_is_not_touched_before_every_share_was_verified_twice() -> None:
    world = World()
    desk = await world.started()
    picture, papers = await first_round(desk, beginning())
    for paper in papers:
        assert picture.phase is Phase.CHECKING
        assert (await desk.refuses(Initialise(picture.ceremony)))[0] == "ceremony.not_now"
        picture = await desk.does(Enter(picture.ceremony, paper))
        assert world.token == FakeToken()
    assert picture.phase is Phase.CHECKED


async def test_a_share_is_shown_to_the_holder_in_turn_until_they_have_verified_it() -> None:
    desk = await World().started()
    picture = await desk.does(beginning())
    assert await desk.shows(picture) == await desk.shows(picture)
    assert (await desk.refuses(Show(picture.ceremony, 1)))[0] == "ceremony.not_your_turn"
    assert (await desk.refuses(Show(picture.ceremony, -1)))[0] == "ceremony.not_your_turn"
    picture = await desk.does(Enter(picture.ceremony, await desk.shows(picture)))
    assert picture.turn == 1
    assert (await desk.refuses(Show(picture.ceremony, 0)))[0] == "ceremony.not_your_turn"


async def test_shares_are_gone_from_the_service_after_the_first_round() -> None:
    desk = await World().started()
    picture, _ = await first_round(desk, beginning())
    for holder in range(3):
        assert (await desk.refuses(Show(picture.ceremony, holder)))[0] == "ceremony.not_now"


@pytest.mark.parametrize("round_two", [False, True])
async def test_only_the_share_of_the_holder_in_turn_is_taken(round_two: bool) -> None:  # noqa: FBT001
    desk = await World().started()
    picture, papers = await first_round(desk, beginning())
    if not round_two:
        await desk.does(Abandon(picture.ceremony))
        picture = await desk.does(beginning())
        papers = [await desk.shows(picture)]
        assert (await desk.refuses(Enter(picture.ceremony, papers[0][:19])))[0] == "ceremony.share_length"
    else:
        assert (await desk.refuses(Enter(picture.ceremony, papers[1])))[0] == "ceremony.share_of_other"
    typo = [*papers[0][:-1], "academic" if papers[0][-1] != "academic" else "acid"]
    assert await desk.refuses(Enter(picture.ceremony, typo)) == ("ceremony.share_checksum", "20")
    assert (await desk.does(Look())).turn == 0
    assert (await desk.does(Enter(picture.ceremony, papers[0]))).turn == 1


async def test_a_share_and_an_answer_of_another_ceremony_are_refused() -> None:
    desk = await World().started()
    first = await desk.does(beginning())
    paper = await desk.shows(first)
    await desk.does(Abandon(first.ceremony))
    second = await desk.does(beginning())
    assert (await desk.refuses(Enter(second.ceremony, paper)))[0] == "ceremony.share_foreign"
    for request in (
        Enter(first.ceremony, paper), Show(first.ceremony, 0), Initialise(first.ceremony), Abandon(first.ceremony),
    ):  # fmt: skip
        assert (await desk.refuses(request))[0] == "ceremony.another"
    assert (await desk.does(Look())).ceremony == second.ceremony


UNSOUND: dict[str, tuple[Callable[[], Begin], str]] = {
    "one of three": (lambda: beginning(threshold=1), "threshold"),
    "four of three": (lambda: beginning(threshold=4), "threshold"),
    "nobody": (lambda: beginning(names=[]), "threshold"),
    "one name twice": (lambda: beginning(names=["A", "a"]), "holders"),
    "a name of two lines": (lambda: beginning(names=["A\nstep done", "B"]), "holders"),
    "a name of blanks": (lambda: beginning(names=[" ", "B"]), "holders"),
}


@pytest.mark.parametrize("case", UNSOUND)
async def test_an_unsound_beginning_changes_nothing(case: str) -> None:
    world = World()
    desk = await world.started()
    make, field = UNSOUND[case]
    assert await desk.refuses(make()) == ("ceremony.holders_unsound", field)
    assert (await desk.does(Look())).phase is Phase.IDLE
    assert world.disk == {}


TOKENS: dict[str, tuple[FakeToken, str]] = {
    "has our label": (FakeToken(label=LABEL), "ceremony.label_taken"),
    "is in use": (FakeToken(label="theirs"), "ceremony.token_in_use"),
    "asks for its PIN itself": (FakeToken(protected_path=True), "ceremony.protected_path"),
    "takes a short PIN only": (FakeToken(max_pin=8), "ceremony.pin_too_short"),
    "is away": (FakeToken(away=True), "hsm.token_away"),
}


@pytest.mark.parametrize("case", TOKENS)
async def test_no_shares_are_made_where_the_token(case: str) -> None:
    token, code = TOKENS[case]
    world = World(token=replace(token))
    desk = await world.started()
    assert (await desk.refuses(beginning()))[0] == code
    assert (await desk.does(Look())).phase is Phase.IDLE
    assert world.token == token


async def test_a_ceremony_under_way_is_not_replaced() -> None:
    desk = await World().started()
    picture = await desk.does(beginning())
    assert (await desk.refuses(beginning()))[0] == "ceremony.not_now"
    assert (await desk.does(Look())).ceremony == picture.ceremony


async def test_a_dry_run_touches_no_token_and_keeps_nothing_but_its_transcript() -> None:
    world = World()
    desk = await world.started()
    picture, papers = await whole(desk, beginning(dry_run=True))
    assert (picture.phase, picture.dry_run) == (Phase.DONE, True)
    assert (world.token, desk.opened, desk.throw_away) == (FakeToken(), {}, None)
    assert dict(world.stated[0])["dry_run"] == "yes"
    assert (await desk.refuses(Give(papers[0])))[0] == "ceremony.pin_not_awaited"
    after = await (await world.started()).does(Look())
    assert (after.phase, after.waiting) == (Phase.IDLE, [])


async def test_a_dry_run_that_was_killed_is_no_more() -> None:
    world = World()
    await first_round(await world.started(), beginning(dry_run=True))
    assert (await (await world.started()).does(Look())).phase is Phase.IDLE


async def test_giving_up_forgets_everything_and_says_so() -> None:
    world = World()
    desk = await world.started()
    picture = await desk.does(beginning())
    assert (await desk.does(Abandon(picture.ceremony))).phase is Phase.IDLE
    assert ("outcome", "void") in world.stated[0]
    assert (await (await world.started()).does(Look())).phase is Phase.IDLE


async def test_the_transcript_says_who_when_and_what_and_nothing_secret() -> None:
    world = World()
    desk = await world.started()
    picture, papers = await whole(desk, beginning())
    (lines,) = world.stated
    text = statement_text("honnin", Kind.CEREMONY, 1, NOON, lines).decode()
    for said in (
        f"ceremony {picture.ceremony}", "dry_run no", "outcome done", "threshold 2 of 3", "serial S1", "model Fake 1",
        f"step 2026-11-24T03:00:00Z shown {NAMES[0]}", f"step 2026-11-24T03:00:00Z verified_again {NAMES[2]}",
    ):  # fmt: skip
        assert f"{said}\n" in text
    assert text.count("\nstep ") == 1 + 3 * 3 + 2
    for word in {word for paper in papers for word in paper[4:]}:
        assert f" {word}" not in text
    for pin in (world.token.pin, world.token.so_pin):
        assert pin.decode() not in text


async def test_a_transcript_that_cannot_be_stated_waits_and_outlives_the_process() -> None:
    world = World(no_seal=True)
    await whole(await world.started(), beginning())
    assert world.stated == []
    world.no_seal = False
    again = await world.started()
    await again.does(Look())
    await again.does(Look())
    assert len(world.stated) == 1


async def test_nothing_secret_ever_reaches_the_disk() -> None:
    world = World()
    desk = await world.started()
    picture, papers = await first_round(desk, beginning())
    seen = b"".join(world.disk.values())
    picture = await second_round(desk, picture, papers)
    await desk.does(Initialise(picture.ceremony))
    seen += b"".join(world.disk.values())
    for paper in papers:
        assert " ".join(paper).encode() not in seen
    assert world.token.pin not in seen
    assert world.token.so_pin not in seen


async def test_killed_in_the_first_round_it_begins_anew() -> None:
    world = World()
    desk = await world.started()
    picture = await desk.does(beginning())
    paper = await desk.shows(picture)
    await desk.does(Enter(picture.ceremony, paper))
    again = await world.started()
    after = await again.does(Look())
    assert (after.phase, after.ceremony) == (Phase.VOID, picture.ceremony)
    assert (await again.refuses(Enter(after.ceremony, paper)))[0] == "ceremony.not_now"
    done, _ = await whole(again, beginning())
    assert done.phase is Phase.DONE
    assert [dict(lines)["outcome"] for lines in world.stated] == ["void", "done"]


async def test_killed_in_the_second_round_the_papers_stay_good() -> None:
    world = World()
    desk = await world.started()
    picture, papers = await first_round(desk, beginning())
    await desk.does(Enter(picture.ceremony, papers[0]))
    again = await world.started()
    after = await again.does(Look())
    assert (after.phase, after.turn) == (Phase.CHECKING, 0)
    after = await second_round(again, after, papers)
    assert (await again.does(Initialise(after.ceremony))).phase is Phase.DONE


@pytest.mark.parametrize("step", range(1, 9))
async def test_killed_while_initialising_m_holders_carry_it_on(step: int) -> None:
    """Each step: before and after the store, C_InitToken, C_InitPIN, the login, and the store again."""
    world = World()
    desk = await world.started()
    picture, papers = await first_round(desk, beginning(threshold=2))
    picture = await second_round(desk, picture, papers)
    world.fuse.left = step
    with pytest.raises(KilledError):
        await desk.ask(Initialise(picture.ceremony))
    again = await world.started()
    after = await again.does(Look())
    if after.phase is Phase.CHECKING:  # killed before the point of no return was on the disk
        assert step == 1
        after = await second_round(again, after, papers)
    elif after.phase is Phase.INITIALISING:
        assert (await again.refuses(Initialise(after.ceremony)))[0] == "ceremony.shares_missing"
        assert (await again.refuses(Abandon(after.ceremony)))[0] == "ceremony.shares_missing"
        await again.does(Enter(after.ceremony, papers[2]))
        assert (await again.refuses(Enter(after.ceremony, papers[2])))[0] == "ceremony.share_doubled"
        after = await again.does(Enter(after.ceremony, papers[0]))
        assert (after.ready, after.given) == (True, [])  # the secret is at hand, the shares are not any more
    if after.phase is not Phase.IDLE:  # it was done, and only the answer was lost
        assert (await again.does(Initialise(after.ceremony))).phase is Phase.DONE
        assert again.opened == {LABEL: world.token.pin}
    assert world.token.label == LABEL
    assert world.token.wrong_tries == 0
    last = await world.started()
    assert [waiting.label for waiting in (await last.does(Look())).waiting] == [LABEL]
    await last.does(Give(papers[1]))
    await last.does(Give(papers[2]))
    assert last.opened == {LABEL: world.token.pin}


async def test_a_token_that_is_away_for_a_while_is_tried_again() -> None:
    world = World()
    desk = await world.started()
    picture, papers = await first_round(desk, beginning())
    picture = await second_round(desk, picture, papers)
    world.token.away = True
    assert (await desk.refuses(Initialise(picture.ceremony)))[0] == "hsm.token_away"
    world.token.away = False
    assert (await desk.does(Initialise(picture.ceremony))).phase is Phase.DONE


async def test_a_so_pin_that_the_token_refuses_is_tried_once() -> None:
    world = World()
    desk = await world.started()
    picture, papers = await first_round(desk, beginning())
    picture = await second_round(desk, picture, papers)
    world.token.label, world.token.so_pin = LABEL, b"somebody else's"
    for _ in range(2):
        assert (await desk.refuses(Initialise(picture.ceremony)))[0] == "ceremony.so_pin_refused"
    again = await world.started()
    after = await again.does(Look())
    await again.does(Enter(after.ceremony, papers[0]))
    after = await again.does(Enter(after.ceremony, papers[1]))
    assert not after.ready
    assert (await again.refuses(Initialise(after.ceremony)))[0] == "ceremony.so_pin_refused"
    assert world.token.wrong_tries == 1
    assert (await again.does(Abandon(after.ceremony))).phase is Phase.IDLE


@pytest.fixture
async def made() -> tuple[World, list[list[str]]]:
    """A world whose token a ceremony made (3 of 5), and the papers."""
    world = World()
    _, papers = await whole(await world.started(), beginning(threshold=3, names=NAMES))
    return world, papers


async def test_at_start_m_holders_give_the_pin(made: tuple[World, list[list[str]]]) -> None:
    world, papers = made
    desk = await world.started()
    for number, paper in enumerate((papers[4], papers[0])):
        picture = await desk.does(Give(paper))
        assert [(each.given, each.threshold) for each in picture.waiting] == [(number + 1, 3)]
        assert desk.opened == {}
    assert (await desk.does(Give(papers[2]))).waiting == []
    assert desk.opened == {LABEL: world.token.pin}
    assert (await desk.refuses(Give(papers[1])))[0] == "ceremony.pin_not_awaited"


async def test_a_wrong_share_loses_none_of_the_others(made: tuple[World, list[list[str]]]) -> None:
    world, papers = made
    other = World()
    _, theirs = await whole(await other.started(), beginning())
    desk = await world.started()
    await desk.does(Give(papers[0]))
    assert (await desk.refuses(Give(theirs[0])))[0] == "ceremony.share_foreign"
    assert (await desk.refuses(Give(papers[0])))[0] == "ceremony.share_doubled"
    assert (await desk.refuses(Give([*papers[1][:3], "acid", *papers[1][4:]])))[
        0
    ] == "ceremony.share_checksum"
    assert [each.given for each in (await desk.does(Look())).waiting] == [1]
    await desk.does(Give(papers[1]))
    await desk.does(Give(papers[2]))
    assert desk.opened == {LABEL: world.token.pin}


async def test_shares_that_were_given_are_forgotten_after_a_while(
    made: tuple[World, list[list[str]]],
) -> None:
    world, papers = made
    world.forget = 0.0
    desk = await world.started()
    await desk.does(Give(papers[0]))
    for _ in range(1000):
        if not (await desk.does(Look())).waiting[0].given:
            break
        await asyncio.sleep(0)
    await desk.does(Give(papers[0]))


async def test_closing_forgets_everything(made: tuple[World, list[list[str]]]) -> None:
    world, papers = made
    desk = await world.started()
    await desk.does(Give(papers[0]))
    await desk.handler.close()
    assert [each.given for each in (await desk.does(Look())).waiting] == [0]


async def test_two_tokens_of_two_ceremonies_are_given_their_own_pins(
    made: tuple[World, list[list[str]]],
) -> None:
    world, papers = made
    first, world.token = world.token, FakeToken()
    _, theirs = await whole(await world.started(), beginning(label="second"))
    desk = await world.started()
    for paper in (papers[0], theirs[0], papers[1], theirs[2], papers[3]):
        await desk.does(Give(paper))
    assert desk.opened == {LABEL: first.pin, "second": world.token.pin}
