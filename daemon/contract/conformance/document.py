"""docs/CONFORMANCE.md and its form for programs, from the lines: for auditors of a prefecture, Japanese first."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from importlib import resources

from msgspec import Struct

from daemon.contract.conformance.lines import File, Line, Status, lines, titles
from daemon.contract.messages import Text

STATUSES = {
    Status.MET: Text("満たす", "met"),
    Status.BY_OFFICE: Text("事務による", "by the office"),
    Status.NOT_AS_WRITTEN: Text("書かれたとおりではない", "not met as written"),
    Status.NOT_YET: Text("未対応", "not yet"),
}
FILES = {
    File.BOTH: Text("両方のファイル", "both files"),
    File.HONNIN: Text("本人確認情報ファイル", "本人確認情報 only"),
    File.FUHYO: Text("附票本人確認情報ファイル", "附票本人確認情報 only"),
}
FUNCTIONS = {Status.NOT_YET: "今ある機能 / function so far"}
LISTED = (Status.NOT_YET, Status.NOT_AS_WRITTEN)
"""What an auditor asks for first: named in the head, place by place."""


class Conformance(Struct, frozen=True):
    """The whole, for programs."""

    counts: dict[str, int]
    """Lines by status."""
    lines: tuple[Line, ...]


def conformance() -> Conformance:
    """Every line, with the counts."""
    return Conformance({str(status): number for status, number in counted(lines()).items()}, lines())


def written() -> str:
    """The document, for docs/."""
    return markdown(lines(), titles())


def markdown(lines: Sequence[Line], titles: Mapping[str, Text]) -> str:
    """The document over `lines`, which stand in order; `titles` has every section of theirs."""
    return "\n".join([_head(), *_counts(lines, titles), *_open(lines), *_sections(lines, titles)])


def counted(lines: Iterable[Line]) -> dict[Status, int]:
    """How many lines there are of each status."""
    found = Counter(line.status for line in lines)
    return {status: found[status] for status in Status}


def _head() -> str:
    return resources.files("daemon.contract").joinpath("conformance").joinpath("head.md").read_text("utf-8")


def _counts(lines: Sequence[Line], titles: Mapping[str, Text]) -> Iterator[str]:
    yield "## 状態ごとの行数 / Lines by status\n"
    yield f"| 箇所 / place | {' | '.join(map(_both, STATUSES.values()))} | 計 / all |"
    yield f"|---|{'---:|' * (len(Status) + 1)}"
    for section in titles:
        yield _row(f"{section} {titles[section].ja}", [line for line in lines if line.section == section])
    yield _row("**計 / all**", lines)


def _row(title: str, lines: Sequence[Line]) -> str:
    numbers = [*counted(lines).values(), len(lines)]
    return f"| {title} | {' | '.join(map(str, numbers))} |"


def _open(lines: Sequence[Line]) -> Iterator[str]:
    yield "\n## 満たしていない箇所 / Places that are not met\n"
    for status in LISTED:
        found = [_place(line) for line in lines if line.status is status]
        yield f"**{_both(STATUSES[status])}** ({len(found)})\n"
        yield from (f"- {place}" for place in found)
        yield ""


def _sections(lines: Sequence[Line], titles: Mapping[str, Text]) -> Iterator[str]:
    for section, title in titles.items():
        yield f"## {section} {title.ja}\n\n{title.en}\n"
        for line in lines:
            if line.section == section:
                yield from _line(line)


def _line(line: Line) -> Iterator[str]:
    yield f"### {_place(line)}\n"
    yield f"**{_both(STATUSES[line.status])}** · {_both(FILES[line.file])}\n"
    yield f"{line.asks.ja}  \n{line.asks.en}\n"
    told = {
        FUNCTIONS.get(line.status, "機能 / function"): _codes(line.functions),
        "試験 / test": _codes(line.tests),
        "証跡（記録） / evidence (log)": _codes(line.actions),
        "証跡（文書） / evidence (document)": ", ".join(map(_link, line.records)),
        "備考 / remark": f"{line.remark.ja}  \n  {line.remark.en}" if line.remark else "",
    }
    yield from (f"- {title}: {text}" for title, text in told.items() if text)
    yield ""


def _place(line: Line) -> str:
    return line.place if line.file is File.BOTH else f"{line.place}（{FILES[line.file].ja}）"


def _both(text: Text) -> str:
    return f"{text.ja} / {text.en}"


def _codes(names: Sequence[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _link(record: str) -> str:
    return f"[{record}]({record.removeprefix('docs/')})"
