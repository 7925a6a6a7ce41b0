"""Steps of a recipe, done on an image.

    perform(image, [["resize", {...}], ["blur", {...}]], largest) -> Image

Images are L, LA, RGB or RGBA; each step gives one of these back.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import cos, radians, sin
from typing import Any, Final

from PIL import Image, ImageChops, ImageCms, ImageColor, ImageFilter, ImageMath, ImageOps

from gateway.images.geometry import Size, placed, rotated, sizes
from gateway.images.worker.opening import Refused

Options = Mapping[str, Any]
Do = Callable[[Image.Image, Options], Image.Image]

_KERNELS: Final = {
    "nearest": Image.Resampling.NEAREST,
    "linear": Image.Resampling.BILINEAR,
    "cubic": Image.Resampling.BICUBIC,
    "mitchell": Image.Resampling.BICUBIC,
    "lanczos2": Image.Resampling.LANCZOS,
    "lanczos3": Image.Resampling.LANCZOS,
}


def perform(
    image: Image.Image, steps: Sequence[tuple[str, Options]], largest: int, source: Size
) -> Image.Image:
    """`source`: the size that the image stands for, if it was decoded smaller for a resize that comes first.
    Raises Refused for steps that this image does not allow.
    """
    for name, options in steps:
        if any(max(size) > largest for size in sizes(source, [(name, options)])):
            raise Refused("large")
        try:
            image = _resized(image, options, source) if name == "resize" else STEPS[name](image, options)
        except (ValueError, TypeError, OSError) as error:
            raise Refused(name) from error
        source = image.size
    return image


def _colour(value: Any, name: str) -> tuple[int, int, int, int]:
    """Names and hexadecimal texts, or four numbers."""
    if not isinstance(value, str):
        red, green, blue, alpha = value
        return (red, green, blue, alpha)
    if value == "transparent":
        return (0, 0, 0, 0)
    try:
        found = ImageColor.getcolor(value, "RGBA")
    except ValueError as error:
        raise Refused(name) from error
    if not isinstance(found, tuple) or len(found) != 4:
        raise Refused(name)
    return (found[0], found[1], found[2], found[3])


def _fitting(image: Image.Image, fill: tuple[int, int, int, int]) -> Image.Image:
    """The image in a mode that can hold the colour."""
    grey = fill[0] == fill[1] == fill[2]
    alpha = fill[3] < 255 or image.mode.endswith("A")
    mode = ("LA" if alpha else "L") if grey and image.mode in ("L", "LA") else "RGBA" if alpha else "RGB"
    return image if image.mode == mode else image.convert(mode)


def _in_mode(fill: tuple[int, int, int, int], mode: str) -> Any:
    return {"L": fill[0], "LA": (fill[0], fill[3]), "RGB": fill[:3], "RGBA": fill}[mode]


def _resize(image: Image.Image, options: Options) -> Image.Image:
    return _resized(image, options, image.size)


def _resized(image: Image.Image, options: Options, source: Size) -> Image.Image:
    """`source`: the size that options speak of."""
    where = placed(source, options)
    across, down = image.width / source[0], image.height / source[1]
    left, top, right, bottom = where.part(source)
    part = (left * across, top * down, min(right * across, image.width), min(bottom * down, image.height))
    seen = (
        min(where.scaled[0], where.canvas[0]),
        min(where.scaled[1], where.canvas[1]),
    )
    if seen != image.size or part != (0, 0, *image.size):
        kernel = _KERNELS[options.get("kernel", "lanczos3")]
        gap = None if kernel is Image.Resampling.NEAREST else 2.0
        image = image.resize(seen, kernel, box=part, reducing_gap=gap)
    if seen == where.canvas:
        return image
    at = (max(where.offset[0], 0), max(where.offset[1], 0))
    return _on_canvas(image, where.canvas, at, _colour(options["background"], "resize"))


def _on_canvas(
    image: Image.Image, size: tuple[int, int], at: tuple[int, int], fill: tuple[int, int, int, int]
) -> Image.Image:
    image = _fitting(image, fill)
    canvas = Image.new(image.mode, size, _in_mode(fill, image.mode))
    canvas.paste(image, at)
    return canvas


def _extend(image: Image.Image, options: Options) -> Image.Image:
    size = (
        image.width + options["left"] + options["right"],
        image.height + options["top"] + options["bottom"],
    )
    fill = _colour(options["background"], "extend")
    return _on_canvas(image, size, (options["left"], options["top"]), fill)


def _extract(image: Image.Image, options: Options) -> Image.Image:
    left, top = options["left"], options["top"]
    right, bottom = left + options["width"], top + options["height"]
    if right > image.width or bottom > image.height:
        raise Refused("extract")
    return image.crop((left, top, right, bottom))


_QUARTERS: Final = {
    90: Image.Transpose.ROTATE_270,
    180: Image.Transpose.ROTATE_180,
    270: Image.Transpose.ROTATE_90,
}


def _rotate(image: Image.Image, options: Options) -> Image.Image:
    """Clockwise."""
    angle = options["angle"]
    if angle == 0:
        return image
    if angle in _QUARTERS:
        return image.transpose(_QUARTERS[angle])
    fill = _colour(options["background"], "rotate")
    image = _fitting(image, fill)
    size = rotated(image.size, angle)
    across, down = cos(radians(angle)), sin(radians(angle))
    middle = (image.width / 2, image.height / 2)
    from_x, from_y = size[0] / 2, size[1] / 2
    return image.transform(
        size,
        Image.Transform.AFFINE,
        (
            across,
            down,
            middle[0] - across * from_x - down * from_y,
            -down,
            across,
            middle[1] + down * from_x - across * from_y,
        ),
        Image.Resampling.BICUBIC,
        fillcolor=_in_mode(fill, image.mode),
    )


def _trim(image: Image.Image, options: Options) -> Image.Image:
    """Without edges of one colour: that of the left upper corner, where none is named."""
    seen = image.convert("RGBA")
    background = (
        _colour(options["background"], "trim") if options["background"] is not None else seen.getpixel((0, 0))
    )
    difference = ImageChops.difference(seen, Image.new("RGBA", seen.size, background))
    limit = options["threshold"]
    apart = [band.point(lambda value: 255 if value > limit else 0) for band in difference.split()]
    box = _union(band.getbbox() for band in apart)
    return image if box is None else image.crop(box)


def _union(boxes: Any) -> tuple[int, int, int, int] | None:
    found = [box for box in boxes if box is not None]
    if not found:
        return None
    lefts, tops, rights, bottoms = zip(*found, strict=True)
    return (min(lefts), min(tops), max(rights), max(bottoms))


def _flip(image: Image.Image, options: Options) -> Image.Image:
    return image.transpose(Image.Transpose.FLIP_TOP_BOTTOM)


def _flop(image: Image.Image, options: Options) -> Image.Image:
    return image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)


def without_alpha(image: Image.Image, fill: tuple[int, int, int, int] = (0, 0, 0, 255)) -> Image.Image:
    """On a ground of one colour, black by default as the protocol has it."""
    if image.mode not in ("LA", "RGBA"):
        return image
    ground = Image.new("RGBA", image.size, (*fill[:3], 255))
    return Image.alpha_composite(ground, image.convert("RGBA")).convert(
        "L" if image.mode == "LA" and fill[0] == fill[1] == fill[2] else "RGB"
    )


def _flatten(image: Image.Image, options: Options) -> Image.Image:
    return without_alpha(image, _colour(options["background"], "flatten"))


def _colours_only(do: Callable[[Image.Image, Options], Image.Image]) -> Do:
    """Of steps that leave transparency as it is."""

    def done(image: Image.Image, options: Options) -> Image.Image:
        if image.mode not in ("LA", "RGBA"):
            return do(image, options)
        colours = do(image.convert("RGB" if image.mode == "RGBA" else "L"), options)
        colours.putalpha(image.getchannel("A"))
        return colours

    return done


def _curve(image: Image.Image, value_of: Callable[[float], float]) -> Image.Image:
    table = [min(max(round(value_of(value)), 0), 255) for value in range(256)]
    return image.point(table * len(image.getbands()))


@_colours_only
def _gamma(image: Image.Image, options: Options) -> Image.Image:
    return _curve(image, lambda value: 255 * (value / 255) ** options["exponent"])


def _negate(image: Image.Image, options: Options) -> Image.Image:
    if options["alpha"] and image.mode in ("LA", "RGBA"):
        return _curve(image, lambda value: 255 - value)
    return _negate_colours(image, options)


@_colours_only
def _negate_colours(image: Image.Image, options: Options) -> Image.Image:
    return _curve(image, lambda value: 255 - value)


def _in_lab(image: Image.Image) -> Image.Image:
    """Lightness and two axes of colour (128 in the middle), as channels of an RGB image: the library computes
    with these.
    """
    seen = ImageCms.profileToProfile(
        image.convert("RGB"), ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"), outputMode="LAB"
    )
    if seen is None:
        raise Refused("colours")
    return Image.merge("RGB", seen.split())


def _from_lab(image: Image.Image) -> Image.Image:
    seen = ImageCms.profileToProfile(
        Image.merge("LAB", image.split()),
        ImageCms.createProfile("LAB"),
        ImageCms.createProfile("sRGB"),
        outputMode="RGB",
    )
    if seen is None:
        raise Refused("colours")
    return seen


@_colours_only
def _normalise(image: Image.Image, options: Options) -> Image.Image:
    cut = (options["lower"], 100 - options["upper"])
    if image.mode == "L":
        return ImageOps.autocontrast(image, cutoff=cut)
    light, *axes = _in_lab(image).split()
    return _from_lab(Image.merge("RGB", (ImageOps.autocontrast(light, cutoff=cut), *axes)))


@_colours_only
def _threshold(image: Image.Image, options: Options) -> Image.Image:
    seen = _grey(image) if options["grayscale"] else image
    return _curve(seen, lambda value: 255 if value >= options["threshold"] else 0)


@_colours_only
def _linear(image: Image.Image, options: Options) -> Image.Image:
    bands = image.split()
    changed = [
        _curve(band, lambda value, a=a, b=b: a * value + b)  # type: ignore[misc]
        for band, a, b in zip(bands, options["a"], options["b"], strict=False)
    ]
    return Image.merge(image.mode, changed)


@_colours_only
def _recomb(image: Image.Image, options: Options) -> Image.Image:
    first, second, third = (options["matrix"][at : at + 3] for at in (0, 3, 6))
    return image.convert("RGB").convert("RGB", (*first, 0, *second, 0, *third, 0))


@_colours_only
def _convolve(image: Image.Image, options: Options) -> Image.Image:
    size = (options["size"], options["size"])
    return image.filter(ImageFilter.Kernel(size, options["kernel"], options["scale"], options["offset"]))


@_colours_only
def _modulate(image: Image.Image, options: Options) -> Image.Image:
    """Brightness and lightness along the first axis, saturation and hue on the plane of the others."""
    turn = radians(options["hue"])
    across, down = options["saturation"] * cos(turn), options["saturation"] * sin(turn)
    changed = _in_lab(image).convert(
        "RGB",
        (
            *(options["brightness"], 0, 0, options["lightness"] * 2.55),
            *(0, across, -down, 128 * (1 - across + down)),
            *(0, down, across, 128 * (1 - down - across)),
        ),
    )
    return _from_lab(changed)


@_colours_only
def _tint(image: Image.Image, options: Options) -> Image.Image:
    """The lightness stays, all colours become the one."""
    colour = _colour(options["colour"], "tint")[:3]
    light = _in_lab(image).getchannel(0)
    _, *axes = _in_lab(Image.new("RGB", image.size, colour)).split()
    return _from_lab(Image.merge("RGB", (light, *axes)))


@_colours_only
def _greyscale(image: Image.Image, options: Options) -> Image.Image:
    return _grey(image)


def _grey(image: Image.Image) -> Image.Image:
    """As light as the colours are seen."""
    if image.mode == "L":
        return image
    middle = Image.new("L", image.size, 128)
    return _from_lab(Image.merge("RGB", (_in_lab(image).getchannel(0), middle, middle))).convert("L")


@_colours_only
def _median(image: Image.Image, options: Options) -> Image.Image:
    # the library wants an odd size
    return image.filter(ImageFilter.MedianFilter(options["size"] | 1))


def _blur(image: Image.Image, options: Options) -> Image.Image:
    sigma = options["sigma"]
    if sigma is None:
        return image.filter(ImageFilter.BoxBlur(1))
    return image.filter(ImageFilter.GaussianBlur(sigma))


@_colours_only
def _sharpen(image: Image.Image, options: Options) -> Image.Image:
    sigma = options["sigma"]
    if sigma is None:
        return image.filter(ImageFilter.UnsharpMask(radius=1, percent=80, threshold=2))
    return image.filter(ImageFilter.UnsharpMask(radius=sigma, percent=120, threshold=2))


def _remove_alpha(image: Image.Image, options: Options) -> Image.Image:
    return image.convert("RGB" if image.mode == "RGBA" else "L") if image.mode in ("LA", "RGBA") else image


def _ensure_alpha(image: Image.Image, options: Options) -> Image.Image:
    if image.mode in ("LA", "RGBA"):
        return image
    image = image.copy()
    image.putalpha(round(options["alpha"] * 255))
    return image


def _extract_channel(image: Image.Image, options: Options) -> Image.Image:
    if options["channel"] == 3:
        if image.mode not in ("LA", "RGBA"):
            raise Refused("extractChannel")
        return image.getchannel("A")
    return image.convert("RGB").getchannel(options["channel"])


def _bandbool(image: Image.Image, options: Options) -> Image.Image:
    operator = {"and": "&", "or": "|", "eor": "^"}[options["operator"]]
    red, green, blue = (band.convert("I") for band in image.convert("RGB").split())

    def combined(values: dict[str, Any]) -> Any:
        first, second, third = values["red"], values["green"], values["blue"]
        if operator == "&":
            return first & second & third
        return first | second | third if operator == "|" else first ^ second ^ third

    made: Image.Image = ImageMath.lambda_eval(combined, red=red, green=green, blue=blue).convert("L")
    return made


STEPS: Final[Mapping[str, Do]] = {
    "resize": _resize,
    "extract": _extract,
    "extend": _extend,
    "trim": _trim,
    "rotate": _rotate,
    "flip": _flip,
    "flop": _flop,
    "flatten": _flatten,
    "gamma": _gamma,
    "negate": _negate,
    "normalise": _normalise,
    "threshold": _threshold,
    "linear": _linear,
    "recomb": _recomb,
    "convolve": _convolve,
    "modulate": _modulate,
    "tint": _tint,
    "greyscale": _greyscale,
    "median": _median,
    "blur": _blur,
    "sharpen": _sharpen,
    "removeAlpha": _remove_alpha,
    "ensureAlpha": _ensure_alpha,
    "extractChannel": _extract_channel,
    "bandbool": _bandbool,
}
