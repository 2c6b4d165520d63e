"""The leakage report as a table for people."""

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from leak_copy import Copy
from leak_names import RANKS
from leak_questions import Answer
from leak_recovery import Recovery


@dataclass(frozen=True)
class Report:
    """All that was measured, on one register and one table of tokens."""

    people: int
    seed: int
    hours: int
    guessed_people: int
    """From the number of pages, by a thief who knows the program."""
    copy: Copy
    answers: list[Answer]
    errors: dict[str, float]
    """Counts guessed from changed pages: median error, per cent."""
    in_place: int
    """Copies in which some pages of index.db differed from the copy before and others did not."""
    kept_anew: int
    """Pages that look the same after both files were written anew."""
    recovery: Recovery
    seconds: float


def table(report: Report) -> str:
    """The whole report, line by line."""
    return "\n".join([*_one_copy(report), "", *_hourly(report), "", *_names(report)])


def _one_copy(report: Report) -> Iterator[str]:
    copy = report.copy
    yield f"FROM ONE COPY ({report.people:,} people, {copy.pages:,} distinct pages)"
    yield from _aligned(
        ("file", "pages", "worst p", "of the test", "zlib", "like random bytes"),
        [
            (
                name,
                f"{found.pages:,}",
                f"{min(found.p.values()):.2g}",
                min(found.p, key=lambda test: found.p[test]),
                f"{found.compressed:.4f}",
                "yes" if found.uniform else f"NO, pages {found.suspects}",
            )
            for name, found in copy.files.items()
        ],
    )
    yield f"  blocks of 16 bytes that stand twice: {copy.repeated_blocks} of {copy.blocks:,}"
    yield f"  strings of 16 bytes that stand twice anywhere: {copy.repeated_strings}"
    yield f"  people, guessed from the number of pages: {report.guessed_people:,} (truly {report.people:,})"
    yield "  in clear:"
    for name, log in copy.logs.items():
        yield (
            f"    {name}-wal: {log.transactions} transactions in order, {log.pages_each:g} pages each (median), "
            f"{log.frames + log.earlier} page numbers of {log.named} pages; begun anew {log.restarts} times; "
            f"-shm: {log.in_shm} page numbers"
        )
    yield (
        f"    key service: {copy.witnessed} sizes of the audit log, the last {copy.entries:,} entries; "
        "names and dates of keys and tokens"
    )
    modes = sorted({entry.mode for entry in copy.listing})
    yield f"    the state folder: {len(copy.listing)} files with name, size and time of writing; modes {', '.join(modes)}"


def _hourly(report: Report) -> Iterator[str]:
    yield "FROM HOURLY COPIES (a thief who learnt from labelled hours; chance is 50 %)"
    yield from _aligned(
        ("question", "others", "file", "right", "95 %", "p", "verdict"),
        [_answer(answer) for answer in report.answers],
    )
    for what, error in report.errors.items():
        yield f"  number of {what} in an hour, from the number of pages: off by {error:.0f} % (median)"
    yield "  number of all entries in the audit log: exactly, from the key service's files"
    yield f"  copies in which index.db had changed in some pages only: {report.in_place}"
    if report.in_place:
        yield "    so it is changed in place; a real hour changes more of it than these, which take a moment: see above with care"
    yield f"  pages that stay as they were when both files are written anew: {report.kept_anew}"


def _answer(answer: Answer) -> tuple[str, ...]:
    guessed = answer.guessed
    low, high = guessed.interval
    return (
        answer.question,
        str(answer.beside),
        answer.file,
        f"{guessed.accuracy:.0%} of {guessed.tries}",
        f"{low:.0%} to {high:.0%}",
        f"{min(1.0, guessed.p * answer.attempts):.2g}",
        "LEAKS" if answer.leaks else "chance",
    )


def _names(report: Report) -> Iterator[str]:
    recovery = report.recovery
    yield f"SURNAMES ({recovery.people:,} invented people, {recovery.surnames:,} surnames, public numbers of bearers)"
    yield from _aligned(
        ("attack", "people right", *(f"of the first {rank}" for rank in RANKS)),
        [
            (name, f"{found.people:.1%}", *(str(found.by_rank[rank]) for rank in RANKS))
            for name, found in recovery.attacks.items()
        ],
    )
    yield f"  municipality tokens, by rank: {recovery.municipalities:.0%} of the people right"
    ours = report.copy.repeated_strings
    yield f"  strings that stand twice, and so can be matched with names: {recovery.strings:,} in the token file, {ours:,} in ours"
    if not ours:
        yield "  from our pages nobody is named better than by no file at all"


def _aligned(head: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    widths = [max(map(_width, column)) for column in zip(head, *rows, strict=True)]
    for row in (head, *rows):
        cells = (cell + " " * (width - _width(cell)) for cell, width in zip(row, widths, strict=True))
        yield "  " + "  ".join(cells).rstrip()


def _width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text)
