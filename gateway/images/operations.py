"""The operations of `transforms`, read: a list as the protocol sends it to steps that the worker can do.

    [["rotate", 90], ["blur", 2], ["toFormat", "webp"]]
    -> (Step("rotate", {"angle": 90.0, "background": ...}), Step("blur", {"sigma": 2.0}),
        Step("toFormat", {"format": "webp", "quality": None}))

`OPERATIONS` is the list of what is allowed. A call again replaces an earlier one of the same name, apart
from `extract`; `arranged` brings steps into the order in which they are done: what moves pixels about in the
order of the calls, then the frame, then colours.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from gateway.images.arguments import (
    LARGEST,
    colour,
    flag,
    integer,
    is_number,
    mapping,
    missing,
    number,
    numbers,
    one_of,
    side,
    unexpected,
)
from gateway.images.geometry import POSITIONS
from schema_gen.errors import invalid_query


@dataclass(frozen=True, slots=True)
class Step:
    """One operation; `options` hold values of JSON only."""

    name: str
    options: Mapping[str, Any]


Options = dict[str, Any]
_BLACK: Final = [0, 0, 0, 255]
_FITS: Final = frozenset({"contain", "cover", "fill", "inside", "outside"})
_KERNELS: Final = frozenset({"nearest", "linear", "cubic", "mitchell", "lanczos2", "lanczos3"})

#: names of formats -> what the worker writes
FORMATS: Final[Mapping[str, str]] = {
    "jpg": "jpg",
    "jpeg": "jpg",
    "jpe": "jpg",
    "png": "png",
    "webp": "webp",
    "avif": "avif",
    "tiff": "tiff",
    "tif": "tiff",
    "gif": "gif",
}


def target_format(value: Any) -> str:
    accepted = f"one of: {', '.join(FORMATS)}"
    return FORMATS[one_of(value, "format", FORMATS, accepted)]


def quality(value: Any) -> int | None:
    if value is missing or value is None:
        return None
    return integer(value, "quality", 1, 100)


def fit(value: Any) -> str:
    return "cover" if value is missing or value is None else one_of(value, "fit", _FITS, "valid fit")


def _first(arguments: Sequence[Any], at: int = 0) -> Any:
    return arguments[at] if len(arguments) > at else missing


def _resize(arguments: Sequence[Any]) -> Options:
    first = _first(arguments)
    options = mapping(first if isinstance(first, Mapping) else _first(arguments, 2), "options")
    width, height = (
        (options.get("width"), options.get("height"))
        if isinstance(first, Mapping)
        else (first, _first(arguments, 1))
    )
    return {
        "width": side(width, "width"),
        "height": side(height, "height"),
        "fit": fit(options.get("fit")),
        "position": one_of(
            options.get("position", "centre"), "position", POSITIONS, "valid position/gravity/strategy"
        ),
        "background": colour(options.get("background"), "background", _BLACK),
        "kernel": one_of(options.get("kernel", "lanczos3"), "kernel", _KERNELS, "valid kernel name"),
        "withoutEnlargement": flag(options.get("withoutEnlargement"), "withoutEnlargement"),
        "withoutReduction": flag(options.get("withoutReduction"), "withoutReduction"),
    }


def _extract(arguments: Sequence[Any]) -> Options:
    first = _first(arguments)
    options = first if isinstance(first, Mapping) else {}
    return {
        name: integer(options.get(name, missing), name, 0 if name in ("left", "top") else 1, LARGEST)
        for name in ("left", "top", "width", "height")
    }


def _extend(arguments: Sequence[Any]) -> Options:
    first = _first(arguments)
    edges = ("left", "top", "right", "bottom")
    if not isinstance(first, Mapping):
        width = integer(first, "extend", 0, LARGEST)
        return {**dict.fromkeys(edges, width), "background": _BLACK}
    one_of(first.get("extendWith", "background"), "extendWith", {"background"}, "background")
    return {
        **{edge: integer(first.get(edge, 0), edge, 0, LARGEST) for edge in edges},
        "background": colour(first.get("background"), "background", _BLACK),
    }


def _rotate(arguments: Sequence[Any]) -> Options:
    angle = _first(arguments)
    options = mapping(_first(arguments, 1), "options")
    if angle is missing or angle is None:
        angle = 0
    if not is_number(angle) or abs(angle) > 1_000_000:
        raise unexpected("numeric", "angle", angle)
    return {
        "angle": float(angle % 360),
        "background": colour(options.get("background"), "background", _BLACK),
    }


def _trim(arguments: Sequence[Any]) -> Options:
    options = mapping(_first(arguments), "trim")
    return {
        "threshold": number(options.get("threshold", 10), "threshold", 0, 255),
        "background": colour(options.get("background"), "background"),
    }


def _switch(arguments: Sequence[Any]) -> Options | None:
    """Of operations that a plain `false` switches off."""
    return None if _first(arguments) is False else {}


def _sigma(arguments: Sequence[Any], low: float, high: float) -> Options:
    first = _first(arguments)
    value = first.get("sigma", missing) if isinstance(first, Mapping) else first
    return {"sigma": None if value is missing else number(value, "sigma", low, high)}


def _blur(arguments: Sequence[Any]) -> Options:
    return _sigma(arguments, 0.3, 1000)


def _sharpen(arguments: Sequence[Any]) -> Options:
    return _sigma(arguments, 0.000001, 10)


def _median(arguments: Sequence[Any]) -> Options:
    # the cost grows with the square: what the protocol allows beyond that would only run out of time
    size = _first(arguments)
    return {"size": integer(3 if size is missing else size, "size", 1, 15)}


def _flatten(arguments: Sequence[Any]) -> Options:
    options = mapping(_first(arguments), "flatten")
    return {"background": colour(options.get("background"), "background", _BLACK)}


def _gamma(arguments: Sequence[Any]) -> Options:
    given = _first(arguments)
    into = number(2.2 if given is missing else given, "gamma", 1, 3)
    given = _first(arguments, 1)
    out_of = into if given is missing else number(given, "gammaOut", 1, 3)
    return {"exponent": into / out_of}


def _negate(arguments: Sequence[Any]) -> Options:
    return {"alpha": flag(mapping(_first(arguments), "negate").get("alpha"), "alpha", True)}


def _normalise(arguments: Sequence[Any]) -> Options:
    options = mapping(_first(arguments), "normalise")
    lower = integer(options.get("lower", 1), "lower", 0, 99)
    upper = integer(options.get("upper", 99), "upper", 1, 100)
    if lower >= upper:
        raise unexpected("lower to be less than upper", "range", f"{lower} >= {upper}")
    return {"lower": lower, "upper": upper}


def _threshold(arguments: Sequence[Any]) -> Options:
    options = mapping(_first(arguments, 1), "options")
    given = _first(arguments)
    return {
        "threshold": integer(128 if given is missing else given, "threshold", 0, 255),
        "grayscale": flag(options.get("grayscale", options.get("greyscale")), "grayscale", True),
    }


def _linear(arguments: Sequence[Any]) -> Options:
    factors, added = _first(arguments), _first(arguments, 1)
    return {
        "a": _per_channel(1 if factors is missing else factors, "a"),
        "b": _per_channel(0 if added is missing else added, "b"),
    }


def _per_channel(value: Any, name: str) -> list[float]:
    if is_number(value):
        return [number(value, name, -1_000_000, 1_000_000)] * 3
    return numbers(value, name, 3)


def _recomb(arguments: Sequence[Any]) -> Options:
    rows = _first(arguments)
    if not isinstance(rows, Sequence) or len(rows) != 3:
        raise unexpected("3x3 matrix", "recomb", rows)
    return {"matrix": [one for row in rows for one in numbers(row, "recomb", 3)]}


def _convolve(arguments: Sequence[Any]) -> Options:
    options = mapping(_first(arguments), "convolve", needed=True)
    width = integer(options.get("width", missing), "width", 3, 5)
    height = integer(options.get("height", missing), "height", 3, 5)
    if width != height or width == 4:
        raise unexpected("3x3 or 5x5", "kernel", f"{width}x{height}")
    kernel = numbers(options.get("kernel"), "kernel", width * height)
    scale = options.get("scale", sum(kernel) or 1)
    return {
        "size": width,
        "kernel": kernel,
        "scale": number(scale, "scale", -1_000_000, 1_000_000) or 1.0,
        "offset": number(options.get("offset", 0), "offset", -1_000_000, 1_000_000),
    }


def _modulate(arguments: Sequence[Any]) -> Options:
    options = mapping(_first(arguments), "options", needed=True)
    factors = {}
    for name in ("brightness", "saturation"):
        value = options.get(name, 1)
        if not is_number(value) or not 0 <= value <= 1000:
            raise unexpected("number above zero", name, value)
        factors[name] = float(value)
    return {
        **factors,
        "hue": integer(options.get("hue", 0), "hue", -LARGEST, LARGEST) % 360,
        "lightness": number(options.get("lightness", 0), "lightness", -1000, 1000),
    }


def _tint(arguments: Sequence[Any]) -> Options:
    given = _first(arguments)
    if given is missing:
        raise unexpected("color", "tint", given)
    return {"colour": colour(given, "tint", _BLACK)}


def _ensure_alpha(arguments: Sequence[Any]) -> Options:
    given = _first(arguments)
    return {"alpha": number(1 if given is missing else given, "alpha transparency value", 0, 1)}


def _extract_channel(arguments: Sequence[Any]) -> Options:
    names = {"red": 0, "green": 1, "blue": 2, "alpha": 3}
    given = _first(arguments)
    known = isinstance(given, str) and given in names
    return {"channel": names[given] if known else integer(given, "channel", 0, 3)}


def _bandbool(arguments: Sequence[Any]) -> Options:
    accepted = {"and", "or", "eor"}
    return {"operator": one_of(_first(arguments), "boolOp", accepted, "one of: and, or, eor")}


def _colourspace(arguments: Sequence[Any]) -> Options | None:
    space = one_of(_first(arguments), "colourspace", {"srgb", "b-w"}, "one of: srgb, b-w")
    return {} if space == "b-w" else None


def _to_format(arguments: Sequence[Any]) -> Options:
    options = mapping(_first(arguments, 1), "options")
    return {"format": target_format(_first(arguments)), "quality": quality(options.get("quality"))}


def _writer(name: str) -> Callable[[Sequence[Any]], Options]:
    return lambda arguments: _to_format([name, *arguments])


Reader = Callable[[Sequence[Any]], Options | None]

#: operation -> the step that does it, and its arguments; None: nothing is to be done
OPERATIONS: Final[Mapping[str, tuple[str, Reader]]] = {
    "toFormat": ("toFormat", _to_format),
    **{name: ("toFormat", _writer(name)) for name in ("jpeg", "png", "webp", "avif", "tiff", "gif")},
    "resize": ("resize", _resize),
    "extract": ("extract", _extract),
    "extend": ("extend", _extend),
    "trim": ("trim", _trim),
    "rotate": ("rotate", _rotate),
    "flip": ("flip", _switch),
    "flop": ("flop", _switch),
    "flatten": ("flatten", _flatten),
    "gamma": ("gamma", _gamma),
    "negate": ("negate", _negate),
    "normalise": ("normalise", _normalise),
    "normalize": ("normalise", _normalise),
    "threshold": ("threshold", _threshold),
    "linear": ("linear", _linear),
    "recomb": ("recomb", _recomb),
    "convolve": ("convolve", _convolve),
    "modulate": ("modulate", _modulate),
    "tint": ("tint", _tint),
    "greyscale": ("greyscale", _switch),
    "grayscale": ("greyscale", _switch),
    "toColourspace": ("greyscale", _colourspace),
    "toColorspace": ("greyscale", _colourspace),
    "median": ("median", _median),
    "blur": ("blur", _blur),
    "sharpen": ("sharpen", _sharpen),
    "removeAlpha": ("removeAlpha", _switch),
    "ensureAlpha": ("ensureAlpha", _ensure_alpha),
    "extractChannel": ("extractChannel", _extract_channel),
    "bandbool": ("bandbool", _bandbool),
}

_MOVING: Final = frozenset({"trim", "extract", "resize", "rotate", "flip", "flop"})


def read_operations(calls: Sequence[Any], limit: int) -> list[Step]:
    """Raises INVALID_QUERY."""
    if len(calls) > limit:
        raise invalid_query(f'"transforms" Parameter is only allowed {limit} transformations')
    steps = []
    for call in calls:
        name = call[0] if isinstance(call, Sequence) and len(call) else "undefined"
        if not isinstance(call, list) or not isinstance(name, str) or name not in OPERATIONS:
            shown = str(name)[:100]
            raise invalid_query(f'"transforms" Parameter does not allow "{shown}" as a transformation')
        done, reader = OPERATIONS[name]
        options = reader(call[1:])
        if options is not None:
            steps.append(Step(done, options))
    return steps


def arranged(steps: Iterable[Step]) -> tuple[Step, ...]:
    """In the order in which they are done."""
    last: list[Step] = []
    for step in steps:
        if step.name != "extract":
            last = [one for one in last if one.name != step.name]
        last.append(step)
    rank = {"extend": 1}
    return tuple(sorted(last, key=lambda step: 0 if step.name in _MOVING else rank.get(step.name, 2)))
