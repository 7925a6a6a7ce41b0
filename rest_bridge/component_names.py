"""What collections are called where programs are written: in OpenAPI components and in typed models. Pure.

    item_names(snapshot)               -> {"articles_tags": "ItemsArticlesTags", "directus_users": "Users"}
    class_names(["a b", "a_b"], ...)   -> {"a b": "AB_be11ae", "a_b": "AB_5d5d7c"}

Names depend on the snapshot alone, never on who asks, so that what was generated for one caller fits another.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Final

from schema_gen.model import SchemaSnapshot

PREFIX: Final = "directus_"
_WORDS: Final = re.compile(r"[^0-9A-Za-z]+|(?<=[a-z0-9])(?=[A-Z])")


def item_names(snapshot: SchemaSnapshot, reserved: frozenset[str]) -> Mapping[str, str]:
    """Every collection that holds items -> its component: `Items...` for those of the project."""
    served = [name for name, home in snapshot.collections.items() if home.kind != "folder"]
    system = {name: pascal(name[len(PREFIX) :]) for name in served if name.startswith(PREFIX)}
    own = {name: f"Items{pascal(name)}" for name in served if not name.startswith(PREFIX)}
    return {**system, **_distinct(own, reserved.union(system.values()))}


def class_names(names: Iterable[str], reserved: frozenset[str]) -> Mapping[str, str]:
    """Collections -> names of types, no two alike and none of `reserved`."""
    wished = {name: pascal(name) for name in names}
    safe = {name: f"_{wish}" if wish[:1].isdigit() or not wish else wish for name, wish in wished.items()}
    return _distinct(safe, reserved)


def pascal(name: str) -> str:
    """Words run together, each with a capital; empty where no letter or digit of ASCII is left.

    >>> pascal("articles_tags"), pascal("Order Details"), pascal("2fa"), pascal("blogPosts")
    ('ArticlesTags', 'OrderDetails', '2fa', 'BlogPosts')
    """
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    return "".join([word[:1].upper() + word[1:] for word in _WORDS.split(plain)])


def _distinct(wished: Mapping[str, str], reserved: frozenset[str]) -> Mapping[str, str]:
    """Each its wish where nobody else has it; with a digest of the real name where somebody does."""
    times = Counter(wished.values())
    taken = set(reserved)
    taken.update(times)
    found: dict[str, str] = {}
    for name, wish in wished.items():
        alias = wish
        if times[wish] > 1 or wish in reserved or not wish.strip("_"):
            length = 6
            while alias in taken:
                alias = f"{wish}_{hashlib.blake2s(name.encode()).hexdigest()[:length]}"
                length += 2
            taken.add(alias)
        found[name] = alias
    return found
