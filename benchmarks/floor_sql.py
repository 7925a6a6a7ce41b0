"""The floor's statements: one per workload, actor and database, written by hand.

    floor_statement("postgresql", "by_key", "reader")    Floor(sql="SELECT ...", prefix=b'{"data":', ...)

Each gives one row whose columns are the JSON of the reply, built by the database. They set what any server on
this database could reach at best; what they leave out (reading the request, tokens, permissions, plans) is
what a server adds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from benchmarks.tables import Dialect
from benchmarks.workloads import WORKLOADS, Actor, Door

#: what joins the columns of the row to a reply: one part more than there are columns
_REST: Final = (b'{"data":', b"}")
_COUNTED: Final = (b'{"meta":{"total_count":', b',"filter_count":', b'},"data":', b"}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Floor:
    """`kinds`: types of the parameters, in their order in path and statement."""

    sql: str
    parts: tuple[bytes, ...]
    kinds: tuple[type[int] | type[str], ...] = ()


def floor_statement(dialect: Dialect, workload: str, actor: Actor) -> Floor:
    door = WORKLOADS[workload].door
    name = workload.removesuffix("_graphql")
    words = _WORDS[dialect](door)
    rule = {"admin": "true", "reader": "{a}status = 'published'"}[actor]
    template = _STATEMENTS[dialect][name]
    sql = template.format_map({**words, "rule": rule.format(a=""), "a_rule": rule.format(a="a.")})
    if door == "graphql":
        root = "articles_by_id" if name == "by_key" else "articles"
        return Floor(sql=sql, parts=(b'{"data":{"%s":' % root.encode(), b"}}"), kinds=_KINDS.get(name, ()))
    return Floor(sql=sql, parts=_COUNTED if name == "filter" else _REST, kinds=_KINDS.get(name, ()))


_KINDS: Final[Mapping[str, tuple[type[int] | type[str], ...]]] = {"by_key": (int,), "filter": (int, str)}


def _postgresql(door: Door) -> dict[str, str]:
    text = "::text" if door == "graphql" else ""
    names = ("id", "a.id", "u.id", "k.id", "t.id", "c.id")
    words = {f"{name.replace('.', '_')}": f"{name}{text}" for name in names}
    to_one = {"rest": "author, category", "graphql": _POSTGRESQL_KEYS}
    return {**words, "to_one": to_one[door], "moment": "published_at"}


_POSTGRESQL_KEYS: Final = (
    "CASE WHEN author IS NOT NULL THEN json_build_object('id', author::text) END AS author, "
    "CASE WHEN category IS NOT NULL THEN json_build_object('id', category::text) END AS category"
)

_POSTGRESQL: Final[Mapping[str, str]] = {
    "by_key": """
SELECT row_to_json(r) FROM (
  SELECT {id} AS id, title, slug, status, views, rating, published_at, {to_one}
  FROM articles WHERE id = $1 AND {rule}) r
""",
    "list": """
SELECT coalesce(json_agg(r), '[]') FROM (
  SELECT {a_id} AS id, title, slug, status, views, published_at
  FROM articles a WHERE {rule} ORDER BY a.id LIMIT 20) r
""",
    "rows": """
SELECT coalesce(json_agg(r), '[]') FROM (
  SELECT {a_id} AS id, title, slug, status, views, published_at
  FROM articles a WHERE {rule} ORDER BY a.id LIMIT 1000) r
""",
    "nested": """
SELECT coalesce(json_agg(r), '[]') FROM (
  SELECT {a_id} AS id, a.title, a.status,
    CASE WHEN u.id IS NOT NULL THEN json_build_object('id', {u_id}, 'name', u.name) END AS author,
    CASE WHEN k.id IS NOT NULL THEN json_build_object('id', {k_id}, 'name', k.name) END AS category,
    (SELECT coalesce(json_agg(json_build_object('tags_id',
       CASE WHEN t.id IS NOT NULL THEN json_build_object('id', {t_id}, 'name', t.name) END)
       ORDER BY j.id), '[]')
     FROM articles_tags j LEFT JOIN tags t ON t.id = j.tags_id WHERE j.articles_id = a.id) AS tags,
    (SELECT coalesce(json_agg(json_build_object('id', {c_id}, 'author_name', c.author_name, 'body', c.body)
       ORDER BY c.id), '[]')
     FROM comments c WHERE c.article = a.id) AS comments
  FROM articles a LEFT JOIN authors u ON u.id = a.author LEFT JOIN categories k ON k.id = a.category
  WHERE {a_rule} ORDER BY a.id LIMIT 20) r
""",
    "filter": """
WITH found AS (
  SELECT a.id, a.title, a.views, u.name FROM articles a JOIN authors u ON u.id = a.author
  WHERE {a_rule} AND a.status = 'published' AND a.views >= $1 AND u.name LIKE $2 || '%')
