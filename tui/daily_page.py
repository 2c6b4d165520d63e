"""The daily report as one page of HTML for A4: nothing outside it is loaded, nothing in it runs, every text is escaped. Pure."""

from collections.abc import Sequence
from html import escape

from daemon.contract.console import Status
from daemon.contract.daily import DailyReport
from tui import daily_formats
from tui.words import Words

_PAGE = """\
<!DOCTYPE html>
<html lang="{lang}">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>{title}</title>
<style>
@page {{ size: A4; margin: 15mm; }}
body {{ font: 10pt sans-serif; }}
h1 {{ font-size: 14pt; }}
h2 {{ font-size: 11pt; margin-bottom: 0.3em; }}
table {{ border-collapse: collapse; }}
tr {{ break-inside: avoid; }}
th, td {{ border: 1px solid #999; padding: 0.1em 0.5em; text-align: left; vertical-align: top; }}
pre {{ font: 9pt monospace; break-inside: avoid; }}
.seals td {{ height: 18mm; width: 30mm; }}
</style>
</head>
<body>
<h1>{title}</h1>
{body}</body>
</html>
"""


def page(made: DailyReport, status: Status, say: Words) -> str:
    """The page, with room for the seals of whoever looked through it."""
    body = _table([], [*daily_formats.head(made, say), *daily_formats.first(made, say)])
    body += _section(say("daily.state"), [], list(daily_formats.state(made, status, say)))
    body += _section(
        say("daily.figures"),
        [say(f"log.{name}") for name in daily_formats.FIGURES],
        daily_formats.figures(made, say),
    )
    body += _section(
        say("daily.checkpoints"),
        [say(f"daily.{name}") for name in daily_formats.CHECKPOINTS],
        daily_formats.checkpoints(made),
    )
    body += _section(
        say("daily.keys"), [say(f"daily.{name}") for name in daily_formats.KEYS], daily_formats.keys(made)
    )
    if made.note:
        body += (
            f"<h2>{escape(say('daily.note'))}</h2>\n<pre>{escape(daily_formats.folded(made.note))}</pre>\n"
        )
    seen = [say("daily.prepared"), say("daily.confirmed")]
    body += f'<div class="seals">{_table(seen, [["", ""]])}</div>\n'
    return _PAGE.format(lang=say.lang, title=escape(daily_formats.title(made, say)), body=body)


def _section(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    return f"<h2>{escape(title)}</h2>\n{_table(columns, rows)}" if rows else ""


def _table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    head = _row("th", columns) if columns else ""
    return "<table>\n" + head + "".join(_row("td", row) for row in rows) + "</table>\n"


def _row(tag: str, cells: Sequence[str]) -> str:
    return "<tr>" + "".join(f"<{tag}>{escape(cell)}</{tag}>" for cell in cells) + "</tr>\n"
