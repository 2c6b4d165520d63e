"""監査ログの書出し: which there are and how far each is. Auditors order, fetch and give up their own; another person decides on what opens sealed fields."""

from collections.abc import Awaitable, Iterator
from pathlib import Path
from typing import ClassVar, NamedTuple

from rich.text import Text
from textual import work
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.widget import Widget
from textual.widgets import Input, Label, Static

from daemon.contract.exports import ExportPhase, ExportState
from daemon.errors import JukuraError
from tui import export_formats, formats
from tui.apart import apart
from tui.desk import Desk, Sitting
from tui.export import ExportFolder, make_folder
from tui.export_calls import ExportCalls
from tui.screens.dialog import ConfirmScreen, Dialog, ReasonScreen, row
from tui.screens.export_order import ExportOrderScreen
from tui.screens.list_page import ListPage
from tui.widgets.choice import Choice
from tui.widgets.notice import Notice

ASKING = "exports"
"""Workers that show the list, or change something in it."""
FOLLOW = 2.0  # seconds between two looks while one is being made


class Target(NamedTuple):
    """Where an export goes."""

    folder: Path
    packed: bool


class TargetScreen(Dialog[Target]):
    """Asks for an empty folder, and whether it is to be one zip file."""

    def fields(self) -> Iterator[Widget]:
        say = self.say
        yield from row(say("log.folder"), Input(id="folder", placeholder="/media/…", compact=True))
        forms = [("files", say("exports.as_files")), ("zip", say("exports.as_zip"))]
        yield Horizontal(Label(say("exports.form")), Choice(forms, id="form"), classes="row")

    def answer(self) -> Target | None:
        field = self.query_one("#folder", Input)
        if folder := field.value.strip():
            return Target(Path(folder).expanduser(), packed=self.query_one(Choice).value == "zip")
        self.missing(field, "log.need_folder")
        return None


