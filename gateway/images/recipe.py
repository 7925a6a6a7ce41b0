"""What is to be made of an image: the query of /assets and the project's settings to a frozen `Recipe`.

    [("width", "300"), ("format", "auto")], accept "image/webp", a JPEG of 2000 x 1500
    -> Recipe(steps=(Step("resize", {"width": 300, ...}),), format="webp", quality=None, varies=True)

`None` means that the file is sent as it is: nothing was asked for, or it is of a kind that is not
transformed. Pure; what the settings or the protocol do not allow is refused with INVALID_QUERY, what would
become too large with ILLEGAL_ASSET_TRANSFORMATION.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final

from gateway.images.arguments import LARGEST, unexpected
from gateway.images.geometry import Size, sizes
from gateway.images.operations import Step, arranged, fit, quality, read_operations, target_format
from schema_gen.errors import illegal_asset_transformation, invalid_query

#: format -> media type
TYPES: Final[Mapping[str, str]] = {
    "jpg": "image/jpeg",
    "png": "image/png",
    "webp": "image/webp",
    "avif": "image/avif",
    "tiff": "image/tiff",
    "gif": "image/gif",
}

#: media types of files that are transformed -> the format that they keep when none is asked for
TRANSFORMED: Final[Mapping[str, str]] = {kind: name for name, kind in TYPES.items() if name != "gif"}

#: of formats made before, so that old variants are not taken for what a newer version makes
_VERSION: Final = 1

_RESIZING: Final = ("width", "height")
_SHAPING: Final = (*_RESIZING, "format", "fit", "quality", "withoutEnlargement")
_FOCUS: Final = ("focal_point_x", "focal_point_y")
_PARAMETERS: Final = ("key", *_SHAPING, *_FOCUS, "transforms")


@dataclass(frozen=True, slots=True, kw_only=True)
class AssetSettings:
    """`mode` is storage_asset_transform of the project: all, presets or none; `presets` are its
    storage_asset_presets. Sides in pixels.
    """

    mode: str = "all"
    presets: Sequence[Mapping[str, Any]] = ()
    max_dimension: int = 6000
    max_output: int = 6000
    max_operations: int = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageFacts:
    """What the row of the file says."""

    type: str | None
    width: int | None = None
    height: int | None = None
    focal_point_x: float | None = None
    focal_point_y: float | None = None

    @property
    def size(self) -> Size | None:
        return (self.width, self.height) if self.width and self.height else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """`steps` in the order in which they are done. `varies`: the caller's Accept chose the format."""

    steps: tuple[Step, ...]
    format: str
    quality: int | None
    varies: bool

    @property
    def type(self) -> str:
        return TYPES[self.format]

    @property
    def key(self) -> str:
        """The same for the same result; part of the variant's name."""
        made = [_VERSION, [[step.name, step.options] for step in self.steps], self.format, self.quality]
        return sha256(json.dumps(made, sort_keys=True).encode()).hexdigest()[:24]

    @property
    def name(self) -> str:
        """The end of a variant's name: `<key>.<format>`."""
        return f"{self.key}.{self.format}"


def _system_presets() -> Mapping[str, Mapping[str, Any]]:
    """What clients of the protocol use without defining it: three sizes, cut or whole."""
    presets: dict[str, Mapping[str, Any]] = {}
    for name, side in (("small", 64), ("medium", 300), ("large", 800)):
        cover = {"width": side, "height": side, "fit": "cover"}
        presets[f"system-{name}-cover"] = {"format": "auto", "transforms": [["resize", cover]]}
        contain = {"width": side, "fit": "contain"}
        presets[f"system-{name}-contain"] = {"format": "auto", "transforms": [["resize", contain]]}
    return presets


SYSTEM_PRESETS: Final = _system_presets()


def read_recipe(
    query: Sequence[tuple[str, str]], settings: AssetSettings, accept: str, facts: ImageFacts
) -> Recipe | None:
    """`query`: all pairs of the request; others than those of transformations are not looked at."""
    given = {name: value for name, value in query if name in _PARAMETERS}
    _allowed(given, settings)
    if facts.type not in TRANSFORMED:
        return None
    twice = [name for name, count in Counter(name for name, _ in query).items() if count > 1]
    for name in twice:
        if name in _PARAMETERS:
            raise invalid_query(f'"{name}" may be given once')
    wanted = _combined(given, _preset(given, settings))
    recipe = _recipe(wanted, settings, accept, facts)
    if recipe is not None:
        check_sizes(facts.size, recipe.steps, settings.max_dimension, settings.max_output)
    return recipe


def _allowed(given: Mapping[str, str], settings: AssetSettings) -> None:
    asked = {name for name in given if name != "transforms" or given[name].strip() != "[]"}
    alone = asked == {"key"}
    key = given.get("key", "")
    if settings.mode == "none" and asked and not (alone and key in SYSTEM_PRESETS):
        raise invalid_query("Dynamic asset generation has been disabled for this project")
    configured = key in SYSTEM_PRESETS or any(preset.get("key") == key for preset in settings.presets)
    if settings.mode == "presets" and asked and not (alone and key and configured):
        raise invalid_query("Only configured presets can be used in asset generation")
    if key and not configured:
        raise invalid_query(f'Key "{key}" isn\'t configured')


