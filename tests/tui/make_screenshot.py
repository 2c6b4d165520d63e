"""Draws the README's picture of the console: `python -m tests.tui.make_screenshot docs/console.svg`.

The search's result over the fake register, with invented people; the same picture every time. What the toolkit
puts into an SVG and a README does not need (fonts fetched from elsewhere, a random-looking prefix) is taken out.
"""

import asyncio
import re
import sys
import tempfile
from pathlib import Path

from tests.tui.driving import console
from tests.tui.fake_daemon import FakeDaemon
from tui.client import socket_of

FONTS = "'Noto Sans Mono CJK JP', 'IPAGothic', 'MS Gothic', 'Osaka-Mono', monospace"


def plain(svg: str) -> str:
    """`svg` with the reader's own fonts and with a fixed prefix for its names."""
    svg = re.sub(r"@font-face\s*\{.*?\}", "", svg, flags=re.DOTALL)
    svg = re.sub(r"font-family: (?:Fira Code|arial)[^;]*;?", f"font-family: {FONTS};", svg)
    # Latin letters as wide as kanji would be squeezed into half their width.
    svg = svg.replace("font-variant-east-asian: full-width;", "")
    svg = re.sub(r"terminal-\d+-", "console-", svg)
    return re.sub(r"\n\s*\n+", "\n", svg)


async def picture() -> str:
    """The console with hits on the screen."""
    with (
        tempfile.TemporaryDirectory(prefix="jukura-") as folder,
        FakeDaemon(socket_of(Path(folder) / "honnin")) as fake,
    ):
        async with console(fake) as operator:
            await operator.sees("9,981")
            await operator.signs_in()
            await operator.searches("やま")
            await operator.sees("9件見つかりました", "萩市（35204）")
            await operator.press("down", "down")
            await operator.sees("光市（35210）")
            await operator.settled()
            return plain(operator.app.export_screenshot(title="住蔵 Jukura"))


def main() -> None:
    Path(sys.argv[1]).write_text(asyncio.run(picture()), "utf-8")


if __name__ == "__main__":
    main()
