"""Charts over months as SVG made on the server: columns and lines, a link per month, colours that are never alone.

Widths are per cent and heights pixels, as in `charts`; every axis starts at nothing: a small change looks small.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

HEIGHT = 150
TOP = 22
FOOT = 20
GAP = 0.24
"""The share of a month's place that stays empty beside its column."""


@dataclass(frozen=True, slots=True)
class Month:
    """One month of a chart: its short name, what it says aloud, the list that it opens, and its values."""

    label: str
    said: str
    values: tuple[float | None, ...]
    address: str = ""
    between: tuple[float, float] | None = None
    """The range in which the value most likely lies, drawn over its column."""


def axis(highest: float) -> float:
    """Where an axis ends that has to hold a value: the next round number."""
    if highest <= 0:
        return 1
    step = float(10 ** math.floor(math.log10(highest)))
    return next(step * part for part in (1, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10) if step * part >= highest)


def columns(
    key: str, *, title: str, description: str, months: Sequence[Month], tones: Sequence[int], top: str, highest: float
) -> Markup:
    """A column per month, its values on top of each other; `top` names the end of the axis."""
    drawn = Markup("").join(_column(month, at, len(months), highest, tones) for at, month in enumerate(months))
    return _frame(key, title, description, top, drawn, months)


def lines(
    key: str, *, title: str, description: str, months: Sequence[Month], tones: Sequence[int], top: str, highest: float
) -> Markup:
    """A line per value over the months, dashed after the first; a month without a value is a gap."""
    drawn = Markup("").join(
        _line([month.values[which] for month in months], highest, tone, which) for which, tone in enumerate(tones)
    )
    marks = Markup("").join(_marks(month, at, len(months), highest, tones) for at, month in enumerate(months))
    return _frame(key, title, description, top, drawn + marks, months)


def _frame(key: str, title: str, description: str, top: str, drawn: Markup, months: Sequence[Month]) -> Markup:
    names = Markup("").join(
        Markup('<text class="axis{}" x="{:.2f}%" y="{}" text-anchor="middle">{}</text>').format(
            " other" if at % 2 else "", (at + 0.5) * 100 / len(months), TOP + HEIGHT + FOOT - 5, month.label
        )
        for at, month in enumerate(months)
    )
    return Markup(
        '<svg class="chart over-time" width="100%" height="{height}" role="group" aria-labelledby="{key}-title" '
        'aria-describedby="{key}-desc"><title id="{key}-title">{title}</title>'
        '<desc id="{key}-desc">{description}</desc>'
        '<line class="rule" x1="0" x2="100%" y1="{top_y}" y2="{top_y}"/>'
        '<text class="axis" x="0" y="{text_y}">{top}</text>'
        '{drawn}<line class="rule strong" x1="0" x2="100%" y1="{foot_y}" y2="{foot_y}"/>{names}</svg>'
    ).format(
        height=TOP + HEIGHT + FOOT,
        key=key,
        title=title,
        description=description,
        top=top,
        top_y=TOP,
        text_y=TOP - 9,
        foot_y=TOP + HEIGHT,
        drawn=drawn,
        names=names,
    )


def _column(month: Month, at: int, of: int, highest: float, tones: Sequence[int]) -> Markup:
    place = 100 / of
    parts, below = Markup(""), float(TOP + HEIGHT)
    for value, tone in zip(month.values, tones, strict=True):
        tall = (value or 0) * HEIGHT / highest if highest else 0
        below -= tall
        parts += Markup('<rect class="b{}" x="{:.2f}%" y="{:.1f}" width="{:.2f}%" height="{:.1f}"/>').format(
            tone, (at + GAP / 2) * place, below, (1 - GAP) * place, tall
        )
    if month.between is not None:
        middle, ends = (at + 0.5) * place, [_height(each, highest) for each in month.between]
        parts += Markup(
            '<line class="whisker" x1="{0:.2f}%" x2="{0:.2f}%" y1="{1:.1f}" y2="{2:.1f}"/>'
            '<circle class="whisker" cx="{0:.2f}%" cy="{1:.1f}" r="2"/><circle class="whisker" cx="{0:.2f}%" '
            'cy="{2:.1f}" r="2"/>'
        ).format(middle, *ends)
    return _linked(month, at, of, parts)


def _line(values: Sequence[float | None], highest: float, tone: int, which: int) -> Markup:
    """The runs between gaps, in a box of its own whose width stretches and whose strokes do not."""
    runs: list[list[str]] = [[]]
    for at, value in enumerate(values):
        if value is None:
            runs.append([])
        else:
            runs[-1].append(f"{(at + 0.5) * 100 / len(values):.2f},{_height(value, highest):.1f}")
    drawn = Markup("").join(
        Markup('<polyline class="l{}{}" points="{}" vector-effect="non-scaling-stroke"/>').format(
            tone, " dashed" if which else "", " ".join(run)
        )
        for run in runs
        if run
    )
    return Markup(
        '<svg x="0" y="0" width="100%" height="{height}" viewBox="0 0 100 {height}" preserveAspectRatio="none" '
        'aria-hidden="true">{drawn}</svg>'
    ).format(height=TOP + HEIGHT + FOOT, drawn=drawn)


def _marks(month: Month, at: int, of: int, highest: float, tones: Sequence[int]) -> Markup:
    dots = Markup("").join(
        Markup('<circle class="b{}" cx="{:.2f}%" cy="{:.1f}" r="3.5"/>').format(
            tone, (at + 0.5) * 100 / of, _height(value, highest)
        )
        for value, tone in zip(month.values, tones, strict=True)
        if value is not None
    )
    return _linked(month, at, of, dots)


def _linked(month: Month, at: int, of: int, inside: Markup) -> Markup:
    hit = Markup('<title>{}</title><rect class="hit" x="{:.2f}%" y="{}" width="{:.2f}%" height="{}"/>').format(
        month.said, at * 100 / of, TOP, 100 / of, HEIGHT
    )
    if not month.address:
        return Markup("<g>{}{}</g>").format(hit, inside)
    return Markup('<a href="{}" aria-label="{}">{}{}</a>').format(month.address, month.said, hit, inside)


def _height(value: float, highest: float) -> float:
    return TOP + HEIGHT - (value * HEIGHT / highest if highest else 0)