def _preset(given: Mapping[str, str], settings: AssetSettings) -> Mapping[str, Any]:
    key = given.get("key")
    if not key:
        return {}
    if key in SYSTEM_PRESETS:
        return SYSTEM_PRESETS[key]
    return next(preset for preset in settings.presets if preset.get("key") == key)


def _combined(given: Mapping[str, str], preset: Mapping[str, Any]) -> Mapping[str, Any]:
    """What the query says goes over what the preset says; empty texts say nothing."""
    wanted = {name: value for name, value in preset.items() if value not in (None, "")}
    for name in (*_RESIZING, *_FOCUS, "quality"):
        if given.get(name):
            wanted[name] = _number(given[name])
        elif isinstance(wanted.get(name), str):
            wanted[name] = _number(wanted[name])
    wanted.update({name: given[name] for name in ("format", "fit") if given.get(name)})
    if given.get("withoutEnlargement"):
        wanted["withoutEnlargement"] = given["withoutEnlargement"].strip().lower() not in ("false", "0")
    if "transforms" in given:
        wanted["transforms"] = given["transforms"]
    return wanted


_NUMBER: Final = re.compile(r"[+-]?\d{1,20}(?:\.\d{0,20})?(?:e\d{1,2})?", re.ASCII | re.IGNORECASE)


def _number(text: str) -> float:
    """What is no number is NaN, as the protocol tells it.

    >>> _number(" 10"), _number("10px")
    (10.0, nan)
    """
    return float(text) if _NUMBER.fullmatch(text.strip()) else float("nan")


def _recipe(
    wanted: Mapping[str, Any], settings: AssetSettings, accept: str, facts: ImageFacts
) -> Recipe | None:
    steps = read_operations(_calls(wanted.get("transforms")), settings.max_operations)
    if any(name in wanted for name in _RESIZING):
        steps.append(_resize(wanted, facts))
    asked = wanted.get("format")
    if not steps and asked is None and "quality" not in wanted:
        return None
    written: dict[str, Any] = {"format": TRANSFORMED[facts.type or ""], "quality": None}
    for step in steps:
        if step.name == "toFormat":
            written.update({name: value for name, value in step.options.items() if value is not None})
    auto = isinstance(asked, str) and asked.lower() == "auto"
    if auto:
        written["format"] = _accepted(accept, facts)
    elif asked is not None:
        written["format"] = target_format(asked)
    if "quality" in wanted:
        written["quality"] = quality(wanted["quality"])
    return Recipe(steps=arranged(step for step in steps if step.name != "toFormat"), varies=auto, **written)


def _calls(given: Any) -> Sequence[Any]:
    if isinstance(given, str):
        try:
            given = json.loads(given)
        except (ValueError, RecursionError):
            given = None
        if not isinstance(given, list):
            raise invalid_query('"transforms" Parameter needs to be a JSON array of allowed transformations')
    return given if isinstance(given, list) else []


def _resize(wanted: Mapping[str, Any], facts: ImageFacts) -> Step:
    options: dict[str, Any] = {}
    for name in _RESIZING:
        if name in wanted:
            options[name] = _side(wanted[name], name)
    both = len(options) == len(_RESIZING)
    options["fit"] = fit(wanted.get("fit"))
    options["background"] = [0, 0, 0, 255]
    options["withoutEnlargement"] = wanted.get("withoutEnlargement") is True
    points = (
        wanted.get("focal_point_x", facts.focal_point_x),
        wanted.get("focal_point_y", facts.focal_point_y),
    )
    if both and options["fit"] == "cover" and None not in points:
        options["focus"] = [_point(point) for point in points]
    return Step("resize", options)


def _side(value: Any, name: str) -> int:
    if isinstance(value, int | float) and not isinstance(value, bool) and value > LARGEST:
        raise illegal_asset_transformation(_RESIZING)
    whole = isinstance(value, int | float) and not isinstance(value, bool) and value == value // 1
    if not whole or value < 1:
        raise unexpected(f"positive integer between 1 and {LARGEST}", name, value)
    return int(value)


def _point(value: Any) -> float:
    if not isinstance(value, int | float) or value != value:
        raise unexpected("number", "focal point", value)
    return float(min(max(value, 0), LARGEST))


def _accepted(accept: str, facts: ImageFacts) -> str:
    """The format that `auto` stands for.

    >>> _accepted("image/avif,image/webp,*/*", ImageFacts(type="image/jpeg"))
    'avif'
    """
    for name in ("avif", "webp"):
        if TYPES[name] in accept.lower():
            return name
    return "jpg" if facts.type == TYPES["jpg"] else "png"


def check_sizes(source: Size | None, steps: Sequence[Step], largest: int, largest_output: int) -> None:
    """Raises ILLEGAL_ASSET_TRANSFORMATION for images that are too large, or become so. `source` None: not
    known before the image is opened.
    """
    if source is None:
        return
    if max(source) > largest:
        raise illegal_asset_transformation(_RESIZING)
    for size in sizes(source, ((step.name, step.options) for step in steps)):
        if max(size) > largest_output:
            raise illegal_asset_transformation(_RESIZING)
