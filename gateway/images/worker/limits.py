"""Bounds that the worker sets itself before it looks at anything.

Memory for the whole of its life, processor time for each job (so that it also ends when the server is gone
and nobody kills it), no core dumps, few open files, and none without end.
"""

from __future__ import annotations

import os
import resource
from contextlib import suppress
from typing import Final

#: how far behind others it stands where processors are short
_BEHIND: Final = 2

#: of what is written, in bytes
_LARGEST_FILE: Final = 512 * 1024 * 1024


def bound_process(memory: int) -> None:
    # the server and the database come first
    os.nice(_BEHIND)
    _set(resource.RLIMIT_CORE, 0)
    _set(resource.RLIMIT_NOFILE, 32)
    _set(resource.RLIMIT_FSIZE, _LARGEST_FILE)
    _set(resource.RLIMIT_AS, memory)


def bound_job(seconds: float) -> None:
    """Processor time for what comes now; the kernel ends the process after it."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    soft = int(used.ru_utime + used.ru_stime + seconds) + 1
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_CPU, (soft, resource.getrlimit(resource.RLIMIT_CPU)[1]))


def _set(kind: int, value: int) -> None:
    # a system may refuse one of them (macOS knows no bound on addresses); the others still hold
    with suppress(ValueError, OSError):
        resource.setrlimit(kind, (value, value))
