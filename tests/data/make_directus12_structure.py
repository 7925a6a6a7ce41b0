"""Asks a Directus 12 what it tells of its collections, fields and relations.

    python make_directus12_structure.py record http://127.0.0.1:8058 admin-token > structure.json
    python make_directus12_structure.py gather structure_sqlite.json structure_postgresql.json
    python make_directus12_structure.py facts

`record` asks a server that `make_directus12.py` has filled, and in whose database `structure_common.sql`
and `structure_<database>.sql` were run. `gather` makes `directus12_structure.json.gz` of both answers.
`facts` makes `schema_gen/registry/facts.json` of that: what is told of the fields of system collections, as
far as it is not what is told of every field. Texts that are no keys of translations, and lists of products,
are left out.
"""

from __future__ import annotations

import gzip
import json
import sys
import urllib.request
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
RECORDED = HERE / "directus12_structure.json.gz"
FACTS = HERE.parents[1] / "schema_gen" / "registry" / "facts.json"
#: what is told of a field about which there is nothing to say
DEFAULTS = {
    "interface": None,
    "options": None,
    "display": None,
    "display_options": None,
    "readonly": False,
    "hidden": False,
    "width": "full",
    "group": None,
    "translations": None,
    "note": None,
    "conditions": None,
    "required": False,
    "searchable": True,
}


def record(base: str, token: str) -> None:
    said = {}
    for what in ("collections", "fields", "relations"):
        request = urllib.request.Request(f"{base}/{what}", headers={"authorization": f"Bearer {token}"})
        with urllib.request.urlopen(request) as reply:
            said[what] = json.loads(reply.read())["data"]
    json.dump(said, sys.stdout)


def gather(sqlite: str, postgresql: str) -> None:
    said = {"sqlite": read(sqlite), "postgresql": read(postgresql)}
    RECORDED.write_bytes(gzip.compress(json.dumps(said, separators=(",", ":")).encode(), mtime=0))


def read(path: str) -> Any:
    said = json.loads(Path(path).read_text())
    for told in said["fields"]:
        if told["collection"].startswith("directus_") and told["meta"] is not None:
            told["meta"] = without_prose(told["meta"])
            if told["field"].endswith("_allowed_models"):
                told["meta"]["options"].pop("choices", None)
    return said


def facts() -> None:
    fields: dict[str, dict[str, Any]] = {}
    for told in json.loads(gzip.decompress(RECORDED.read_bytes()))["sqlite"]["fields"]:
        meta = told["meta"]
        if told["collection"].startswith("directus_") and meta is not None:
            different = {name: meta[name] for name in DEFAULTS if meta[name] != DEFAULTS[name]}
            fields.setdefault(told["collection"], {})[told["field"]] = {"sort": meta["sort"], **different}
    lines = []
    for collection in sorted(fields):
        entries = [
            f"    {json.dumps(name)}: {json.dumps(entry)}" for name, entry in fields[collection].items()
        ]
        lines.append(f"  {json.dumps(collection)}: {{\n" + ",\n".join(entries) + "\n  }")
    FACTS.write_text("{\n" + ",\n".join(lines) + "\n}\n")


def without_prose(value: Any) -> Any:
    """Texts that are keys, names or templates of one line stay."""
    if isinstance(value, str):
        return None if is_prose(value) else value
    if isinstance(value, list):
        return [without_prose(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {
        name: without_prose(item)
        for name, item in value.items()
        if not (name == "placeholder" and isinstance(item, str) and item[:3] != "$t:")
        and not (name == "template" and isinstance(item, str) and is_prose(item))
    }


def is_prose(text: str) -> bool:
    return not text.startswith("$t:") and ("\n" in text or (len(text) > 40 and text.count(" ") > 5))


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["record", base, token]:
            record(base, token)
        case ["gather", sqlite, postgresql]:
            gather(sqlite, postgresql)
        case ["facts"]:
            facts()
        case _:
            sys.exit(__doc__)
