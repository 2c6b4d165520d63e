"""Write the families of kanji that a search takes for one: `daemon/register/data/families.txt`.

Made from the MJ縮退マップ as jntajis-python holds it. A kanji goes over into one other, along the first of these relations
that knows it, and so on until one is left; the families are the trees of that walk. Some go over into each other (眞 and 真, 德 and 徳):
of these the more usual one is the end. The relations:

1. JIS包摂規準・UCS統合規則: one character, two shapes (𠮷 and 吉, 髙 and 高).
2. 戸籍法関連通達・通知: what a family register corrects into what (邉 and 邊 into 辺, 﨑 into 崎, 濵 into 浜, 齋 into 斎).
3. 読み・字形による類推: the rest, from reading and shape.

The fourth relation, 法務省告示582号, is left out: it lists for each simplified character of a foreigner several that it may
stand for, and joining those makes families of a hundred that nobody takes for one character (橋 with 争 and 段).
Walking, instead of joining whatever is related, keeps a shape that two characters share from making them one.

Usage: python packaging/moji/families.py > daemon/register/data/families.txt
"""

import sys
import unicodedata
from collections import defaultdict
from collections.abc import Iterator

import jntajis
import regex

RELATIONS = (
    jntajis.MJShrinkSchemeCombo.JIS_INCORPORATION_UCS_UNIFICATION_RULE,
    jntajis.MJShrinkSchemeCombo.MOJ_FAMILY_REGISTER_ACT_RELATED_NOTICE,
    jntajis.MJShrinkSchemeCombo.INFERENCE_BY_READING_AND_GLYPH,
)
APART = frozenset("玉功師書着倡汎敞宍舛")
"""Whose odd shapes the map counts to another character (a 玉 that looks like 王), though nobody takes it for that one."""
TOGETHER = {
    "渕": "淵", "渊": "淵", "遙": "遥",
    # Pairs of 戸籍法施行規則別表第二の一.
    "亙": "亘", "凛": "凜", "巖": "巌", "晄": "晃", "穰": "穣",
    # The pairs that JIS X 0208:1983 exchanged: each is written for the other to this day.
    "鯵": "鰺", "鴬": "鶯", "蛎": "蠣", "攪": "撹", "竃": "竈", "潅": "灌", "諌": "諫", "頚": "頸", "礦": "砿",
    "蘂": "蕊", "賎": "賤", "壷": "壺", "砺": "礪", "梼": "檮", "涛": "濤", "迩": "邇", "蝿": "蠅",
    "桧": "檜", "侭": "儘", "薮": "藪", "篭": "籠",
}  # fmt: skip
"""What the map does not have."""
FIRST_UNUSUAL_ROW = 48  # JIS X 0208: rows 16 to 47 are the first level, the usual kanji
HEAD = """\
# Kanji that a search takes for one: a family a line, first the one that stands for it.
# Made by packaging/moji/families.py from the MJ縮退マップ (文字情報技術促進協議会, https://moji.or.jp/mojikiban/map/; author IPA),
# as jntajis-python holds it. This file is licensed like the map: CC BY-SA 2.1 JP.\
"""


def kanji() -> Iterator[str]:
    """Every kanji that is not a mere double of another one in Unicode, but for 々 and its like."""
    for code in range(0x3400, 0x33480):
        one = chr(code)
        if regex.match(r"\p{Unified_Ideograph}", one):
            yield one


def usualness(one: str) -> tuple[int, int]:
    """Smaller for a kanji that is more usual: the first level of JIS X 0208, the second, all others."""
    try:
        row = one.encode("euc_jp")[0] - 0xA0
    except UnicodeEncodeError:
        row = 0
    level = 3 if row <= 0 else 1 if row < FIRST_UNUSUAL_ROW else 2
    return level, ord(one)


def targets(one: str) -> list[str]:
    """What `one` may go over into, by the first relation that knows it."""
    if one in TOGETHER:
        return [TOGETHER[one]]
    if one in APART or one in TOGETHER.values():
        return []
    for relation in RELATIONS:
        found = {
            unicodedata.normalize("NFKC", other) for other in jntajis.mj_shrink_candidates(one, relation, 100)
        }
        if others := sorted(found - {one}):
            return others
    return []


def ends(one: str, way: tuple[str, ...] = ()) -> set[str]:
    """Where the walk from `one` may end, that came by `way`: of kanji that go over into each other (真 and 眞), at any of them."""
    if one in way:
        return set(way[way.index(one) :])
    if not (further := targets(one)):
        return {one}
    return set().union(*(ends(other, (*way, one)) for other in further))


def families() -> dict[str, list[str]]:
    """Whoever stands for a family, with its other members."""
    found = defaultdict(list)
    for one in kanji():
        end = min(ends(one), key=usualness)
        if end != one:
            found[end].append(one)
    if wandering := found.keys() & {one for others in found.values() for one in others}:
        raise ValueError(f"they stand for a family and go over into another: {sorted(wandering)}")
    return dict(sorted(found.items()))


def main() -> None:
    """Print the file."""
    sys.stdout.reconfigure(encoding="utf-8")  # type: ignore[union-attr]
    lines = [first + "".join(others) for first, others in families().items()]
    sys.stdout.write("\n".join([HEAD, *lines]) + "\n")


if __name__ == "__main__":
    main()
