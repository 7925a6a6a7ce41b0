"""What queries of /assets mean: sizes, formats and refusals as the reference was observed to answer them."""

from __future__ import annotations

import doctest
import json
import re
from contextlib import suppress
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from gateway.images import arguments, frames, geometry, recipe
from gateway.images.geometry import placed, sizes
from gateway.images.operations import OPERATIONS
from gateway.images.recipe import AssetSettings, ImageFacts, Recipe, read_recipe
from schema_gen.errors import CausewayError

JPEG = ImageFacts(type="image/jpeg", width=60, height=40)
PNG = ImageFacts(type="image/png", width=100, height=40)
PRESETS = (
    {"key": "t1", "fit": "cover", "width": 10, "height": 10, "quality": 80, "withoutEnlargement": False},
    {
        "key": "t2",
        "fit": "contain",
        "width": 20,
        "height": 20,
        "format": "webp",
        "transforms": [["rotate", 90]],
    },
    {
        "key": "t3",
        "fit": "inside",
        "width": 500,
        "height": None,
        "format": "auto",
        "withoutEnlargement": True,
    },
    {"key": "t4", "transforms": [["blur", 2], ["nope"]]},
    {"key": "t5", "width": 10, "format": "bogus"},
    {"key": "system-small-cover", "width": 5},
    {"key": "t7", "transforms": [["toFormat", "webp"]]},
)


def recipe_of(
    query: str, facts: ImageFacts = JPEG, settings: AssetSettings | None = None, accept: str = ""
) -> Recipe | None:
    pairs = parse_qsl(query, keep_blank_values=True)
    return read_recipe(pairs, settings or AssetSettings(), accept, facts)


def made(query: str, facts: ImageFacts = JPEG, settings: AssetSettings | None = None) -> tuple[str, Any]:
    """Format and size of what comes out."""
    recipe = recipe_of(query, facts, settings)
    assert recipe is not None
    assert facts.size is not None
    steps = [(step.name, step.options) for step in recipe.steps]
    return recipe.format, [facts.size, *sizes(facts.size, steps)][-1]


def refusal(query: str, facts: ImageFacts = JPEG, settings: AssetSettings | None = None) -> CausewayError:
    with pytest.raises(CausewayError) as refused:
        recipe_of(query, facts, settings)
    return refused.value


def transforms(*calls: Any) -> str:
    return "transforms=" + json.dumps(calls).replace("#", "%23")


