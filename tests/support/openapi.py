"""Checks of OpenAPI documents: the official schema of OpenAPI 3.1, JSON Schema itself, and our own rules."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import jsonschema_rs

OFFICIAL: Final = Path(__file__).parents[1] / "data" / "openapi31" / "schema.json"
METHODS: Final = frozenset({"get", "put", "post", "delete", "options", "head", "patch", "trace"})

Document = Mapping[str, Any]


def check(document: Document) -> None:
    """The document is one: by the official schema, every schema in it, every reference, every id."""
    official = jsonschema_rs.validator_for(json.loads(OFFICIAL.read_text(encoding="utf-8")))
    faults = [f"{fault.instance_path}: {fault.message}" for fault in official.iter_errors(document)]
    assert not faults, faults[:5]
    for place, schema in schemas(document):
        assert jsonschema_rs.meta.is_valid({"$schema": DIALECT, **schema}), place
    for reference in references(document):
        assert resolved(document, reference) is not None, reference
    check_operations(document)


DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"


def check_operations(document: Document) -> None:
    names = [its["operationId"] for _, _, its in operations(document)]
    assert len(names) == len(set(names)), [name for name in names if names.count(name) > 1]
    tags = [tag["name"] for tag in document["tags"]]
    assert len(tags) == len(set(tags))
    for path, method, its in operations(document):
        assert set(its["tags"]) <= set(tags), path
        given = parameters(document, path, its)
        in_path = {one["name"] for one in given if one["in"] == "path"}
        assert in_path == set(re.findall(r"\{(\w+)\}", path)), (method, path)
        assert len({(one["name"], one["in"]) for one in given}) == len(given), (method, path)


def operations(document: Document) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    for path, item in document["paths"].items():
        for method, its in item.items():
            if method in METHODS:
                yield path, method, its


def parameters(document: Document, path: str, its: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    listed = [*document["paths"][path].get("parameters", ()), *its.get("parameters", ())]
    return [resolved(document, one["$ref"]) if "$ref" in one else one for one in listed]


def schemas(document: Document) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The components, and whatever stands under `schema`."""
    yield from document["components"]["schemas"].items()

    def inside(place: str, value: Any) -> Iterator[tuple[str, Mapping[str, Any]]]:
        if isinstance(value, Mapping):
            for name, below in value.items():
                if name == "schema":
                    yield place, below
                else:
                    yield from inside(f"{place}/{name}", below)
        elif isinstance(value, list):
            for index, below in enumerate(value):
                yield from inside(f"{place}/{index}", below)

    yield from inside("", document["paths"])
    yield from inside("", document["components"]["responses"])
    yield from inside("", document["components"]["parameters"])


def references(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        for below in value.values():
            yield from references(below)
    elif isinstance(value, list):
        for below in value:
            yield from references(below)


def resolved(document: Document, reference: str) -> Any:
    found: Any = document
    for part in reference.removeprefix("#/").split("/"):
        found = found.get(part) if isinstance(found, Mapping) else None
    return found


class Fits:
    """Whether values fit the schemas of a document."""

    def __init__(self, document: Document) -> None:
        self._document = document

    def faults(self, schema: Mapping[str, Any], value: Any) -> list[str]:
        whole = {**schema, "components": {"schemas": self._document["components"]["schemas"]}}
        made = jsonschema_rs.validator_for({"$schema": DIALECT, **whole}, validate_formats=True)
        return [f"{list(fault.instance_path)}: {fault.message[:300]}" for fault in made.iter_errors(value)]

    def answer(self, path: str, method: str, status: int) -> Mapping[str, Any] | None:
        """The JSON schema of an answer; None where no JSON is promised."""
        answer = self._document["paths"][path][method]["responses"][str(status)]
        if "$ref" in answer:
            answer = resolved(self._document, answer["$ref"])
        content = answer.get("content", {}).get("application/json")
        return None if content is None else content["schema"]
