"""A plot with logarithmic axes as an SVG, written by hand: a few lines with points, a legend, and nothing else."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

WIDTH, HEIGHT = 800, 460
LEFT, TOP, RIGHT, BOTTOM = 60, 20, 300, 50
"""Room around the plot itself, for numbers and legend."""
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#555555")
"""Told apart by people who see colours differently (Okabe and Ito)."""
STEPS = (1, 2, 5)
STYLE = "font-family='sans-serif' font-size='11' fill='#444444'"


@dataclass(frozen=True)
class Line:
    """A name, and its points from left to right; every number is above 0."""

    name: str
    points: Sequence[tuple[float, float]]


@dataclass(frozen=True)
class _Axis:
    """From a span of numbers to a span of places."""

    low: float
    high: float
    start: float
    end: float

    def place(self, number: float) -> float:
        part = (math.log10(number) - math.log10(self.low)) / (math.log10(self.high) - math.log10(self.low))
        return self.start + part * (self.end - self.start)

    def marks(self) -> list[float]:
        """1, 2 and 5 of every power of ten that lies in between."""
        powers = range(math.floor(math.log10(self.low)), math.ceil(math.log10(self.high)) + 1)
        return [
            step * 10**power
            for power in powers
            for step in STEPS
            if self.low <= step * 10**power <= self.high
        ]


def drawn(lines: Sequence[Line], *, across: str, up: str) -> str:
    """The whole picture."""
    xs = [x for line in lines for x, _ in line.points]
    ys = [y for line in lines for _, y in line.points]
    right, bottom = WIDTH - RIGHT, HEIGHT - BOTTOM
    x = _Axis(min(xs) / 1.3, max(xs) * 1.3, LEFT, right)
    y = _Axis(min(ys) / 1.5, max(ys) * 1.5, bottom, TOP)
    parts = [
        f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {WIDTH} {HEIGHT}' role='img'>",
        f"<title>{escape(up)} over {escape(across)}</title>",
        f"<rect width='{WIDTH}' height='{HEIGHT}' fill='white'/>",
        *(_across(x.place(mark), f"{mark:,.0f}") for mark in x.marks()),
        *(_up(y.place(mark), f"{mark:g}") for mark in y.marks()),
        f"<text x='{(LEFT + right) / 2}' y='{HEIGHT - 12}' text-anchor='middle' {STYLE}>{escape(across)}</text>",
        f"<text transform='translate(18 {(TOP + bottom) / 2}) rotate(-90)' text-anchor='middle' {STYLE}>{escape(up)}</text>",
    ]
    for number, line in enumerate(lines):
        colour = COLOURS[number % len(COLOURS)]
        places = [(x.place(at), y.place(value)) for at, value in line.points]
        path = " ".join(f"{px:.1f},{py:.1f}" for px, py in places)
        parts.append(f"<polyline points='{path}' fill='none' stroke='{colour}' stroke-width='2'/>")
        parts += [f"<circle cx='{px:.1f}' cy='{py:.1f}' r='3.5' fill='{colour}'/>" for px, py in places]
        parts.append(_legend(number, colour, line.name))
    return "\n".join([*parts, "</svg>"]) + "\n"


def _across(at: float, text: str) -> str:
    bottom = HEIGHT - BOTTOM
    return (
        f"<path d='M{at:.1f} {TOP}V{bottom}' stroke='#e4e4e4'/>"
        f"<text x='{at:.1f}' y='{bottom + 16}' text-anchor='middle' {STYLE}>{text}</text>"
    )


def _up(at: float, text: str) -> str:
    return (
        f"<path d='M{LEFT} {at:.1f}H{WIDTH - RIGHT}' stroke='#e4e4e4'/>"
        f"<text x='{LEFT - 6}' y='{at + 4:.1f}' text-anchor='end' {STYLE}>{text}</text>"
    )


def _legend(number: int, colour: str, name: str) -> str:
    left, at = WIDTH - RIGHT + 14, TOP + 12 + 22 * number
    return (
        f"<path d='M{left} {at}h18' stroke='{colour}' stroke-width='2'/>"
        f"<text x='{left + 24}' y='{at + 4}' {STYLE}>{escape(name)}</text>"
    )
