"""The bar chart of a run as SVG: requests per second of each system, one group of bars per workload.

    draw(groups, title="...") -> "<svg ...>"

Bars of a group are drawn against the fastest of the group, since workloads differ a hundredfold; the figures
stand beside the bars. Colours work on light and dark backgrounds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Final

WIDTH: Final = 860
LABELS: Final = 250
FIGURES: Final = 150
BAR: Final = 15
GAP: Final = 14
TOP: Final = 66

COLOURS: Final = {
    "causeway": "#2563eb",
    "floor": "#94a3b8",
    "directus": "#8b5cf6",
    "postgraphile": "#f59e0b",
}
_FONT: Final = 'font-family="ui-sans-serif,system-ui,sans-serif"'
_STYLE: Final = "text{fill:#1f2937}@media(prefers-color-scheme:dark){text{fill:#e5e7eb}}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """`value`: requests per second; None where there is no figure."""

    system: str
    value: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    title: str
    bars: tuple[Bar, ...]


def draw(groups: Sequence[Group], *, title: str, subtitle: str) -> str:
    parts: list[str] = []
    y = TOP
    for group in groups:
        parts.append(_text(LABELS - 12, y + len(group.bars) * BAR / 2 + 4, group.title, "end", 13))
        top = max((bar.value or 0 for bar in group.bars), default=0) or 1
        for bar in group.bars:
            parts += _bar(bar, y, top)
            y += BAR
        y += GAP
    names = list(dict.fromkeys(bar.system for group in groups for bar in group.bars))
    head = [
        _text(16, 22, title, "start", 16, weight=600),
        _text(16, 41, subtitle, "start", 12),
        *_legend(names),
    ]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{y}" '
        f'viewBox="0 0 {WIDTH} {y}" role="img" aria-label="{escape(title)}">'
        f"<style>{_STYLE}</style>\n" + "\n".join([*head, *parts]) + "\n</svg>\n"
    )


def _bar(bar: Bar, y: float, top: float) -> list[str]:
    room = WIDTH - LABELS - FIGURES
    width = max((bar.value or 0) / top * room, 1)
    colour = COLOURS.get(bar.system, "#6b7280")
    return [
        f'<rect x="{LABELS}" y="{y}" width="{width:.1f}" height="{BAR - 2}" rx="2" fill="{colour}"/>',
        _text(LABELS + width + 6, y + 10.5, figure(bar.value), "start", 11),
    ]


def _legend(names: Sequence[str]) -> list[str]:
    parts: list[str] = []
    x = LABELS
    for name in names:
        colour = COLOURS.get(name, "#6b7280")
        parts.append(f'<rect x="{x}" y="{TOP - 16}" width="10" height="10" rx="2" fill="{colour}"/>')
        parts.append(_text(x + 15, TOP - 7, name, "start", 12))
        x += 34 + 7 * len(name)
    return parts


def _text(x: float, y: float, text: str, anchor: str, size: int, *, weight: int = 400) -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size}" font-weight="{weight}" '
        f"{_FONT}>{escape(text)}</text>"
    )


def figure(value: float | None) -> str:
    """Requests per second as one reads them.

    >>> figure(12345.6), figure(45.67), figure(None)
    ('12,346', '45.7', 'no figure')
    """
    if value is None:
        return "no figure"
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}"
