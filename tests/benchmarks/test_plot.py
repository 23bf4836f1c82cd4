"""The plot of shares against numbers of samples is an SVG whose points lie where they should."""

from __future__ import annotations

import sys
from pathlib import Path
from xml.etree import ElementTree

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "benchmarks"))

from plot import plot

SVG = "{http://www.w3.org/2000/svg}"


def test_points_rise_and_go_right_as_their_numbers_do() -> None:
    series = {"a < b": [(4, 0.8, 0.7, 0.9), (1, 0.5, 0.4, 0.6), (2, 0.6, 0.5, 0.7)], "c": [(1, 0.5, 0.4, 0.6)]}
    root = ElementTree.fromstring(plot("Title & more", series))
    texts = [node.text for node in root.iter(f"{SVG}text")]
    assert {"Title & more", "a < b", "c", "1", "2", "4", "40 %", "90 %"} <= set(texts)
    line = next(node.get("points", "").split() for node in root.iter(f"{SVG}polyline"))
    places = [tuple(map(float, point.split(","))) for point in line]
    assert [x for x, _ in places] == sorted({x for x, _ in places})
    assert [y for _, y in places] == sorted({y for _, y in places}, reverse=True)
    assert places[1][0] - places[0][0] == places[2][0] - places[1][0]
    assert len(list(root.iter(f"{SVG}circle"))) == 4


def test_nothing_to_plot_is_an_empty_plot() -> None:
    assert "<polyline" not in plot("Nothing", {})
