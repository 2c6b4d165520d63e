"""How a ceremony stands, drawn: heading, state, and where each holder is."""

from collections.abc import Iterator

from rich.console import Group
from rich.text import Text

from hsm.ceremony.protocol import Phase, Picture
from tui.ceremony import next_of
from tui.words import Words

DRY = "bold #10161d on #d9a441"
ROUNDS = {Phase.SHARING: 0, Phase.CHECKING: 1}
"""How many rounds are over in a phase; both, in every phase after them."""


def heading(picture: Picture | None, say: Words) -> Text:
    """Which register, and whether this is only a dry run."""
    text = Text.assemble((f" {say('ceremony.title')} ", "bold"))
    if picture is not None:
        text.append(f" {say.of('register', picture.register)} ")
        if picture.dry_run:
            text.append(f" {say('ceremony.dry_mark')} ", DRY)
    return text


def stand(picture: Picture | None, say: Words) -> Group:
    """The phase and what it means, what Enter does, and the facts."""
    if picture is None:
        return Group(Text(say("ceremony.asking")))
    name = picture.holders[picture.turn] if picture.turn < len(picture.holders) else ""
    lines = [
        Text(say(f"ceremony.phase_{picture.phase}"), "bold"),
        Text(say(f"ceremony.means_{picture.phase}"), "dim"),
        Text.assemble((" Enter ", "reverse"), " ", say(f"ceremony.next_{next_of(picture).value}", name=name)),
    ]
    lines += [
        Text(
            say("ceremony.waiting", label=each.label, given=each.given, threshold=each.threshold),
            "bold #d9a441",
        )
        for each in picture.waiting
    ]
    if picture.phase is Phase.INITIALISING:
        lines.append(Text(say("ceremony.given", given=len(picture.given), threshold=picture.threshold)))
    return Group(*lines, *(Text(line, "dim") for line in _facts(picture, say)))


def _facts(picture: Picture, say: Words) -> Iterator[str]:
    if picture.ceremony:
        yield say("ceremony.id", ceremony=f"{picture.ceremony[:8]}…", label=picture.label)
        yield say("ceremony.quorum", threshold=picture.threshold, count=len(picture.holders))
    if picture.serial:
        yield say("ceremony.token", serial=picture.serial, model=picture.model)


def holders(picture: Picture, say: Words) -> Iterator[tuple[str, ...]]:
    """Each holder with how far they are in both rounds."""
    over = ROUNDS.get(picture.phase, 0 if picture.phase in {Phase.IDLE, Phase.VOID} else len(ROUNDS))
    for place, name in enumerate(picture.holders):
        rounds = [
            say(
                "ceremony.verified"
                if over > number or (over == number and _done(picture, place))
                else "ceremony.open"
            )
            for number in range(len(ROUNDS))
        ]
        mark = "▶" if picture.phase in ROUNDS and place == picture.turn else " "
        yield (f"{mark}{place + 1}", name, *rounds)


def _done(picture: Picture, place: int) -> bool:
    return picture.phase in ROUNDS and place < picture.turn