@pytest.mark.parametrize(
    ("query", "size"),
    [
        ("width=30", (30, 20)),
        ("height=10", (15, 10)),
        ("width=10", (10, 7)),
        ("width=3001", (3001, 2001)),
        ("width=1e2", (100, 67)),
        ("width=%2010", (10, 7)),
        ("width=5.0", (5, 3)),
        ("width=30&height=30", (30, 30)),
        ("width=30&height=30&fit=contain", (30, 30)),
        ("width=30&height=30&fit=inside", (30, 20)),
        ("width=30&height=30&fit=outside", (45, 30)),
        ("width=30&height=30&fit=fill", (30, 30)),
        ("width=30&fit=contain", (30, 20)),
        ("height=30&fit=cover", (45, 30)),
        ("width=200&withoutEnlargement", (200, 133)),
        ("width=200&withoutEnlargement=true", (60, 40)),
        ("width=200&height=200&withoutEnlargement=true", (60, 40)),
        ("width=200&height=200&withoutEnlargement=true&fit=contain", (60, 40)),
        ("width=200&height=20&withoutEnlargement=true&fit=cover", (60, 20)),
        ("width=200&height=20&withoutEnlargement=true&fit=contain", (60, 20)),
        ("width=200&height=20&withoutEnlargement=true&fit=outside", (60, 40)),
        ("width=20&height=200&withoutEnlargement=true&fit=cover", (20, 40)),
        ("width=20&height=200&withoutEnlargement=true&fit=inside", (20, 13)),
        ("width=20&height=200&withoutEnlargement=true&fit=fill", (20, 40)),
        ("key=system-small-cover", (64, 64)),
        ("key=system-small-contain", (64, 43)),
        ("key=system-medium-cover", (300, 300)),
        ("key=system-medium-contain", (300, 200)),
        ("key=system-large-cover", (800, 800)),
        ("key=system-large-contain", (800, 533)),
        ("key=system-small-cover&width=10", (10, 7)),
        ('key=system-small-cover&transforms=[["blur",3]]', (60, 40)),
        (transforms(["resize", 30, 30], ["resize", 20]), (20, 13)),
        (transforms(["resize", 30, 30, {"fit": "contain", "background": "red"}]), (30, 30)),
        (transforms(["resize", {"width": 30, "fit": "inside", "position": "top"}]), (30, 20)),
        (transforms(["extract", {"left": 5, "top": 5, "width": 10, "height": 10}], ["resize", 40]), (40, 40)),
        (transforms(["resize", 40], ["extract", {"left": 5, "top": 5, "width": 10, "height": 10}]), (10, 10)),
        (transforms(["rotate", 90]), (40, 60)),
        (transforms(["rotate", 90]) + "&width=10", (10, 15)),
        (transforms(["rotate", 90], ["rotate", 45]), (71, 71)),
        (transforms(["resize", 20], ["rotate", 45]), (23, 23)),
        (transforms(["rotate", 45], ["resize", 20]), (20, 20)),
        (transforms(["extend", 10], ["resize", 20]), (40, 33)),
        (transforms(["extend", 10], ["rotate", 45]), (91, 91)),
        (transforms(["extend", {"top": 10, "bottom": 2}]), (60, 52)),
        (transforms(["extract", {"left": 5, "top": 5, "width": 10, "height": 10}]) + "&width=40", (40, 40)),
    ],
)
def test_sizes_are_those_of_the_reference(query: str, size: tuple[int, int]) -> None:
    assert made(query) == ("jpg", size)


def test_focal_points_choose_what_is_cut() -> None:
    source = (100, 40)

    def left(query: str, facts: ImageFacts = PNG) -> int:
        recipe = recipe_of(query, facts)
        assert recipe is not None
        return -placed(source, recipe.steps[0].options).offset[0]

    size = "width=20&height=40"
    assert left(size) == 40
    assert left(f"{size}&focal_point_x=0&focal_point_y=0") == 0
    assert left(f"{size}&focal_point_x=30&focal_point_y=20") == 20
    assert left(f"{size}&focal_point_x=500&focal_point_y=500") == 80
    assert left("width=10&height=10&focal_point_x=30&focal_point_y=5") == 3
    assert left("width=33&height=17&focal_point_x=70&focal_point_y=3") == 10
    # half a point is none, and a preset of one side or of the whole image has no use for it
    assert left(f"{size}&focal_point_x=70") == 40
    assert left(f"{size}&fit=contain&focal_point_x=70&focal_point_y=20") == 0
    stored = ImageFacts(type="image/png", width=100, height=40, focal_point_x=70, focal_point_y=20)
    assert left(size, stored) == 60
    assert left(f"{size}&focal_point_x=30", stored) == 20


@pytest.mark.parametrize(
    "query",
    [
        *("", "foo=bar", "download", "fit=cover", "fit=bogus", "withoutEnlargement=true", "focal_point_x=10"),
        *("width=", "format=", "quality=", "key=", "transforms=[]", "fit="),
    ],
)
def test_nothing_asked_is_the_original(query: str) -> None:
    assert recipe_of(query) is None


@pytest.mark.parametrize("type", ["image/gif", "image/svg+xml", "image/bmp", "application/pdf", None])
def test_other_kinds_of_files_are_sent_as_they_are(type: str | None) -> None:
    for query in ("width=20", "key=system-small-cover", "format=webp", "width=abc"):
        assert recipe_of(query, ImageFacts(type=type)) is None
    assert refusal("key=nope", ImageFacts(type=type)).code == "INVALID_QUERY"


