"""Write which kanji each code of 住基ネット統一文字 stands for: `daemon/register/data/unified.txt`.

Made from the MJ文字情報一覧表 as the npm package @mandel59/mojidata 1.8.1 holds it (table `mji` of dist/moji.db). A code may
be written in several ways: as a plain kanji, where that is what fonts show for it, and with a variation selector of the
Moji_Joho collection or of Unicode. No two codes are written alike; the script stops if they are.

Usage: npm pack @mandel59/mojidata@1.8.1 && tar xzf mandel59-mojidata-1.8.1.tgz package/dist/moji.db
       python packaging/moji/unified.py package/dist/moji.db > daemon/register/data/unified.txt
"""

import argparse
import sqlite3
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import closing
from itertools import chain
from pathlib import Path

WRITINGS = """
    SELECT "住基ネット統一文字コード", "実装したUCS", "実装したMoji_JohoコレクションIVS", "実装したSVS",
        "重複実装したMoji_JohoコレクションIVS"
    FROM mji LEFT JOIN mji_duplicated_ivs USING ("MJ文字図形名") WHERE "住基ネット統一文字コード" IS NOT NULL"""
MARK = "J+"
SUPPLEMENT = 0xE0000
"""The selectors of a collection are written without it: U+E010F as 10F."""
WIDTH = 110
HEAD = """\
# 住基ネット統一文字 and the kanji that they stand for.
# Made by packaging/moji/unified.py from the MJ文字情報一覧表 (文字情報技術促進協議会, https://moji.or.jp/mojikiban/mjlist/; author
# IPA), as @mandel59/mojidata 1.8.1 holds it. This file is licensed like the table: CC BY-SA 2.1 JP.
#
# First, codes that are the kanji's own code in Unicode, and written as that kanji alone; then a line for each other kanji,
# with its codes: as it is, and after a colon with that selector (10F for U+E010F).\
"""


def writings(moji: Path) -> dict[str, str]:
    """The code (four hex digits) of each way to write a kanji."""
    found: dict[str, str] = {}
    with closing(sqlite3.connect(moji)) as database:
        for code, *written in database.execute(WRITINGS):
            digits = code.removeprefix(MARK)
            for one in filter(None, written):
                if found.setdefault(one, digits) != digits:
                    raise ValueError(f"written alike: {found[one]} and {digits}")
    return found


def by_kanji(found: dict[str, str]) -> dict[str, list[tuple[str, str]]]:
    """Code and selector ("" for none) of each kanji's writings."""
    kanji = defaultdict(list)
    for written, code in sorted(found.items()):
        kanji[written[0]].append((code, written[1:]))
    return kanji


def ranges(codes: Iterable[int]) -> Iterator[str]:
    """`3400 3405-3407`: the codes, in order, runs of them as one."""
    first = last = -1
    for code in chain(sorted(codes), [-2]):
        if code == last + 1:
            last = code
            continue
        if last >= 0:
            yield f"{first:04X}" if first == last else f"{first:04X}-{last:04X}"
        first = last = code


def wrapped(words: Iterable[str]) -> Iterator[str]:
    """The words in lines."""
    line = ""
    for word in words:
        if len(line) + len(word) >= WIDTH:
            yield line
            line = ""
        line += f" {word}" if line else word
    yield line


def line(kanji: str, codes: list[tuple[str, str]]) -> str:
    """One kanji with its codes."""
    told = (f"{code}:{ord(mark) & ~SUPPLEMENT:X}" if mark else code for code, mark in codes)
    return f"{kanji} {' '.join(told)}"


def main() -> None:
    """Print the file."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("moji", type=Path)
    sys.stdout.reconfigure(encoding="utf-8")  # type: ignore[union-attr]
    kanji = by_kanji(writings(parser.parse_args().moji))
    plain = {ord(one) for one, codes in kanji.items() if codes == [(f"{ord(one):04X}", "")]}
    others = [line(one, codes) for one, codes in kanji.items() if ord(one) not in plain]
    print("\n".join([HEAD, *wrapped(ranges(plain)), "", *others]))  # noqa: T201 - its output is the file


if __name__ == "__main__":
    main()
