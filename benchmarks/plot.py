"""A plot of several series as SVG, written by hand: no plotting library is needed for lines over a few numbers of samples.

In: for each name points (n, share, low, high). Out: the text of an SVG file, with n on a logarithmic axis and intervals.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from html import escape

__all__ = ["plot"]

Point = tuple[int, float, float, float]
WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 720, 420, 60, 190, 30, 45
COLOURS = ("#1b6ca8", "#c8553d", "#2e8540", "#7b3fa0", "#b8860b", "#444444", "#008b8b", "#d0508c")


def plot(title: str, series: Mapping[str, Sequence[Point]]) -> str:
    """The plot; shares from 0 to 1."""
    points = [point for some in series.values() for point in some]
    counts = sorted({point[0] for point in points})
    low = math.floor(10 * min((point[2] for point in points), default=0.0)) / 10
    high = math.ceil(10 * max((point[3] for point in points), default=1.0)) / 10
    most = math.log2(max(counts, default=2)) or 1.0

    def x(n: int) -> float:
        return LEFT + math.log2(n) / most * (WIDTH - LEFT - RIGHT)

    def y(share: float) -> float:
        return HEIGHT - BOTTOM - (share - low) / ((high - low) or 1.0) * (HEIGHT - TOP - BOTTOM)

    made = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT}" font-family="sans-serif" '
            'font-size="12">', f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>',
            f'<text x="{LEFT}" y="18" font-size="14">{escape(title)}</text>',
            f'<text x="{(LEFT + WIDTH - RIGHT) / 2:.0f}" y="{HEIGHT - 8}" text-anchor="middle">samples</text>']
    for n in counts:
        made.append(f'<text x="{x(n):.1f}" y="{HEIGHT - BOTTOM + 18}" text-anchor="middle">{n}</text>')
    for step in range(round(10 * low), round(10 * high) + 1):
        at = y(step / 10)
        made += [f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{at:.1f}" y2="{at:.1f}" stroke="#dddddd"/>',
                 f'<text x="{LEFT - 8}" y="{at + 4:.1f}" text-anchor="end">{10 * step} %</text>']
    for place, (name, some) in enumerate(series.items()):
        colour, ordered = COLOURS[place % len(COLOURS)], sorted(some)
        way = " ".join(f"{x(n):.1f},{y(share):.1f}" for n, share, _, _ in ordered)
        made.append(f'<polyline points="{way}" fill="none" stroke="{colour}" stroke-width="2"/>')
        for n, share, below, above in ordered:
            made += [f'<circle cx="{x(n):.1f}" cy="{y(share):.1f}" r="3" fill="{colour}"/>',
                     f'<line x1="{x(n):.1f}" x2="{x(n):.1f}" y1="{y(below):.1f}" y2="{y(above):.1f}" stroke="{colour}" '
                     'stroke-opacity="0.4"/>']
        made.append(f'<text x="{WIDTH - RIGHT + 12}" y="{TOP + 18 * place + 12}" fill="{colour}">{escape(name)}</text>')
    return "\n".join([*made, "</svg>", ""])