class ExportsScreen(ListPage[ExportState]):
    """The newest first; follows by itself what is being made."""

    FAILED: ClassVar[str] = "exports.failed"
    ITEMS: ClassVar[str] = "exports"
    NAME: ClassVar[str] = "export"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f6", "order", "order_export", key_display="F6"),
        # What an auditor does with an own one, and who decides with another's: never both of one line.
        Binding("f7", "fetch", "fetch_export", key_display="F7"),
        Binding("f7", "decide(True)", "approve_export", key_display="F7"),
        Binding("f8", "cancel", "cancel_export", key_display="F8"),
        Binding("f8", "decide(False)", "decline_export", key_display="F8"),
        Binding("f11", "app.log", "log", key_display="F11", show=False),
    ]

    def __init__(self, desk: Desk, sitting: Sitting) -> None:
        super().__init__(desk, sitting)
        self._calls = ExportCalls(sitting.at.client)

    def body(self) -> Iterator[Widget]:
        say = self.say
        yield Notice(say)
        yield from self.table([say(f"exports.{name}") for name in export_formats.LIST])
        yield Static(id="export-way", markup=False)

    def on_mount(self) -> None:
        super().on_mount()
        self.set_interval(FOLLOW, self._follow)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer what can be done with the one under the cursor, to those who may."""
        match action:
            case "order":
                return self.sitting.orders_exports
            case "fetch":
                return self._own(ExportPhase.READY)
            case "cancel":
                return self._own(*(phase for phase in ExportPhase if phase not in export_formats.OVER))
            case "decide":
                state = self.at_cursor
                mine = self._own(ExportPhase.WAITING)
                waits = state is not None and state.phase is ExportPhase.WAITING
                return self.sitting.decides_exports and waits and not mine
            case _:
                return True

    def _own(self, *phases: ExportPhase) -> bool:
        """Whether the one under the cursor was ordered by who sits here, and is in one of `phases`."""
        state = self.at_cursor
        return state is not None and state.operator == self.sitting.session.operator and state.phase in phases

    def detail(self, line: ExportState) -> Text:
        return formats.cell_lines("\n".join(export_formats.detail(line, self.say)))

    # What there is.

    def action_reload(self) -> None:
        """Read them anew."""
        self._load("")

    def _follow(self) -> None:
        # Never into the middle of what somebody asked for: its answer would be lost.
        busy = any(each.is_running and each.group == ASKING for each in self.workers)
        if self.is_current and not busy and any(each.phase is ExportPhase.MAKING for each in self.lines):
            self._load(None)

    @work(exclusive=True, group=ASKING)
    async def _load(self, headline: str | None) -> None:
        """Show what there is now, under `headline` or how much it is; with None under what stands there."""
        there = await self.asked(self._calls.all())
        if there is None:
            return
        say = self.say
        self.fill(there.exports, [export_formats.list_row(each, say) for each in there.exports])
        waiting = sum(each.phase is ExportPhase.WAITING for each in there.exports)
        if headline is None:
            return
        if headline:
            self.notice.show("info", headline)
        elif waiting:
            self.notice.show("warning", say("exports.waiting", count=waiting))
        elif there.exports:
            self.notice.show("info", say("exports.ready", count=len(there.exports)))
        else:
            self.notice.show("empty", say("exports.none"))

    # What can be done.

    def action_order(self) -> None:
        """A form for an order, over this screen."""

        def ordered(_: ExportState) -> None:
            self._load(self.say("exports.was_ordered"))

        self.app.push_screen(ExportOrderScreen(self.desk, self.sitting, ordered))

    def action_cancel(self) -> None:
        """Ask first, then give it up."""
        if (state := self.at_cursor) is None:
            return
        say, name = self.say, state.export[: export_formats.SHORT]
        dialog = ConfirmScreen(
            say, say("exports.cancel_title", name=name), say("exports.cancel_means"), say("exports.cancel")
        )
        self.when_yes(dialog, lambda: self._change(self._calls.cancel(state.export), "exports.was_cancelled"))

    def action_decide(self, approve: bool) -> None:  # noqa: FBT001 - as the binding has it
        """Say what it opens, ask why, then approve or decline it."""
        if (state := self.at_cursor) is None:
            return
        say, word = self.say, "approve" if approve else "decline"
        title = say(
            f"exports.{word}_title", name=state.export[: export_formats.SHORT], operator=state.operator
        )
        means = [*export_formats.detail(state, say)[:-1], say(f"exports.{word}_means")]
        dialog = ReasonScreen(say, title, "\n".join(means), say(f"exports.{word}"))

        def answered(reason: str | None) -> None:
            if reason:
                asked = self._calls.decide(state.export, reason, approve=approve)
                self._change(asked, "exports.was_approved" if approve else "exports.was_declined")

        self.app.push_screen(dialog, answered)

    @work(exclusive=True, group=ASKING)
    async def _change(self, asked: Awaitable[ExportState], words: str) -> None:
        if await self.asked(asked) is not None:
            self._load(self.say(words))

    def action_fetch(self) -> None:
        """Ask where to, then fetch it."""
        if (state := self.at_cursor) is None:
            return
        say, name = self.say, state.export[: export_formats.SHORT]
        dialog = TargetScreen(
            say, say("exports.fetch_title", name=name), say("exports.fetch_means"), say("exports.fetch")
        )

        def answered(target: Target | None) -> None:
            if target is not None:
                self._fetch(state, target)

        self.app.push_screen(dialog, answered)

    @work(exclusive=True, group="export-fetch")
    async def _fetch(self, state: ExportState, target: Target) -> None:
        say = self.say
        try:
            with ExportFolder(await apart(lambda: make_folder(target.folder))) as folder:
                done = await self.asked(self._fetched(state, folder, target))
        except JukuraError as error:
            self.notice.error(say("exports.not_fetched"), error)
        else:
            if done is not None:
                verify = say("export.verify") + f" jukura-verify {done}"
                count = f"{state.end - state.first:,}"
                self.notice.show("info", say("export.done", to=done, entries=count), verify)
        finally:
            self._way("")

    async def _fetched(self, state: ExportState, folder: ExportFolder, target: Target) -> Path:
        """Where it is."""

        def told(done: int, files: int) -> None:
            self._way(self.say("exports.fetching", done=done, files=files))

        await self._calls.fetch(state.export, folder, told)
        if not target.packed:
            return target.folder
        name = export_formats.zip_name(state)
        await apart(lambda: folder.pack(name))
        return target.folder / name

    def _way(self, text: str) -> None:
        for line in self.query("#export-way").results(Static):
            line.update(formats.cell(text))
