"""Line charts as SVG: made on the server, readable without colour, the same bytes for the same figures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape

WIDTH, HEIGHT = 720, 300
_LEFT, _RIGHT, _TOP, _BOTTOM = 76, 16, 40, 44
_STROKES = (("#1d4ed8", ""), ("#b45309", "6 4"), ("#047857", "2 3"), ("#7c3aed", "8 3 2 3"))
_TICKS = 5


@dataclass(frozen=True, slots=True)
class Series:
    """A line: points (x, y) with x rising. `step`: y holds until the next point."""

    name: str
    points: Sequence[tuple[float, float]]
    step: bool = False


@dataclass(frozen=True, slots=True)
class Mark:
    """A moment worth a vertical line, with a few words."""

    x: float
    says: str


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart. `says` is what it shows, in a sentence, for readers who do not see it.

    Args:
        bands: Areas (x, low, high) behind the lines, such as an interval.
        x_words: Words at places of the x axis; numbers where there are none.
    """

    title: str
    says: str
    x_name: str
    y_name: str
    series: Sequence[Series]
    marks: Sequence[Mark] = ()
    bands: Sequence[tuple[float, float, float]] = ()
    x_words: Sequence[tuple[float, str]] = field(default=())


def svg(chart: Chart, *, name: str = "chart") -> str:
    """The chart as an SVG element with title and description. `name` makes its ids unique on a page."""
    xs = [x for one in chart.series for x, _ in one.points] + [x for x, _, _ in chart.bands]
    ys = [y for one in chart.series for _, y in one.points] + [high for _, _, high in chart.bands]
    x_low, x_high = (min(xs), max(xs)) if xs else (0.0, 1.0)
    y_high = _nice(max(ys, default=1.0))
    x_high = x_high if x_high > x_low else x_low + 1

    def px(x: float) -> str:
        return _number(_LEFT + (x - x_low) / (x_high - x_low) * (WIDTH - _LEFT - _RIGHT))

    def py(y: float) -> str:
        return _number(HEIGHT - _BOTTOM - y / y_high * (HEIGHT - _TOP - _BOTTOM))

    id_ = escape(name, quote=True)
    lines = [
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
            f'aria-labelledby="{id_}-title {id_}-desc" font-family="system-ui, sans-serif" font-size="12">'
        ),
        f'<title id="{id_}-title">{escape(chart.title)}</title>',
        f'<desc id="{id_}-desc">{escape(chart.says)}</desc>',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>',
    ]
    for tick in range(_TICKS + 1):
        y = y_high * tick / _TICKS
        lines.append(f'<path d="M{_LEFT} {py(y)}H{WIDTH - _RIGHT}" stroke="#d4d4d8"/>')
        lines.append(_text(str(_LEFT - 6), f"{float(py(y)) + 4:g}", _short(y), anchor="end"))
    words = chart.x_words or [
        (x_low + (x_high - x_low) * tick / _TICKS, _short(x_low + (x_high - x_low) * tick / _TICKS))
        for tick in range(_TICKS + 1)
    ]
    lines += [_text(px(x), str(HEIGHT - _BOTTOM + 18), word, anchor="middle") for x, word in words]
    lines.append(_text(str((WIDTH + _LEFT) // 2), str(HEIGHT - 8), chart.x_name, anchor="middle"))
    lines.append(_text("8", "16", chart.y_name))
    if chart.bands:
        upper = " ".join(f"{px(x)},{py(high)}" for x, _, high in chart.bands)
        lower = " ".join(f"{px(x)},{py(low)}" for x, low, _ in reversed(chart.bands))
        lines.append(f'<polygon points="{upper} {lower}" fill="#93c5fd" fill-opacity="0.5"/>')
    for index, one in enumerate(chart.series):
        colour, dash = _STROKES[index % len(_STROKES)]
        dashed = f' stroke-dasharray="{dash}"' if dash else ""
        path = _path([(px(x), py(y)) for x, y in one.points], step=one.step)
        lines.append(f'<path d="{path}" fill="none" stroke="{colour}" stroke-width="2"{dashed}/>')
        left = WIDTH - _RIGHT - 150 * (len(chart.series) - index)
        lines.append(f'<path d="M{left} 12h24" stroke="{colour}" stroke-width="2"{dashed}/>')
        lines.append(_text(str(left + 30), "16", one.name))
    for index, mark in enumerate(chart.marks):
        x = px(mark.x)
        lines.append(f'<path d="M{x} {_TOP}V{HEIGHT - _BOTTOM}" stroke="#3f3f46" stroke-dasharray="3 3"/>')
        lines.append(_text(f"{float(x) + 4:g}", str(_TOP + 12 + 15 * (index % 4)), mark.says))
    return "\n".join([*lines, "</svg>"]) + "\n"


def _path(points: Sequence[tuple[str, str]], *, step: bool) -> str:
    if not points:
        return ""
    parts = [f"M{points[0][0]} {points[0][1]}"]
    for x, y in points[1:]:
        parts.append(f"H{x}V{y}" if step else f"L{x} {y}")
    return "".join(parts)


def _text(x: str, y: str, says: str, *, anchor: str = "start") -> str:
    return f'<text x="{x}" y="{y}" text-anchor="{anchor}" fill="#18181b">{escape(says)}</text>'


def _number(value: float) -> str:
    return f"{value:.1f}"


def _nice(value: float) -> float:
    """The next of 1, 2, 2.5, 5 and 10 times a power of ten."""
    if value <= 0:
        return 1.0
    power = 1.0
    while power * 10 <= value:
        power *= 10
    while power > value:
        power /= 10
    return next(power * step for step in (1, 2, 2.5, 5, 10) if power * step >= value)


def _short(value: float) -> str:
    if abs(value) >= 1_000_000:
        return f"{value / 1_000_000:g}M"
    if abs(value) >= 10_000:
        return f"{value / 1_000:g}k"
    return f"{value:,.4g}" if value != int(value) else f"{int(value):,}"
