"""Texts that are stored encrypted (special `encrypt`), in the form that a Directus 12 server has.

    seal("sk-live-1", secret)  -> "1||scrypt||16384||8||1||<salt>||<iv>||<text>||<tag>"

AES-256-GCM under a key that scrypt makes of SECRET, with a salt for each text; parts in base 64. A key takes
a twentieth of a second and 16 MiB: not for the event loop (see `Hasher.sealed`). Nobody is shown such a text;
what works with one will open it.
"""

from __future__ import annotations

import hashlib
import os
from base64 import b64encode
from typing import Final

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

#: version, way, and what a key costs: N, r, p
_FORM: Final = ("1", "scrypt", "16384", "8", "1")
_BETWEEN: Final = "||"
_MEMORY: Final = 64 * 1024 * 1024
_SALT: Final = 16
_IV: Final = 12
_TAG: Final = 16


def seal(text: str, secret: str) -> str:
    salt, iv = os.urandom(_SALT), os.urandom(_IV)
    whole = AESGCM(_key(secret, salt)).encrypt(iv, text.encode(), None)
    parts = (salt, iv, whole[:-_TAG], whole[-_TAG:])
    return _BETWEEN.join((*_FORM, *(b64encode(part).decode() for part in parts)))


def _key(secret: str, salt: bytes) -> bytes:
    n, r, p = (int(part) for part in _FORM[2:])
    return hashlib.scrypt(secret.encode(), salt=salt, n=n, r=r, p=p, dklen=32, maxmem=_MEMORY)
