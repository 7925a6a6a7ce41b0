"""What the door of assets works with: rows, places of bytes, pictures, terms. One for each project."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from gateway.assets.caching import CacheTerms
from gateway.assets.kinds import file_policies
from gateway.assets.variants import Variants
from gateway.config import Settings
from gateway.images.bounds import asset_settings
from gateway.images.pool import Images
from gateway.images.recipe import AssetSettings
from gateway.storage.threads import Threads
from resolvers.files.rows import FileRows
from resolvers.files.settings import AssetChoice, AssetChoices
from resolvers.files.storage import Storage

#: zips that are compressed at once; more take turns
_THREADS: Final = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class AssetDesk:
    """`policy` of files, `viewer_policy` of those that browsers show in viewers of their own."""

    rows: FileRows
    choices: AssetChoices
    storage: Storage
    variants: Variants
    terms: CacheTerms
    policy: str
    viewer_policy: str
    settings: Settings
    #: for compressing
    threads: Threads

    def recipes(self, choice: AssetChoice) -> AssetSettings:
        """What images may be made into."""
        return asset_settings(self.settings, choice)


def asset_desk(
    settings: Settings, rows: FileRows, choices: AssetChoices, storage: Storage, images: Images
) -> AssetDesk:
    """Its threads have to be closed."""
    policy, viewer_policy = file_policies(settings.assets_content_security_policy_directives)
    terms = CacheTerms(
        ttl=int(settings.assets_cache_ttl.total_seconds()), revalidate=settings.assets_cache_revalidate
    )
    return AssetDesk(
        rows=rows,
        choices=choices,
        storage=storage,
        variants=Variants(images, Path(settings.temp_path or tempfile.gettempdir()).absolute()),
        settings=settings,
        terms=terms,
        policy=policy,
        viewer_policy=viewer_policy,
        threads=Threads(_THREADS),
    )
