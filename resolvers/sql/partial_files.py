"""SQL of rows of files of which not all bytes are there."""

from __future__ import annotations

from typing import Final

BEGIN: Final = """
INSERT INTO directus_files (id, storage, filename_disk, filename_download, type, folder, uploaded_by,
 created_on, modified_on, filesize, tus_id, tus_data)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8, $9, $10, $11)"""
_COLUMNS: Final = (
    "id, storage, filename_disk, filename_download, type, folder, uploaded_by, modified_on, filesize, "
    "tus_id, tus_data"
)
FIND: Final = f"SELECT {_COLUMNS} FROM directus_files WHERE tus_id = $1"
RESTING: Final = (
    f"SELECT {_COLUMNS} FROM directus_files "
    "WHERE tus_id IS NOT NULL AND modified_on < $1 ORDER BY modified_on"
)
DATA: Final = "SELECT tus_data FROM directus_files WHERE tus_id = $1"
TELL: Final = "UPDATE directus_files SET tus_data = $2, modified_on = $3 WHERE tus_id = $1"
END: Final = "DELETE FROM directus_files WHERE tus_id = $1"
