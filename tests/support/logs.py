"""The server's log while a test looks at it, whatever other tests made of it before."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator
from contextlib import contextmanager

from gateway.observe import LOGGER, configure_logging


@contextmanager
def logged(level: str = "error") -> Iterator[io.StringIO]:
    logger = logging.getLogger(LOGGER)
    before = (list(logger.handlers), logger.level, logger.propagate)
    stream = io.StringIO()
    configure_logging(stream, level=level, style="pretty")
    try:
        yield stream
    finally:
        logger.handlers[:], logger.level, logger.propagate = before