def test_formats() -> None:
    for asked, format in [("jpg", "jpg"), ("JPEG", "jpg"), ("tif", "tiff"), ("gif", "gif"), ("avif", "avif")]:
        recipe = recipe_of(f"format={asked}")
        assert recipe is not None
        assert (recipe.format, recipe.varies) == (format, False)

    def auto(accept: str, facts: ImageFacts = JPEG, query: str = "format=auto") -> tuple[str, bool]:
        recipe = recipe_of(query, facts, accept=accept)
        assert recipe is not None
        return recipe.format, recipe.varies

    assert auto("image/avif,image/webp,*/*") == ("avif", True)
    assert auto("image/webp") == ("webp", True)
    assert auto("*/*") == auto("image/png") == ("jpg", True)
    assert auto("", ImageFacts(type="image/webp", width=5, height=5)) == ("png", True)
    assert auto("image/avif", query="key=system-small-cover") == ("avif", True)
    assert auto("image/avif", query="key=system-small-cover&format=webp") == ("webp", False)


def test_quality_goes_with_the_format() -> None:
    def of(query: str) -> tuple[str, int | None]:
        recipe = recipe_of(query)
        assert recipe is not None
        return recipe.format, recipe.quality

    assert of("quality=50") == ("jpg", 50)
    assert of(transforms(["toFormat", "webp", {"quality": 20}])) == ("webp", 20)
    assert of(transforms(["webp", {"quality": 20}]) + "&quality=30") == ("webp", 30)
    assert of(transforms(["toFormat", "png"]) + "&format=webp") == ("webp", None)


def test_presets_and_what_is_said_besides() -> None:
    settings = AssetSettings(presets=PRESETS)

    def of(query: str) -> tuple[str, Any]:
        return made(query, PNG, settings)

    assert of("key=t1") == ("png", (10, 10))
    assert of("key=t1&width=5") == ("png", (5, 10))
    assert of("key=t1&height=5&fit=contain") == ("png", (10, 5))
    assert of("key=t1&withoutEnlargement=true&width=500") == ("png", (100, 10))
    assert of("key=t2") == ("webp", (20, 20))
    assert of("key=t2&width=50") == ("webp", (50, 20))
    assert of("key=t2&format=png") == ("png", (20, 20))
    assert of("key=t3") == ("png", (100, 40))
    assert of("key=t7") == ("webp", (100, 40))
    # those of the system cannot be replaced
    assert of("key=system-small-cover") == ("png", (64, 64))
    for key in ("t4", "t5"):
        assert refusal(f"key={key}", PNG, settings).code == "INVALID_QUERY"
    assert refusal("key=t9", PNG, settings).extensions["reason"] == 'Key "t9" isn\'t configured'


