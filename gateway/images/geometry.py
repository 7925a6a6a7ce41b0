"""How large images become, and where they lie: plain arithmetic, of the recipe and of the worker alike.

Sizes are those that are seen (after the orientation that a camera noted).

    placed((60, 40), {"width": 30, "height": 30})
    -> Placement(scaled=(45, 30), canvas=(30, 30), offset=(-8, 0))        scale, then cut 30 x 30 out of it
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import cos, floor, radians, sin
from typing import Any, Final

Size = tuple[int, int]

#: names of places -> where free space goes: 0 start, 1/2 middle, 1 end; across and down
POSITIONS: Final[Mapping[str, tuple[float, float]]] = {
    "centre": (0.5, 0.5),
    "center": (0.5, 0.5),
    "top": (0.5, 0),
    "north": (0.5, 0),
    "right top": (1, 0),
    "northeast": (1, 0),
    "right": (1, 0.5),
    "east": (1, 0.5),
    "right bottom": (1, 1),
    "southeast": (1, 1),
    "bottom": (0.5, 1),
    "south": (0.5, 1),
    "left bottom": (0, 1),
    "southwest": (0, 1),
    "left": (0, 0.5),
    "west": (0, 0.5),
    "left top": (0, 0),
    "northwest": (0, 0),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """The image is scaled to `scaled`; its left upper corner then lies at `offset` of `canvas` (negative:
    outside, so that it is cut).
    """

    scaled: Size
    canvas: Size
    offset: tuple[int, int]

    def part(self, source: Size) -> tuple[float, float, float, float]:
        """The part of the source that is seen, so that only this needs to be scaled."""
        scales = (source[0] / self.scaled[0], source[1] / self.scaled[1])
        starts = [max(-at, 0) for at in self.offset]
        ends = [
            min(start + wanted, have)
            for start, wanted, have in zip(starts, self.canvas, self.scaled, strict=True)
        ]
        return (
            starts[0] * scales[0],
            starts[1] * scales[1],
            min(ends[0] * scales[0], source[0]),
            min(ends[1] * scales[1], source[1]),
        )


def nearest(value: float) -> int:
    """The nearest whole number; halves go up, as the protocol's numbers do.

    >>> nearest(2.5), nearest(-0.5), nearest(42.67)
    (3, 0, 43)
    """
    return floor(value + 0.5)


def placed(source: Size, options: Mapping[str, Any]) -> Placement:
    """What a resize step makes of an image.

    >>> placed((60, 40), {"width": 64}).canvas
    (64, 43)
    >>> placed((60, 40), {"width": 200, "height": 20, "withoutEnlargement": True, "fit": "contain"})
    Placement(scaled=(30, 20), canvas=(60, 20), offset=(15, 0))
    """
    wanted = _bounded(source, options)
    if wanted is None:
        return Placement(scaled=source, canvas=source, offset=(0, 0))
    width, height = wanted
    if width is None or height is None:
        scale = (width or 0) / source[0] if height is None else height / source[1]
        size = (width or _scaled(source[0], scale), height or _scaled(source[1], scale))
        return Placement(scaled=size, canvas=size, offset=(0, 0))
    fit = options.get("fit") or "cover"
    if fit == "fill":
        return Placement(scaled=(width, height), canvas=(width, height), offset=(0, 0))
    scales = (width / source[0], height / source[1])
    scale = max(scales) if fit in ("cover", "outside") else min(scales)
    scaled = (_scaled(source[0], scale), _scaled(source[1], scale))
    if fit in ("inside", "outside"):
        return Placement(scaled=scaled, canvas=scaled, offset=(0, 0))
    return Placement(
        scaled=scaled, canvas=(width, height), offset=_offset((width, height), scaled, scale, options, fit)
    )


def _bounded(source: Size, options: Mapping[str, Any]) -> tuple[int | None, int | None] | None:
    """The sides that are asked for; None: neither is."""
    width, height = options.get("width"), options.get("height")
    if width is None and height is None:
        return None
    if options.get("withoutEnlargement"):
        width = None if width is None else min(width, source[0])
        height = None if height is None else min(height, source[1])
    if options.get("withoutReduction"):
        width = None if width is None else max(width, source[0])
        height = None if height is None else max(height, source[1])
    return width, height


def _scaled(side: int, scale: float) -> int:
    return max(nearest(side * scale), 1)


def _offset(
    canvas: Size, scaled: Size, scale: float, options: Mapping[str, Any], fit: str
) -> tuple[int, int]:
    focus = options.get("focus")
    if focus is not None and fit == "cover":
        across, down = (
            -min(max(nearest(point * scale - wanted / 2), 0), have - wanted)
            for point, wanted, have in zip(focus, canvas, scaled, strict=True)
        )
        return across, down
    place = POSITIONS[options.get("position") or "centre"]
    across, down = (
        _part(wanted - have, share) for wanted, have, share in zip(canvas, scaled, place, strict=True)
    )
    return across, down


def _part(space: int, share: float) -> int:
    """Half a pixel more is cut at the start, half a pixel less is left free there.

    >>> _part(5, 0.5), _part(-15, 0.5)
    (2, -8)
    """
    return floor(space * share)


def rotated(source: Size, angle: float) -> Size:
    """The smallest upright frame around an image that is turned.

    >>> rotated((60, 40), 90), rotated((60, 40), 45)
    ((40, 60), (71, 71))
    """
    quarter, rest = divmod(angle, 90)
    if not rest:
        return source if quarter % 2 == 0 else (source[1], source[0])
    across, down = abs(cos(radians(angle))), abs(sin(radians(angle)))
    width, height = source
    return (nearest(width * across + height * down), nearest(width * down + height * across))


def sizes(source: Size, steps: Iterable[tuple[str, Mapping[str, Any]]]) -> Iterable[Size]:
    """The size after each step; of `trim`, which looks at the pixels, the largest."""
    size = source
    for name, options in steps:
        if name == "resize":
            size = placed(size, options).canvas
        elif name == "rotate":
            size = rotated(size, options["angle"])
        elif name == "extract":
            size = (options["width"], options["height"])
        elif name == "extend":
            size = (
                size[0] + options["left"] + options["right"],
                size[1] + options["top"] + options["bottom"],
            )
        yield size
