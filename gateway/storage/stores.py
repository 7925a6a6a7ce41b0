"""The object store that the options of a location describe.

    STORAGE_CLOUD_DRIVER=s3  BUCKET, REGION, ENDPOINT, KEY, SECRET, ...   ->  S3Store(...)

Nothing is asked of the store: one that is not there yet does not keep the server from starting.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from obstore.exceptions import BaseError
from obstore.store import AzureStore, GCSStore, ObjectStore, S3Store

from gateway.storage.options import Options
from schema_gen.errors import ConfigurationError

if TYPE_CHECKING:  # the library has these types for checkers only
    from obstore.store import (
        AzureConfig,
        ClientConfig,
        GCSConfig,
        RetryConfig,
        S3Config,
        S3Credential,
    )

#: an answer may take as long as there are bytes of it: only standing still is bounded
_NO_END: Final = timedelta(days=7)
_RETRY: Final[RetryConfig] = {"max_retries": 3, "retry_timeout": timedelta(seconds=15)}
_ENCRYPTIONS: Final = ("AES256", "aws:kms", "aws:kms:dsse")


def s3_store(options: Options) -> ObjectStore:
    bucket = options.required("BUCKET")
    _refuse_list(options)
    config = place_of(options, bucket)
    if region := options.text("REGION"):
        config["region"] = region
    _say_encryption(options, config)
    return S3Store(
        bucket,
        prefix=_prefix(options),
        config=config,
        client_options=_client(options),
        retry_config=_RETRY,
        credential_provider=_credentials(options),
    )


def _refuse_list(options: Options) -> None:
    """Requests say nothing of who may read: a bucket's own rules do."""
    if options.text("ACL", "private") != "private":
        raise options.refused("ACL", "private; a bucket's policy says who may read it besides")


def place_of(options: Options, bucket: str) -> S3Config:
    """The endpoint, and whether the bucket is a part of its host."""
    endpoint = options.text("ENDPOINT")
    hosted = not options.flag("FORCE_PATH_STYLE", default=False)
    if endpoint in ("", "s3.amazonaws.com", "https://s3.amazonaws.com"):
        # a dot in the bucket's name would not fit the certificate
        return {"virtual_hosted_style_request": hosted and "." not in bucket}
    url = urlsplit(endpoint if "://" in endpoint else f"https://{endpoint}")
    if url.scheme not in ("http", "https") or not url.hostname:
        raise options.refused("ENDPOINT", "an address: https://s3.eu-central-1.amazonaws.com")
    hosted = hosted and not _is_address(url.hostname)
    host = f"{bucket}.{url.netloc}" if hosted else url.netloc
    return {
        "virtual_hosted_style_request": hosted,
        "endpoint": f"{url.scheme}://{host}{url.path.rstrip('/')}",
    }


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _say_encryption(options: Options, config: S3Config) -> None:
    kind = options.text("SERVER_SIDE_ENCRYPTION")
    if not kind:
        return
    if kind not in _ENCRYPTIONS:
        raise options.refused("SERVER_SIDE_ENCRYPTION", f"one of {', '.join(_ENCRYPTIONS)}")
    config["server_side_encryption"] = kind
    if key := options.text("SERVER_SIDE_ENCRYPTION_KMS_KEY_ID"):
        config["sse_kms_key_id"] = key


def _credentials(options: Options) -> Callable[[], S3Credential] | None:
    """None: those of the machine, where the library finds them (environment, container, instance)."""
    key, secret = options.text("KEY"), options.text("SECRET")
    if not key and not secret:
        return None
    credential: S3Credential = {
        "access_key_id": key or options.required("KEY"),
        "secret_access_key": secret or options.required("SECRET"),
        "token": options.text("SESSION_TOKEN") or None,
        "expires_at": None,
    }
    return lambda: credential


def gcs_store(options: Options) -> ObjectStore:
    bucket = options.required("BUCKET")
    file = options.text("KEY_FILENAME")
    config: GCSConfig = {"service_account": file} if file else {}
    try:
        return GCSStore(
            bucket,
            prefix=_prefix(options),
            config=config,
            client_options=_client(options),
            retry_config=_RETRY,
        )
    except (BaseError, OSError, ValueError) as error:
        raise options.refused("KEY_FILENAME", "a file with the key of a service account") from error


def azure_store(options: Options) -> ObjectStore:
    config: AzureConfig = {
        "account_name": options.required("ACCOUNT_NAME"),
        "account_key": options.required("ACCOUNT_KEY"),
    }
    if endpoint := options.text("ENDPOINT"):
        config["endpoint"] = endpoint
    try:
        return AzureStore(
            options.required("CONTAINER_NAME"),
            prefix=_prefix(options),
            config=config,
            client_options=_client(options),
            retry_config=_RETRY,
        )
    except (BaseError, OSError, ValueError) as error:
        raise options.refused("ACCOUNT_KEY", "the key of the account, as Azure shows it") from error


def _prefix(options: Options) -> str | None:
    """ROOT: a folder in the bucket."""
    segments = [segment for segment in options.text("ROOT").split("/") if segment]
    if any(segment in (".", "..") for segment in segments[1:]) or ".." in segments[:1]:
        raise options.refused("ROOT", "a folder: files/of/this/project")
    return "/".join(segment for segment in segments if segment != ".") or None


def _client(options: Options) -> ClientConfig:
    return {
        "allow_http": True,
        "connect_timeout": options.milliseconds("CONNECTION_TIMEOUT", 5_000),
        "read_timeout": options.milliseconds("SOCKET_TIMEOUT", 30_000),
        "timeout": _NO_END,
    }


STORES: Final[Mapping[str, Callable[[Options], ObjectStore]]] = {
    "s3": s3_store,
    "gcs": gcs_store,
    "azure": azure_store,
}


def open_store(options: Options, driver: str) -> ObjectStore:
    """Raises ConfigurationError."""
    try:
        return STORES[driver](options)
    except (BaseError, ValueError) as error:
        # its text may quote what was given
        raise ConfigurationError(
            f"{options.variable('*')}: the options do not fit a location of {driver}"
        ) from error
