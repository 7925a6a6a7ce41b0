"""`import_file`: a file that is fetched becomes an item; it takes and answers what creating one does."""

from __future__ import annotations

from gateway.uploads.desk import FILLED
from resolvers.calls import Bring, BringingCall
from resolvers.files.leaving import FILES
from rest_bridge.write_operations import IMPORT


def import_calls(bring: Bring) -> tuple[BringingCall, ...]:
    """What callers see, and what REST asks through the bridge."""
    data = {"url": "String!", "data": "create_directus_files_input"}
    payload = {"url": "String!", "payload": "JSON!"}
    return (
        _call("import_file", data, bring, internal=False),
        _call(IMPORT, payload, bring, internal=True),
    )


def _call(name: str, arguments: dict[str, str], bring: Bring, *, internal: bool) -> BringingCall:
    return BringingCall(
        name=name,
        scope="system",
        kind="mutation",
        type=FILES,
        arguments=arguments,
        internal=internal,
        collection=FILES,
        filled=FILLED,
        bring=bring,
    )
