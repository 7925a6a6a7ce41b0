"""What settings say of images, for the pool and for recipes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from gateway.config import Settings
from gateway.images.pool import ImageBounds
from gateway.images.recipe import AssetSettings


def image_bounds(settings: Settings) -> ImageBounds:
    return ImageBounds(
        most_jobs=settings.assets_transform_max_concurrent,
        seconds=settings.assets_transform_timeout.total_seconds(),
        memory=settings.causeway_transform_memory,
        largest=settings.assets_transform_image_max_dimension,
        largest_output=settings.assets_transform_image_max_output_dimension,
        allowed_metadata=settings.file_metadata_allow_list,
    )


def asset_settings(settings: Settings, mode: str | None, presets: Any) -> AssetSettings:
    """`mode` and `presets`: storage_asset_transform and storage_asset_presets of the project's settings, with
    JSON read.
    """
    listed: Sequence[Mapping[str, Any]] = (
        [preset for preset in presets if isinstance(preset, Mapping)] if isinstance(presets, list) else ()
    )
    return AssetSettings(
        mode=mode or "all",
        presets=listed,
        max_dimension=settings.assets_transform_image_max_dimension,
        max_output=settings.assets_transform_image_max_output_dimension,
        max_operations=settings.assets_transform_max_operations,
    )
