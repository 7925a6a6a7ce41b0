"""What the door of assets works with: rows, places of bytes, pictures, terms. One for each project."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from gateway.assets.caching import CacheTerms
from gateway.assets.kinds import file_policies
from gateway.config import Settings
from gateway.storage.threads import Threads
from resolvers.files.rows import FileRows
from resolvers.files.settings import AssetChoices
from resolvers.files.storage import Storage

#: zips that are compressed at once; more take turns
_THREADS: Final = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class AssetDesk:
    """`policy` of files, `viewer_policy` of those that browsers show in viewers of their own."""

    rows: FileRows
    choices: AssetChoices
    storage: Storage
    terms: CacheTerms
    policy: str
    viewer_policy: str
    #: for compressing
    threads: Threads


def asset_desk(settings: Settings, rows: FileRows, choices: AssetChoices, storage: Storage) -> AssetDesk:
    """Its threads have to be closed."""
    policy, viewer_policy = file_policies(settings.assets_content_security_policy_directives)
    terms = CacheTerms(
        ttl=int(settings.assets_cache_ttl.total_seconds()), revalidate=settings.assets_cache_revalidate
    )
    return AssetDesk(
        rows=rows,
        choices=choices,
        storage=storage,
        terms=terms,
        policy=policy,
        viewer_policy=viewer_policy,
        threads=Threads(_THREADS),
    )
