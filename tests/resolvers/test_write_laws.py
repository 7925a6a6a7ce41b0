"""Laws of writes over random sequences of requests: REST, GraphQL and a plain model of the tables agree, on
both databases, after every step. What is refused changes nothing.

`LAW_EXAMPLES=500` for a long sweep.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, note, settings
from hypothesis import strategies as st

from tests.support.model import Model, Refused, Request, Row, ToAny, ToMany, ToOne, Unpromised
from tests.support.project import running
from tests.support.session import Dialect, TestRun
from tests.support.worlds import SCHEMA, World, seed_worlds

#: tables that requests are addressed to
ROOTS = ("posts", "posts", "posts", "sections", "notes", "lines", "tags", "posts_tags", "blocks")
DEPTH = 2
DIALECTS: tuple[Dialect, ...] = ("sqlite", "postgresql")


class Author:
    """Draws requests that fit what the model holds, and now and then one that does not.

    No item is said twice in one request what becomes of it and its lists: which of the two comes last is not
    promised. That it is named twice in one list is fine.
    """

    def __init__(self, data: st.DataObject, model: Model) -> None:
        self._data = data
        self._model = model
        self._labels = 0
        #: items that were named: those of each list that is being drawn, and before them all others
        self._said: list[set[tuple[str, Any]]] = []

    def request(self) -> Request:
        self._said = [set()]
        table = self._one_of(ROOTS)
        kind = self._one_of(
            ("create_item", "create_item", "create_items", "update_item", "update_item", "update_item",
             "update_items", "update_batch", "delete_item", "delete_items", "put", "upsert", "singleton")
        )  # fmt: skip
        match kind:
            case "create_item":
                return Request(kind=kind, table=table, payload=self._new(table, DEPTH))
            case "create_items":
                return Request(kind=kind, table=table, payload=self._some(lambda: self._new(table, 1)))
            case "singleton":
                return Request(
                    kind="update_singleton", table="homepage", payload=self._old("homepage", DEPTH)
                )
            case "put":
                table = self._one_of(("tags", "posts"))
                key = self._one_of((*self._model.tables[table], self._fresh_key(table)))
                payload = self._new(table, 1)
                payload.pop("id" if table == "posts" else "code", None)
                return Request(kind="update_item", table=table, payload=payload, keys=(key,), put=True)
            case "upsert":
                many = self._some(lambda: self._relabelled(self._new("posts", 1)))
                if not many or self._chance(2):
                    return Request(kind="create_items", table="posts", payload=many, on_conflict=("label",))
                return Request(kind="create_item", table="posts", payload=many[0], on_conflict=("label",))
        keys = tuple(self._key(table) for _ in range(self._number(1, 3) if kind != "update_item" else 1))
        self._said[0].update((table, key) for key in keys)
        if kind == "update_batch":
            items = [{**self._old(table, 1, None, [key]), **_by_key(table, key)} for key in keys]
            return Request(kind=kind, table=table, payload=items)
        if kind == "delete_item":
            keys = keys[:1]
        changes = None if kind.startswith("delete") else self._old(table, DEPTH, None, keys)
        return Request(kind=kind, table=table, payload=changes, keys=keys)

    # --- items ----------------------------------------------------------------------------------------------

    def _new(self, table: str, depth: int, back: str | None = None) -> Row:
        """`back`: the field that leads to the item around it."""
        payload: Row = {}
        about = SCHEMA[table]
        if table == "tags":
            payload["code"] = self._fresh_key("tags")
        elif "id" in about.columns and self._chance(8):
            payload["id"] = self._fresh_key(table)
        if "label" in about.columns and not self._chance(60):
            payload["label"] = self._fresh_label()
        return {**payload, **self._old(table, depth, back)}

    def _old(self, table: str, depth: int, back: str | None = None, keys: Sequence[Any] = ()) -> Row:
        """`keys`: of the items that it is said of."""
        payload: Row = {}
        if self._chance(2):
            payload["n"] = self._one_of((None, 0, 1, 2))
        if table == "notes" and self._chance(3):
            payload["pos"] = self._number(0, 9)
        for name, link in SCHEMA[table].links.items():
            if name == back or (not self._chance(3) and not self._needed(table, name)):
                continue
            if isinstance(link, ToOne):
                required = name in SCHEMA[table].required | set(SCHEMA[table].key)
                payload[name] = self._to_one(link.target, depth, required)
            elif isinstance(link, ToAny):
                payload |= self._to_any(name, link, depth)
            elif depth and not self._moves(link, keys):
                payload[name] = self._list(link, depth)
        return payload

    def _needed(self, table: str, name: str) -> bool:
        return name in SCHEMA[table].required | set(SCHEMA[table].key) and not self._chance(20)

    def _moves(self, link: ToMany, keys: Sequence[Any]) -> bool:
        """Whether the request says something of an item that would leave the lists of these."""
        said = set().union(*self._said)
        rows = self._model.tables[link.target].items()
        return any(row[link.field] in keys and (link.target, key) in said for key, row in rows)

    def _relabelled(self, item: Row) -> Row:
        """Often with the label of an item that is there."""
        taken = [row["label"] for row in self._model.tables["posts"].values()]
        if taken and self._chance(2):
            item.pop("id", None)
            item["label"] = self._one_of(taken)
        return item

    def _to_one(self, target: str, depth: int, required: bool = False) -> Any:
        """`required`: it is seldom null."""
        kind = self._one_of(("key", "link", "update", "create", "save", "steps", "steps", "null"))
        if kind == "null":
            return None if not required or self._chance(20) else self._key(target)
        if kind == "key" or not depth:
            return self._key(target)
        if kind == "save":
            return {**self._new(target, depth - 1), **_by_key(target, self._fresh_key(target))}
        step = self._one_of(("create", "update", "connect", "disconnect")) if kind == "steps" else kind
        if step == "link":
            return _by_key(target, self._key(target))
        given: Any = True
        if step == "update" and (key := self._member(target)) is not None:
            given = {**self._old(target, depth - 1, None, [key]), **_by_key(target, key)}
        elif step == "connect":
            given = self._key(target)
        elif step != "disconnect" or required:
            step, given = "create", self._new(target, depth - 1)
        return {step: given} if kind == "steps" else given

    def _to_any(self, name: str, link: ToAny, depth: int) -> Row:
        target = self._one_of(link.targets)
        value = self._to_one(target, depth)
        if isinstance(value, dict) and "disconnect" in value:
            value = None
        elif isinstance(value, dict) and "connect" in value:
            value = value["connect"]
        elif isinstance(value, dict) and len(value) == 1:
            value = next((given for given in value.values() if isinstance(given, dict)), value)
        if isinstance(value, dict) and len(value) > 1 and target == "texts" and "label" not in value:
            # GraphQL has no other words for an item of many collections that is there
            known = self._model.tables[target].get(value["id"], {"label": "none"})
            value["label"] = known["label"]
        if value is None and self._chance(2):
            return {link.beside: None, name: None}
        return {link.beside: target, name: value}

    # --- lists ----------------------------------------------------------------------------------------------

    def _list(self, link: ToMany, depth: int) -> Any:
        if self._chance(12):
            return None
        self._said.append(set())
        if self._chance(2):
            value: Any = self._some(lambda: self._entry(link, depth))
            if link.target == "marks":
                # whoever has no key yet cannot have two members of one key
                value = list({entry["section"]: entry for entry in value}.values())
        else:
            value = {}
            for step in ("create", "update", "delete", "connect", "disconnect", "set"):
                if self._chance(3):
                    value[step] = self._step(step, link, depth)
        self._said[0] |= self._said.pop()
        return value

    def _entry(self, link: ToMany, depth: int) -> Any:
        target = link.target
        kind = self._one_of(("key", "link", "update", "new"))
        if target == "marks":
            return {**self._new(target, depth - 1, link.field), "section": self._key("sections")}
        key = self._member(target, again=kind != "update")
        if kind == "new" or key is None:
            return self._new(target, depth - 1, link.field)
        if kind == "key":
            # an unknown one is refused here, and made in the form of an object that GraphQL knows
            return 9999 if self._chance(40) and "label" in SCHEMA[target].columns else key
        return {
            **_by_key(target, key),
            **(self._old(target, depth - 1, link.field, [key]) if kind == "update" else {}),
        }

    def _step(self, step: str, link: ToMany, depth: int) -> Any:
        target = link.target
        if step == "create":
            return self._some(lambda: self._new(target, depth - 1, link.field))
        if target == "marks" and step in ("update", "delete"):
            return []
        if step == "update":
            keys = [key for key in self._some(lambda: self._member(target)) if key is not None]
            return [
                {**self._old(target, depth - 1, link.field, [key]), **_by_key(target, key)} for key in keys
            ]
        if step == "delete" or link.far is None:
            keys = [key for key in self._some(lambda: self._member(target, again=True)) if key is not None]
            return [*keys, *([9999] if self._chance(40) else [])]
        way = SCHEMA[target].links[link.far]
        if isinstance(way, ToOne):
            return self._some(lambda: self._key(way.target))
        assert isinstance(way, ToAny)
        return self._some(lambda: self._any_key(way))

    def _any_key(self, way: ToAny) -> Row:
        target = self._one_of(way.targets)
        return {"collection": target, "item": self._key(target)}

    # --- keys -----------------------------------------------------------------------------------------------

    def _key(self, table: str) -> Any:
        """Of an item that is there, but for a few."""
        if self._chance(40) or not self._model.tables[table]:
            return "nowhere" if table == "tags" else (9999, 9999) if table == "marks" else 9999
        return self._there(table)

    def _there(self, table: str) -> Any:
        return self._one_of(tuple(self._model.tables[table]))

    def _member(self, table: str, *, again: bool = False) -> Any:
        """The key of an item to be changed or moved that was not named yet; `again`: not outside of the list
        that is being drawn. None where there is no such item.
        """
        *outer, own = self._said
        taken = set().union(*outer) | (set() if again and outer else own)
        free = [key for key in self._model.tables[table] if (table, key) not in taken]
        if not free:
            return None
        key = self._one_of(free)
        own.add((table, key))
        return key

    def _fresh_key(self, table: str) -> Any:
        self._labels += 1
        return f"t{self._labels}" if table == "tags" else -self._labels

    def _fresh_label(self) -> str:
        self._labels += 1
        return f"l{self._labels}"

    # --- chance ---------------------------------------------------------------------------------------------

    def _one_of(self, choices: Sequence[Any]) -> Any:
        return self._data.draw(st.sampled_from(choices))

    def _chance(self, of: int) -> bool:
        """One in so many."""
        return self._number(1, of) == of

    def _number(self, least: int, most: int) -> int:
        return self._data.draw(st.integers(least, most))

    def _some(self, draw: Any) -> list[Any]:
        return [draw() for _ in range(self._number(0, 3))]


def _by_key(table: str, key: Any) -> Row:
    """An item that says which it is."""
    return dict(zip(SCHEMA[table].key, key if isinstance(key, tuple) else (key,), strict=True))


@pytest.fixture
async def worlds(test_run: TestRun, tmp_path: Path) -> AsyncIterator[list[World]]:
    """Each door on each database."""
    async with AsyncExitStack() as stack:
        opened: list[World] = []
        for dialect in DIALECTS:
            template = await test_run.template(dialect, "worlds", seed_worlds)
            for door in ("rest", "graphql"):
                name = f"worlds_{door}"
                url = test_run.copy_template(dialect, template, name, tmp_path)
                if dialect == "postgresql":
                    stack.callback(test_run.cluster().drop, name)
                site = await stack.enter_async_context(running(url))
                opened.append(World(site=site, door=door))
        yield opened


SEEDS = (
    Request(kind="create_items", table="tags", payload=[{"code": "red"}, {"code": "blue", "n": 1}]),
    Request(kind="create_items", table="texts", payload=[{"label": "lorem"}]),
    Request(
        kind="create_items",
        table="sections",
        payload=[{"label": "top", "children": [{"label": "left"}, {"label": "right"}]}],
    ),
    Request(
        kind="create_items",
        table="posts",
        payload=[
            {
                "label": "first",
                "section": 2,
                "notes": [{"label": "one", "pos": 2}, {"label": "two"}],
                "comments": [{"label": "ah"}],
                "lines": [{"label": "10 print"}],
                "tags": [{"tag": "red"}, {"tag": "red", "n": 2}],
                "blocks": [{"collection": "texts", "item": 1}, {"collection": "tags", "item": "blue"}],
                "marks": [{"section": 1, "n": 1}, {"section": 3}],
            },
            {"label": "second", "tags": [{"tag": "blue"}], "comments": [{"label": "oh"}]},
        ],
    ),
)


async def settle(worlds: Sequence[World], model: Model, request: Request) -> None:
    """The request, everywhere; whoever takes it, all do, and then hold the same."""
    try:
        model.apply(request)
    except Unpromised:
        return
    except Refused:
        taken = False
    else:
        taken = True
    for world in worlds:
        done, told = await world.send(request)
        nowhere = request.kind == "update_item" and request.keys[0] not in model.tables[request.table]
        assert done == taken or (nowhere and not request.put), (world.name, request, told)
        await world.compared(model)


@settings(
    max_examples=int(os.environ.get("LAW_EXAMPLES", "25")),
    deadline=None,
    # a failure tells its requests; what is smaller is seldom found in the time that it takes
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
@given(data=st.data())
async def test_both_doors_on_both_databases_do_what_the_model_does(
    worlds: list[World], data: st.DataObject
) -> None:
    model = Model(SCHEMA)
    for world in worlds:
        await world.clear()
    for request in SEEDS:
        await settle(worlds, model, request)
    author = Author(data, model)
    for _ in range(data.draw(st.integers(1, 8))):
        request = author.request()
        note(str(request))
        await settle(worlds, model, request)
