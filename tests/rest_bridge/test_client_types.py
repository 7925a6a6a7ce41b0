"""`causeway types`: what is written for which field, in both languages."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

import pytest

from rest_bridge.client_types.models import models
from rest_bridge.client_types.python import python
from rest_bridge.client_types.typescript import SDK, typescript
from schema_gen.errors import CausewayError
from schema_gen.model import Collection, Column, Field, FieldType, Relation, SchemaSnapshot
from schema_gen.registry import SYSTEM
from tests.support.blog import blog_snapshot, made_collection

BLOG = blog_snapshot("sqlite")


def with_collections(*more: Collection, relations: tuple[Relation, ...] = ()) -> SchemaSnapshot:
    collections = {**BLOG.collections, **{home.name: home for home in more}}
    return replace(BLOG, collections=collections, relations=(*BLOG.relations, *relations))


def of_every_type() -> Collection:
    fields = {
        kind.replace(".", "_"): Field(
            collection="everything", name=kind.replace(".", "_"), type=kind, column=Column(data_type="x")
        )
        for kind in get_args(FieldType)
        if kind != "alias"
    }
    return Collection(name="everything", fields=fields, primary_key=("integer",))


def lines(text: str, start: str) -> list[str]:
    """The lines of the declaration that starts so."""
    _, _, rest = text.partition(start)
    return rest.partition("\n\n")[0].splitlines()


# --- TypeScript ---------------------------------------------------------------------------------------------


def test_typescript_of_articles() -> None:
    text = typescript(BLOG)
    assert lines(text, "export interface Articles {") == [
        "",
        "  id: number;",
        "  title: string | null;",
        "  status: string | null;",
        "  views: number | null;",
        "  rating: number | null;",
        '  published_at: "datetime" | null;',
        '  updated_at: "datetime" | null;',
        '  meta: "json" | null;',
        '  keywords: "csv" | null;',
        "  featured: boolean | null;",
        "  price: number | null;",
        "  big: number | string | null;",
        "  author: number | Authors | null;",
        "  tags: number[] | ArticlesTags[];",
        "  blocks: number[] | Blocks[];",
        "  secret: string | null;",
        "}",
    ]
    assert "  item: string | Headings | Texts | null;" in text
    assert '  collection: "headings" | "texts" | null;' in text
    assert "  articles: Articles[];" in lines(text, "export interface Schema {")


def test_singletons_are_objects() -> None:
    home = replace(made_collection("home", ("id", "integer")), singleton=True)
    assert "  home: Home;" in typescript(with_collections(home))


def test_system_collections_are_those_of_the_sdk() -> None:
    users = made_collection("directus_users", ("id", "uuid"), ("email", "string"), ("shoe_size", "integer"))
    owned = made_collection("owned", ("id", "integer"), ("owner", "uuid"))
    relation = Relation(
        collection="owned", field="owner", related="directus_users", local=("owner",), remote=("id",)
    )
    text = typescript(with_collections(users, owned, relations=(relation,)))
    assert 'import type { DirectusUser } from "@directus/sdk";' in text
    assert "  owner: string | DirectusUser<Schema> | null;" in text
    assert lines(text, "export interface DirectusUsers {") == ["", "  shoe_size: number | null;", "}"]
    assert "  directus_users: DirectusUsers;" in text


def test_the_sdk_knows_system_collections() -> None:
    assert set(SDK) <= set(SYSTEM)


# --- Python -------------------------------------------------------------------------------------------------


def test_python_of_tags() -> None:
    text = python(BLOG, ("tags", "articles_tags"))
    assert lines(text, "class ArticlesTags(TypedDict):") == [
        "",
        "    id: int",
        "    articles_id: int | None",
        '    tags_id: "int | Tags | None"',
    ]
    assert '    tags_id: NotRequired["int | TagsCreate | TagsUpdate | None"]' in text
    assert "class TagsUpdate(TypedDict, total=False):" in text
    assert "Articles(" not in text


def test_what_has_to_be_sent_is_required() -> None:
    column = Column(data_type="x", nullable=False)
    field = Field(collection="notes", name="text", type="string", column=column)
    home = made_collection("notes", ("id", "integer"))
    text = python(with_collections(replace(home, fields={**home.fields, "text": field})), ("notes",))
    assert "    text: str" in lines(text, "class NotesCreate(TypedDict):")


def test_views_are_only_read() -> None:
    text = python(with_collections(replace(made_collection("v", ("id", "integer")), kind="view")), ("v",))
    assert "class V(TypedDict):" in text
    assert "VCreate" not in text


# --- both ---------------------------------------------------------------------------------------------------

ODD: Any = (
    *(
        "a b",
        "class",
        "__private",
        "Ünïcode",
        'quo"te',
        "new\nline",
        "int",
        "list",
        "Tags",
        "1st",
        "constructor",
    ),
    *("*/", "\\", "${x}", "None", "match", "日本"),
)


def odd() -> SchemaSnapshot:
    fields = [(name, "string") for name in ODD]
    homes = [
        made_collection(name, ("id", "integer"), *fields)  # type: ignore[arg-type]
        for name in ("Order Details", "order_details", "any", "Literal", "2fa", "日本", "schema", "_")
    ]
    told = replace(homes[0], meta={"note": 'Note */ """ \n of\u2028 all \\'})
    return with_collections(told, *homes[1:], of_every_type())


@pytest.mark.parametrize("write", [typescript, python])
def test_equal_schemas_give_equal_texts(write: Any) -> None:
    turned = replace(odd(), collections=dict(reversed(list(odd().collections.items()))))
    assert write(odd()) == write(turned)
    assert write(BLOG) == write(blog_snapshot("sqlite"))


@pytest.mark.parametrize("write", [typescript, python])
def test_unknown_collections_are_refused(write: Any) -> None:
    with pytest.raises(CausewayError, match='There is no collection "nope"'):
        write(BLOG, ("nope",))


def test_only_what_is_wanted() -> None:
    (only,) = models(BLOG, ("articles",), frozenset(), whole=True)
    assert only.collection == "articles"
    assert "  author: number | null;" in typescript(BLOG, ("articles",))


def test_python_is_python(tmp_path: Path) -> None:
    """It passes mypy --strict and can be imported, whatever the names are."""
    file = tmp_path / "made_types.py"
    file.write_text(python(odd()), encoding="utf-8")
    checked = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--cache-dir", str(tmp_path / "cache"), str(file)],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        timeout=300,
        check=False,
    )
    assert checked.returncode == 0, checked.stdout
    script = (
        "from typing import get_type_hints\nimport made_types\n"
        "for made in vars(made_types).values():\n"
        "    if hasattr(made, '__total__'): get_type_hints(made)\n"
        "assert made_types.Everything.__required_keys__\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, cwd=tmp_path, timeout=60, check=False
    )
    assert ran.returncode == 0, ran.stderr
