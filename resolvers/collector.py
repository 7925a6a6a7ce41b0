"""The collector of cycles, which stops every thread while it looks at all there is.

    with collector.resting(): ...      many objects are made that live until the end

Looking through the objects of 500 tables takes a tenth of a second, and a growing heap is looked through
again and again. Who makes very many objects, and takes them apart when done, lets it rest meanwhile.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock


class Collector:
    """Rests while somebody wants it to; one that never worked is not woken."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._wishes = 0
        self._worked = False

    @contextmanager
    def resting(self) -> Iterator[None]:
        with self._lock:
            if self._wishes == 0:
                self._worked = gc.isenabled()
                gc.disable()
            self._wishes += 1
        try:
            yield
        finally:
            with self._lock:
                self._wishes -= 1
                if self._wishes == 0 and self._worked:
                    gc.enable()
