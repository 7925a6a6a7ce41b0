"""The rows of the demo site, as plain data: made from a seed, free of SQL and of databases.

    generate(DemoSize(articles=1000), editor="b4a1...")  ->  {"authors": [{"id": 1, "name": ...}, ...], ...}

Tables come in the order in which foreign keys allow them to be filled. Values are Python's: `datetime` (UTC),
`date`, `Decimal`, `bool`, and dicts and lists for JSON; csv fields are text already. Keys are counted from 1.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Final

from resolvers.demo.fields import Row
from resolvers.demo.text import (
    CATEGORIES,
    COMMENTS,
    HEADINGS,
    QUOTES,
    SUMMARIES,
    TAGS,
    TITLES,
    Writer,
    slug,
)

Rows = Mapping[str, list[Row]]

_SEED: Final = 20240229
_FIRST_DAY: Final = datetime(2022, 1, 3, 6, tzinfo=UTC)
_MINUTES: Final = 3 * 365 * 24 * 60
_STATUS: Final = (("published", "draft", "archived"), (76, 16, 8))
_COMMENT_STATUS: Final = (("approved", "pending", "rejected"), (80, 15, 5))
_FORMATS: Final = ("essay", "report", "interview", "portrait")


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoSize:
    """How many of each. An article has `tags_per_article` tags and about `comments_per_article` comments;
    every `blocks_every`-th has blocks (0: none)."""

    authors: int = 40
    articles: int = 1000
    tags_per_article: int = 3
    comments_per_article: int = 3
    blocks_every: int = 4


def generate(size: DemoSize, *, editor: str | None = None) -> Rows:
    """All rows. `editor`: id of the user who is noted as the creator of every seventh article."""
    writer = Writer(source=Random(_SEED))  # noqa: S311
    categories = _categories(writer)
    articles = [_article(writer, number, size, categories, editor) for number in range(1, size.articles + 1)]
    blocks = _blocks(writer, range(size.blocks_every, size.articles + 1, size.blocks_every or 1), size)
    return {
        "authors": [_author(writer, number) for number in range(1, size.authors + 1)],
        "categories": categories,
        "tags": [{"id": number, "name": name} for number, name in enumerate(TAGS, 1)],
        "articles": articles,
        "articles_tags": _tag_links(writer, size),
        "comments": _comments(writer, articles, size),
        **blocks,
        "homepage": [_homepage(articles)],
    }


def _author(writer: Writer, number: int) -> Row:
    name = writer.name(number - 1)
    return {
        "id": number,
        "name": name,
        "email": f"{slug(name)}-{number}@example.com",
        "bio": writer.paragraph(),
        "joined_on": (_FIRST_DAY - timedelta(days=writer.source.randint(30, 3000))).date(),
    }


def _categories(writer: Writer) -> list[Row]:
    """A tree of two levels: parents first, so that a child's parent is there before it."""
    parents: list[Row] = []
    children: list[Row] = []
    for sort, name in enumerate(CATEGORIES, 1):
        parents.append(_category(writer, sort, name, sort, None))
    for parent in parents:
        for sort, name in enumerate(CATEGORIES[parent["name"]], 1):
            number = len(parents) + len(children) + 1
            children.append(_category(writer, number, name, sort, parent["id"]))
    return parents + children


def _category(writer: Writer, number: int, name: str, sort: int, parent: int | None) -> Row:
    description = writer.fill(SUMMARIES)
    row = {"id": number, "name": name, "slug": slug(name), "sort": sort, "parent": parent}
    return {**row, "description": description}


