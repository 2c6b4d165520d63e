"""The summary as one page of HTML: nothing outside it is loaded, nothing in it runs, every text is escaped."""

from collections.abc import Iterator
from html import escape
from itertools import islice

from daemon.audit.summary.sections import SECTIONS, Counted, Section, View
from daemon.audit.summary.table import file_of, heading
from daemon.audit.summary.words import english, word

FILE = "summary.html"
MOST_ROWS = 200
"""Of one table; all of them are in its CSV file."""

_HEAD = """\
<!DOCTYPE html>
<html lang="ja">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>{title}</title>
<style>
body {{ font-family: sans-serif; margin: 2em; }}
table {{ border-collapse: collapse; }}
th, td {{ border: 1px solid #999; padding: 0.2em 0.5em; text-align: left; vertical-align: top; }}
.en {{ color: #555; }}
</style>
</head>
<body>
<h1>{title}</h1>
"""


def page(register: str, first: int, end: int, counted: Counted) -> Iterator[bytes]:
    """The page over the entries from `first` up to, and without, `end`; a section at a time."""
    yield _HEAD.format(title=f"{escape(word('text', 'title'))} {escape(register)}").encode()
    yield _both("text", "no_evidence", "p")
    yield f"<p>{escape(heading('seq'))}: {first} – {end - 1}</p>\n".encode()
    for view in View:
        yield _both("view", view, "h2")
        for section in SECTIONS:
            if section.view is view:
                yield _section(section, counted)
    if counted.tally.beyond:
        yield _both("text", "beyond", "p") + f"<p>{counted.tally.beyond}</p>\n".encode()
    yield b"</body>\n</html>\n"


def _section(section: Section, counted: Counted) -> bytes:
    rows = list(islice(section.rows(counted), MOST_ROWS + 1))
    body = "".join(_row("td", row) for row in rows[:MOST_ROWS])
    head = _row("th", tuple(heading(column) for column in section.columns))
    table = f"<table>\n{head}{body}</table>\n".encode() if rows else _both("text", "nothing", "p")
    more = _both("text", "more", "p") if len(rows) > MOST_ROWS else b""
    file = f"<p>{escape(file_of(section))}</p>\n".encode()
    return _both("section", section.name, "h3") + table + more + file


def _row(tag: str, cells: tuple[str, ...]) -> str:
    return "<tr>" + "".join(f"<{tag}>{escape(cell)}</{tag}>" for cell in cells) + "</tr>\n"


def _both(group: str, name: str, tag: str) -> bytes:
    ja, en = escape(word(group, name)), escape(english(group, name))
    return f'<{tag}>{ja}<br><span class="en">{en}</span></{tag}>\n'.encode()
