"""What an object store answered or did not, as StorageError: a text for the log that holds no secrets.

    403 ... <Code>InvalidAccessKeyId</Code>  ->  "writing: it answers 403 Forbidden, InvalidAccessKeyId"
    connection refused                       ->  "writing: it cannot be connected to"

The library's own texts are not passed on: they quote addresses and answers, and with these parts of keys and
signatures.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from obstore.exceptions import BaseError

from resolvers.files.storage import StorageError, StoredMissing

_ANSWERED: Final = re.compile(r"non-2xx status code: (\d{3}(?: [A-Z][A-Za-z ]*)?)")
_CODE: Final = re.compile(r"<Code>([A-Za-z0-9]{1,60})</Code>")
_KIND: Final = re.compile(r"kind: (Timeout|Connect|Interrupted|Decode)\b")
_KINDS: Final = {
    "Timeout": "it does not answer in time",
    "Connect": "it cannot be connected to",
    "Interrupted": "the connection broke",
    "Decode": "its answer cannot be read",
}
#: what stores say of the container, not of an object in it
_NO_CONTAINER: Final = frozenset({"NoSuchBucket", "ContainerNotFound"})


@contextmanager
def told(doing: str) -> Iterator[None]:
    """Raises StorageError and StoredMissing for what the library raises."""
    try:
        yield
    except FileNotFoundError as error:
        code = _CODE.search(str(error))
        if code is not None and code[1] in _NO_CONTAINER:
            raise StorageError(f"{doing}: {reason(str(error))}") from None
        raise StoredMissing("there is no such object") from None
    # the library raises ValueError for answers and names that it cannot read
    except (BaseError, OSError, ValueError) as error:
        raise StorageError(f"{doing}: {reason(str(error))}") from None


def reason(text: str) -> str:
    """
    >>> reason("... Server returned non-2xx status code: 403 Forbidden: <Error><Code>AccessDenied</Code>...")
    'it answers 403 Forbidden, AccessDenied'
    """
    answered = _ANSWERED.search(text)
    if answered is not None:
        code = _CODE.search(text)
        return f"it answers {answered[1].strip()}{f', {code[1]}' if code else ''}"
    kind = _KIND.search(text)
    return _KINDS[kind[1]] if kind is not None else "it fails"
