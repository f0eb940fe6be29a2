"""Plots as inline SVG, made here: no script, no style in attributes, words beside them that say the same."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from oracle.pages import text

_WIDTH, _HEIGHT = 1_000, 260
_LEFT, _RIGHT, _TOP, _BOTTOM = 40, 8, 10, 26
_DAYS_SHORT = 3 * 86_400  # seconds; below this the axis tells hours
_WHOLE = 1_000  # thousandths

Point = tuple[int, int | None, int, int]
"""Time (Unix seconds), score (None: unknown), lower and upper limit of the interval, in thousandths."""


def score_bar(score: int | None, lower: int, upper: int) -> Markup:
    """A score on a scale from 0 to 1000 with its interval. The numbers stand beside it as text."""
    tick = Markup("")
    if score is not None:
        tick = Markup('<rect class="tick" x="{}" y="0" width="8" height="100"/>').format(
            min(max(score - 4, 0), 992)
        )
    return Markup(
        '<svg class="bar{}" viewBox="0 0 1000 100" preserveAspectRatio="none" aria-hidden="true" '
        'focusable="false"><rect class="track" y="38" width="1000" height="24" rx="12"/>'
        '<rect class="band" x="{}" y="20" width="{}" height="60"/>{}</svg>'
    ).format(" unknown" if score is None else "", lower, max(upper - lower, 6), tick)


def history(points: Sequence[Point]) -> Markup:
    """Scores of days, the oldest first: interval as a band, score as a line, gaps where it is unknown."""
    if len(points) < 2 or points[0][0] >= points[-1][0]:
        return Markup("")
    first, last = points[0][0], points[-1][0]

    def across(time: int) -> float:
        return round(_LEFT + (time - first) * (_WIDTH - _LEFT - _RIGHT) / (last - first), 1)

    def up(value: int) -> float:
        return round(_TOP + (_WHOLE - value) * (_HEIGHT - _TOP - _BOTTOM) / _WHOLE, 1)

    known = _runs(points)
    parts = [
        Markup(
            '<line class="grid" x1="{}" x2="{}" y1="{}" y2="{}"/><text x="{}" y="{}" class="end">{}</text>'
        ).format(_LEFT, _WIDTH - _RIGHT, up(value), up(value), _LEFT - 8, up(value) + 4, value)
        for value in (0, 250, 500, 750, 1_000)
    ]
    for run in known:
        above = " ".join(f"{across(time)},{up(upper)}" for time, _, _, upper in run)
        below = " ".join(f"{across(time)},{up(lower)}" for time, _, lower, _ in reversed(run))
        line = " ".join(f"{across(time)},{up(score or 0)}" for time, score, _, _ in run)
        parts.append(Markup('<polygon class="band" points="{} {}"/>').format(above, below))
        parts.append(Markup('<polyline class="line" points="{}"/>').format(line))
        time, score, _, _ = run[-1]
        parts.append(
            Markup('<circle class="dot" cx="{}" cy="{}" r="4"/>').format(across(time), up(score or 0))
        )
    form = "%-d %b, %H:%M" if last - first < _DAYS_SHORT else "%-d %b %Y"
    for time, where in ((first, "start"), ((first + last) // 2, "middle"), (last, "end")):
        at = text.moment(time)
        parts.append(
            Markup('<text x="{}" y="{}" class="{}">{}</text>').format(
                across(time), _HEIGHT - 6, where, at.strftime(form) if at else time
            )
        )
    return Markup(
        '<svg class="plot" viewBox="0 0 {} {}" role="img" aria-labelledby="plot-title">'
        '<title id="plot-title">{}</title>{}</svg>'
    ).format(_WIDTH, _HEIGHT, _said(points), Markup("").join(parts))


def _runs(points: Sequence[Point]) -> list[list[Point]]:
    """Stretches of days on which the score is known."""
    runs: list[list[Point]] = []
    fresh = True
    for point in points:
        if point[1] is None:
            fresh = True
            continue
        if fresh:
            runs.append([])
        runs[-1].append(point)
        fresh = False
    return runs


def _said(points: Sequence[Point]) -> str:
    known = [point[1] for point in points if point[1] is not None]
    if not known:
        return f"The score at {len(points)} times: unknown at all of them."
    return (
        f"The score at {len(points)} times: known at {len(known)}, between {min(known)} and "
        f"{max(known)}, last {known[-1] if points[-1][1] is not None else 'unknown'}."
    )