def test_projects_restrict_what_is_made() -> None:
    presets = AssetSettings(mode="presets", presets=PRESETS)
    nothing = AssetSettings(mode="none", presets=PRESETS)
    for query in ("key=t1&width=5", "width=5", "format=webp", "fit=cover", "width=", "key=", "key=t9"):
        reason = refusal(query, PNG, presets).extensions["reason"]
        assert reason == "Only configured presets can be used in asset generation"
    for query in ("key=t1", "width=5", "key=", "focal_point_x=1", "key=system-small-cover&width=10"):
        reason = refusal(query, PNG, nothing).extensions["reason"]
        assert reason == "Dynamic asset generation has been disabled for this project"
    for settings in (presets, nothing):
        assert recipe_of("", PNG, settings) is None
        assert recipe_of("download&foo=1&transforms=[]", PNG, settings) is None
        assert recipe_of("key=system-small-cover", PNG, settings) is not None
    assert recipe_of("key=t1&download", PNG, presets) is not None


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        (
            "width=0",
            "Expected positive integer between 1 and 100000000 for width but received 0 of type number",
        ),
        ("width=-1", "received -1 of type number"),
        ("width=1.5", "received 1.5 of type number"),
        ("width=abc", "received NaN of type number"),
        ("height=10px", "for height but received NaN"),
        ("width=\N{ARABIC-INDIC DIGIT ONE}", "received NaN"),
        ("width=1_0", "received NaN"),
        ("quality=0", "Expected integer between 1 and 100 for quality but received 0 of type number"),
        ("quality=101", "received 101"),
        ("quality=50.5", "received 50.5"),
        ("format=bmp", "for format but received bmp of type string"),
        ("width=3&fit=bogus", "Expected valid fit for fit but received bogus of type string"),
        ("width=10&width=20", '"width" may be given once'),
        ("width=20&height=40&focal_point_x=abc&focal_point_y=0", "for focal point but received NaN"),
        ("transforms=", "needs to be a JSON array of allowed transformations"),
        ("transforms=x", "needs to be a JSON array"),
        ("transforms={}", "needs to be a JSON array"),
        pytest.param("transforms=" + "[" * 100_000, "needs to be a JSON array", id="deep"),
        ("transforms=[[]]", 'does not allow "undefined"'),
        ("transforms=[1]", 'does not allow "undefined"'),
        (
            transforms(["blur", 3], ["bogus"]),
            '"transforms" Parameter does not allow "bogus" as a transformation',
        ),
        (transforms(*[["blur", 1]] * 6), '"transforms" Parameter is only allowed 5 transformations'),
        (transforms(["blur", -1]), "Expected number between 0.3 and 1000 for sigma but received -1"),
        (transforms(["blur", True]), "for sigma but received true of type boolean"),
        (transforms(["blur", 10**400]), "Expected number between 0.3 and 1000 for sigma but received 1000"),
        (transforms(["rotate", 10**400]), "Expected numeric for angle"),
        ('transforms=[["rotate",NaN]]', "Expected numeric for angle but received NaN of type number"),
        (transforms(["median", 1001]), "for size but received 1001"),
        (transforms(["gamma", 5]), "for gamma but received 5"),
        (transforms(["threshold", 300]), "Expected integer between 0 and 255 for threshold but received 300"),
        (transforms(["rotate", "90"]), "Expected numeric for angle but received 90 of type string"),
        (transforms(["extract", {"left": 5}]), "for top but received undefined of type undefined"),
        (transforms(["extract", 5, 5, 10, 10]), "for left but received undefined"),
        (
            transforms(["modulate"]),
            "Expected plain object for options but received undefined of type undefined",
        ),
        (transforms(["modulate", {"brightness": -1}]), "Expected number above zero for brightness"),
        (transforms(["trim", 10]), "Expected object for trim but received 10 of type number"),
        (transforms(["resize", 30, 30, {"fit": "bogus"}]), "Expected valid fit for fit"),
        (
            transforms(["resize", {"width": 3, "position": "bogus"}]),
            "Expected valid position/gravity/strategy",
        ),
        (transforms(["toFormat", "bogus"]), "for format but received bogus of type string"),
        (transforms(["tint", "url(x)"]), "Expected color for tint"),
        (transforms(["flatten", {"background": {"r": 256}}]), "for background.r but received 256"),
        (transforms(["convolve", {"width": 3, "height": 3, "kernel": [1]}]), "Expected 9 numbers for kernel"),
        (transforms(["recomb", [[1, 2], [3], 4]]), "Expected 3 numbers for recomb"),
    ],
)
def test_what_is_wrong_is_refused(query: str, reason: str) -> None:
    refused = refusal(query)
    assert refused.code == "INVALID_QUERY"
    assert reason in refused.extensions["reason"]


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=5)
    | st.sampled_from(["red", "b-w"]),
    lambda inner: (
        st.lists(inner, max_size=9)
        | st.dictionaries(st.sampled_from(["width", "left", "alpha", "kernel", "background", "r"]), inner)
    ),
    max_leaves=8,
)


