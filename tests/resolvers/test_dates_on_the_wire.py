"""How `date` and `dateTime` are told: to the second, without zone, in four digits; also far from now."""

from __future__ import annotations

import pytest

from tests.support.blog import Blog

DATE_TIMES = [
    ("2024-02-29 13:14:15", "2024-02-29T13:14:15"),
    ("2024-02-29 13:14:15.999999", "2024-02-29T13:14:15"),
    ("2024-02-29 23:59:59.5", "2024-02-29T23:59:59"),
    ("1969-12-31 23:59:59.25", "1969-12-31T23:59:59"),
    ("0999-01-01 00:00:00", "0999-01-01T00:00:00"),
    ("0001-01-01 00:00:00", "0001-01-01T00:00:00"),
    ("9999-12-31 23:59:59.999", "9999-12-31T23:59:59"),
]
#: what PostgreSQL alone can hold
FAR = [
    ("infinity", None),
    ("-infinity", None),
    ("10000-01-01 00:00:00", "10000-01-01T00:00:00"),
    ("294276-12-31 23:59:59.999999", "294276-12-31T23:59:59"),
    ("0044-03-15 12:00:00 BC", "0044-03-15T12:00:00"),
]


async def stored(blog: Blog, moment: str) -> None:
    """`moment` in the first article and, its date, in the first author."""
    async with blog.database.transaction() as transaction:
        day = moment if blog.database.dialect == "postgresql" else moment[:10]
        await transaction.execute(f"update articles set published_at = '{moment}' where id = 1")
        await transaction.execute(f"update authors set born = '{day}' where id = 1")


QUERY = """{
    articles(filter: {id: {_eq: 1}}) { published_at author { born } }
    articles_aggregated(filter: {id: {_eq: 1}}, groupBy: ["published_at"]) { group max { published_at } }
}"""


@pytest.mark.parametrize("wire", ["rest", "graphql"])
async def test_dates_and_times(blog: Blog, wire: str) -> None:
    known = DATE_TIMES + (FAR if blog.database.dialect == "postgresql" else [])
    for moment, told in known:
        await stored(blog, moment)
        found = await blog.read(QUERY, wire=wire)
        day = told and told.partition("T")[0]
        assert found["articles"] == [{"published_at": told, "author": {"born": day}}], moment
        (row,) = found["articles_aggregated"]
        assert row == {"group": {"published_at": told}, "max": {"published_at": told}}, moment
