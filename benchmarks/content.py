"""The rows of the benchmark: the same ones for every system, derived from a fixed seed.

    content(10_000).tables["authors"]     Rows(columns=("id", "name", ...), values=[(1, "...", ...), ...])

100 authors, 20 categories, 50 tags, `articles` articles with about 1 KB of text each, three tags and on
average two comments per article. Seven of ten articles are published. Moments are naive UTC datetimes.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

#: changes when the rows or tables change, so that cached databases are made anew
VERSION: Final = 5
AUTHORS: Final = 100
CATEGORIES: Final = 20
TAGS: Final = 50

_SYLLABLES: Final = [consonant + vowel for consonant in "bdfgklmnprstvz" for vowel in "aeiou"]
_FIRST: Final = (
    "Amina", "Bruno", "Chiara", "David", "Elif", "Felix", "Grete", "Hana", "Ivo", "Jonas", "Kira", "Luca",
    "Mina", "Nora", "Otto", "Pia",
)  # fmt: skip
_LAST: Final = (
    "Adler", "Bauer", "Costa", "Duarte", "Eriksen", "Fuchs", "Garcia", "Hansen", "Ito", "Jansen", "Keller",
    "Lindt", "Moreau",
)  # fmt: skip
_START: Final = datetime(2021, 1, 1)  # noqa: DTZ001 - the column has no zone
_MINUTES: Final = 2_500_000

Row = tuple[Any, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    columns: tuple[str, ...]
    values: list[Row]


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """`tables` in an order that foreign keys allow."""

    tables: dict[str, Rows]

    def published(self) -> list[int]:
        """Keys of the published articles, ascending."""
        rows = self.tables["articles"]
        status = rows.columns.index("status")
        return [row[0] for row in rows.values if row[status] == "published"]


def content(articles: int, seed: int = 20_240) -> Content:
    rng = random.Random(seed)
    words = _words(rng)
    return Content(
        tables={
            "authors": _authors(rng, words),
            "categories": Rows(
                columns=("id", "name", "slug"),
                values=[(i, f"Category {i}", f"category-{i}") for i in range(1, CATEGORIES + 1)],
            ),
            "tags": Rows(columns=("id", "name"), values=[(i, f"tag-{words[i]}") for i in range(1, TAGS + 1)]),
            "articles": _articles(rng, words, articles),
            "articles_tags": _links(rng, articles),
            "comments": _comments(rng, words, articles),
        }
    )


def _words(rng: random.Random) -> list[str]:
    found: dict[str, None] = {}
    while len(found) < 400:
        found["".join(rng.choices(_SYLLABLES, k=rng.randint(1, 4)))] = None
    return list(found)


def _text(rng: random.Random, words: list[str], sentences: int) -> str:
    return " ".join(
        " ".join(rng.choices(words, k=rng.randint(7, 13))).capitalize() + "." for _ in range(sentences)
    )


def _moment(rng: random.Random) -> datetime:
    return _START + timedelta(minutes=rng.randrange(_MINUTES))


def _authors(rng: random.Random, words: list[str]) -> Rows:
    names = [
        f"{_FIRST[i % len(_FIRST)]} {_LAST[(i * 3 + i // len(_FIRST)) % len(_LAST)]}" for i in range(AUTHORS)
    ]
    return Rows(
        columns=("id", "name", "email", "bio"),
        values=[(i, name, f"author{i}@example.com", _text(rng, words, 3)) for i, name in enumerate(names, 1)],
    )


def _articles(rng: random.Random, words: list[str], count: int) -> Rows:
    values: list[Row] = []
    for i in range(1, count + 1):
        body = "\n\n".join(_text(rng, words, 4) for _ in range(4))
        values.append(
            (
                i,
                " ".join(rng.choices(words, k=rng.randint(3, 8))).capitalize(),
                f"article-{i}",
                rng.choices(("published", "draft", "archived"), (70, 20, 10))[0],
                body,
                rng.randrange(100_000),
                rng.randrange(501) / 100,
                _moment(rng),
                rng.randint(1, AUTHORS),
                rng.randint(1, CATEGORIES),
            )
        )
    return Rows(
        columns=(
            "id", "title", "slug", "status", "body", "views", "rating", "published_at", "author", "category",
        ),
        values=values,
    )  # fmt: skip


def _links(rng: random.Random, articles: int) -> Rows:
    pairs = [
        (article, tag) for article in range(1, articles + 1) for tag in rng.sample(range(1, TAGS + 1), 3)
    ]
    return Rows(
        columns=("id", "articles_id", "tags_id"), values=[(i, *pair) for i, pair in enumerate(pairs, 1)]
    )


def _comments(rng: random.Random, words: list[str], articles: int) -> Rows:
    values: list[Row] = [
        (i, rng.randint(1, articles), rng.choice(_FIRST), _text(rng, words, 2), _moment(rng))
        for i in range(1, articles * 2 + 1)
    ]
    return Rows(columns=("id", "article", "author_name", "body", "created_at"), values=values)