def _article(writer: Writer, number: int, size: DemoSize, categories: list[Row], editor: str | None) -> Row:
    source = writer.source
    title = writer.fill(TITLES)
    status = source.choices(*_STATUS)[0]
    created = _FIRST_DAY + timedelta(minutes=source.randint(0, _MINUTES))
    published = created + timedelta(minutes=source.randint(60, 40_000))
    event = (published + timedelta(days=source.randint(7, 90))).date() if number % 5 == 0 else None
    tags = source.sample(TAGS, 2)
    body = writer.body()
    return {
        "id": number,
        "status": status,
        "sort": number,
        "title": title,
        "slug": f"{slug(title)}-{number}",
        "summary": writer.fill(SUMMARIES) if number % 10 else None,
        "body": body,
        "views": source.randint(0, 60_000) if status != "draft" else 0,
        "rating": round(source.uniform(1, 5), 2) if number % 3 else None,
        "price": Decimal(source.randint(150, 990)) / 100 if number % 4 == 0 else None,
        "featured": source.random() < 0.05,
        "published_at": published if status != "draft" else None,
        "event_date": event,
        "meta": {
            "format": source.choice(_FORMATS),
            "words": len(body.split()),
            "seo": {"index": status == "published"},
        },
        "keywords": ",".join(tags),
        "author": source.randint(1, size.authors) if number % 50 else None,
        "category": source.choice(categories)["id"],
        "cover": None,
        "user_created": editor if number % 7 == 0 else None,
        "date_created": created,
        "user_updated": None,
        "date_updated": None,
    }


def _tag_links(writer: Writer, size: DemoSize) -> list[Row]:
    links: list[Row] = []
    for article in range(1, size.articles + 1):
        for tag in writer.source.sample(range(1, len(TAGS) + 1), size.tags_per_article):
            links.append({"id": len(links) + 1, "articles_id": article, "tags_id": tag})
    return links


def _comments(writer: Writer, articles: list[Row], size: DemoSize) -> list[Row]:
    """Comments of what is out in the open, in the order in which they were written."""
    source = writer.source
    open_to_comments = [article for article in articles if article["published_at"]] or articles
    comments: list[Row] = []
    for number in range(1, size.articles * size.comments_per_article + 1):
        article = source.choice(open_to_comments)
        name = writer.name(source.randint(0, 400))
        since = article["published_at"] or article["date_created"]
        comments.append(
            {
                "id": number,
                "article": article["id"],
                "author_name": name,
                "author_email": f"{slug(name)}@example.org",
                "body": writer.fill(COMMENTS),
                "status": source.choices(*_COMMENT_STATUS)[0],
                "date_created": since + timedelta(minutes=source.randint(5, 90_000)),
            }
        )
    return comments


def _blocks(writer: Writer, articles: range, size: DemoSize) -> Rows:
    """Many-to-any: each article in `articles` gets a heading, a text, now and then a quote, in this order."""
    headings: list[Row] = []
    texts: list[Row] = []
    quotes: list[Row] = []
    links: list[Row] = []

    def link(article: int, collection: str, block: Row, rows: list[Row], sort: int) -> None:
        rows.append({"id": len(rows) + 1, **block})
        key = str(len(rows))  # the key column of a many-to-any link is text
        place = {"articles_id": article, "collection": collection, "item": key, "sort": sort}
        links.append({"id": len(links) + 1, **place})

    for article in articles if size.blocks_every else ():
        link(article, "block_headings", {"text": writer.fill(HEADINGS), "level": 2}, headings, 1)
        link(article, "block_texts", {"body": writer.paragraph()}, texts, 2)
        if writer.source.random() < 0.5:
            quote = {"text": writer.fill(QUOTES), "source": writer.name(writer.source.randint(0, 400))}
            link(article, "block_quotes", quote, quotes, 3)
    return {
        "block_headings": headings,
        "block_texts": texts,
        "block_quotes": quotes,
        "articles_blocks": links,
    }


def _homepage(articles: list[Row]) -> Row:
    featured = next((row["id"] for row in articles if row["featured"] and row["status"] == "published"), None)
    return {
        "id": 1,
        "title": "The Towpath",
        "intro": "A magazine about rivers, crossings and the people beside them.",
        "featured_article": featured,
    }