SELECT (SELECT to_json(count(*)) FROM articles a WHERE {rule}), (SELECT to_json(count(*)) FROM found),
  (SELECT coalesce(json_agg(r), '[]') FROM (
     SELECT id, title, views, json_build_object('name', name) AS author
     FROM found ORDER BY views DESC, id LIMIT 20) r)
""",
    "aggregate": """
SELECT coalesce(json_agg(r), '[]') FROM (
  SELECT status, count(*) AS count, json_build_object('rating', avg(rating)) AS avg,
    json_build_object('views', max(views)) AS max
  FROM articles WHERE {rule} GROUP BY status ORDER BY status) r
""",
}


def _sqlite(door: Door) -> dict[str, str]:
    def text(name: str) -> str:
        return f"CAST({name} AS text)" if door == "graphql" else name

    names = ("id", "a.id", "u.id", "k.id", "t.id", "c.id")
    keys = "'author', json(CASE WHEN author IS NOT NULL THEN json_object('id', CAST(author AS text)) END), "
    keys += (
        "'category', json(CASE WHEN category IS NOT NULL THEN json_object('id', CAST(category AS text)) END)"
    )
    return {
        **{name.replace(".", "_"): text(name) for name in names},
        "to_one": keys if door == "graphql" else "'author', author, 'category', category",
        "moment": "strftime('%Y-%m-%dT%H:%M:%S', published_at / 1000, 'unixepoch')",
    }


_SQLITE_SIX: Final = """
SELECT json_group_array(json(r)) FROM (
  SELECT json_object('id', {id}, 'title', title, 'slug', slug, 'status', status, 'views', views,
    'published_at', {moment}) AS r
  FROM articles WHERE {rule} ORDER BY articles.id LIMIT %d)
"""

_SQLITE: Final[Mapping[str, str]] = {
    "by_key": """
SELECT json_object('id', {id}, 'title', title, 'slug', slug, 'status', status, 'views', views,
  'rating', rating, 'published_at', {moment}, {to_one})
FROM articles WHERE id = ?1 AND {rule}
""",
    "list": _SQLITE_SIX % 20,
    "rows": _SQLITE_SIX % 1000,
    "nested": """
SELECT json_group_array(json(r)) FROM (
  SELECT json_object('id', {a_id}, 'title', a.title, 'status', a.status,
    'author', json(CASE WHEN u.id IS NOT NULL THEN json_object('id', {u_id}, 'name', u.name) END),
    'category', json(CASE WHEN k.id IS NOT NULL THEN json_object('id', {k_id}, 'name', k.name) END),
    'tags', json((SELECT json_group_array(json_object('tags_id', json(tag))) FROM (
       SELECT CASE WHEN t.id IS NOT NULL THEN json_object('id', {t_id}, 'name', t.name) END AS tag
       FROM articles_tags j LEFT JOIN tags t ON t.id = j.tags_id WHERE j.articles_id = a.id ORDER BY j.id))),
    'comments', json((SELECT json_group_array(json(comment)) FROM (
       SELECT json_object('id', {c_id}, 'author_name', c.author_name, 'body', c.body) AS comment
       FROM comments c WHERE c.article = a.id ORDER BY c.id)))) AS r
  FROM articles a LEFT JOIN authors u ON u.id = a.author LEFT JOIN categories k ON k.id = a.category
  WHERE {a_rule} ORDER BY a.id LIMIT 20)
""",
    "filter": """
WITH found AS MATERIALIZED (
  SELECT a.id, a.title, a.views, u.name FROM articles a JOIN authors u ON u.id = a.author
  WHERE {a_rule} AND a.status = 'published' AND a.views >= ?1 AND u.name GLOB ?2 || '*')
SELECT (SELECT CAST(count(*) AS text) FROM articles WHERE {rule}), (SELECT CAST(count(*) AS text) FROM found),
  (SELECT json_group_array(json(r)) FROM (
     SELECT json_object('id', id, 'title', title, 'views', views, 'author', json_object('name', name)) AS r
     FROM found ORDER BY views DESC, id LIMIT 20))
""",
    "aggregate": """
SELECT json_group_array(json(r)) FROM (
  SELECT json_object('status', status, 'count', count(*), 'avg', json_object('rating', avg(rating)),
    'max', json_object('views', max(views))) AS r
  FROM articles WHERE {rule} GROUP BY status ORDER BY status)
""",
}

_STATEMENTS: Final[Mapping[Dialect, Mapping[str, str]]] = {"postgresql": _POSTGRESQL, "sqlite": _SQLITE}
_WORDS: Final = {"postgresql": _postgresql, "sqlite": _sqlite}