@examples(max_examples=150, deadline=None)
@given(name=st.sampled_from(sorted(OPERATIONS)), values=st.lists(VALUES, max_size=3))
def test_whatever_is_sent_is_read_or_refused(name: str, values: list[Any]) -> None:
    pairs = [("transforms", json.dumps([[name, *values]]))]
    with suppress(CausewayError):
        recipe = read_recipe(pairs, AssetSettings(), "", JPEG)
        # the worker gets it as JSON
        assert recipe is None or json.dumps([step.options for step in recipe.steps], allow_nan=False)


@pytest.mark.parametrize(
    "call",
    [
        *("composite", "toFile", "toBuffer", "metadata", "__proto__", "affine", "clahe", "constructor", ""),
        *("joinChannel", "withMetadata", "raw", "tile", "heif"),
    ],
)
def test_operations_that_are_not_listed_are_refused(call: str) -> None:
    assert refusal(transforms([call])).code == "INVALID_QUERY"


@pytest.mark.parametrize(
    ("query", "size"),
    [
        ("width=100000&height=100000", (60, 40)),
        ("width=6001", (60, 40)),
        ("height=6001", (60, 40)),
        ("width=100000001", (60, 40)),
        # the other side grows with it
        ("width=601", (10, 100)),
        ("width=20", (6001, 10)),
        (transforms(["resize", 100000]), (60, 40)),
        (transforms(["extend", {"top": 10000}]), (60, 40)),
        (transforms(["resize", 5500], ["rotate", 45]), (60, 40)),
    ],
)
def test_nothing_becomes_too_large(query: str, size: tuple[int, int]) -> None:
    """GHSA-7vcx-mhxq-9j96"""
    refused = refusal(query, ImageFacts(type="image/jpeg", width=size[0], height=size[1]))
    assert refused.code == "ILLEGAL_ASSET_TRANSFORMATION"
    assert refused.extensions["invalidTransformations"] == ["width", "height"]


def test_what_only_sounds_large_is_made() -> None:
    tall = ImageFacts(type="image/png", width=10, height=100)
    assert made("height=6001&withoutEnlargement=true", tall) == ("png", (10, 100))
    assert made("width=7000&height=10&fit=inside", tall) == ("png", (1, 10))
    assert made("width=6000") == ("jpg", (6000, 4000))


def test_the_key_stands_for_the_result() -> None:
    def key(query: str) -> str:
        recipe = recipe_of(query)
        assert recipe is not None
        return recipe.name

    assert key("width=30") == key("width=30&foo=1&download") == key("width=30.0&fit=cover")
    others = [
        "width=30",
        "height=30",
        "width=31",
        "width=30&format=webp",
        "width=30&quality=80",
        "quality=80",
    ]
    others += [
        "width=30&height=30",
        "width=30&height=30&fit=contain",
        transforms(["flip"]),
        transforms(["flop"]),
    ]
    assert len({key(query) for query in others}) == len(others)
    assert key("format=webp").endswith(".webp")


def test_the_guide_lists_what_is_allowed() -> None:
    guide = Path(__file__).parents[3] / "docs/guide/images.md"
    table = guide.read_text(encoding="utf-8").split("| operation | arguments |")[1].split("\n\n")[0]
    cells = [line.split("|")[1] for line in table.splitlines() if line.startswith("| `")]
    assert {name for cell in cells for name in re.findall(r"`(\w+)`", cell)} == OPERATIONS.keys()


@pytest.mark.parametrize("module", [arguments, frames, geometry, recipe])
def test_examples_hold(module: ModuleType) -> None:
    assert doctest.testmod(module).failed == 0
