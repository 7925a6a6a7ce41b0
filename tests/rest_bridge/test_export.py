"""Exports: the data of a reply as a file."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, datetime
from typing import Any
from xml.etree import ElementTree

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from rest_bridge.export import export
from rest_bridge.export_csv import to_csv
from rest_bridge.export_xml import to_xml

NOW = datetime(2024, 6, 15, 12, 3, 4, tzinfo=UTC)
ITEMS: list[dict[str, Any]] = [
    {
        **{"id": 1, "title": 'Al"pha', "price": 9.5, "live": True},
        **{"author": {"name": "Ann"}, "tags": [1, 2], "meta": {}},
    },
    {
        **{"id": 2, "title": None, "price": 2.0, "live": False},
        **{"author": None, "tags": [], "meta": {"a": [1]}},
    },
]


def exported(form: str, data: Any = ITEMS) -> str:
    return export(json.dumps(data).encode(), form, "articles", "id", NOW).body.decode()


@pytest.mark.parametrize(
    ("form", "media", "name"),
    [
        ("csv", "text/csv", "articles 20240615-120304.csv"),
        ("csv_utf8", "text/csv", "articles 20240615-120304.csv"),
        ("json", "application/json", "articles 20240615-120304.json"),
        ("xml", "text/xml", "articles 20240615-120304.xml"),
        ("yaml", "text/yaml", "articles 20240615-120304.yaml"),
    ],
)
def test_headers(form: str, media: str, name: str) -> None:
    response = export(b"[]", form, "articles", "id", NOW)
    assert response.headers == (
        ("content-type", f"{media}; charset=utf-8"),
        ("content-disposition", f'attachment; filename="{name}"'),
    )


def test_csv() -> None:
    text = (
        '"id","title","price","live","author.name","tags","meta","author","meta.a"\n'
        '1,"Al""pha",9.5,true,"Ann","[1,2]","{}",,\n'
        '2,,2,false,,"[]",,,"[1]"'
    )
    assert exported("csv") == text
    assert exported("csv_utf8") == "\ufeff" + text
    assert exported("csv", []) == ""
    assert exported("csv", {"id": 1}) == '"id"\n1'
    assert exported("csv", [1, 2]) == '"id"\n1\n2'


@pytest.mark.parametrize("cell", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", '=HYPERLINK("x")'])
def test_text_that_looks_like_a_formula_stays_text(cell: str) -> None:
    (row,) = csv.DictReader(io.StringIO(to_csv([{"a": cell}]), newline=""))
    assert row["a"] == f"'{cell}"
    # a name can come from stored JSON as well
    assert to_csv([{"meta": {cell: 1}}]).startswith(('"meta.', "\"'meta."))
    assert to_csv([{cell: 1}]).startswith("\"'")


def test_negative_numbers_are_numbers() -> None:
    assert to_csv([{"a": -1, "b": -2.5}]) == '"a","b"\n-1,-2.5'


def test_json() -> None:
    assert exported("json", [{"id": 1, "price": 2.0}]) == '[\n\t{\n\t\t"id": 1,\n\t\t"price": 2\n\t}\n]'
    assert exported("json", []) == "[]"


def test_xml() -> None:
    assert exported("xml") == (
        "<?xml version='1.0'?>\n<data>\n"
        '    <data>\n        <id>1</id>\n        <title>Al"pha</title>\n        <price>9.5</price>\n'
        "        <live>true</live>\n        <author>\n            <name>Ann</name>\n        </author>\n"
        "        <tags>1</tags>\n        <tags>2</tags>\n        <meta/>\n    </data>\n"
        "    <data>\n        <id>2</id>\n        <title>null</title>\n        <price>2</price>\n"
        "        <live>false</live>\n        <author>null</author>\n        <meta>\n            <a>1</a>\n"
        "        </meta>\n    </data>\n</data>"
    )
    assert exported("xml", []) == "<?xml version='1.0'?>\n<data/>"
    assert exported("xml", {"id": 1}) == "<?xml version='1.0'?>\n<data>\n    <id>1</id>\n</data>"


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
_ROWS = st.lists(st.dictionaries(st.text(min_size=1), _JSON, max_size=3), max_size=3)


@given(_ROWS)
def test_xml_is_well_formed_whatever_it_holds(rows: list[dict[str, Any]]) -> None:
    read = ElementTree.fromstring(to_xml(rows))
    assert [element.tag for element in read] == ["data"] * len(rows)


@given(_ROWS)
def test_csv_reads_back_row_by_row(rows: list[dict[str, Any]]) -> None:
    text = to_csv(rows)
    if text:
        read = list(csv.reader(io.StringIO(text, newline=""), lineterminator="\n", strict=True))
        assert {len(line) for line in read if line} == {len(read[0])}


def test_yaml() -> None:
    items = [{"id": 1, "day": "2020-01-15", "tags": ["x", "y"], "author": {"name": "Änn"}, "none": None}]
    text = exported("yaml", items)
    assert text == (
        "- id: 1\n  day: '2020-01-15'\n  tags:\n    - x\n    - y\n  author:\n    name: Änn\n  none: null\n"
    )
    assert yaml.safe_load(text) == items
    assert exported("yaml", []) == "[]\n"
