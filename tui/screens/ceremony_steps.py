"""What each step of a ceremony asks of the person at the screen, and of the key service.

Each gives back how it stands then and what to say, or None where the person leaves it. Shares are in the two screens
that show and take them, and wiped when those close.
"""

from collections.abc import Awaitable, Callable, Sequence

from textual.app import App

from daemon.errors import JukuraError
from hsm.ceremony.client import CeremonyClient
from hsm.ceremony.protocol import Picture
from tui.ceremony import Draft, Next
from tui.screens.ceremony_begin import BeginScreen
from tui.screens.ceremony_share import ShareScreen
from tui.screens.ceremony_words import WordsScreen
from tui.screens.dialog import ConfirmScreen
from tui.words import Words

Outcome = tuple[Picture, str] | None
Send = Callable[[Sequence[str]], Awaitable[Picture]]

AGAIN = frozenset(
    {
        "ceremony.word_unknown", "ceremony.share_length", "ceremony.share_checksum", "ceremony.share_foreign",
        "ceremony.share_of_other", "ceremony.share_doubled",
    }
)  # fmt: skip
"""What a holder mends by typing again."""


def words_of(error: JukuraError, say: Words) -> tuple[str, str]:
    """An error's headline, with the number of the word at fault, and its text."""
    where = say("ceremony.word_number", number=error.field) if error.field.isdecimal() else ""
    return f"{error.code} {where}".strip(), say.error(error)


class Steps:
    """The steps, for one desk."""

    def __init__(self, app: App[None], client: CeremonyClient, say: Words) -> None:
        self._app = app
        self._client = client
        self._say = say

    async def take(self, step: Next, picture: Picture) -> Outcome:
        """Take the step that is next."""
        steps: dict[Next, Callable[[Picture], Awaitable[Outcome]]] = {
            Next.SHOW: self._show, Next.CHECK: self._check, Next.INITIALISE: self._initialise,
            Next.CARRY_ON: self._carry_on, Next.GIVE: self.give, Next.BEGIN: self._recommend,
        }  # fmt: skip
        return await steps[step](picture)

    async def begin(self, picture: Picture, *, dry_run: bool) -> Outcome:
        """Begin a ceremony."""
        label = picture.label or picture.register
        answer = await self._app.push_screen_wait(
            BeginScreen(self._say, dry_run=dry_run, uri=picture.uri, label=label)
        )
        if answer is None:
            return None
        begun = await self._client.begin(
            uri=answer.uri, label=answer.label, threshold=answer.threshold, holders=answer.holders, dry_run=dry_run
        )  # fmt: skip
        return begun, "ceremony.begun"

    async def give(self, _: Picture) -> Outcome:
        """A share towards the PIN that is waited for."""
        return await self._typed("ceremony.enter_any", "", self._client.give)

    async def abandon(self, picture: Picture) -> Outcome:
        """Give the ceremony up."""
        if not await self._sure("abandon", picture):
            return None
        return await self._client.abandon(picture.ceremony), "ceremony.abandoned"

    async def _recommend(self, picture: Picture) -> Outcome:
        return picture, "ceremony.recommend"

    async def _show(self, picture: Picture) -> Outcome:
        name = picture.holders[picture.turn]
        title = self._say("ceremony.share_of", name=name, number=picture.turn + 1, count=len(picture.holders))
        words = await self._client.show(picture.ceremony, picture.turn)
        written = await self._app.push_screen_wait(ShareScreen(self._say, title, words))
        words.clear()
        return await self._typed("ceremony.enter_first", name, self._entering(picture)) if written else None

    async def _check(self, picture: Picture) -> Outcome:
        name = picture.holders[picture.turn]
        return await self._typed("ceremony.enter_second", name, self._entering(picture))

    async def _carry_on(self, picture: Picture) -> Outcome:
        return await self._typed("ceremony.enter_any", "", self._entering(picture))

    async def _initialise(self, picture: Picture) -> Outcome:
        if not await self._sure("initialise", picture):
            return None
        done = await self._client.initialise(picture.ceremony)
        return done, "ceremony.done_dry" if picture.dry_run else "ceremony.done_real"

    def _entering(self, picture: Picture) -> Send:
        return lambda words: self._client.enter(picture.ceremony, words)

    async def _typed(self, title: str, name: str, send: Send) -> Outcome:
        """Have a share typed and sent, again as long as its holder can mend it."""
        draft, wrong = Draft(), ("", "")
        try:
            while True:
                screen = WordsScreen(self._say, self._say(title, name=name), draft, wrong)
                words = await self._app.push_screen_wait(screen)
                if words is None:
                    return None
                answer = await _sent(send, words)
                if isinstance(answer, Picture):
                    return answer, "ceremony.taken"
                draft.at = int(answer.field) - 1 if answer.field.isdecimal() else 0
                wrong = words_of(answer, self._say)
        finally:
            draft.wipe()

    async def _sure(self, what: str, picture: Picture) -> bool:
        kind = "dry" if picture.dry_run else "real"
        say = self._say
        screen = ConfirmScreen(
            say,
            say(f"ceremony.{what}_title", label=picture.label),
            say(f"ceremony.{what}_{kind}_means"),
            say(f"ceremony.{what}_go"),
        )
        answer: bool | None = await self._app.push_screen_wait(screen)
        return answer is True


async def _sent(send: Send, words: Sequence[str]) -> Picture | JukuraError:
    """How it stands after a share was sent; the refusal, where its holder can mend it."""
    try:
        return await send(words)
    except JukuraError as error:
        if error.code not in AGAIN:
            raise
        return error
