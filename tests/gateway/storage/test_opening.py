"""From settings to locations: what is understood, and the one line that ends the start."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.storage.opening import open_storage
from gateway.storage.options import Options
from gateway.storage.stores import place_of
from resolvers.files.storage import StorageError
from schema_gen.errors import ConfigurationError
from tests.support.project import settings_for
from tests.support.s3 import S3Server
from tests.support.storage import content, stream


async def refusal(**values: str) -> str:
    with pytest.raises(ConfigurationError) as error:
        async with open_storage(settings_for("sqlite://", **values)):
            pass
    return str(error.value)


async def test_without_settings_there_is_a_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    async with open_storage(settings_for("sqlite://", STORAGE_LOCAL_ROOT="")) as storage:
        assert storage.names == ("local",)
        assert list(tmp_path.iterdir()) == []
        await storage.default.write("a", stream(b"x"))

    assert (tmp_path / "uploads" / "a").read_bytes() == b"x"


async def test_several_locations_at_once(s3: S3Server, tmp_path: Path) -> None:
    bucket = s3.fresh_bucket()
    settings = settings_for(
        "sqlite://",
        STORAGE_LOCATIONS="cloud, disk",
        STORAGE_DISK_DRIVER="local",
        STORAGE_DISK_ROOT=str(tmp_path / "disk"),
        **s3.variables("cloud", bucket, ROOT="/a/project/"),
    )
    async with open_storage(settings) as storage:
        assert storage.names == ("cloud", "disk")
        assert storage.default is storage.location("cloud")
        await storage.default.write("one", stream(b"1"))
        await storage.location("disk").write("two", stream(b"2"))
        with pytest.raises(StorageError, match="'local' is none of STORAGE_LOCATIONS"):
            storage.location("local")

    assert s3.keys(bucket) == ["a/project/one"]
    assert (tmp_path / "disk" / "two").exists()


async def test_secrets_come_from_files(s3: S3Server, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("a-secret\n")
    bucket = s3.fresh_bucket()
    given = {**s3.variables("cloud", bucket), "STORAGE_CLOUD_SECRET_FILE": str(tmp_path / "secret")}
    del given["STORAGE_CLOUD_SECRET"]

    async with open_storage(settings_for("sqlite://", STORAGE_LOCATIONS="cloud", **given)) as storage:
        await storage.default.write("a", stream(b"x"))

    assert s3.keys(bucket) == ["a"]


CLOUD = {"STORAGE_LOCATIONS": "cloud", "STORAGE_CLOUD_DRIVER": "s3", "STORAGE_CLOUD_BUCKET": "files"}


@pytest.mark.parametrize(
    ("values", "line"),
    [
        ({"STORAGE_LOCATIONS": "cloud"}, "STORAGE_CLOUD_DRIVER is not set"),
        (
            {"STORAGE_LOCATIONS": "cloud", "STORAGE_CLOUD_DRIVER": "ftp"},
            "STORAGE_CLOUD_DRIVER is not accepted: expected one of local, s3, gcs, azure",
        ),
        (
            {"STORAGE_LOCATIONS": "cloud", "STORAGE_CLOUD_DRIVER": "supabase"},
            "STORAGE_CLOUD_DRIVER=supabase is not supported: the files have to be in one of local, s3, gcs, "
            "azure",
        ),
        (
            {"STORAGE_LOCATIONS": "disk", "STORAGE_DISK_DRIVER": "local"},
            "STORAGE_DISK_ROOT is not set",
        ),
        ({**CLOUD, "STORAGE_CLOUD_BUCKET": ""}, "STORAGE_CLOUD_BUCKET is not set"),
        ({**CLOUD, "STORAGE_CLOUD_KEY": "a-key"}, "STORAGE_CLOUD_SECRET is not set"),
        (
            {**CLOUD, "STORAGE_CLOUD_ENDPOINT": "ftp://a-secret@x"},
            "STORAGE_CLOUD_ENDPOINT is not accepted: expected an address: "
            "https://s3.eu-central-1.amazonaws.com",
        ),
        (
            {**CLOUD, "STORAGE_CLOUD_ACL": "public-read"},
            "STORAGE_CLOUD_ACL is not accepted: expected private; a bucket's policy says who may read it "
            "besides",
        ),
        (
            {**CLOUD, "STORAGE_CLOUD_SOCKET_TIMEOUT": "soon"},
            "STORAGE_CLOUD_SOCKET_TIMEOUT is not accepted: expected a number of milliseconds",
        ),
        (
            {**CLOUD, "STORAGE_CLOUD_FORCE_PATH_STYLE": "perhaps"},
            "STORAGE_CLOUD_FORCE_PATH_STYLE is not accepted: expected true or false",
        ),
        (
            {**CLOUD, "STORAGE_CLOUD_SERVER_SIDE_ENCRYPTION": "rot13"},
            "STORAGE_CLOUD_SERVER_SIDE_ENCRYPTION is not accepted: expected one of AES256, aws:kms, "
            "aws:kms:dsse",
        ),
        (
            {**CLOUD, "STORAGE_CLOUD_ROOT": "a/../b"},
            "STORAGE_CLOUD_ROOT is not accepted: expected a folder: files/of/this/project",
        ),
        (
            {"STORAGE_LOCATIONS": "../x"},
            "STORAGE_LOCATIONS: '../x' is not accepted: expected letters, digits, _ and -",
        ),
        ({"STORAGE_LOCATIONS": "local,LOCAL"}, "STORAGE_LOCATIONS is not accepted: a name is there twice"),
        (
            {
                "STORAGE_LOCATIONS": "blue",
                "STORAGE_BLUE_DRIVER": "azure",
                "STORAGE_BLUE_CONTAINER_NAME": "files",
                "STORAGE_BLUE_ACCOUNT_NAME": "me",
                "STORAGE_BLUE_ACCOUNT_KEY": "not base64",
            },
            "STORAGE_BLUE_ACCOUNT_KEY is not accepted: expected the key of the account, as Azure shows it",
        ),
        (
            {
                "STORAGE_LOCATIONS": "g",
                "STORAGE_G_DRIVER": "gcs",
                "STORAGE_G_BUCKET": "files",
                "STORAGE_G_KEY_FILENAME": "/nonexistent",
            },
            "STORAGE_G_KEY_FILENAME is not accepted: expected a file with the key of a service account",
        ),
    ],
)
async def test_what_is_wrong_is_one_line(values: dict[str, str], line: str) -> None:
    assert await refusal(**values) == line


def test_addresses_of_buckets() -> None:
    cases: list[tuple[dict[str, str], dict[str, object]]] = [
        ({}, {"virtual_hosted_style_request": True}),
        ({"FORCE_PATH_STYLE": "true"}, {"virtual_hosted_style_request": False}),
        ({"ENDPOINT": "s3.amazonaws.com"}, {"virtual_hosted_style_request": True}),
        (
            {"ENDPOINT": "minio.example.com:9000"},
            {"virtual_hosted_style_request": True, "endpoint": "https://files.minio.example.com:9000"},
        ),
        (
            {"ENDPOINT": "http://minio:9000/", "FORCE_PATH_STYLE": "true"},
            {"virtual_hosted_style_request": False, "endpoint": "http://minio:9000"},
        ),
        (
            {"ENDPOINT": "http://10.0.0.7:9000"},
            {"virtual_hosted_style_request": False, "endpoint": "http://10.0.0.7:9000"},
        ),
    ]
    for given, expected in cases:
        options = Options("x", {f"X_{name}": value for name, value in given.items()})
        assert place_of(options, "files") == expected


async def test_the_object_is_where_others_find_it(s3: S3Server) -> None:
    """Directus puts objects at `<root>/<filename_disk>`: buckets are taken over as they are."""
    bucket = s3.fresh_bucket()
    s3.ask("PUT", f"{bucket}/uploads/theirs.txt", b"theirs")
    settings = settings_for(
        "sqlite://", STORAGE_LOCATIONS="cloud", **s3.variables("cloud", bucket, ROOT="uploads")
    )
    async with open_storage(settings) as storage:
        assert await content(storage.location("cloud"), "theirs.txt") == b"theirs"
