"""The daily report (日報) as files to be printed: a page for any browser, and plain text for `lp` as it is."""

from enum import StrEnum

from daemon.contract.console import Status
from daemon.contract.daily import DailyReport
from tui import daily_output, daily_page, kept_file
from tui.words import Words


class Form(StrEnum):
    """What a file is; also the end of its name."""

    HTML = "html"
    TEXT = "txt"


_MADE = {Form.HTML: daily_page.page, Form.TEXT: daily_output.sheet}


def keep(folder: int, form: Form, made: DailyReport, status: Status, say: Words) -> str:
    """Write it into the open folder, which is closed then; the file's name. As `kept_file.keep` where that cannot be."""
    name = f"{made.register}-{made.day.isoformat()}.{form}"
    kept_file.keep(folder, name, _MADE[form](made, status, say))
    return name
