"""Chinook, a database nobody prepared for us: the same picture of it from both databases."""

from __future__ import annotations

import pytest

from schema_gen.database import open_database
from schema_gen.loader import load_snapshot

pytestmark = pytest.mark.reference


def spelled(name: str) -> str:
    """The PostgreSQL edition writes `invoice_line` where the SQLite edition writes `InvoiceLine`."""
    return name.replace("_", "").lower()


async def test_tables_keys_and_relations(chinook_url: str) -> None:
    database = await open_database(chinook_url)
    snapshot = await load_snapshot(database, infer_relations=True)
    await database.close()
    assert snapshot.unserved == ()
    assert {
        spelled(name): tuple(map(spelled, one.primary_key)) for name, one in snapshot.collections.items()
    } == {
        "album": ("albumid",),
        "artist": ("artistid",),
        "customer": ("customerid",),
        "employee": ("employeeid",),
        "genre": ("genreid",),
        "invoice": ("invoiceid",),
        "invoiceline": ("invoicelineid",),
        "mediatype": ("mediatypeid",),
        "playlist": ("playlistid",),
        "playlisttrack": ("playlistid", "trackid"),
        "track": ("trackid",),
    }
    links = {
        (link.kind, spelled(link.collection), spelled(link.field), spelled(link.target))
        for link in snapshot.links.values()
    }
    assert len(links) == 22
    assert {
        ("m2o", "track", "albumid", "album"),
        ("o2m", "album", "track", "track"),
        ("o2m", "employee", "employeebyreportsto", "employee"),
        ("o2m", "playlist", "playlisttrack", "playlisttrack"),
    } <= links
    fields = {
        f"{spelled(name)}.{spelled(field.name)}": field.type
        for name, one in snapshot.collections.items()
        for field in one.fields.values()
    }
    assert fields["invoice.total"] == fields["track.unitprice"] == "decimal"
    assert fields["track.milliseconds"] == "integer"
    assert fields["invoice.invoicedate"] == "dateTime"
    assert {fields["artist.name"], fields["track.name"]} == {"string"}
