"""Charts as SVG, made on the server: a title that says the message, a link per bar, text in the page's own font.

Widths are per cent and text is in pixels, so a chart is as wide as its place and as legible on a phone as on a desk.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape

ROW = 46
BAR = 12
LABEL_AT = 14
BAR_AT = 22
LEAST = 0.6
"""Per cent; something that is not nothing is always visible."""


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar: what it is, how much, in words, and the list that it opens."""

    label: str
    value: int
    shown: str
    address: str = ""
    tone: int = 0
    note: str = ""


def bars(key: str, *, title: str, description: str, series: Sequence[Bar], whole: int | None = None) -> Markup:
    """Horizontal bars against the largest of them, or against a whole; nothing at all is drawn as empty tracks."""
    largest = max([each.value for each in series] + [0]) if whole is None else whole
    rows = Markup("").join(_row(each, at, largest) for at, each in enumerate(series))
    return Markup(
        '<svg class="chart" width="100%" height="{height}" role="group" '
        'aria-labelledby="{key}-title" aria-describedby="{key}-desc">'
        '<title id="{key}-title">{title}</title><desc id="{key}-desc">{description}</desc>{rows}</svg>'
    ).format(height=ROW * len(series), key=key, title=title, description=description, rows=rows)


def sparkline(key: str, *, title: str, values: Sequence[int]) -> Markup:
    """A line without axes; its title says what it shows."""
    if len(values) < 2:
        return Markup("")
    low, high = min(values), max(values)
    span = (high - low) or 1
    points = " ".join(
        f"{at * 100 / (len(values) - 1):.1f},{27 - 24 * (value - low) / span:.1f}" for at, value in enumerate(values)
    )
    return Markup(
        '<svg class="spark" viewBox="0 0 100 30" preserveAspectRatio="none" role="img" aria-labelledby="{key}-title">'
        '<title id="{key}-title">{title}</title><polyline points="{points}" vector-effect="non-scaling-stroke"/></svg>'
    ).format(key=key, title=title, points=points)


def _row(bar: Bar, at: int, largest: int) -> Markup:
    top = at * ROW
    width = max(bar.value * 100 / largest, LEAST) if largest and bar.value else 0
    inside = Markup(
        '<rect class="hit" x="0" y="{hit}" width="100%" height="{row}"/>'
        '<text x="0" y="{text}">{label}</text><text x="100%" y="{text}" text-anchor="end">{shown}{note}</text>'
        '<rect class="track" x="0" y="{bar}" width="100%" height="{thick}" rx="3"/>'
        '<rect class="b{tone}" x="0" y="{bar}" width="{width}%" height="{thick}" rx="3"/>'
    ).format(
        hit=top,
        row=ROW - 4,
        text=top + LABEL_AT,
        label=bar.label,
        shown=bar.shown,
        note=Markup(' <tspan class="axis">{}</tspan>').format(bar.note) if bar.note else "",
        bar=top + BAR_AT,
        thick=BAR,
        tone=bar.tone,
        width=f"{width:.2f}",
    )
    if not bar.address:
        return Markup("<g>{}</g>").format(inside)
    return Markup('<a href="{}">{}</a>').format(escape(bar.address), inside)
