"""What settings say of images, for the pool and for recipes."""

from __future__ import annotations

from gateway.config import Settings
from gateway.images.pool import ImageBounds
from gateway.images.recipe import AssetSettings
from resolvers.files.settings import AssetChoice


def image_bounds(settings: Settings) -> ImageBounds:
    return ImageBounds(
        most_jobs=settings.assets_transform_max_concurrent,
        seconds=settings.assets_transform_timeout.total_seconds(),
        memory=settings.causeway_transform_memory,
        largest=settings.assets_transform_image_max_dimension,
        largest_output=settings.assets_transform_image_max_output_dimension,
        allowed_metadata=settings.file_metadata_allow_list,
    )


def asset_settings(settings: Settings, choice: AssetChoice) -> AssetSettings:
    return AssetSettings(
        mode=choice.transform,
        presets=choice.presets,
        max_dimension=settings.assets_transform_image_max_dimension,
        max_output=settings.assets_transform_image_max_output_dimension,
        max_operations=settings.assets_transform_max_operations,
    )
